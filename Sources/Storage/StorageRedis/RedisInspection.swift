#if Redis
    import NIOCore
    import Primitives
    import Storage

    /// Looks at a server before records are trusted to it.
    struct RedisInspection: Sendable {
        /// Written and removed again when a store is opened.
        private static let trial = KeyValueKey(collection: "coffer-trial", key: "open")

        let pool: RedisPool
        let settings: RedisSettings

        /// Hands the scripts over and returns their digests by name.
        ///
        /// A user who may not load scripts may still run them by their text, and gets no digests.
        func loadScripts() async throws(KeyValueError) -> [String: String] {
            var digests: [String: String] = [:]
            for script in RedisScript.all {
                guard case .bulk(let digest) = try await ask(RESPCommand("SCRIPT", "LOAD", script.text)) else {
                    return [:]
                }
                digests[script.name] = String(decoding: digest, as: UTF8.self)
            }
            return digests
        }

        /// Puts and deletes a record, so that what the user may not do shows now and not in the middle of a script.
        ///
        /// A server that takes no changes at present is noted: its records can be read.
        func tryOut(_ records: RedisRecords) async throws(KeyValueError) -> [KeyValueNote] {
            do throws(KeyValueError) {
                let expired = Timestamp(milliseconds: 0)
                try await records.apply([.put(Self.trial, [], expiresAt: expired)])
                _ = try await records.list(Self.trial.collection, after: nil, limit: 1)
                try await records.apply([.delete(Self.trial)])
                return []
            } catch {
                let word = error.cause as? RedisRefusal.Word
                guard error.code == .full || word == .readOnly || word == .misconfigured else { throw error }
                return [KeyValueNote("takes_no_changes", error.message)]
            }
        }

        /// Refuses records of a newer program.
        func checkFormat() async throws(KeyValueError) {
            switch try await ask(RESPCommand("GET", formatKey)) {
            case .null: return
            case .bulk(let text):
                if let number = Int(String(decoding: text, as: UTF8.self)), number <= RecordLayout.format { return }
                throw KeyValueError(
                    .schema, "redis \(settings.address): the records of \(settings.prefix) are those of a newer program"
                )
            case .error(let line): throw RedisRefusal.error(line, settings.address)
            default:
                throw KeyValueError(.unavailable, "redis \(settings.address) answers GET as no Redis does")
            }
        }

        /// Says which format the records have, where nobody has yet.
        func markFormat() async throws(KeyValueError) {
            let reply = try await ask(RESPCommand("SET", formatKey, "\(RecordLayout.format)", "NX"))
            if case .error(let line) = reply { throw RedisRefusal.error(line, settings.address) }
            // Another process may have been first, with another format.
            if case .null = reply { try await checkFormat() }
        }

        private var formatKey: String { RecordLayout(prefix: settings.prefix).formatKey }

        /// What an operator should know.
        func notes() async throws(KeyValueError) -> [KeyValueNote] {
            let persistence = try await information("persistence")
            let replication = try await information("replication")
            let appendfsync = try await configured("appendfsync")
            let policy = try await configured("maxmemory-policy")
            var notes: [KeyValueNote] = []
            switch persistence["aof_enabled"] {
            case "1":
                switch appendfsync {
                case "always": break
                case let value?:
                    notes.append(
                        KeyValueNote(
                            "not_synced",
                            "appendfsync is \(value): a crash loses acknowledged records; set it to always"))
                case nil:
                    notes.append(
                        KeyValueNote("unknown_sync", "CONFIG GET is refused; see to it that appendfsync is always"))
                }
                if let status = persistence["aof_last_write_status"], status != "ok" {
                    notes.append(KeyValueNote("log_failing", "the last write to the append-only file failed"))
                }
            case nil:
                notes.append(
                    KeyValueNote(
                        "unknown_persistence", "INFO is refused; see to appendonly yes and appendfsync always"))
            default:
                notes.append(
                    KeyValueNote(
                        "not_persistent",
                        "appendonly is no: a crash loses acknowledged records; set appendonly yes, appendfsync always"))
            }
            if let policy, policy.hasPrefix("allkeys") {
                notes.append(
                    KeyValueNote(
                        "evicts_records",
                        "maxmemory-policy is \(policy): records vanish when memory is short; set it to noeviction"))
            }
            if let note = settings.plainNote { notes.append(note) }
            if let role = replication["role"], role != "master" {
                notes.append(KeyValueNote("replica", "the server is a replica: it takes no changes"))
            }
            return notes
        }

        /// The fields of one section of `INFO`; none when the user may not ask.
        private func information(_ section: String) async throws(KeyValueError) -> [String: String] {
            guard case .bulk(let text) = try await ask(RESPCommand("INFO", section)) else { return [:] }
            var fields: [String: String] = [:]
            for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
                let name = line.prefix { $0 != ":" }
                fields[String(name)] = String(line.dropFirst(name.count + 1))
            }
            return fields
        }

        /// A setting; nil when the user may not ask.
        private func configured(_ name: String) async throws(KeyValueError) -> String? {
            guard case .array(let pair) = try await ask(RESPCommand("CONFIG", "GET", name)), pair.count == 2,
                case .bulk(let value) = pair[1]
            else { return nil }
            return String(decoding: value, as: UTF8.self)
        }

        /// A refusal is an answer here.
        private func ask(_ command: RESPCommand) async throws(KeyValueError) -> RESPValue {
            try await pool.ask(
                command, before: .now() + .milliseconds(settings.deadlineMilliseconds), again: true)
        }
    }
#endif
