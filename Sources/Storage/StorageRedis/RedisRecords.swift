#if Redis
    import NIOCore
    import Primitives
    import Storage

    /// Records as questions to a server and their answers.
    struct RedisRecords: Sendable {
        /// Records that one question fetches; more are fetched in turns.
        static let readMax = 32
        /// Records that one page of a list has.
        static let pageMax = 1_000
        /// Bytes of values after which a page ends.
        static let pageBytesMax = 8 << 20
        /// Expired records that one script removes, so that others wait for milliseconds.
        static let removedMax = 500
        static let applyBytesMax = 64 << 20

        let pool: RedisPool
        let settings: RedisSettings
        private let layout: RecordLayout
        /// By the script's name, as the server computed them; none where it may not be asked.
        private let digests: [String: String]

        init(_ pool: RedisPool, _ settings: RedisSettings, digests: [String: String]) {
            self.pool = pool
            self.settings = settings
            self.digests = digests
            layout = RecordLayout(prefix: settings.prefix)
        }

        var inspection: RedisInspection { RedisInspection(pool: pool, settings: settings) }

        // MARK: The port

        func read(_ keys: [KeyValueKey]) async throws(KeyValueError) -> [KeyValueRecord?] {
            for key in keys { try KeyValueLimits.check(key) }
            var records: [KeyValueRecord?] = []
            records.reserveCapacity(keys.count)
            while records.count < keys.count {
                let names = keys[records.count...].prefix(Self.readMax)
                var command = RESPCommand(parts: names.count + 1)
                command.add("MGET")
                for name in names { command.add(layout.record(name)) }
                guard case .array(let values) = try await askAgain(command), values.count == names.count else {
                    throw misunderstood("MGET")
                }
                for (name, value) in zip(names, values) {
                    switch value {
                    case .null: records.append(nil)
                    case .bulk(let stored): records.append(try RecordLayout.record(name, stored))
                    default: throw misunderstood("MGET")
                    }
                }
            }
            return records
        }

        func list(
            _ collection: String, after: String?, limit: Int
        ) async throws(KeyValueError) -> [KeyValueRecord] {
            guard 1...KeyValueKey.collectionBytesMax ~= collection.utf8.count else { return [] }
            var records: [KeyValueRecord] = []
            var after = after
            var hasMore = true
            while hasMore, records.count < limit {
                let wanted = min(limit - records.count, Self.pageMax)
                let reply = try await run(
                    .list, keys: [layout.index(of: collection)],
                    [
                        Array(layout.stem(of: collection).utf8), Array((after.map { "(" + $0 } ?? "-").utf8),
                        Array("\(wanted)".utf8), Array("\(Self.pageBytesMax)".utf8),
                    ], changesNothing: true)
                guard case .array(let values) = reply, values.count % 2 == 1, case .integer(let more) = values[0] else {
                    throw misunderstood("list")
                }
                for index in stride(from: 1, to: values.count, by: 2) {
                    guard case .bulk(let name) = values[index], case .bulk(let stored) = values[index + 1] else {
                        throw misunderstood("list")
                    }
                    guard let key = String(validating: name, as: UTF8.self) else {
                        throw KeyValueError(.corrupt, "a key in \(collection) is no UTF-8")
                    }
                    records.append(try RecordLayout.record(KeyValueKey(collection: collection, key: key), stored))
                }
                after = records.last?.key.key ?? after
                hasMore = more != 0 && values.count > 1
            }
            return records
        }

        func apply(_ changes: [KeyValueChange]) async throws(KeyValueError) {
            try KeyValueLimits.check(changes)
            guard !changes.isEmpty else { return }
            try checkBytes(changes)
            var keys = [layout.expiryIndex]
            keys.reserveCapacity(1 + 2 * changes.count)
            for change in changes {
                keys.append(layout.record(change.key))
                keys.append(layout.index(of: change.key.collection))
            }
            let reply = try await run(.apply, keys: keys, changes.flatMap(Self.arguments), changesNothing: false)
            switch reply {
            case .integer(0): return
            case .array(let values):
                guard values.count == 2, case .integer(let number) = values[0], case .bulk(let revision) = values[1],
                    1...Int64(changes.count) ~= number
                else { throw misunderstood("apply") }
                throw Self.conflict(changes[Int(number) - 1], revision)
            default: throw misunderstood("apply")
            }
        }

        func removeExpired(before moment: Timestamp, limit: Int) async throws(KeyValueError) -> Int {
            // Everything that begins with an earlier moment than the one behind this.
            let end: [UInt8] =
                moment.milliseconds == .max
                ? Array("+".utf8) : Array("(".utf8) + RecordLayout.bytes(moment.adding(milliseconds: 1))
            var removed = 0
            while removed < limit {
                let wanted = min(limit - removed, Self.removedMax)
                let reply = try await run(
                    .removeExpired, keys: [layout.expiryIndex],
                    [end, Array("\(wanted)".utf8), Array(layout.root.utf8)], changesNothing: false)
                guard case .array(let values) = reply, values.count == 2, case .integer(let more) = values[0],
                    case .integer(let seen) = values[1]
                else { throw misunderstood("removeExpired") }
                removed += Int(more)
                if seen < wanted { break }
            }
            return removed
        }

        func health() async throws(KeyValueError) -> Duration {
            let start = ContinuousClock.now
            // Adds nothing to a string that is not there, which stays so: a change to Redis, refused whenever one is.
            let command = RESPCommand("SETRANGE", layout.root + "health", "0", "")
            let deadline = NIODeadline.now() + .milliseconds(settings.healthDeadlineMilliseconds)
            guard case .integer = try refused(await pool.ask(command, before: deadline)) else {
                throw misunderstood("SETRANGE")
            }
            return start.duration(to: .now)
        }

        // MARK: Asking

        private var deadline: NIODeadline { .now() + .milliseconds(settings.deadlineMilliseconds) }

        /// Runs a script by its digest, or by its text where the server does not know it any more.
        private func run(
            _ script: RedisScript, keys: [String], _ arguments: [[UInt8]], changesNothing: Bool
        ) async throws(KeyValueError) -> RESPValue {
            let deadline = deadline
            func command(_ verb: String, _ what: String) -> RESPCommand {
                var command = RESPCommand(parts: 3 + keys.count + arguments.count)
                command.add(verb)
                command.add(what)
                command.add("\(keys.count)")
                for key in keys { command.add(key) }
                for argument in arguments { command.add(argument) }
                return command
            }
            if let digest = digests[script.name] {
                let reply = try await pool.ask(command("EVALSHA", digest), before: deadline, again: changesNothing)
                guard case .error(let line) = reply, line.starts(with: "NOSCRIPT".utf8) else {
                    return try refused(reply)
                }
                // It was not run, so that it may be run now.
            }
            return try refused(
                await pool.ask(command("EVAL", script.text), before: deadline, again: changesNothing))
        }

        private func askAgain(_ command: RESPCommand) async throws(KeyValueError) -> RESPValue {
            try refused(await pool.ask(command, before: deadline, again: true))
        }

        private func refused(_ reply: RESPValue) throws(KeyValueError) -> RESPValue {
            guard case .error(let line) = reply else { return reply }
            throw RedisRefusal.error(line, settings.address)
        }

        private func misunderstood(_ question: String) -> KeyValueError {
            KeyValueError(.unavailable, "redis \(settings.address) answers \(question) as no Redis does")
        }

        // MARK: Changes

        private func checkBytes(_ changes: [KeyValueChange]) throws(KeyValueError) {
            var bytes = 0
            for change in changes {
                guard case .put(let value, _) = change.operation else { continue }
                bytes += value.count
                guard bytes <= Self.applyBytesMax else {
                    throw KeyValueError(
                        .valueTooLarge, "with \(change.key) the changes have more than \(Self.applyBytesMax) bytes",
                        key: change.key)
                }
            }
        }

        /// What the script takes for a change.
        private static func arguments(_ change: KeyValueChange) -> [[UInt8]] {
            let precondition: [UInt8] =
                switch change.precondition {
                case nil: []
                case .absent: Array("absent".utf8)
                case .revision(let revision): RecordLayout.bytes(revision: revision)
                }
            let member = Array(change.key.key.utf8)
            return switch change.operation {
            case .put(let value, let expiresAt):
                [Array("put".utf8), precondition, member, expiresAt.map(RecordLayout.bytes) ?? [], value]
            case .delete: [Array("delete".utf8), precondition, member, [], []]
            }
        }

        private static func conflict(_ change: KeyValueChange, _ revision: [UInt8]) -> KeyValueError {
            let found = revision.count == 8 ? "at revision \(RecordLayout.word(revision))" : "not there"
            let wanted =
                switch change.precondition {
                case .revision(let number): "at \(number)"
                default: "absent"
                }
            return KeyValueError(.conflict, "\(change.key) is \(found), not \(wanted)", key: change.key)
        }
    }
#endif
