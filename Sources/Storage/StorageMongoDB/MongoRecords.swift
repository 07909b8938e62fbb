#if MongoDB
    import Glibc
    import Primitives
    import Storage

    /// Records as work for one thread with a client.
    struct MongoRecords {
        /// Names that one question asks for.
        static let namesMax = 1_000
        /// Records removed with one question.
        static let removedMax = 1_000
        /// Times that a unit of changes is tried against others that change the same records.
        static let attemptsMax = 20
        /// Milliseconds between such attempts at first; doubled up to ``pauseMillisecondsMax``.
        static let pauseMilliseconds: UInt64 = 2
        static let pauseMillisecondsMax: UInt64 = 200

        let connection: MongoConnection
        let random: RandomSource
        /// After this nobody waits for the answer any more.
        let deadline: ContinuousClock.Instant

        private var place: String { connection.pool.settings.place }

        func read(_ keys: [KeyValueKey]) throws(KeyValueError) -> [KeyValueRecord?] {
            var found: [KeyValueKey: KeyValueRecord] = [:]
            for start in stride(from: 0, to: keys.count, by: Self.namesMax) {
                let names = keys[start...].prefix(Self.namesMax)
                for document in try ask({ () throws(MongoFailure) in try connection.find(Self.any(names), [:]) }) {
                    let record = try MongoDocuments.record(document)
                    found[record.key] = record
                }
            }
            return keys.map { found[$0] }
        }

        func list(_ collection: String, after: String?, limit: Int) throws(KeyValueError) -> [KeyValueRecord] {
            let options: BSONDocument = [
                "sort": .document(["_id": .int32(1)]), "limit": .int64(Int64(limit)),
                "collation": .document(["locale": .string("simple")]),
            ]
            let documents = try ask { () throws(MongoFailure) in
                try connection.find(MongoDocuments.range(collection, after: after), options)
            }
            var records: [KeyValueRecord] = []
            records.reserveCapacity(documents.count)
            for document in documents { records.append(try MongoDocuments.record(document)) }
            return records
        }

        func removeExpired(before moment: Timestamp, limit: Int) throws(KeyValueError) -> Int {
            let expired: BSONDocument = ["x": .document(["$lte": .date(moment.milliseconds)])]
            var removed = 0
            while removed < limit {
                let wanted = min(limit - removed, Self.removedMax)
                let options: BSONDocument = [
                    "sort": .document(["x": .int32(1)]), "limit": .int64(Int64(wanted)),
                    "projection": .document(["_id": .int32(1)]),
                ]
                let documents = try ask { () throws(MongoFailure) in try connection.find(expired, options) }
                guard !documents.isEmpty else { break }
                // Each only if it is still expired: it may have been put again meanwhile.
                var writes: [MongoWrite] = []
                for document in documents {
                    let name = try MongoDocuments.name(document)
                    writes.append(
                        .remove(["_id": MongoDocuments.id(name), "x": .document(["$lte": .date(moment.milliseconds)])]))
                }
                let reply = try ask { () throws(MongoFailure) in try connection.write(writes) }
                removed += Int(reply["nRemoved"]?.integer ?? 0)
                if documents.count < wanted { break }
            }
            return removed
        }

        /// Asks for a change that changes nothing, and is acknowledged by a majority all the same.
        func health() throws(KeyValueError) {
            let nobody = MongoDocuments.id(KeyValueKey(collection: "", key: ""))
            _ = try ask { () throws(MongoFailure) in try connection.write([.remove(["_id": nobody])]) }
        }

        // MARK: One change

        /// One change needs no transaction: the server makes it at once.
        func apply(_ change: KeyValueChange) throws(KeyValueError) {
            let id = MongoDocuments.id(change.key)
            switch (change.operation, change.precondition) {
            case (.put(let value, let expiresAt), nil):
                try put(id, MongoDocuments.change(value, expiresAt))
            case (.put(let value, let expiresAt), .absent):
                let document = MongoDocuments.document(change.key, value, revision: 1, expiresAt: expiresAt)
                do throws(MongoFailure) {
                    _ = try connection.write([.insert(document)])
                } catch {
                    if error.isDuplicate { throw MongoUnit.conflict(change, found: "there") }
                    throw error.error(place)
                }
            case (.put(let value, let expiresAt), .revision(let revision)):
                let reply = try ask { () throws(MongoFailure) in
                    try connection.write([
                        .update(
                            ["_id": id, "n": .int64(revision)], with: MongoDocuments.change(value, expiresAt),
                            upsert: false)
                    ])
                }
                if reply["nMatched"]?.integer != 1 {
                    throw MongoUnit.conflict(change, found: "not there or at another revision")
                }
            case (.delete, nil):
                _ = try ask { () throws(MongoFailure) in try connection.write([.remove(["_id": id])]) }
            case (.delete, .revision(let revision)):
                let reply = try ask { () throws(MongoFailure) in
                    try connection.write([.remove(["_id": id, "n": .int64(revision)])])
                }
                if reply["nRemoved"]?.integer != 1 {
                    throw MongoUnit.conflict(change, found: "not there or at another revision")
                }
            case (.delete, .absent):
                let there = try ask { () throws(MongoFailure) in
                    try connection.find(["_id": id], ["limit": .int64(1), "projection": .document(["_id": .int32(1)])])
                }
                if !there.isEmpty { throw MongoUnit.conflict(change, found: "there") }
            }
        }

        private func put(_ id: BSONValue, _ change: BSONDocument) throws(KeyValueError) {
            for attempt in 1...Self.attemptsMax {
                do throws(MongoFailure) {
                    _ = try connection.write([.update(["_id": id], with: change, upsert: true)])
                    return
                } catch {
                    // Somebody made the record between the server's look and its insert: nothing happened.
                    guard error.isDuplicate, deadline > .now else { throw error.error(place) }
                    pause(attempt)
                }
            }
            throw KeyValueError(.overloaded, "mongodb \(place): others change the same record")
        }

        // MARK: Several changes

        /// Several changes: a transaction, tried again while others are in the way.
        func apply(_ changes: [KeyValueChange]) throws(KeyValueError) {
            for attempt in 1...Self.attemptsMax {
                let refusal: KeyValueError?
                do throws(MongoFailure) {
                    refusal = try tryOnce(changes)
                } catch {
                    guard error.isTransient || error.isDuplicate, deadline > .now else { throw error.error(place) }
                    pause(attempt)
                    continue
                }
                guard let refusal else { return }
                throw refusal
            }
            throw KeyValueError(.overloaded, "mongodb \(place): others change the same records")
        }

        /// - Returns: why the changes are refused; nil when they are committed.
        /// - Throws: `MongoFailure` when nothing was committed, now or later.
        private func tryOnce(_ changes: [KeyValueChange]) throws(MongoFailure) -> KeyValueError? {
            let session = try connection.begin()
            var isCommitting = false
            defer { if !isCommitting { session.abort() } }
            let unit: MongoUnit
            do {
                unit = try MongoUnit(changes, revisions: try revisions(of: changes, in: session))
            } catch let refusal as KeyValueError {
                return refusal
            } catch let failure as MongoFailure {
                throw failure
            } catch {
                return KeyValueError(.unavailable, "mongodb \(place) failed", cause: error)
            }
            if unit.writes.isEmpty { return nil }
            let reply = try connection.write(unit.writes, in: session)
            guard (reply["nMatched"]?.integer ?? 0) == unit.matched, (reply["nRemoved"]?.integer ?? 0) == unit.removed
            else {
                throw MongoFailure(
                    domain: 0, code: 0, message: "the records changed", labels: ["TransientTransactionError"])
            }
            isCommitting = true
            while true {
                do throws(MongoFailure) {
                    try session.commit()
                    return nil
                } catch {
                    if error.isTransient { throw error }
                    guard error.isUnknownCommit, deadline > .now else {
                        return KeyValueError(
                            .unavailable, "mongodb \(place): nobody knows whether the changes were made", cause: error)
                    }
                    pause(1)
                }
            }
        }

        /// The revisions that a transaction sees.
        private func revisions(
            of changes: [KeyValueChange], in session: MongoSession
        ) throws(MongoFailure) -> [KeyValueKey: Int64] {
            let names = Array(Set(changes.map(\.key)))
            var revisions: [KeyValueKey: Int64] = [:]
            for start in stride(from: 0, to: names.count, by: Self.namesMax) {
                let documents = try connection.find(
                    Self.any(names[start...].prefix(Self.namesMax)), ["projection": .document(["n": .int32(1)])],
                    in: session)
                for document in documents {
                    guard let name = try? MongoDocuments.name(document), let revision = document["n"]?.integer else {
                        throw MongoFailure(domain: 0, code: 0, message: "a document is none of ours")
                    }
                    revisions[name] = revision
                }
            }
            return revisions
        }

        // MARK: Asking

        private static func any(_ names: ArraySlice<KeyValueKey>) -> BSONDocument {
            ["_id": .document(["$in": .array(names.map(MongoDocuments.id))])]
        }

        private func ask<Result>(_ body: () throws(MongoFailure) -> Result) throws(KeyValueError) -> Result {
            do throws(MongoFailure) {
                return try body()
            } catch {
                throw error.error(place)
            }
        }

        /// Waits a while, longer each time, and never as long as another that waits.
        private func pause(_ attempt: Int) {
            let most = min(Self.pauseMillisecondsMax, Self.pauseMilliseconds << UInt64(min(attempt, 16)))
            usleep(UInt32(1_000 * (1 + random.uint64(below: most))))
        }
    }
#endif
