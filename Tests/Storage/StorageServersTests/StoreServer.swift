import Foundation
import Logging
import Storage
import StorageSQL
import Synchronization
import TestServers
import Testing

#if PostgreSQL
    import StoragePostgreSQL
#endif
#if MySQL
    import StorageMySQL
#endif

/// A database server that the checks run against.
protocol StoreServer: DatabaseServer {
    func open(_ url: String, logger: Logger) async throws(StorageError) -> SQLStore
}

#if PostgreSQL
    extension PostgreSQLServer: StoreServer {
        func open(_ url: String, logger: Logger) async throws(StorageError) -> SQLStore {
            try await PostgreSQL.open(url: url, logger: logger)
        }
    }
#endif

#if MySQL
    extension MariaDBServer: StoreServer {
        func open(_ url: String, logger: Logger) async throws(StorageError) -> SQLStore {
            try await MySQL.open(url: url, logger: logger)
        }
    }
#endif

extension StoreServer {
    func open(_ url: String) async throws(StorageError) -> SQLStore {
        try await open(url, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A store in a place of its own.
    func fresh(_ parameters: [String] = []) async throws -> SQLStore {
        try await open(url(makePlace(), parameters))
    }

    /// Records in a place of their own.
    func freshRecords() async throws -> TableKeyValueStore {
        let store = try await fresh()
        try await store.migrate(StorageSchema.migrations + TableKeyValueStore.migrations)
        return TableKeyValueStore(store: store)
    }
}

/// Starts a server before the first test of a suite, and stops it after the last.
struct ServerTrait<Server: StoreServer>: SuiteTrait, TestScoping {
    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        guard Server.missing == nil else { return try await function() }
        let server = try await Server.started()
        defer { server.process.stop() }
        try await Server.running(server, function)
    }
}

/// A table for the checks.
enum Items {
    static let id = Column<Int64>("id")
    static let body = Column<[UInt8]>("body")
    static let table = Table("items", [id, body], primaryKey: [id])
    static let migrations = StorageSchema.migrations + [Migration("items", [.createTable(table)])]

    static func row(_ id: Int64) -> [Assignment] {
        [Items.id.set(id), Items.body.set([UInt8](repeating: UInt8(truncatingIfNeeded: id), count: 200))]
    }
}

/// The storage error that `body` throws; `nil` when it throws none.
func storageFailure<Value>(_ body: () async throws -> Value) async -> StorageError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? StorageError
    }
}

/// Something that several tasks change.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) {
        state = Mutex(value)
    }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        state.withLock { value in
            var copy = value
            let result = body(&copy)
            value = copy
            return result
        }
    }
}

/// Keeps what was logged.
struct KeptLog: LogHandler {
    let lines: Shared<[String]>
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = event.metadata.map { "\($0)" } ?? ""
        lines.withLock { $0.append("\(event.message) \(fields)") }
    }
}
