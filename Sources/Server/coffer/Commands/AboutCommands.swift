import ArgumentParser
import CofferClient
import Primitives

struct OpenAPICommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Print the server's OpenAPI 3.1 document.",
        discussion: """
            Example:
              coffer openapi > openapi.json
            """)

    @OptionGroup var options: ClientOptions
    @Option(help: ArgumentHelp("A new file for it, instead of standard output.", valueName: "file"))
    var out: String?

    func perform(_ session: Session) async throws {
        let answer = try await session.client.send(.get("/openapi.json").asAnyone)
        try session.output.document(answer.body, to: out)
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version of this program and what it was built with.",
        discussion: """
            Example:
              coffer version
            """)

    @Flag(help: "Print JSON.") var json = false

    /// What `--version` prints.
    static var text: String {
        "coffer \(CofferVersion.number) (Swift \(CofferVersion.swift), \(CofferVersion.platform); "
            + "storage: \(storage.joined(separator: ", ")))"
    }

    private static var storage: [String] {
        #if SQLite
            ["memory", "sqlite"]
        #else
            ["memory"]
        #endif
    }

    func run() throws {
        let json: JSON = [
            "version": .string(CofferVersion.number), "swift": .string(CofferVersion.swift),
            "platform": .string(CofferVersion.platform), "storage": .array(Self.storage.map { .string($0) }),
        ]
        print(self.json ? json.text : Self.text)
    }
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the completion script for a shell.",
        discussion: """
            Example:
              coffer completion bash > ~/.coffer-completion.bash

            Load it with `source`, or write it where the shell looks: bash /etc/bash_completion.d/coffer, zsh a file _coffer \
            in a directory of $fpath, fish ~/.config/fish/completions/coffer.fish. It is the same as \
            coffer --generate-completion-script SHELL.
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable, Sendable {
        case bash, zsh, fish
    }

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() throws {
        let script =
            switch shell {
            case .bash: Coffer.completionScript(for: .bash)
            case .zsh: Coffer.completionScript(for: .zsh)
            case .fish: Coffer.completionScript(for: .fish)
            }
        print(script)
    }
}
