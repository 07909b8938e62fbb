import Foundation
public import Glibc
import Synchronization

/// A server that a test starts: on a free port of loopback, in a folder of its own, killed and started again at will.
///
/// ```swift
/// let folder = try ServerFolder("redis")
/// let port = try ServerProcess.freePort()
/// let server = ServerProcess(
///     "/usr/bin/redis-server", ["--port", "\(port)", "--dir", folder.path], log: folder.file("log")
/// ) { ServerProcess.answers(port: port) }
/// try await server.start()
/// defer { server.stop() }
/// ```
/// A small shell stands between: it ends the server within a second when this process is gone, however it went.
public final class ServerProcess: Sendable {
    /// How long a server may take to answer after its start: two busy cores, and a recovery after a kill.
    public static let readySecondsMax = 60.0

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private struct Running: Sendable {
        let shell: Process
        /// What the server reads.
        let input: Pipe
        let id: pid_t
    }

    /// How long a server may take to end when it is told to.
    public static let stopSecondsMax = 20.0

    private let program: String
    private let arguments: [String]
    private let log: String
    private let stopSignal: Int32
    private let isReady: @Sendable () async -> Bool
    private let running = Mutex<Running?>(nil)

    /// - Parameters:
    ///   - log: the file that gets what the server prints.
    ///   - stopSignal: what ends it in good order, with clients connected.
    ///   - isReady: whether it answers; asked until it does.
    public init(
        _ program: String, _ arguments: [String], log: String, stopSignal: Int32 = SIGTERM,
        isReady: @escaping @Sendable () async -> Bool
    ) {
        self.program = program
        self.arguments = arguments
        self.log = log
        self.stopSignal = stopSignal
        self.isReady = isReady
    }

    deinit {
        stop()
    }

    /// The server's process id while it was started.
    public var id: pid_t? { running.withLock { $0?.id } }

    /// Starts it and waits until it answers; a server that ends again at once is started anew, until the time is over.
    public func start() async throws {
        let deadline = ContinuousClock.now + .seconds(Self.readySecondsMax)
        try launch()
        while true {
            if await isReady() { return }
            guard ContinuousClock.now < deadline else {
                stop()
                throw Failure(description: "\(program) does not answer; its log ends with:\n\(logEnd)")
            }
            // After a kill its own children may hold files for a moment, and it refuses to start.
            if !isAlive {
                stop()
                try launch()
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Ends it and its children as a power cut would: nothing is written any more.
    public func kill() {
        signalAll(SIGKILL)
        end()
    }

    /// Kills it and starts it on the same data.
    public func restart() async throws {
        kill()
        try await start()
    }

    /// Holds it up without ending it, as a host that hangs: connections stay, nobody answers.
    ///
    /// Every thread stands still when it returns.
    public func freeze() {
        guard let id else { return }
        signalAll(SIGSTOP)
        let deadline = ContinuousClock.now + .seconds(Self.stopSecondsMax)
        let all = [id] + Self.children(of: id)
        while !all.allSatisfy(Self.isStill), ContinuousClock.now < deadline { usleep(1_000) }
    }

    /// Lets a frozen server go on.
    public func thaw() {
        signalAll(SIGCONT)
    }

    /// Ends it in good order; the data stays for a later start.
    public func stop() {
        guard let id else { return }
        signalAll(SIGCONT)
        _ = Glibc.kill(id, stopSignal)
        let deadline = ContinuousClock.now + .seconds(Self.stopSecondsMax)
        while isAlive, ContinuousClock.now < deadline { usleep(20_000) }
        kill()
    }

    private func signalAll(_ signal: Int32) {
        guard let id else { return }
        let children = Self.children(of: id)
        for process in [id] + children { _ = Glibc.kill(process, signal) }
    }

    private static func isStill(_ id: pid_t) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/task")) ?? []
        return threads.allSatisfy { thread in
            let stat = try? String(contentsOfFile: "/proc/\(id)/task/\(thread)/stat", encoding: .utf8)
            return stat?.contains(") T ") ?? true
        }
    }

    private static func children(of parent: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { id in
            guard let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let name = stat.lastIndex(of: ")")
            else { return false }
            return stat[name...].split(separator: " ").dropFirst(2).first == "\(parent)"
        }
    }

    /// Starts a server, tells its number, and waits for its end; beside it somebody looks whether this process is there.
    private static let guardian = """
        log=$1; shift; exec 3<&0
        "$@" <&3 3<&- >>"$log" 2>&1 & server=$!
        echo $server; exec >/dev/null 2>&1 </dev/null 3<&-
        while kill -0 $PPID; do sleep 1; done && kill -9 $server & watch=$!
        wait $server; kill $watch
        """

    private func launch() throws {
        let shell = Process()
        let (input, output) = (Pipe(), Pipe())
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", Self.guardian, "sh", log, program] + arguments
        shell.standardInput = input
        shell.standardOutput = output
        shell.standardError = FileHandle.nullDevice
        // A folder that every user may enter.
        shell.currentDirectoryURL = URL(fileURLWithPath: "/")
        // Threads of the pool block signals, and a child inherits that: its shell would never hear of the server's end.
        var (none, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try shell.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let id = pid_t(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Failure(description: "\(program) was not started")
        }
        running.withLock { $0 = Running(shell: shell, input: input, id: id) }
    }

    /// Waits until the server and its shell are gone.
    private func end() {
        let was = running.withLock { running in
            defer { running = nil }
            return running
        }
        was?.shell.waitUntilExit()
    }

    /// Writes a line to what the server reads.
    public func say(_ line: String) throws {
        guard let input = running.withLock({ $0?.input }) else {
            throw Failure(description: "\(program) is not running")
        }
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// The whole lines that it has printed in all its runs.
    public var lines: [String] {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Whether it runs; one that has ended waits as a zombie for its shell.
    private var isAlive: Bool {
        guard let id, let state = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
        return !state.contains(") Z ")
    }

    private var logEnd: String { lines.suffix(10).joined(separator: "\n") }
}

// MARK: What servers need around them

extension ServerProcess {
    /// The program's path in one of the folders or on the usual path; `nil` when it is not installed.
    public static func find(_ name: String, in folders: [String] = []) -> String? {
        (folders + ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]).map { "\($0)/\(name)" }
            .first(where: FileManager.default.isExecutableFile)
    }

    /// A port of loopback that nobody listens on now.
    public static func freePort() throws -> Int {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard handle >= 0 else { throw Failure(description: "no socket") }
        defer { close(handle) }
        var address = loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(handle, address, size) == 0 ? unsafe getsockname(handle, address, &size) : -1
            }
        }
        guard code == 0 else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Whether somebody listens on a port of loopback.
    public static func answers(port: Int, host: UInt32 = 0x7F00_0001) -> Bool {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard handle >= 0 else { return false }
        defer { close(handle) }
        var address = loopback(port: port)
        address.sin_addr.s_addr = host.bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(handle, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Runs a program to its end and returns what it printed.
    ///
    /// - Throws: `Failure` with its output when it fails.
    @discardableResult
    public static func run(_ program: String, _ arguments: [String], input: String = "") throws -> String {
        let process = Process()
        let (source, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardInput = source
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try? source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? source.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) failed: \(text)")
        }
        return text
    }
}
