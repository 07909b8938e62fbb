import ArgumentParser
import CofferClient
import WalletConnectClient
import WalletConnectProtocol

/// A command that is one side of a conversation.
protocol WalletConnectCommand: AsyncParsableCommand, Sendable {
    var options: WalletConnectOptions { get }

    /// Does the work; errors are printed and turned into an exit code by the caller.
    func perform(_ environment: [String: String], _ feed: Feed) async throws
}

extension WalletConnectCommand {
    func run() async throws {
        let environment = Environment.all
        let feed = Feed(options, environment: environment)
        do {
            try await Interrupt.run { try await perform(environment, feed) }
        } catch is Interrupt.Stopped {
            feed.note("stopped")
            Interrupt.end()
        } catch is OutputClosed {
            throw ExitCode(CommandExit.failed.rawValue)
        } catch let status as SilentExit {
            throw ExitCode(status.exit.rawValue)
        } catch {
            let problem = ClientError(walletConnect: error)
            if feed.isJSON {
                try? feed.show(.failed("command", code: problem.code(of: error), message: problem.message))
            }
            Output.message("error: \(problem)")
            throw ExitCode(problem.exit.rawValue)
        }
    }
}
