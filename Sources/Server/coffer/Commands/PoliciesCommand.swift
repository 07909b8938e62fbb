import ArgumentParser
import CofferClient
import Primitives

struct PoliciesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies", abstract: "Say what may be paid out.",
        discussion: """
            Example:
              coffer policies list

            Any deny rule that matches refuses; else some allow rule must match; else the withdrawal is refused.
            """,
        subcommands: [List.self, Add.self, Delete.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the rules in their order.",
            discussion: """
                Example:
                  coffer policies list
                """)

        @OptionGroup var options: ClientOptions

        func perform(_ session: Session) async throws {
            try await session.showList(
                APICall.get("/v1/policies").asAdministrator, as: .policies,
                nothing: "no rules: every withdrawal is refused; see `coffer policies add --help`")
        }
    }

    struct Add: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Add a rule.",
            discussion: """
                Example:
                  coffer policies add allow --max-amount 1000000000000000000

                What is left out matches everything.
                """)

        enum Action: String, ExpressibleByArgument, CaseIterable, Sendable {
            case allow, deny
        }

        @OptionGroup var options: ClientOptions
        @Argument(help: "allow or deny.") var action: Action
        @Option(help: "Only on this chain, CAIP-2.") var chain: String?
        @Option(help: "Only this asset, CAIP-19.") var asset: String?
        @Option(help: ArgumentHelp("Only this user's withdrawals.", valueName: "user id")) var user: String?
        @Option(help: ArgumentHelp("Only to this address.", valueName: "address")) var to: String?
        @Option(
            name: .customLong("max-amount"),
            help: ArgumentHelp("An allow rule covers amounts up to this, in base units.", valueName: "amount"),
            transform: Parse.amount)
        var maxAmount: String?
        @Option(
            help: ArgumentHelp("The time that --window-amount is about: 10m, 24h, 7d.", valueName: "time"),
            transform: Parse.duration)
        var window: Int64?
        @Option(
            name: .customLong("window-amount"),
            help: ArgumentHelp("An allow rule covers a user's sum in the window up to this.", valueName: "amount"),
            transform: Parse.amount)
        var windowAmount: String?
        @Option(help: "Why the rule is here.") var note: String?

        func validate() throws {
            guard (window == nil) == (windowAmount == nil) else {
                throw ValidationError("--window and --window-amount belong together")
            }
        }

        func perform(_ session: Session) async throws {
            let body = JSON.object(omittingNil: [
                "action": .string(action.rawValue), "chain": chain.map { .string($0) },
                "asset": asset.map { .string($0) }, "user_id": user.map { .string($0) }, "to": to.map { .string($0) },
                "max_amount": maxAmount.map { .string($0) }, "window_seconds": window.map { JSON($0) },
                "window_amount": windowAmount.map { .string($0) }, "note": note.map { .string($0) },
            ])
            try await session.show(APICall.post("/v1/policies", body).asAdministrator)
            session.output.hint("next: coffer policies list")
        }
    }

    struct Delete: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Remove a rule.",
            discussion: """
                Example:
                  coffer policies delete po_01JD2Q00000000000000000000

                Removing a deny rule may allow more; so the id is asked for again unless --yes is given.
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var confirmation: ConfirmOptions
        @Argument(help: "The rule.") var id: String

        func perform(_ session: Session) async throws {
            try session.confirm("this removes the rule \(SafeText.line(id))", word: id, confirmation)
            let answer = try await session.client.send(.delete("/v1/policies/\(APICall.escaped(id))").asAdministrator)
            if session.output.isJSON { try session.output.raw(answer.body) }
            session.output.hint("removed")
        }
    }
}
