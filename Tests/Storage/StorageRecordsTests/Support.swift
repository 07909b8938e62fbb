import NIOPosix
import Storage
import Synchronization
import TestServers

#if Redis
    import StorageRedis

    extension RedisServer {
        /// Settings that reach it, patient enough for a busy machine.
        func settings(_ change: (inout RedisSettings) -> Void = { _ in }) -> RedisSettings {
            var settings = RedisSettings(host: "127.0.0.1")
            settings.port = port
            settings.deadlineMilliseconds = 30_000
            settings.healthDeadlineMilliseconds = 30_000
            settings.connectDeadlineMilliseconds = 30_000
            change(&settings)
            return settings
        }

        /// The numbers of the connections that stores have.
        var clients: Set<String> {
            get throws {
                let lines = try ask("CLIENT", "LIST").split(whereSeparator: \.isNewline)
                return Set(lines.filter { $0.contains(" name=coffer ") }.map { String($0.prefix { $0 != " " }) })
            }
        }

        /// A store on it, with its own error.
        func reopen() async throws(KeyValueError) -> RedisKeyValueStore {
            try await RedisKeyValueStore.open(settings(), eventLoops: MultiThreadedEventLoopGroup.singleton)
        }

        /// A store on it.
        func open(_ change: (inout RedisSettings) -> Void = { _ in }) async throws -> RedisKeyValueStore {
            try await RedisKeyValueStore.open(settings(change), eventLoops: MultiThreadedEventLoopGroup.singleton)
        }
    }
#endif

#if MongoDB
    import StorageMongoDB

    extension MongoServer {
        /// A store on it.
        func open(
            _ collection: String = "records", _ change: (inout MongoSettings) -> Void = { _ in }
        ) async throws -> MongoKeyValueStore {
            var settings = try MongoSettings(url: url(collection))
            settings.healthDeadlineMilliseconds = 30_000
            change(&settings)
            return try await MongoKeyValueStore.open(settings)
        }
    }
#endif

/// Names for stores that share a server.
final class Prefixes: Sendable {
    private let count = Mutex(0)

    func next() -> String {
        count.withLock { count in
            count += 1
            return "test-\(count)"
        }
    }
}

/// The error that `body` throws; nil when it throws none.
func failure<Value>(_ body: () async throws(KeyValueError) -> Value) async -> KeyValueError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}
