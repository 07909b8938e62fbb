import CofferClient
import Foundation
import Primitives
import Storage
import WalletConnectClient

#if SQLite
    import StorageSQLite
#endif

/// Where one side keeps its sessions.
struct WalletConnectState: Sendable {
    /// Which side; each has a folder of its own.
    enum Side: String, Sendable {
        case dApp = "dapp"
        case wallet
    }

    let records: any KeyValueStore
    /// The folder; `nil` in memory.
    let folder: String?
    /// Held for as long as the folder is used.
    private let lock: FileHandle?

    /// The file with the key that the records are sealed under, beside the database: it keeps copies of the database
    /// alone from telling secrets.
    func storeKey() throws(ClientError) -> SecretBytes {
        guard let folder else { return SecretBytes.random(count: Self.storeKeyBytes) }
        return try SecretFile.random("\(folder)/store.key", count: Self.storeKeyBytes)
    }

    private static let storeKeyBytes = 32

    /// Opens the records, lends them and closes them.
    static func with<Result: Sendable>(
        _ side: Side, _ options: WalletConnectOptions, environment: [String: String],
        _ body: (WalletConnectState) async throws -> Result
    ) async throws -> Result {
        if options.ephemeral {
            return try await body(WalletConnectState(records: MemoryKeyValueStore(), folder: nil, lock: nil))
        }
        let parent = try WalletConnectFolder.path(flag: options.dataDirectory, environment: environment)
        let folder = "\(parent)/\(side.rawValue)"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ClientError(.configuration, "can't make the folder \(folder)", fix: "pass --data-dir or --ephemeral")
        }
        let lock = try lock(folder)
        let store = try await open("\(folder)/sessions.db")
        do {
            let state = WalletConnectState(records: TableKeyValueStore(store: store), folder: folder, lock: lock)
            let result = try await body(state)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }

    /// Two processes with one identity would take each other's messages.
    private static func lock(_ folder: String) throws(ClientError) -> FileHandle {
        let descriptor = unsafe Foundation.open("\(folder)/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ClientError(.configuration, "can't write in \(folder)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ClientError(
                .tryAgain, "another coffer process works in \(folder)", fix: "end it, or pass another --data-dir")
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func open(_ path: String) async throws -> any Store {
        #if SQLite
            do {
                let store: any Store = try await SQLite.open(path: path)
                try await store.migrate(TableKeyValueStore.migrations)
                return store
            } catch let error as StorageError {
                throw ClientError(.configuration, "\(path) can't be used: \(error)")
            }
        #else
            throw ClientError(
                .configuration, "this program was built without SQLite, so sessions can't be kept", fix: "--ephemeral")
        #endif
    }
}
