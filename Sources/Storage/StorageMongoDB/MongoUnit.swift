#if MongoDB
    import Primitives
    import Storage

    /// What several changes come to, given the revisions that a transaction saw: pure.
    ///
    /// Later changes of a record see the earlier ones; in the end each record is written once.
    struct MongoUnit {
        private struct Entry {
            let name: KeyValueKey
            /// What the transaction saw; nil for no record.
            let original: Int64?
            /// What it comes to; nil for no record.
            var revision: Int64?
            var value: [UInt8] = []
            var expiresAt: Timestamp?
            var isConditional = false
        }

        /// Inserts, then replacements, then removals: so they travel together.
        private(set) var writes: [MongoWrite] = []
        /// Documents that must be there for the replacements.
        private(set) var matched: Int64 = 0
        /// Documents that must be there for the removals.
        private(set) var removed: Int64 = 0

        /// - Throws: `KeyValueError` with code `conflict` for the first precondition that does not hold.
        init(_ changes: [KeyValueChange], revisions: [KeyValueKey: Int64]) throws(KeyValueError) {
            var entries: [Entry] = []
            var places: [KeyValueKey: Int] = [:]
            for change in changes {
                let place = places[change.key] ?? entries.count
                if place == entries.count {
                    let original = revisions[change.key]
                    entries.append(Entry(name: change.key, original: original, revision: original))
                    places[change.key] = place
                }
                try Self.check(change, entries[place].revision)
                if change.precondition != nil { entries[place].isConditional = true }
                switch change.operation {
                case .delete: entries[place].revision = nil
                case .put(let value, let expiresAt):
                    entries[place].revision = (entries[place].revision ?? 0) + 1
                    entries[place].value = value
                    entries[place].expiresAt = expiresAt
                }
            }
            var (inserts, replacements, removals): ([MongoWrite], [MongoWrite], [MongoWrite]) = ([], [], [])
            for entry in entries {
                let id = MongoDocuments.id(entry.name)
                switch (entry.original, entry.revision) {
                case (nil, let revision?):
                    inserts.append(
                        .insert(
                            MongoDocuments.document(
                                entry.name, entry.value, revision: revision, expiresAt: entry.expiresAt)))
                case (let original?, let revision?):
                    replacements.append(
                        .replace(
                            ["_id": id, "n": .int64(original)],
                            with: MongoDocuments.content(
                                entry.value, revision: revision, expiresAt: entry.expiresAt)))
                case (let original?, nil):
                    removals.append(.remove(["_id": id, "n": .int64(original)]))
                case (nil, nil):
                    // That nothing was there has to stay true until the commit. A transaction is told only of writes
                    // that cross its own, so that it writes here as well.
                    guard entry.isConditional else { continue }
                    inserts.append(.insert(["_id": id]))
                    removals.append(.remove(["_id": id]))
                }
            }
            matched = Int64(replacements.count)
            removed = Int64(removals.count)
            writes = inserts + replacements + removals
        }

        private static func check(_ change: KeyValueChange, _ revision: Int64?) throws(KeyValueError) {
            switch change.precondition {
            case .absent where revision != nil: break
            case .revision(let wanted) where revision != wanted: break
            default: return
            }
            throw conflict(change, found: revision.map { "at revision \($0)" } ?? "not there")
        }

        /// The error of a precondition that does not hold.
        static func conflict(_ change: KeyValueChange, found: String) -> KeyValueError {
            let wanted =
                switch change.precondition {
                case .revision(let number): "at \(number)"
                default: "absent"
                }
            return KeyValueError(.conflict, "\(change.key) is \(found), not \(wanted)", key: change.key)
        }
    }
#endif
