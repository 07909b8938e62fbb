import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A process that a test started, and ends by its id alone.
final class Child: Sendable {
    /// How a process ended.
    enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    let pid: Int32
    private let output: String
    private let errors: String
    private let ended = Mutex<Exit?>(nil)
    /// Held so that Foundation goes on watching the process.
    private let process: Process
    private let folder: Folder
    private let input: Pipe?

    private init(_ process: Process, output: String, errors: String, folder: Folder, input: Pipe?) {
        self.process = process
        self.output = output
        self.errors = errors
        self.folder = folder
        self.input = input
        pid = process.processIdentifier
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: on top of ours, from which everything of Coffer's own is taken out.
    ///   - takesInput: whether ``write(_:)`` is going to be used; else there is no input.
    static func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in directory: String? = nil,
        takesInput: Bool = false
    ) throws -> Child {
        let folder = try Folder()
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        var all = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("COFFER_") || $0.key == "COFFER_PYTHON"
        }
        all.merge(environment) { $1 }
        process.environment = all
        if let directory { process.currentDirectoryURL = URL(filePath: directory) }
        let input = takesInput ? Pipe() : nil
        process.standardInput = input ?? FileHandle.nullDevice
        let (output, errors) = (folder.path("stdout"), folder.path("stderr"))
        for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        let early = Early()
        process.terminationHandler = { process in
            early.end(
                process.terminationReason == .exit
                    ? .code(process.terminationStatus) : .signal(process.terminationStatus))
        }
        try process.run()
        let child = Child(process, output: output, errors: errors, folder: folder, input: input)
        early.attach(child)
        return child
    }

    /// Joins the end of a process with the object that is made after its start.
    private final class Early: Sendable {
        private let state = Mutex<(exit: Exit?, child: Child?)>((nil, nil))
        func end(_ exit: Exit) {
            state.withLock { state in
                state.exit = exit
                state.child?.ended.withLock { $0 = exit }
                // The process holds us, and the child holds the process: let go, so that its folder goes with it.
                state.child = nil
            }
        }
        func attach(_ child: Child) {
            state.withLock { state in
                guard let exit = state.exit else {
                    state.child = child
                    return
                }
                child.ended.withLock { $0 = exit }
            }
        }
    }

    var stdout: String { Folder.text(output) }
    var stderr: String { Folder.text(errors) }
    var hasEnded: Bool { ended.withLock { $0 != nil } }

    /// Writes a line to its standard input.
    func write(_ line: String) throws {
        try input?.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }

    func send(_ signal: Int32) {
        // After its end the number may be somebody else's.
        if !hasEnded { kill(pid, signal) }
    }

    /// The way it ended.
    func exit(within seconds: Double = 30) async throws -> Exit {
        try await eventually(within: seconds, "the end of process \(pid)") { ended.withLock { $0 } }
    }

    /// Ends it at once and waits until it is gone.
    func end() async {
        send(SIGKILL)
        _ = try? await exit()
    }

    /// Runs a program to its end.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in directory: String? = nil,
        within seconds: Double = 60
    ) async throws -> (exit: Exit, stdout: String, stderr: String) {
        let child = try start(program, arguments, environment: environment, in: directory)
        do {
            let exit = try await child.exit(within: seconds)
            return (exit, child.stdout, child.stderr)
        } catch {
            await child.end()
            throw error
        }
    }
}
