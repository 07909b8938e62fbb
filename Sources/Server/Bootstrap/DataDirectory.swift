import Foundation
import Primitives

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
    /// Sessions with users' wallets, sealed.
    public var connectionsDatabase: String { path + "/" + Self.connectionsDatabaseName }
    static let connectionsDatabaseName = "connections.db"
    /// The key that seals them; like every key file it is no part of a backup.
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

    // MARK: Files

    /// Writes a file that only its owner reads, whole or not at all; what was there is replaced.
    ///
    /// - Throws: ``BootstrapError`` with `configuration`, naming the file.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let temporary = try writeTemporary(bytes, for: path)
        guard unsafe rename(temporary, path) == 0 else {
            let reason = errno
            unsafe unlink(temporary)
            throw failure("write", path, reason)
        }
        try syncFolder(of: path)
    }

    /// Writes a file as ``write(_:to:)`` does, but never in the place of another.
    static func create(_ bytes: [UInt8], at path: String) throws {
        let temporary = try writeTemporary(bytes, for: path)
        defer { unsafe unlink(temporary) }
        // A link is refused where the name is taken, which a renaming is not.
        guard unsafe link(temporary, path) == 0 else { throw failure("write", path, errno) }
        try syncFolder(of: path)
    }

    /// The bytes of a file; nil when there is none.
    ///
    /// - Throws: ``BootstrapError`` with `configuration`, naming the file, when there is one that can't be read.
    static func read(_ path: String) throws -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read", path, errno)
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            return try handle.readToEnd().map { [UInt8]($0) } ?? []
        } catch {
            throw BootstrapError(.configuration, "can't read \(path)", cause: error)
        }
    }

    /// The key in a file; made when there is no such file, and only then: whoever loses a key loses what it opens.
    ///
    /// - Throws: ``BootstrapError`` with `configuration`, naming the file, when it can't be read or has another size.
    static func key(_ path: String, bytes count: Int) throws -> [UInt8] {
        guard let bytes = try read(path) else {
            let bytes = RandomSource.system.bytes(count)
            try create(bytes, at: path)
            return bytes
        }
        guard bytes.count == count else {
            throw BootstrapError(.configuration, "\(path) is no key of \(count) bytes")
        }
        return bytes
    }

    /// A file beside `path` with these bytes, on the disk.
    private static func writeTemporary(_ bytes: [UInt8], for path: String) throws -> String {
        let temporary = path + ".new"
        // One that a kill left behind.
        unsafe unlink(temporary)
        let descriptor = unsafe open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write", path, errno) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(bytes))
            try handle.synchronize()
        } catch {
            unsafe unlink(temporary)
            throw BootstrapError(.configuration, "can't write \(path)", cause: error)
        }
        return temporary
    }

    /// Has the name of a file survive a loss of power, as its bytes do.
    private static func syncFolder(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("write", path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write", path, errno) }
    }

    private static func failure(_ verb: String, _ path: String, _ reason: Int32) -> BootstrapError {
        BootstrapError(.configuration, "can't \(verb) \(path): \(unsafe String(cString: strerror(reason)))")
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
