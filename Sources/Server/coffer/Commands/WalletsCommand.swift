import ArgumentParser
import CofferClient
import Primitives

struct WalletsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallets", abstract: "Make wallets and look at them.",
        discussion: """
            Example:
              coffer wallets list
            """,
        subcommands: [List.self, Get.self, Create.self, Activate.self, Balances.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List wallets in the order they were made.",
            discussion: """
                Example:
                  coffer wallets list --user alice
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var page: PageOptions
        @Option(help: ArgumentHelp("Only this user's.", valueName: "user id")) var user: String?

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get("/v1/wallets", query: ["user_id": user, "limit": "\(page.limit)", "cursor": page.cursor]),
                as: .wallets, nothing: "no wallets; make one with `coffer wallets create`")
        }
    }

    struct Get: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "get", abstract: "Show one wallet.",
            discussion: """
                Example:
                  coffer wallets get wa_01JD2Q00000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The wallet.") var id: String

        func perform(_ session: Session) async throws {
            try await session.show(.get("/v1/wallets/\(APICall.escaped(id))"))
        }
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a key in the vault and a wallet for it.",
            discussion: """
                Example:
                  coffer wallets create --user alice --chain eip155:31337

                A user's first wallet on a chain becomes the active one.
                """)

        @OptionGroup var options: ClientOptions
        @Option(help: ArgumentHelp("Whose wallet it is.", valueName: "user id")) var user: String
        @Option(help: ArgumentHelp("The chain, CAIP-2.", valueName: "chain")) var chain: String
        @Option(help: "A name for people.") var label: String?
        @Option(name: .customLong("key-backend"), help: "Where the key is kept, when the server has several vaults.")
        var keyBackend: String?
        @Flag(help: "Let withdrawals of every user pay from it.") var shared = false

        func perform(_ session: Session) async throws {
            let body = JSON.object(omittingNil: [
                "user_id": .string(user), "chain": .string(chain), "label": label.map { .string($0) },
                "key_backend": keyBackend.map { .string($0) }, "shared": shared ? .bool(true) : nil,
            ])
            let wallet = try await session.show(.post("/v1/wallets", body))
            session.output.hint("next: coffer wallets balances \(SafeText.line(wallet["id"]?.string ?? "ID"))")
        }
    }

    struct Activate: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "activate", abstract: "Make this the wallet that its user works with on its chain.",
            discussion: """
                Example:
                  coffer wallets activate wa_01JD2Q00000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The wallet.") var id: String

        func perform(_ session: Session) async throws {
            try await session.show(.put("/v1/wallets/\(APICall.escaped(id))/active"))
        }
    }

    struct Balances: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "balances", abstract: "Show what a wallet holds on the chain and in the books.",
            discussion: """
                Example:
                  coffer wallets balances wa_01JD2Q00000000000000000000

                Tables show amounts in the units of the asset; --json has base units.
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The wallet.") var id: String

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get("/v1/wallets/\(APICall.escaped(id))/balances"), as: .balances,
                nothing: "no asset is configured on the wallet's chain")
        }
    }
}
