import Foundation
import Primitives
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A Python peer in its own process, spoken to in lines of JSON and ended by its id alone.
final class PeerProcess: Sendable {
    /// What came from the peer and nobody has taken yet, and what is known of its end.
    private struct State {
        var lines: [JSON] = []
        var everything: [String] = []
        var exit: Int32?
        var replies = 0
    }

    private let state = Mutex(State())
    /// Held so that Foundation goes on watching the process; `Process` and `FileHandle` are only used behind the lock
    /// that a single caller is.
    private let process: Process
    private let input: FileHandle
    private let errors: String
    private let folder: Folder
    let pid: Int32

    private init(_ process: Process, input: FileHandle, errors: String, folder: Folder) {
        self.process = process
        self.input = input
        self.errors = errors
        self.folder = folder
        pid = process.processIdentifier
    }

    deinit { end() }

    /// Runs a script for as long as `body` takes.
    static func running<Result>(
        _ script: String, _ arguments: [String], _ body: (PeerProcess) async throws -> Result
    ) async throws -> Result {
        let peer = try start(script, arguments)
        defer { peer.end() }
        do {
            return try await body(peer)
        } catch {
            print("peer \(peer.pid) said: \(peer.transcript.suffix(40).joined(separator: "\n"))\n\(peer.complaints)")
            throw error
        }
    }

    /// Starts a script.
    static func start(_ script: String, _ arguments: [String]) throws -> PeerProcess {
        try launch(Places.python, ["-u", script] + arguments)
    }

    /// Starts any program.
    static func launch(_ program: String, _ arguments: [String]) throws -> PeerProcess {
        let (folder, process) = (try Folder(), Process())
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        let errors = folder.path("stderr")
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: errors)
        // A peer that has ended makes a write fail rather than end the tests.
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        let peer = PeerProcess(process, input: input.fileHandleForWriting, errors: errors, folder: folder)
        peer.read(output.fileHandleForReading)
        return peer
    }

    /// Reads lines in a thread of its own: a read waits, and must not do so on the pool.
    private func read(_ output: FileHandle) {
        let thread = Thread { [weak self, process] in
            var rest: [UInt8] = []
            while true {
                let chunk = output.availableData
                if chunk.isEmpty { break }
                rest += chunk
                while let end = rest.firstIndex(of: 0x0A) {
                    self?.take(line: Array(rest[..<end]))
                    rest.removeSubrange(...end)
                }
            }
            process.waitUntilExit()
            self?.state.withLock { $0.exit = process.terminationStatus }
        }
        thread.start()
    }

    private func take(line: [UInt8]) {
        let value = try? JSON.parse(line)
        state.withLock { state in
            state.everything.append(String(decoding: line.prefix(600), as: UTF8.self))
            if let value { state.lines.append(value) }
        }
    }

    /// The first lines of all the peer has said, for a failure's report.
    var transcript: [String] { state.withLock { $0.everything } }
    /// What it wrote to standard error.
    var complaints: String {
        FileManager.default.contents(atPath: errors).map { String(decoding: $0.suffix(4_000), as: UTF8.self) } ?? ""
    }

    /// Sends one line.
    func send(_ value: JSON) throws { try input.write(contentsOf: Data(value.serialized() + [0x0A])) }

    /// Takes the first line that matches, waiting for it.
    func line(
        _ what: String, within seconds: Double = 30, where matches: (JSON) -> Bool
    ) async throws -> JSON {
        try await eventually(within: seconds, "\(what) from the peer; it said \(transcript.suffix(12))") {
            let (found, exit) = state.withLock { state in
                (state.lines.firstIndex(where: matches).map { state.lines.remove(at: $0) }, state.exit)
            }
            if let found { return found }
            if let exit { throw Ended(what: what, code: exit, complaints: complaints) }
            return nil
        }
    }

    /// Whether a line that matches has come; it stays.
    func has(_ matches: (JSON) -> Bool) -> Bool { state.withLock { $0.lines.contains(where: matches) } }

    /// Takes the first event of that name.
    func event(_ name: String, within seconds: Double = 30) async throws -> JSON {
        try await line("event \(name)", within: seconds) { $0["event"]?.string == name }
    }

    /// Gives a command and waits for its reply.
    @discardableResult
    func tell(
        _ command: String, _ members: KeyValuePairs<String, JSON> = [:], within seconds: Double = 30
    ) async throws -> JSON {
        try await tell(command, members: members.map { JSONMember(name: $0.key, value: $0.value) }, within: seconds)
    }

    /// Gives a command and waits for its reply.
    @discardableResult
    func tell(_ command: String, members: [JSONMember], within seconds: Double = 30) async throws -> JSON {
        let number = state.withLock { state in
            state.replies += 1
            return state.replies
        }
        let all = [
            JSONMember(name: "do", value: .string(command)), JSONMember(name: "seq", value: JSON(Int64(number))),
        ]
        try send(.object(all + members))
        let reply = try await line("the reply to \(command)", within: seconds) { $0["reply"]?.int == Int64(number) }
        if let failed = reply["failed"]?.string { throw PeerRefused(command: command, why: failed) }
        return reply
    }

    /// Takes a message that the peer could read: the whole event, with `topic`, `tag` and `payload`.
    func message(
        _ what: String, within seconds: Double = 30, where matches: (JSON) -> Bool
    ) async throws -> JSON {
        try await line(what, within: seconds) { line in
            guard line["event"]?.string == "message", let payload = line["payload"] else { return false }
            return matches(payload)
        }
    }

    /// Takes the first request of a method.
    func request(_ method: String, within seconds: Double = 30) async throws -> JSON {
        try await message(method, within: seconds) { $0["method"]?.string == method }
    }

    /// Takes the answer to a request, by its id as it was sent.
    func answer(to id: JSON, within seconds: Double = 30) async throws -> JSON {
        let message = try await message("an answer to \(id.text)", within: seconds) {
            $0["method"] == nil && $0["id"] == id
        }
        return message["payload"]!
    }

    /// The code it ended with, waiting for its end.
    func exit(within seconds: Double = 30) async throws -> Int32 {
        try await eventually(within: seconds, "the end of process \(pid)") { state.withLock { $0.exit } }
    }

    /// Ends it at once.
    func end() {
        // After its end the number may be somebody else's.
        if process.isRunning { kill(pid, SIGKILL) }
    }

    /// The peer ended while something was expected of it.
    struct Ended: Error, CustomStringConvertible {
        let what: String
        let code: Int32
        let complaints: String
        var description: String { "the peer ended with \(code) before \(what): \(complaints)" }
    }

    /// The peer could not do what it was told.
    struct PeerRefused: Error, CustomStringConvertible {
        let command: String
        let why: String
        var description: String { "the peer could not \(command): \(why)" }
    }
}
