import CoreMetrics
import Glibc
import Logging
public import Primitives
import Synchronization

/// A log file that keeps itself small and never makes a logger wait.
///
/// ```swift
/// let file = try LogFile(LogFileSettings(path: "/var/log/shop/wallets.log"))
/// let log = LogConfiguration(format: .json, sink: file.sink)
/// LoggingSystem.bootstrap { log.handler(label: $0) }
/// ```
///
/// Lines go into a bounded queue; a thread of the file's own writes them. When the queue is full, because the disk
/// hangs, or nothing can be written, because it is full, lines are dropped: they are counted in ``figures`` and in the
/// metric `coffer_log_lines_lost_total`, and the first line written afterwards says how many are missing.
///
/// The file is opened anew when somebody moved or removed it, and by ``reopen()``. One process writes to a file.
/// A class, because it owns a thread, which ends with ``close(secondsMax:)``.
@safe
public final class LogFile: @unchecked Sendable {
    // Sendable: the variables are touched only while `mutex` is held, `writer` only on the thread.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var queue: [[UInt8]] = []
    private var isWriting = false
    private var wantsReopening = false
    private var isStopping = false
    private var hasEnded = false
    private var counts = LogFileFigures()

    private let settings: LogFileSettings
    private let format: LogFormat
    private let clock: WallClock
    private let trouble: @Sendable (String) -> Void
    private let writer: LogFileWriter
    // Only the thread's: drops that were noticed, missing lines that were not told of, and whether writing fails.
    private var said = 0
    private var unsaid = 0
    private var isFailing = false

    /// Opens the file and starts its thread.
    ///
    /// - Parameters:
    ///   - settings: the path and the limits.
    ///   - format: how the lines look that tell of missing ones.
    ///   - clock: their time.
    ///   - trouble: told once when writing begins to fail, in words; standard error unless given. Called on the
    ///     file's own thread.
    /// - Throws: ``LogFileError`` when the file cannot be opened.
    public init(
        _ settings: LogFileSettings, format: LogFormat = .json, clock: WallClock = .system,
        trouble: (@Sendable (String) -> Void)? = nil
    ) throws(LogFileError) {
        self.settings = settings
        self.format = format
        self.clock = clock
        let standardError = LogSink.standardError()
        self.trouble = trouble ?? { standardError.append(Array("\($0)\n".utf8)) }
        writer = try LogFileWriter(settings)
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe self.mutex = mutex
        let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        unsafe self.changed = changed
        start()
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe changed.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Where handlers write.
    public var sink: LogSink { LogSink { [self] line in submit(line) } }

    /// What has been done so far.
    public var figures: LogFileFigures { locked { counts } }

    /// Opens the path anew, soon, on the file's thread: what to do on SIGHUP, after somebody renamed the file.
    public func reopen() {
        locked {
            wantsReopening = true
            unsafe pthread_cond_broadcast(changed)
        }
    }

    /// Waits until every line that was logged before is written or lost.
    ///
    /// Blocks the calling thread: for the end of a program and for tests.
    ///
    /// - Returns: whether that was so in time.
    @discardableResult
    public func flush(secondsMax: Int = 5) -> Bool {
        locked { wait(secondsMax) { queue.isEmpty && !isWriting && !wantsReopening } }
    }

    /// Writes what waits and ends the thread; lines that come later are dropped.
    ///
    /// Blocks the calling thread: for the end of a program.
    ///
    /// - Returns: whether everything was written, or lost, in time.
    @discardableResult
    public func close(secondsMax: Int = 5) -> Bool {
        locked {
            isStopping = true
            unsafe pthread_cond_broadcast(changed)
            return wait(secondsMax) { hasEnded }
        }
    }

    // MARK: The queue

    private func submit(_ line: [UInt8]) {
        locked {
            guard !isStopping, counts.queuedBytes + line.count <= settings.queueBytesMax else {
                counts.dropped += 1
                return
            }
            counts.queuedBytes += line.count
            queue.append(line)
            if queue.count == 1, !isWriting { unsafe pthread_cond_broadcast(changed) }
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    /// With the mutex held; whether `isSo` came true in time.
    private func wait(_ secondsMax: Int, until isSo: () -> Bool) -> Bool {
        var end = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &end)
        end.tv_sec += secondsMax
        while !isSo() {
            if unsafe pthread_cond_timedwait(changed, mutex, &end) == ETIMEDOUT { return isSo() }
        }
        return true
    }

    // MARK: The thread

    private func start() {
        // The thread keeps the object alive until it stops.
        let box = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<LogFile>.fromOpaque(argument).takeRetainedValue().loop()
                return nil
            }, unsafe box.toOpaque())
        precondition(code == 0, "a thread for a log file can be started")
        pthread_detach(thread)
    }

    private func loop() {
        var isRunning = true
        while isRunning {
            var batch: [[UInt8]] = []
            var reopens = false
            var dropped = 0
            unsafe pthread_mutex_lock(mutex)
            while queue.isEmpty, !wantsReopening, !isStopping, counts.dropped == said {
                unsafe pthread_cond_wait(changed, mutex)
            }
            swap(&batch, &queue)
            swap(&reopens, &wantsReopening)
            dropped = counts.dropped
            isWriting = true
            isRunning = !isStopping || !batch.isEmpty
            unsafe pthread_mutex_unlock(mutex)

            let outcome = write(batch, dropped: dropped, reopens: reopens)

            unsafe pthread_mutex_lock(mutex)
            counts.queuedBytes -= batch.reduce(0) { $0 + $1.count }
            counts.written += outcome.written
            counts.lost += outcome.lost
            counts.rotations = writer.rotations
            isWriting = false
            hasEnded = !isRunning
            unsafe pthread_cond_broadcast(changed)
            unsafe pthread_mutex_unlock(mutex)
        }
    }

    /// Writes a batch, and before each line that follows a gap how many are missing there.
    private func write(_ batch: [[UInt8]], dropped: Int, reopens: Bool) -> (written: Int, lost: Int) {
        var failure = reopens ? writer.reopen() : writer.follow()
        if dropped > said {
            count(dropped - said, "queue_full")
            unsaid += dropped - said
            said = dropped
        }
        var lines = batch[...]
        var (written, lost) = (0, 0)
        while !lines.isEmpty {
            tellMissing()
            let outcome = writer.write(lines)
            written += outcome.written
            lines = lines.dropFirst(outcome.written)
            guard let code = outcome.failure else { break }
            failure = code
            // A shorter one may fit: a line is lost, not the rest.
            lines = lines.dropFirst()
            lost += 1
            unsaid += 1
        }
        tellMissing()
        if lost > 0 { count(lost, "not_written") }
        if let failure, !isFailing {
            let words = unsafe String(cString: strerror(failure))
            trouble("the log file \(settings.path) cannot be written: \(words)")
        }
        isFailing = failure != nil
        return (written, lost)
    }

    private func tellMissing() {
        guard unsaid > 0 else { return }
        let line = Line()
        let log = LogConfiguration(format: format, level: .trace, sink: line.sink, clock: clock)
        Logger(label: "coffer.log") { log.handler(label: $0) }
            .warning("log lines are missing", metadata: ["lines": "\(unsaid)"])
        if writer.write([line.bytes]).failure == nil { unsaid = 0 }
    }

    private func count(_ lines: Int, _ reason: String) {
        Counter(label: "coffer_log_lines_lost_total", dimensions: [("reason", reason)]).increment(by: lines)
    }

    /// A line of our own; a class, so that a sink can fill it.
    private final class Line: Sendable {
        private let content = Mutex<[UInt8]>([])
        var sink: LogSink { LogSink { [self] line in content.withLock { $0 = line } } }
        var bytes: [UInt8] { content.withLock { $0 } }
    }
}
