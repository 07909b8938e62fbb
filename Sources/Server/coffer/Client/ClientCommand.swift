import ArgumentParser
import AsyncHTTPClient
import CofferClient
import Glibc
import NIOCore
import Primitives

/// A command that talks to a server.
protocol ClientCommand: AsyncParsableCommand, Sendable {
    var options: ClientOptions { get }

    /// Does the work; errors are printed and turned into an exit code by the caller.
    func perform(_ session: Session) async throws
}

extension ClientCommand {
    func run() async throws {
        let output = Output(options)
        do {
            try await Session.open(options, output) { session in try await perform(session) }
        } catch is Interrupt.Stopped {
            Output.message("stopped")
            Interrupt.end()
        } catch is OutputClosed {
            throw ExitCode(CommandExit.failed.rawValue)
        } catch let status as SilentExit {
            throw ExitCode(status.exit.rawValue)
        } catch let error as ClientError {
            output.problem(error)
            throw ExitCode(error.exit.rawValue)
        }
    }
}

/// Ends a command whose output has said everything.
struct SilentExit: Error {
    var exit: CommandExit
}

/// What a running command works with.
struct Session: Sendable {
    let client: APIClient
    let output: Output
    let environment: [String: String]

    static func open(
        _ options: ClientOptions, _ output: Output, _ body: @escaping @Sendable (Session) async throws -> Void
    ) async throws {
        let environment = Environment.all
        let connection = try ConnectionDiscovery(environment: environment).find(options.flags)
        if connection.exposesCredential {
            Output.message(
                "warning: \(connection.base.text) is not encrypted; the API key crosses the network in the open")
        }
        let http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: APIClient.configuration(timeoutSeconds: options.timeout))
        let client = APIClient(
            connection: connection, http: http, timeoutSeconds: options.timeout, notice: { Output.message($0) })
        let session = Session(client: client, output: output, environment: environment)
        do {
            try await Interrupt.run { try await body(session) }
        } catch {
            try? await http.shutdown()
            throw error
        }
        try await http.shutdown()
    }

    /// A fresh key for one intent.
    static func newIdempotencyKey() -> String {
        IDGenerator(clock: .system, random: .system).next().text(prefix: "cli")
    }

    // MARK: Showing answers

    /// Sends a call and shows the one thing that it answers with.
    @discardableResult
    func show(_ call: APICall) async throws -> JSON {
        let answer = try await client.send(call)
        return try output.object(answer)
    }

    /// Sends a call and shows the listing that it answers with.
    func showList(_ call: APICall, as view: ListView, nothing: String) async throws {
        let answer = try await client.send(call)
        try output.list(answer, as: view, nothing: nothing)
    }

    /// Asks for the word that names what is about to change.
    func confirm(_ what: String, word: String, _ options: ConfirmOptions) throws {
        if options.yes { return }
        guard !options.noInput, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw ClientError(.usage, "\(what): not confirmed", fix: "add --yes")
        }
        guard Prompt.word("\(what). Type \(SafeText.line(word)) to go on: ") == word else {
            throw ClientError(.failed, "nothing was changed")
        }
    }
}

/// The variables of the process.
enum Environment {
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let line = unsafe String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return variables
    }
}
