import ArgumentParser
import CofferClient
import Primitives

struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Look at the books, check them, credit users.",
        discussion: """
            Example:
              coffer ledger verify
            """,
        subcommands: [Accounts.self, Entries.self, Verify.self, Reconcile.self, Deposit.self])

    struct Accounts: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "accounts", abstract: "List accounts with balance, held and available amounts.",
            discussion: """
                Example:
                  coffer ledger accounts --kind user --owner alice
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var page: PageOptions
        @Option(help: "user, wallet, fees or suspense.", completion: .list(["user", "wallet", "fees", "suspense"]))
        var kind: String?
        @Option(help: "The user or wallet it belongs to.") var owner: String?
        @Option(help: "The asset, CAIP-19.") var asset: String?

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get(
                    "/v1/ledger/accounts",
                    query: [
                        "kind": kind, "owner": owner, "asset": asset, "limit": "\(page.limit)", "cursor": page.cursor,
                    ]),
                as: .accounts, nothing: "no accounts")
        }
    }

    struct Entries: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "entries", abstract: "List transfers between accounts.",
            discussion: """
                Example:
                  coffer ledger entries --subject wd_01JD2Q00000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var page: PageOptions
        @Option(help: "Only about this withdrawal or deposit.") var subject: String?

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get(
                    "/v1/ledger/entries",
                    query: ["subject": subject, "limit": "\(page.limit)", "cursor": page.cursor]),
                as: .entries, nothing: "no transfers")
        }
    }

    struct Verify: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Add everything up again; exit code 1 unless it balances.",
            discussion: """
                Example:
                  coffer ledger verify
                """)

        @OptionGroup var options: ClientOptions

        func perform(_ session: Session) async throws {
            let output = session.output
            let answer = try await session.client.send(.post("/v1/ledger:verify").asAdministrator)
            let report = try answer.json()
            let isBalanced = report["balanced"]?.bool ?? false
            if output.isJSON {
                try output.raw(answer.body)
            } else {
                var head = KeyValueList()
                for name in ["balanced", "accounts", "transfers", "open_holds"] {
                    head.add(name, ValueText.of(report[name]))
                }
                for problem in report["problems"]?.array ?? [] { head.add("problem", ValueText.of(problem)) }
                try output.keyValues(head)
                let totals = report["totals"]?.array ?? []
                if !totals.isEmpty {
                    try output.write("\n")
                    try output.table(ListView.totals.table(totals))
                }
            }
            if !isBalanced { throw SilentExit(exit: .failed) }
        }
    }

    struct Reconcile: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "reconcile", abstract: "Compare the books with the chain; exit code 1 unless they match.",
            discussion: """
                Example:
                  coffer ledger reconcile
                """)

        @OptionGroup var options: ClientOptions

        func perform(_ session: Session) async throws {
            let answer = try await session.client.send(.post("/v1/ledger:reconcile").asAdministrator)
            try session.output.list(answer, as: .reconciliation, nothing: "no wallets to compare")
            guard try answer.json()["matches"]?.bool ?? false else {
                session.output.hint("books and chain differ; EXPLANATION says why, where it is known")
                throw SilentExit(exit: .failed)
            }
            session.output.hint("books and chain match")
        }
    }

    struct Deposit: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "deposit", abstract: "Credit a user with what came in at a wallet, once.",
            discussion: """
                Example:
                  coffer ledger deposit --user alice \\
                    --wallet wa_01JD2Q00000000000000000000 \\
                    --asset eip155:31337/slip44:60 --amount 1000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @Option(help: ArgumentHelp("Who is credited.", valueName: "user id")) var user: String
        @Option(help: ArgumentHelp("Where it came in.", valueName: "wallet id")) var wallet: String
        @Option(help: ArgumentHelp("The asset, CAIP-19.", valueName: "asset")) var asset: String
        @Option(help: ArgumentHelp("Base units, digits only.", valueName: "amount"), transform: Parse.amount)
        var amount: String
        @Option(help: "Your own words for it, such as the transaction.") var reference: String?
        @Option(
            name: .customLong("idempotency-key"), help: ArgumentHelp("Made when it is not given.", valueName: "key"),
            transform: Parse.idempotencyKey)
        var idempotencyKey: String?

        func perform(_ session: Session) async throws {
            let key = idempotencyKey ?? Session.newIdempotencyKey()
            Output.message("idempotency key: \(key)")
            let body = JSON.object(omittingNil: [
                "user_id": .string(user), "wallet_id": .string(wallet), "asset": .string(asset),
                "amount": .string(amount), "reference": reference.map { .string($0) },
            ])
            try await session.show(.post("/v1/ledger/deposits", body, idempotencyKey: key).asAdministrator)
            session.output.hint("next: coffer ledger accounts --owner \(SafeText.line(user))")
        }
    }
}
