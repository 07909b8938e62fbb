#if MongoDB
    import Contracts
    import Foundation
    import Primitives
    import Storage
    import StorageMongoDB
    import Testing

    /// Records in the stand-in for MongoDB, through the real libmongoc.
    @Suite(.enabled(if: MongoServer.isThere, "no Python with pymongo's bson; make .venv, or name one in COFFER_PYTHON"))
    struct MongoStoreTests {
        private func key(_ name: String) -> KeyValueKey { KeyValueKey(collection: "notes", key: name) }

        @Test func `the contract of records`() async throws {
            let server = try await MongoServer()
            var count = 0
            try await checkKeyValueStore {
                count += 1
                return try await server.open("records-\(count)")
            }
        }
    }
#endif
