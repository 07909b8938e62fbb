import Foundation

/// Where a server keeps everything: one folder, of one process at a time.
///
/// Removing the folder removes the installation.
public struct DataDirectory: Sendable {
    public let path: String

    /// Opens or creates the folder, readable by its owner alone.
    ///
    /// - Throws: ``BootstrapError`` with `configuration`.
    public init(path: String) throws {
        self.path = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
            .replacing(/\/+$/, with: "")
        do {
            try FileManager.default.createDirectory(
                atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw BootstrapError(.configuration, "can't make the data directory \(self.path)", cause: error)
        }
    }

    public var database: String { path + "/coffer.db" }
    /// The guard's own file: restoring the database leaves it as it is, and so a restored database is noticed.
    public var guardDatabase: String { path + "/guard.db" }
    /// The relay's own file: its messages live for days and are no part of a backup.
    public var relayDatabase: String { path + "/relay.db" }
    /// The seed of the relay's key, which signs webhooks.
    public var relayKeyFile: String { path + "/relay-key" }
    /// Sessions with users' wallets, sealed; no part of a backup, since a copy of a session is two clients of one.
    public var connectionsDatabase: String { path + "/connections.db" }
    /// The key that seals them.
    public var connectionsKeyFile: String { path + "/connections-key" }
    /// The name under which the last process on this folder held leases.
    public var holderFile: String { path + "/holder" }
    public var connectionFile: String { path + "/connection.json" }
    public var passphraseFile: String { path + "/dev-passphrase" }
    public var devnetFile: String { path + "/devnet.json" }
    public var devnetLog: String { path + "/devnet.log" }
    public func chainLog(_ reference: String) -> String { path + "/chain-\(reference).log" }

    /// Takes the folder for this process until it ends, however it ends.
    ///
    /// - Throws: ``BootstrapError`` with `unavailable` while another process has it.
    func lock() throws -> FileHandle {
        let file = path + "/lock"
        let descriptor = unsafe open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw BootstrapError(.configuration, "can't write in the data directory \(path)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw BootstrapError(.unavailable, "another coffer process works in \(path)")
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Writes a file that only its owner reads, whole or not at all.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = path + ".new"
        guard
            FileManager.default.createFile(
                atPath: temporary, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else { throw BootstrapError(.configuration, "can't write \(path)") }
        guard unsafe rename(temporary, path) == 0 else { throw BootstrapError(.configuration, "can't write \(path)") }
    }

    static func read(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }
}

/// Why a server did not start.
public struct BootstrapError: Error, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case configuration, unavailable, failed
        }
        private let name: Name

        /// A setting is wrong or missing: exit code 78.
        public static let configuration = Code(name: .configuration)
        /// Something that is needed can't be had now: exit code 69.
        public static let unavailable = Code(name: .unavailable)
        /// Anything else: exit code 1.
        public static let failed = Code(name: .failed)

        public var isRetryable: Bool { name == .unavailable }
        public var description: String { name.rawValue }
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}
