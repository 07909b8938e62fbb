#if MongoDB
    import Storage

    /// Looks at a deployment before records are trusted to it, and makes what is missing.
    struct MongoInspection: Sendable {
        /// MongoDB 4.2, the first whose transactions have no limit of 16 MiB.
        private static let wireVersionMin: Int64 = 8
        /// How records lie in the collection; a program that keeps them otherwise counts it up.
        static let format: Int64 = 1
        /// The name of the document that says so; no record's name is a text.
        private static let formatName: BSONDocument = ["_id": .string("format")]

        let hasTransactions: Bool
        private(set) var notes: [KeyValueNote] = []

        init(_ connection: MongoConnection) throws(KeyValueError) {
            let settings = connection.pool.settings
            do throws(MongoFailure) {
                let hello = try connection.command(["hello": .int32(1)], on: "admin")
                guard let version = hello["maxWireVersion"]?.integer, version >= Self.wireVersionMin else {
                    throw MongoFailure(domain: 0, code: 0, message: "MongoDB is older than 4.2")
                }
                hasTransactions = hello["setName"] != nil || hello["msg"]?.text == "isdbgrid"
                if !hasTransactions {
                    notes.append(
                        KeyValueNote(
                            "no_transactions",
                            "the server is alone: units of several changes are refused; make it a replica set of one"))
                } else if let hosts = hello["hosts"]?.members, hosts.count == 1 {
                    notes.append(
                        KeyValueNote("one_member", "the replica set has one member: its disk is the only copy"))
                }
                if hasTransactions, hello["setName"] != nil, !settings.namesReplicaSet {
                    notes.append(
                        KeyValueNote(
                            "not_retried",
                            "the address names no replicaSet: libmongoc neither follows elections nor retries writes"))
                }
                if let note = settings.plainNote { notes.append(note) }
                try Self.makeCollection(connection, settings)
            } catch {
                throw error.error(settings.place)
            }
            try Self.checkCollection(connection, settings)
            try Self.checkFormat(connection, settings)
        }

        /// Refuses records of a newer program, and says which format ours are.
        private static func checkFormat(
            _ connection: MongoConnection, _ settings: MongoSettings
        ) throws(KeyValueError) {
            var found: BSONDocument?
            do throws(MongoFailure) {
                found = try connection.find(formatName, [:]).first
                if found == nil {
                    var document = formatName
                    document.append("format", .int64(format))
                    do throws(MongoFailure) {
                        _ = try connection.write([.insert(document)])
                        return
                    } catch {
                        // Another process was first.
                        guard error.isDuplicate else { throw error }
                    }
                    found = try connection.find(formatName, [:]).first
                }
            } catch {
                throw error.error(settings.place)
            }
            guard let number = found?["format"]?.integer, number <= format else {
                throw KeyValueError(
                    .schema, "mongodb: the records of \(settings.collection) are those of a newer program")
            }
        }

        private static func makeCollection(
            _ connection: MongoConnection, _ settings: MongoSettings
        ) throws(MongoFailure) {
            do throws(MongoFailure) {
                _ = try connection.command(["create": .string(settings.collection)], on: settings.database)
            } catch {
                // 48: it is there.
                guard error.code == 48 else { throw error }
            }
            let index: BSONDocument = [
                "key": .document(["x": .int32(1)]), "name": .string(MongoDocuments.expiryIndex),
            ]
            _ = try connection.command(
                ["createIndexes": .string(settings.collection), "indexes": .array([.document(index)])],
                on: settings.database)
        }

        /// A collation would order names as a language does.
        private static func checkCollection(
            _ connection: MongoConnection, _ settings: MongoSettings
        ) throws(KeyValueError) {
            let reply: BSONDocument
            do throws(MongoFailure) {
                reply = try connection.command(
                    [
                        "listCollections": .int32(1),
                        "filter": .document(["name": .string(settings.collection)]),
                    ], on: settings.database)
            } catch {
                throw error.error(settings.place)
            }
            let found = reply["cursor"]?.fields?["firstBatch"]?.members?.first?.fields
            guard found?["options"]?.fields?["collation"] == nil else {
                throw KeyValueError(
                    .schema, "mongodb: the collection \(settings.collection) has a collation; name another one")
            }
        }
    }
#endif
