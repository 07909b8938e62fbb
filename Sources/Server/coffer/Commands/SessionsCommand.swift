import ArgumentParser
import CofferClient
import Primitives

struct SessionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "Look at the wallets that users have connected, and ask them for things.",
        discussion: """
            Example:
              coffer sessions list

            A topic is that of the session, or of the pairing while no wallet has answered yet.
            """,
        subcommands: [
            List.self, Show.self, Balances.self, Request.self, Answer.self, Disconnect.self, Cleanup.self,
        ])

    fileprivate static func path(_ topic: String) -> String { "/v1/connections/\(APICall.escaped(topic))" }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List connections.",
            discussion: """
                Example:
                  coffer sessions list --user alice --state active
                """)

        enum State: String, ExpressibleByArgument, CaseIterable, Sendable {
            case pending, active, expired, disconnected
        }

        @OptionGroup var options: ClientOptions
        @OptionGroup var page: PageOptions
        @Option(help: ArgumentHelp("Only this user's.", valueName: "user id")) var user: String?
        @Option(help: "Only in this state.") var state: State?

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get(
                    "/v1/connections",
                    query: [
                        "user_id": user, "state": state?.rawValue, "limit": "\(page.limit)", "cursor": page.cursor,
                    ]), as: .connections, nothing: "no connections; make one with `coffer connect --server --user ID`")
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one connection.",
            discussion: """
                Example:
                  coffer sessions show 635dc73e…
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The connection.") var topic: String

        func perform(_ session: Session) async throws {
            try await session.show(.get(path(topic)))
        }
    }

    struct Balances: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "balances", abstract: "Show the native coins of the connected accounts.",
            discussion: """
                Example:
                  coffer sessions balances 635dc73e…

                Only chains with a node in the server's settings can be asked.
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The connection.") var topic: String

        func perform(_ session: Session) async throws {
            try await session.showList(
                .get("\(path(topic))/balances"), as: .connectionBalances, nothing: "the connection has no account")
        }
    }

    struct Request: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "request", abstract: "Ask the wallet for something.",
            discussion: """
                Example:
                  coffer sessions request 635dc73e… 'personal_sign ["0x68656c6c6f","{account}"]'

                A request is [CHAIN ]METHOD[ PARAMS]; {account} is the connection's address on the chain and {chain} its \
                number in hex. The person at the wallet has to say yes, so it waits; with --no-wait it prints the \
                request's id, for `coffer sessions answer`.
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The connection.") var topic: String
        @Argument(help: "What is asked.") var text: String
        @Option(help: ArgumentHelp("How long the wallet may take.", valueName: "seconds")) var expiry: Int64 = 300
        @Flag(name: .customLong("no-wait"), help: "Do not wait for the answer.") var noWait = false

        func validate() throws {
            guard (300...604_800).contains(expiry) else { throw ValidationError("--expiry is 300 to 604800 seconds") }
        }

        func perform(_ session: Session) async throws {
            let planned = try PlannedRequest(text)
            let connection = try await session.client.send(.get(path(topic))).json()
            let accounts = (connection["accounts"]?.array ?? []).compactMap(\.string).compactMap { try? AccountID($0) }
            guard let chain = planned.chain ?? accounts.first?.chain else {
                throw ClientError(.failed, "the connection has no account yet")
            }
            let account = accounts.first { $0.chain == chain }
            let body: JSON = [
                "chain": .string("\(chain)"), "method": .string(planned.method),
                "params": planned.params(account: account?.address ?? "", on: chain),
                "expiry_seconds": JSON(expiry), "wait_seconds": JSON(noWait ? 0 : Answer.waitSeconds(options)),
            ]
            let answer = try await session.client.send(.post("\(path(topic))/requests", body))
            guard answer.status == 202, !noWait, let id = try answer.json()["id"]?.string else {
                return try Answer.show(answer, session)
            }
            try await Answer.wait(topic, id, options, session)
        }
    }

    struct Answer: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "answer", abstract: "Wait for the answer to a request.",
            discussion: """
                Example:
                  coffer sessions answer 635dc73e… 1795234235059123
                """)

        @OptionGroup var options: ClientOptions
        @Argument(help: "The connection.") var topic: String
        @Argument(help: "The request.") var id: String

        func perform(_ session: Session) async throws {
            try await Self.wait(topic, id, options, session)
        }

        /// How long the server may hold one request of ours: less than the deadline of a request.
        static func waitSeconds(_ options: ClientOptions) -> Int { max(0, min(25, Int(options.timeout / 2))) }

        /// Asks until the server knows the end; each question waits there, and the request's expiry bounds them.
        static func wait(_ topic: String, _ id: String, _ options: ClientOptions, _ session: Session) async throws {
            session.output.hint("waiting for the wallet; request \(SafeText.line(id))")
            let call = APICall.get(
                "\(path(topic))/requests/\(APICall.escaped(id))", query: ["wait_seconds": "\(waitSeconds(options))"])
            while true {
                let answer = try await session.client.send(call)
                if answer.status == 200 { return try show(answer, session) }
                // Without this, a deadline of a second would make it ask without a pause.
                if waitSeconds(options) == 0 { try await Task.sleep(for: .seconds(1)) }
            }
        }

        /// - Throws: ``SilentExit`` when the wallet refused.
        static func show(_ answer: APIAnswer, _ session: Session) throws {
            let json = try session.output.object(answer)
            if json["error"] != nil { throw SilentExit(exit: .failed) }
        }
    }

    struct Disconnect: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "disconnect", abstract: "End a connection; the wallet is told.",
            discussion: """
                Example:
                  coffer sessions disconnect 635dc73e…
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var confirmation: ConfirmOptions
        @Argument(help: "The connection.") var topic: String

        func perform(_ session: Session) async throws {
            try session.confirm(
                "this ends the connection \(SafeText.line(topic))", word: String(topic.prefix(8)), confirmation)
            let answer = try await session.client.send(.delete(path(topic)))
            if session.output.isJSON { try session.output.raw(answer.body) }
            session.output.hint("disconnected")
        }
    }

    struct Cleanup: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "cleanup", abstract: "Forget connections that ended or expired.",
            discussion: """
                Example:
                  coffer sessions cleanup

                The server does the same by itself every now and then.
                """)

        @OptionGroup var options: ClientOptions

        func perform(_ session: Session) async throws {
            try await session.show(APICall.post("/v1/connections:cleanup").asAdministrator)
        }
    }
}
