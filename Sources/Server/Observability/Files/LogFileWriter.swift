import Glibc

/// An open log file: appends whole lines, and makes room when it is full.
///
/// A class, because it owns a descriptor. It belongs to one thread.
final class LogFileWriter {
    /// What became of some lines.
    struct Outcome: Equatable {
        /// How many of them, from the front, are in the file whole.
        var written: Int
        /// Why the next one is not; `errno`.
        var failure: Int32?
    }

    /// So much goes to the system in one call.
    private static let chunkBytesMax = 64 << 10
    /// Older files with higher numbers are looked for so far; settings allow fewer.
    private static let numberMax = 10_000

    private let settings: LogFileSettings
    private var descriptor: Int32 = -1
    private var sizeBytes = 0
    /// Whether the file ends within a line, which the next one must not continue.
    private var isTorn = false
    private(set) var rotations = 0

    /// Opens the file, or makes it.
    init(_ settings: LogFileSettings) throws(LogFileError) {
        self.settings = settings
        if let code = reopen() {
            let words = unsafe String(cString: strerror(code))
            // ELOOP is what O_NOFOLLOW answers to a symbolic link.
            let kind: LogFileError.Code = code == ELOOP || code == EISDIR || code == EINVAL ? .notAFile : .notOpened
            throw LogFileError(kind, "\(settings.path): \(kind == .notAFile ? "no regular file" : words)")
        }
        // Fewer files than before: those beyond are not kept.
        var number = settings.filesMax
        while number <= Self.numberMax, unsafe unlink(older(number)) == 0 { number += 1 }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Appends lines, each with its line feed, and begins a new file wherever the next one would not fit.
    func write(_ lines: ArraySlice<[UInt8]>) -> Outcome {
        var written = 0
        var chunk: [UInt8] = []
        var ends: [Int] = []
        var index = lines.startIndex
        while index < lines.endIndex {
            chunk.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            if isTorn { chunk.append(UInt8(ascii: "\n")) }
            while index < lines.endIndex, fits(lines[index], behind: chunk.count), chunk.count < Self.chunkBytesMax {
                chunk.append(contentsOf: lines[index])
                ends.append(chunk.count)
                index += 1
            }
            if ends.isEmpty {
                if let failure = rotate() { return Outcome(written: written, failure: failure) }
                continue
            }
            let failure = append(chunk, ends)
            written += failure?.whole ?? ends.count
            if let failure { return Outcome(written: written, failure: failure.code) }
        }
        return Outcome(written: written, failure: nil)
    }

    /// An empty file takes any line: no other would take it either.
    private func fits(_ line: [UInt8], behind waiting: Int) -> Bool {
        let before = sizeBytes + waiting
        return before == 0 || before + line.count <= settings.fileBytesMax
    }

    /// Writes a chunk; when it does not go in whole, takes the part of a line back and says how many lines are in.
    private func append(_ chunk: [UInt8], _ ends: [Int]) -> (whole: Int, code: Int32)? {
        var offset = 0
        while offset < chunk.count {
            let count = unsafe chunk.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if count > 0 {
                offset += count
            } else if count < 0, errno != EINTR {
                let code = errno
                let whole = ends.prefix { $0 <= offset }.count
                let kept = whole == 0 ? 0 : ends[whole - 1]
                // What cannot be cut off is ended by a line feed before the next line.
                isTorn = offset > kept && ftruncate(descriptor, sizeBytes + kept) != 0
                sizeBytes += isTorn ? offset : kept
                return (whole, code)
            }
        }
        isTorn = false
        sizeBytes += chunk.count
        return nil
    }

    /// Looks whether the path still leads to our file, and opens it anew when somebody moved or removed it.
    func follow() -> Int32? {
        guard let found = Self.look(settings.path), found.isSameFile(as: Self.look(descriptor)) else { return reopen() }
        // Somebody may have cut it.
        sizeBytes = found.sizeBytes
        return nil
    }

    /// Opens the path, which may be another file now; keeps the old one when that fails.
    func reopen() -> Int32? {
        // Read too, for the last byte; O_NONBLOCK so that a pipe cannot hold us.
        let flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let opened = unsafe open(settings.path, flags, 0o600)
        guard opened >= 0 else { return errno }
        guard let found = Self.look(opened), found.isRegular else {
            close(opened)
            return EINVAL
        }
        if descriptor >= 0 { close(descriptor) }
        descriptor = opened
        sizeBytes = found.sizeBytes
        var last: UInt8 = UInt8(ascii: "\n")
        if sizeBytes > 0 { _ = unsafe pread(opened, &last, 1, sizeBytes - 1) }
        isTorn = last != UInt8(ascii: "\n")
        return nil
    }

    /// Gives the full file the number 1, and the older ones the next.
    ///
    /// Each step is one rename, and the numbers move only up to the first that is free: a crash between two steps
    /// leaves a gap, which the next rotation fills before any file has to go.
    private func rotate() -> Int32? {
        guard let found = Self.look(settings.path), found.isSameFile(as: Self.look(descriptor)) else { return reopen() }
        if settings.filesMax == 1 {
            guard unsafe unlink(settings.path) == 0 else { return errno }
        } else {
            var free = 1
            while free < settings.filesMax - 1, Self.look(older(free)) != nil { free += 1 }
            for number in stride(from: free, to: 0, by: -1) {
                let from = number == 1 ? settings.path : older(number - 1)
                guard unsafe rename(from, older(number)) == 0 || errno == ENOENT else { return errno }
            }
        }
        rotations += 1
        return reopen()
    }

    private func older(_ number: Int) -> String { "\(settings.path).\(number)" }

    // MARK: What the system says of a file

    private struct Facts {
        let device: UInt64
        let inode: UInt64
        let sizeBytes: Int
        let isRegular: Bool

        init(_ info: stat) {
            device = UInt64(info.st_dev)
            inode = UInt64(info.st_ino)
            sizeBytes = Int(info.st_size)
            isRegular = info.st_mode & S_IFMT == S_IFREG
        }

        func isSameFile(as other: Facts?) -> Bool { other?.device == device && other?.inode == inode }
    }

    private static func look(_ descriptor: Int32) -> Facts? {
        var info = stat()
        return unsafe fstat(descriptor, &info) == 0 ? Facts(info) : nil
    }

    /// Of the path itself, not of what a symbolic link leads to.
    private static func look(_ path: String) -> Facts? {
        var info = stat()
        return unsafe lstat(path, &info) == 0 ? Facts(info) : nil
    }
}
