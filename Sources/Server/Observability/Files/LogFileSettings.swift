/// Where a log file is and how much of it is kept.
///
/// The newest lines are in `path`, older ones in `path.1`, `path.2` and so on, so that at most
/// `fileBytesMax * filesMax` bytes are on the disk.
public struct LogFileSettings: Sendable, Hashable {
    /// 64 MiB: some 300,000 lines.
    public static let fileBytesMaxDefault = 64 << 20
    /// The current file and seven older ones.
    public static let filesMaxDefault = 8
    /// 4 MiB: seconds of a busy server while the disk hangs.
    public static let queueBytesMaxDefault = 4 << 20

    /// The current file.
    ///
    /// Its folder must exist. A symbolic link is refused, because renaming it would not move the file.
    public var path: String
    /// How many bytes a file has at most.
    ///
    /// A single line that is longer stands in a file of its own.
    public var fileBytesMax: Int
    /// How many files there are at most, the current one among them.
    public var filesMax: Int
    /// How many bytes may wait to be written; lines that come while more wait are dropped and counted.
    public var queueBytesMax: Int

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - path: the current file.
    ///   - fileBytesMax: 1 or more.
    ///   - filesMax: 1 or more; with 1 the old lines go when the file is full.
    ///   - queueBytesMax: 1 or more.
    public init(
        path: String, fileBytesMax: Int = Self.fileBytesMaxDefault, filesMax: Int = Self.filesMaxDefault,
        queueBytesMax: Int = Self.queueBytesMaxDefault
    ) {
        precondition(fileBytesMax > 0 && filesMax > 0 && queueBytesMax > 0, "limits of a log file are 1 or more")
        self.path = path
        self.fileBytesMax = fileBytesMax
        self.filesMax = filesMax
        self.queueBytesMax = queueBytesMax
    }
}

/// Why a log file cannot be used.
public struct LogFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of reason.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The system refuses to open the path; the message has its words.
        case notOpened = "not_opened"
        /// The path is a folder, a device, a pipe or a symbolic link.
        case notAFile = "not_a_file"
    }

    /// What kind of reason.
    public let code: Code
    /// The path and the system's words.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}

/// What a log file has done so far.
public struct LogFileFigures: Sendable, Hashable {
    /// Lines in the file, whole.
    public internal(set) var written = 0
    /// Lines refused because too much waited.
    public internal(set) var dropped = 0
    /// Lines that could not be written: a full disk, a limit, a folder that is gone.
    public internal(set) var lost = 0
    /// How often a full file made way for a new one.
    public internal(set) var rotations = 0
    /// Bytes that wait to be written.
    public internal(set) var queuedBytes = 0

    init() {}
}
