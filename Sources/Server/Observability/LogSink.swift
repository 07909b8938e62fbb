import Glibc
import Synchronization

/// Where finished log lines go.
///
/// A class, because all loggers of the process share the lock that keeps lines whole.
public final class LogSink: Sendable {
    private let write: @Sendable ([UInt8]) -> Void
    private let lock = Mutex(())

    /// Makes a sink from a function that takes one whole line, its line feed included.
    public init(_ write: @escaping @Sendable ([UInt8]) -> Void) {
        self.write = write
    }

    /// Lines to standard output, for services whose supervisor collects it.
    public static func standardOutput() -> LogSink { descriptor(STDOUT_FILENO) }

    /// Lines to standard error, for commands whose output is data.
    public static func standardError() -> LogSink { descriptor(STDERR_FILENO) }

    /// Whether standard output is a terminal, where people read text rather than JSON.
    public static var standardOutputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    func append(_ line: [UInt8]) {
        lock.withLock { _ in write(line) }
    }

    private static func descriptor(_ descriptor: Int32) -> LogSink {
        LogSink { line in
            var offset = 0
            while offset < line.count {
                let count = unsafe line.withUnsafeBytes { bytes in
                    unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
                }
                if count > 0 {
                    offset += count
                } else if count < 0, errno == EINTR {
                    continue
                } else {
                    // A log that cannot be written must not stop the program.
                    return
                }
            }
        }
    }
}
