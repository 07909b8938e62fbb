#if Redis
    import Primitives
    import Storage

    /// How records lie in Redis.
    ///
    /// | key | |
    /// |---|---|
    /// | `{coffer}:r:5:notes:key` | a record: head and value, a string |
    /// | `{coffer}:c:notes` | the keys of a collection, a sorted set with equal scores: ordered by bytes |
    /// | `{coffer}:format` | ``format`` |
    /// | `{coffer}:x` | when records expire: 8 bytes of moment and the record's name, ordered the same way |
    ///
    /// The braces make a cluster keep all of them on one node. The length before a collection keeps `a:b` in `c` apart
    /// from `b` in `c:a`. Redis is told of no expiry: it would go by its own clock, and leave the indexes behind.
    struct RecordLayout: Sendable {
        /// How records lie under a prefix; a program that keeps them otherwise counts it up.
        static let format = 1
        /// Kind, revision, expiry.
        static let headBytes = 1 + 8 + 8
        private static let withoutExpiry: UInt8 = 1
        private static let withExpiry: UInt8 = 2

        /// What all keys begin with.
        let root: String
        let expiryIndex: String
        /// Where ``format`` stands.
        let formatKey: String

        init(prefix: String) {
            root = "{\(prefix)}:"
            expiryIndex = root + "x"
            formatKey = root + "format"
        }

        func index(of collection: String) -> String { "\(root)c:\(collection)" }

        /// What the records of a collection begin with.
        func stem(of collection: String) -> String { "\(root)r:\(collection.utf8.count):\(collection):" }

        func record(_ name: KeyValueKey) -> String { stem(of: name.collection) + name.key }

        /// Eight bytes in the order of the moments, the ones before 1970 included.
        static func bytes(_ moment: Timestamp) -> [UInt8] {
            bytes(UInt64(bitPattern: moment.milliseconds) ^ (1 << 63))
        }

        /// Eight bytes of a revision; no record has one below 1.
        static func bytes(revision: Int64) -> [UInt8] { bytes(UInt64(bitPattern: revision)) }

        private static func bytes(_ word: UInt64) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
        }

        static func word(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

        /// A stored string as a record.
        ///
        /// - Throws: `KeyValueError` with code `corrupt` when its head is none.
        static func record(_ name: KeyValueKey, _ stored: [UInt8]) throws(KeyValueError) -> KeyValueRecord {
            guard stored.count >= headBytes, let format = stored.first,
                format == withoutExpiry || format == withExpiry
            else { throw KeyValueError(.corrupt, "\(name) does not begin as records do", key: name) }
            let revision = Int64(bitPattern: word(stored[1..<9]))
            guard revision > 0 else { throw KeyValueError(.corrupt, "\(name) has no revision", key: name) }
            let moment = Timestamp(milliseconds: Int64(bitPattern: word(stored[9..<17]) ^ (1 << 63)))
            return KeyValueRecord(
                key: name, value: Array(stored[headBytes...]), revision: revision,
                expiresAt: format == withExpiry ? moment : nil)
        }
    }
#endif
