import ArgumentParser
import CofferClient
import Glibc

/// The program: a server and its client in one file.
@main
struct Coffer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coffer",
        abstract: "A wallet backend that moves money out exactly once.",
        discussion: """
            Example:
              coffer status

            A command finds its server by --url or COFFER_URL, else by what `coffer dev` left in ./coffer-data. The API \
            key comes from --api-key-file, COFFER_API_KEY_FILE or COFFER_API_KEY, never from the command line.

            Exit codes: 0 done, 1 failed, 64 usage, 69 server unavailable, 75 try again, 77 not allowed, \
            78 configuration. Data goes to standard output, messages to standard error. Nothing is ever sent to \
            anybody but the server you name.

            Completions for bash, zsh and fish: coffer completion --help (or --generate-completion-script SHELL).
            """,
        version: VersionCommand.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Server",
                subcommands: [
                    DevCommand.self, ServeCommand.self, RelayCommand.self, ConfigCommand.self, RestoreCommand.self,
                ]),
            CommandGroup(name: "Look", subcommands: [StatusCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Money", subcommands: [WalletsCommand.self, WithdrawalsCommand.self, LedgerCommand.self]),
            CommandGroup(
                name: "WalletConnect",
                subcommands: [SessionsCommand.self, ConnectCommand.self, WalletCommand.self]),
            CommandGroup(
                name: "Safety",
                subcommands: [
                    PoliciesCommand.self, GuardCommand.self, APIKeysCommand.self, AuditCommand.self, SealCommand.self,
                    UnsealCommand.self, BackupCommand.self,
                ]),
            CommandGroup(
                name: "About", subcommands: [OpenAPICommand.self, VersionCommand.self, CompletionCommand.self]),
        ])

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let error = SecretFlags.refusal(in: arguments) ?? tree.misspelling(in: arguments) {
            Output.message("error: \(error)")
            exit(withError: ExitCode(error.exit.rawValue))
        }
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}

extension ParsableCommand {
    /// The names of this command and of those below it.
    fileprivate static var tree: CommandTree {
        CommandTree(configuration.commandName ?? "", configuration.subcommands.map { $0.tree })
    }
}
