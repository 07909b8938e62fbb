import Glibc

/// Why a file could not be used.
package enum FileError: Error, Equatable, CustomStringConvertible {
    /// There is no such file.
    case missing(path: String)
    /// It is longer than it may be.
    case tooLong(path: String, bytesMax: Int)
    /// The system refuses; `errno`.
    case refused(path: String, code: Int32)

    /// A sentence for people.
    package var description: String {
        switch self {
        case .missing(let path): "\(path) does not exist"
        case .tooLong(let path, let bytesMax): "\(path) is longer than \(bytesMax) bytes"
        case .refused(let path, let code): "\(path): \(Self.text(code))"
        }
    }

    private static func text(_ code: Int32) -> String {
        switch code {
        case EACCES, EPERM: "permission denied"
        case EISDIR: "is a directory"
        case EEXIST: "exists already"
        case ENOSPC: "no space left"
        default: "errno \(code)"
        }
    }
}

/// Whole small files.
package enum LocalFile {
    /// Reads a file, or standard input for `-`.
    package static func read(_ path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
        if path == "-" { return try read(STDIN_FILENO, path: "standard input", bytesMax: bytesMax) }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error(path) }
        defer { close(descriptor) }
        return try read(descriptor, path: path, bytesMax: bytesMax)
    }

    private static func read(_ descriptor: Int32, path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw error(path) }
            if count == 0 { return bytes }
            guard bytes.count + count <= bytesMax else { throw .tooLong(path: path, bytesMax: bytesMax) }
            bytes.append(contentsOf: piece.prefix(count))
        }
    }

    /// Makes a new file that only its owner can read, and never one over another.
    package static func create(_ path: String, _ bytes: [UInt8]) throws(FileError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw error(path) }
        defer { close(descriptor) }
        guard write(bytes, to: descriptor) else { throw error(path) }
        guard fsync(descriptor) == 0 else { throw error(path) }
    }

    /// Writes all bytes to a descriptor; `false` when the reader is gone or the disk is full.
    @discardableResult
    package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    /// Whether people other than the owner may read the file; `false` when nobody can tell.
    package static func isReadableByOthers(_ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return false }
        return status.st_mode & 0o044 != 0
    }

    private static func error(_ path: String) -> FileError {
        let code = errno
        return code == ENOENT || code == ENOTDIR ? .missing(path: path) : .refused(path: path, code: code)
    }
}
