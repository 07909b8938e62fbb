#if MongoDB
    import Primitives
    import Storage

    /// How records lie in MongoDB.
    ///
    /// ```
    /// {_id: {c: "notes", k: "key"}, v: BinData, n: NumberLong(1), x: ISODate}
    /// ```
    /// `n` is the revision, `x` the expiry, absent for never. The name is two texts and not bytes: MongoDB orders binary
    /// data by its length first, and texts by their bytes as long as no collation is set.
    enum MongoDocuments {
        /// The index that finds what has expired.
        ///
        /// It is no TTL index: a server's clock must not remove records.
        static let expiryIndex = "coffer_by_expiry"

        static func id(_ name: KeyValueKey) -> BSONValue {
            .document(["c": .string(name.collection), "k": .string(name.key)])
        }

        /// Names in a collection behind a key.
        static func range(_ collection: String, after: String?) -> BSONDocument {
            let first = after ?? ""
            return [
                "_id": .document([
                    "$gt": .document(["c": .string(collection), "k": .string(first)]),
                    "$lt": .document(["c": .string(collection), "k": .maxKey]),
                ])
            ]
        }

        static func document(
            _ name: KeyValueKey, _ value: [UInt8], revision: Int64, expiresAt: Timestamp?
        ) -> BSONDocument {
            var document: BSONDocument = ["_id": id(name)]
            for field in content(value, revision: revision, expiresAt: expiresAt).fields {
                document.append(field.name, field.value)
            }
            return document
        }

        /// A document without its name, as a replacement has it.
        static func content(_ value: [UInt8], revision: Int64, expiresAt: Timestamp?) -> BSONDocument {
            var document: BSONDocument = ["v": .binary(value), "n": .int64(revision)]
            if let expiresAt { document.append("x", .date(expiresAt.milliseconds)) }
            return document
        }

        /// The change that puts a value whatever the revision is.
        static func change(_ value: [UInt8], _ expiresAt: Timestamp?) -> BSONDocument {
            let increase: BSONValue = .document(["n": .int64(1)])
            if let expiresAt {
                return [
                    "$set": .document(["v": .binary(value), "x": .date(expiresAt.milliseconds)]), "$inc": increase,
                ]
            }
            return [
                "$set": .document(["v": .binary(value)]), "$unset": .document(["x": .string("")]), "$inc": increase,
            ]
        }

        /// The name of a stored document.
        static func name(_ document: BSONDocument) throws(KeyValueError) -> KeyValueKey {
            guard let id = document["_id"]?.fields, let collection = id["c"]?.text, let key = id["k"]?.text else {
                throw KeyValueError(.schema, "mongodb: a document's name is none of ours")
            }
            return KeyValueKey(collection: collection, key: key)
        }

        /// A stored document as a record.
        static func record(_ document: BSONDocument) throws(KeyValueError) -> KeyValueRecord {
            let name = try name(document)
            guard case .binary(let value) = document["v"], let revision = document["n"]?.integer, revision > 0 else {
                throw KeyValueError(.corrupt, "\(name) has no value or no revision", key: name)
            }
            var expiresAt: Timestamp?
            switch document["x"] {
            case nil: break
            case .date(let milliseconds): expiresAt = Timestamp(milliseconds: milliseconds)
            default: throw KeyValueError(.corrupt, "\(name) has an expiry that is none", key: name)
            }
            return KeyValueRecord(key: name, value: value, revision: revision, expiresAt: expiresAt)
        }
    }
#endif
