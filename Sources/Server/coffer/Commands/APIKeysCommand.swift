import ArgumentParser
import CofferClient
import Primitives

struct APIKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apikeys", abstract: "Make API keys, list and revoke them.",
        discussion: """
            Example:
              coffer apikeys list
            """,
        subcommands: [List.self, Create.self, Revoke.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List keys, without their secrets.",
            discussion: """
                Example:
                  coffer apikeys list
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var page: PageOptions

        func perform(_ session: Session) async throws {
            let call = APICall.get("/v1/apikeys", query: ["limit": "\(page.limit)", "cursor": page.cursor])
            try await session.showList(call.asAdministrator, as: .apiKeys, nothing: "no keys")
        }
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a key. Its secret is shown this once.",
            discussion: """
                Example:
                  coffer apikeys create shop --scope withdrawals:read --out shop.key
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "A name for people.") var name: String
        @Option(
            name: .customLong("scope"), parsing: .singleValue,
            help: "What the key may do, such as withdrawals:read; repeat it for more.")
        var scopes: [String]
        @Option(
            name: .customLong("expires-at"),
            help: ArgumentHelp("When it ends: 2027-01-31T12:00:00Z.", valueName: "moment"),
            transform: Parse.moment)
        var expiresAt: String?
        @Option(help: ArgumentHelp("A new file for the secret, readable by its owner alone.", valueName: "file"))
        var out: String?

        func perform(_ session: Session) async throws {
            let output = session.output
            let body = JSON.object(omittingNil: [
                "name": .string(name), "scopes": .array(scopes.map { .string($0) }),
                "expires_at": expiresAt.map { .string($0) },
            ])
            let answer = try await session.client.send(.post("/v1/apikeys", body).asAdministrator)
            let key = try answer.json()
            if let out, let secret = key["secret"]?.string {
                do {
                    try LocalFile.create(out, Array("\(secret)\n".utf8))
                } catch {
                    // The secret cannot be had a second time: it is shown after all rather than lost.
                    Output.message("the secret could not be written (\(error)); it is printed instead")
                    try output.object(answer)
                    throw SilentExit(exit: .failed)
                }
                let shown = JSON.object((key.members ?? []).filter { $0.name != "secret" })
                if output.isJSON {
                    try output.write(shown.text + "\n")
                } else {
                    try output.keyValues(ValueText.list(shown))
                }
                output.hint("next: coffer status --api-key-file \(out)")
            } else {
                try output.object(answer)
                output.hint("keep the secret now, nobody can show it again")
            }
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "End a key at once.",
            discussion: """
                Example:
                  coffer apikeys revoke ak_01JD2Q00000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var confirmation: ConfirmOptions
        @Argument(help: "The key.") var id: String

        func perform(_ session: Session) async throws {
            try session.confirm("this ends the key \(SafeText.line(id)) for whoever uses it", word: id, confirmation)
            let answer = try await session.client.send(.delete("/v1/apikeys/\(APICall.escaped(id))").asAdministrator)
            if session.output.isJSON { try session.output.raw(answer.body) }
            session.output.hint("revoked")
        }
    }
}
