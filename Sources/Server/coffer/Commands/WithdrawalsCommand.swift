import ArgumentParser
import CofferClient
import Primitives

struct WithdrawalsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdrawals", abstract: "Pay out, watch and take back.",
        discussion: """
            Example:
              coffer withdrawals watch
            """,
        subcommands: [
            List.self, Get.self, WithdrawalsCreate.self, Cancel.self, Attempts.self, Events.self, WithdrawalsWatch.self,
        ])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List withdrawals, the newest first.",
            discussion: """
                Example:
                  coffer withdrawals list --state queued
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var page: PageOptions
        @Option(
            help: "Only in this state.",
            completion: .list(WithdrawalState.open + WithdrawalState.final))
        var state: String?
        @Option(help: ArgumentHelp("Only this user's.", valueName: "user id")) var user: String?

        func validate() throws {
            let states = WithdrawalState.open + WithdrawalState.final
            guard let state, !states.contains(state) else { return }
            let meant = Suggestion.nearest(to: state, among: states)
            throw ValidationError(
                "there is no state of that name"
                    + (meant.map { "; did you mean \($0)?" } ?? ": \(states.joined(separator: ", "))"))
        }

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get(
                    "/v1/withdrawals",
                    query: ["state": state, "user_id": user, "limit": "\(page.limit)", "cursor": page.cursor]),
                as: .withdrawals, nothing: "no withdrawals")
        }
    }

    struct Get: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "get", abstract: "Show one withdrawal.",
            discussion: """
                Example:
                  coffer withdrawals get wd_01JD2Q00000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The withdrawal.") var id: String

        func perform(_ session: Session) async throws {
            try await session.show(.get("/v1/withdrawals/\(APICall.escaped(id))"))
        }
    }

    struct Cancel: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel", abstract: "Take a withdrawal back, while that is possible.",
            discussion: """
                Example:
                  coffer withdrawals cancel wd_01JD2Q00000000000000000000

                Before anything is signed this is final at once. Later a second transaction in the same slot competes \
                with the payment, and the chain decides.
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The withdrawal.") var id: String

        func perform(_ session: Session) async throws {
            let withdrawal = try await session.show(.post("/v1/withdrawals/\(APICall.escaped(id)):cancel"))
            if let state = withdrawal["state"]?.string, !WithdrawalState.isFinal(state) {
                session.output.hint("the chain decides now; next: coffer withdrawals watch \(SafeText.line(id))")
            }
        }
    }

    struct Attempts: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "attempts", abstract: "Show what was signed for a withdrawal.",
            discussion: """
                Example:
                  coffer withdrawals attempts wd_01JD2Q00000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The withdrawal.") var id: String

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get("/v1/withdrawals/\(APICall.escaped(id))/attempts"), as: .attempts,
                nothing: "nothing was signed yet")
        }
    }

    struct Events: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "events", abstract: "Show the timeline of a withdrawal.",
            discussion: """
                Example:
                  coffer withdrawals events wd_01JD2Q00000000000000000000
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The withdrawal.") var id: String

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get("/v1/withdrawals/\(APICall.escaped(id))/events"), as: .events, nothing: "no events")
        }
    }
}

struct WithdrawalsCreate: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Pay an amount to an address, once.",
        discussion: """
            Example:
              coffer withdrawals create --user alice \\
                --wallet wa_01JD2Q00000000000000000000 \\
                --asset eip155:31337/slip44:60 --amount 1000000000000000 \\
                --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8

            The amount is in base units. The idempotency key is printed before anything is sent: whatever happens, the \
            same command with the same key pays at most once.
            """)

    @OptionGroup var options: ClientOptions
    @Option(help: ArgumentHelp("Whose money it is.", valueName: "user id")) var user: String
    @Option(help: ArgumentHelp("The wallet that pays.", valueName: "wallet id")) var wallet: String
    @Option(help: ArgumentHelp("The asset, CAIP-19.", valueName: "asset")) var asset: String
    @Option(help: ArgumentHelp("Who is paid.", valueName: "address")) var to: String
    @Option(help: ArgumentHelp("Base units, digits only.", valueName: "amount"), transform: Parse.amount)
    var amount: String
    @Option(help: "Your own words for it.") var reference: String?
    @Option(
        name: .customLong("idempotency-key"), help: ArgumentHelp("Made when it is not given.", valueName: "key"),
        transform: Parse.idempotencyKey)
    var idempotencyKey: String?
    @Flag(help: "Follow it until it is final; exit code 1 unless it was confirmed.") var wait = false

    func perform(_ session: Session) async throws {
        let key = idempotencyKey ?? Session.newIdempotencyKey()
        Output.message("idempotency key: \(key)")
        let body = JSON.object(omittingNil: [
            "user_id": .string(user), "wallet_id": .string(wallet), "asset": .string(asset), "to": .string(to),
            "amount": .string(amount), "reference": reference.map { .string($0) },
        ])
        let answer = try await session.client.send(.post("/v1/withdrawals", body, idempotencyKey: key))
        if answer.header("Idempotency-Replayed") == "true" {
            Output.message("this key was used before: nothing new was made, this is the first answer")
        }
        guard wait else {
            let withdrawal = try session.output.object(answer)
            return session.output.hint(
                "next: coffer withdrawals watch \(SafeText.line(withdrawal["id"]?.string ?? "ID"))")
        }
        guard let id = try answer.json()["id"]?.string else {
            throw ClientError(.failed, "the server's answer names no withdrawal")
        }
        try await WithdrawalWatch(session: session).untilFinal(id, showsEvents: false)
    }
}

struct WithdrawalsWatch: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow one withdrawal to its end, or all of them.",
        discussion: """
            Example:
              coffer withdrawals watch wd_01JD2Q00000000000000000000

            On a terminal a table is redrawn; in a pipe each change is a line, with --json an event. Lost connections are \
            taken up again where they broke. Ctrl-C stops.
            """)

    @OptionGroup var options: ClientOptions
    @Argument(help: "The withdrawal; all of them when it is left out.") var id: String?

    func perform(_ session: Session) async throws {
        let watch = WithdrawalWatch(session: session)
        if let id {
            try await watch.untilFinal(id, showsEvents: true)
        } else {
            try await watch.everything()
        }
    }
}
