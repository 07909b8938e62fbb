import ArgumentParser
import CofferClient
import Primitives

/// The wallet's role in a terminal.
struct WalletCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wallet", abstract: "Be a test wallet with one key, for trying out dApps.",
        discussion: """
            Example:
              coffer wallet pair 'wc:…' --approve

            A tool for tests: its key lies in a file or in memory, and nothing guards what it signs. The wallets that \
            hold your users' money are `coffer wallets`.
            """,
        subcommands: [Pair.self])

    struct Pair: WalletConnectCommand {
        static let configuration = CommandConfiguration(
            commandName: "pair", abstract: "Answer a dApp's pairing URI, and what it asks then.",
            discussion: """
                Example:
                  coffer wallet pair 'wc:7f6e…@2?relay-protocol=irn&symKey=…' --approve --ephemeral

                Without --approve or --reject each proposal and each request is asked about on the terminal. Without \
                a URI it goes on with the sessions it has. It signs personal_sign, eth_signTypedData_v4, \
                eth_signTransaction, eth_sendTransaction (broadcast only with --rpc-url) and sign-ins, and refuses \
                eth_sign.

                With --stdin, lines such as {"do":"approve"} are carried out as they come; do is approve, reject, \
                update, extend, emit, ping, disconnect or quit.
                """)

        @OptionGroup var options: WalletConnectOptions

        @Argument(
            help: ArgumentHelp(
                "What the dApp shows, as text, or - for the first line of standard input.", valueName: "uri"))
        var uri: String?

        @Flag(help: "Say yes to everything.")
        var approve = false

        @Flag(help: "Say no to everything.")
        var reject = false

        @Option(
            name: .customLong("key-file"),
            help: ArgumentHelp(
                "A file with the key, 64 hex digits; made when it is not there.",
                discussion: "Default: wallet.key in the data directory; with --ephemeral a key that is kept nowhere.",
                valueName: "file"))
        var keyFile: String?

        @Option(
            help: ArgumentHelp(
                "The chains it is on.", discussion: "Default: every EVM chain that is asked for.", valueName: "list"))
        var chains: String?

        @Option(
            name: .customLong("rpc-url"),
            help: ArgumentHelp("A node: fills in transactions and broadcasts them.", valueName: "url"))
        var rpcURL: String?

        @Option(help: ArgumentHelp("New namespaces for the session, as JSON, once it is there.", valueName: "json"))
        var update: String?

        @Flag(help: "Extend the session once it is there.")
        var extend = false

        @Option(
            parsing: .singleValue,
            help: ArgumentHelp(
                "An event to tell about once the session is there: [CHAIN ]NAME[ JSON]; may be given more than once.",
                valueName: "text"))
        var emit: [String] = []

        @Flag(help: "End the program with the first session or refusal.")
        var once = false

        func validate() throws {
            guard !(approve && reject) else { throw ValidationError("--approve and --reject exclude each other") }
            guard uri != "-" || !options.stdin else {
                throw ValidationError("standard input holds the URI or commands, not both")
            }
            guard uri != nil || !options.ephemeral else {
                throw ValidationError("without a URI there is nothing to do in memory")
            }
        }

        func perform(_ environment: [String: String], _ feed: Feed) async throws {
            let decides: WalletPlan.Decides =
                approve ? .yes : reject ? .no : options.stdin ? .input : .person
            if case .person = decides, !feed.canAsk {
                throw ClientError(
                    .usage, "there is no terminal to ask on", fix: "add --approve, --reject or --stdin")
            }
            let relay = try RelayDiscovery(environment: environment).find(
                url: options.relayURL, projectID: options.projectID)
            let chains = try chains.map { text throws(ClientError) in try SessionWish.chains(text) }
            let (emit, update) = (try announcements(), try namespaces())
            let uri = uri == "-" ? try await Self.typed() : uri
            try await WalletConnectState.with(.wallet, options, environment: environment) { state in
                let file = keyFile ?? state.folder.map { "\($0)/wallet.key" }
                let key = try file.map { path throws(ClientError) in try TestWalletKey.file(path) } ?? .ephemeral()
                let plan = WalletPlan(
                    uri: uri, decides: decides, wallet: TestWallet(key: key), chains: chains, update: update,
                    extends: extend, announcements: emit, endsWithSession: once, readsInput: options.stdin)
                feed.note("test wallet \(key.address), \(file.map { "key in \($0)" } ?? "gone when this ends")")
                try await EthereumRPC.with(rpcURL) { node in
                    try await SignClientHost.with(.wallet, options, relay, state) { client, events in
                        try await WalletRun(client: client, plan: plan, node: node, feed: feed).run(events)
                    }
                }
            }
        }

        /// Whoever has the URI can answer it, so some will not want it in the list of processes.
        private static func typed() async throws -> String {
            var line = ""
            await LineInput.forEach {
                line = $0
                return false
            }
            guard !line.isEmpty else { throw ClientError(.usage, "standard input holds no URI") }
            return line
        }

        private func namespaces() throws(ClientError) -> JSON? {
            guard let update else { return nil }
            guard let json = try? JSON.parse(update, limits: .rpc), json.members != nil else {
                throw ClientError(.usage, "--update takes a JSON object of namespaces")
            }
            return json
        }

        private func announcements() throws(ClientError) -> [Announcement] {
            var found: [Announcement] = []
            for text in emit { found.append(try Announcement(text)) }
            return found
        }
    }
}

/// What `coffer wallet pair` is going to do.
struct WalletPlan: Sendable {
    /// Who says yes or no.
    enum Decides: Sendable {
        case yes, no, person, input
    }

    var uri: String?
    var decides: Decides
    var wallet: TestWallet
    /// The chains it is on; `nil` is every EVM chain that is asked for.
    var chains: [ChainID]?
    var update: JSON?
    var extends: Bool
    var announcements: [Announcement]
    var endsWithSession: Bool
    var readsInput: Bool
}
