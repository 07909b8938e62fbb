import Foundation
import Glibc
import Storage
import Synchronization
import Testing

/// A folder of a test's own, removed at its end.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "coffer-records-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// Another program, ended with the test that started it.
final class Child: Sendable {
    private struct State {
        var isRunning = true
        var lines: [String] = []
        var rest = ""
    }

    /// Stands between, and kills the program within a second when this process is gone, however it went.
    private static let guardian =
        // The program's number comes before its first word: it is told by what becomes the program.
        "exec 3<&0; sh -c 'echo $$; exec \"$@\"' sh \"$@\" <&3 & "
        + "while kill -0 $PPID && kill -0 $!; do sleep 1; done >/dev/null 2>&1; kill -9 $! 2>/dev/null"

    private let process: Process
    private let input = Pipe()
    private let output = Pipe()
    private let id: pid_t
    private let state = Mutex(State())

    init(_ program: String, _ arguments: [String], in folder: Folder) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", Self.guardian, "sh", program] + arguments
        process.currentDirectoryURL = URL(filePath: folder.path)
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        self.process = process
        try process.run()
        var said = ""
        while !said.contains("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failed(what: "\(program) was not started") }
            said += String(decoding: data, as: UTF8.self)
        }
        let line = said.prefix { $0 != "\n" }
        guard let id = pid_t(line) else { throw Failed(what: said) }
        said.removeFirst(line.count + 1)
        self.id = id
        heard(said)
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            guard !data.isEmpty else { return handle.readabilityHandler = nil }
            self?.heard(String(decoding: data, as: UTF8.self))
        }
    }

    deinit { kill() }

    /// What it has said, a line each.
    var lines: [String] { state.withLock(\.lines) }

    private func heard(_ text: String) {
        state.withLock { state in
            state.rest += text
            var lines = state.rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            state.rest = lines.removeLast()
            state.lines += lines
        }
    }

    /// Tells it a line.
    func say(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Ends it at once, as a power cut would, and waits until it is gone.
    func kill() {
        let isFirst = state.withLock { state in
            defer { state.isRunning = false }
            return state.isRunning
        }
        guard isFirst else { return }
        Glibc.kill(id, SIGKILL)
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        output.fileHandleForReading.readabilityHandler = nil
    }

    /// Stops it where it is, so that it holds its sockets and answers nothing; or lets it go on.
    func pause(_ isPaused: Bool) {
        Glibc.kill(id, isPaused ? SIGSTOP : SIGCONT)
    }
}

/// Runs a program to its end and returns what it said.
@discardableResult
func run(_ program: String, _ arguments: [String], in folder: String? = nil) throws -> String {
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw Failed(what: "\(program) \(arguments.joined(separator: " ")): \(text)")
    }
    return text
}

struct Failed: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}

/// A program on the search path.
func program(_ name: String) -> String? {
    ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/bin"].map { "\($0)/\(name)" }
        .first(where: FileManager.default.isExecutableFile)
}

/// A port of the loopback that nobody listens on now.
func freePort() throws -> Int {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe bind(socket, generic, length) == 0 ? unsafe getsockname(socket, generic, &length) : -1
        }
    }
    guard code == 0 else { throw Failed(what: "no port is free") }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// Asks until the answer is yes; false after half a minute.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
        if try await condition() { return true }
        // Often enough to go on at once, seldom enough to leave the machine to what is waited for.
        try? await Task.sleep(for: .milliseconds(5))
    }
    // On a busy machine the sleep itself may outlast the deadline.
    return try await condition()
}

/// The error that `body` throws; nil when it throws none.
func failure<Value>(_ body: () async throws(KeyValueError) -> Value) async -> KeyValueError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// The root of the package, found from this file.
let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardizedFileURL
    .path(percentEncoded: false)

/// An authority and certificates of it, made by openssl for one test.
struct Certificates {
    let folder: Folder
    var authority: String { folder.file("ca.pem") }
    var strangeAuthority: String { folder.file("strange.pem") }
    var server: (certificate: String, key: String) { (folder.file("server.pem"), folder.file("server.key")) }
    var client: (certificate: String, key: String) { (folder.file("client.pem"), folder.file("client.key")) }

    static var openssl: String? { program("openssl") }

    init() throws {
        folder = try Folder()
        guard let openssl = Self.openssl else { throw Failed(what: "no openssl") }
        for name in ["ca", "strange"] {
            try run(
                openssl,
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=\(name)", "-keyout", folder.file("\(name).key"), "-out", folder.file("\(name).pem"),
                ])
        }
        let names = folder.file("names")
        try "subjectAltName=DNS:localhost,IP:127.0.0.1".write(toFile: names, atomically: true, encoding: .utf8)
        for name in ["server", "client"] {
            try run(
                openssl,
                [
                    "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=\(name)",
                    "-keyout", folder.file("\(name).key"), "-out", folder.file("\(name).csr"),
                ])
            try run(
                openssl,
                [
                    "x509", "-req", "-in", folder.file("\(name).csr"), "-CA", authority, "-CAkey",
                    folder.file("ca.key"),
                    "-CAcreateserial", "-days", "2", "-extfile", names, "-out", folder.file("\(name).pem"),
                ])
        }
    }
}
