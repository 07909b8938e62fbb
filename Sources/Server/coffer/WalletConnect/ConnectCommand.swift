import ArgumentParser
import CofferClient
import Primitives

/// The dApp's role in a terminal.
struct ConnectCommand: WalletConnectCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Be a dApp: connect a wallet and ask it for things.",
        discussion: """
            Example:
              coffer connect --request 'personal_sign ["0x68656c6c6f","{account}"]' --disconnect

            Shows a pairing URI (and its QR code) to scan with a wallet, waits for its approval, carries out the \
            requests in order and says whether each signature is the account's. Then it stays and shows what the \
            wallet tells, until Ctrl-C, --once or --disconnect.

            A request is [CHAIN ]METHOD[ PARAMS]; {account} is the session's address on the chain and {chain} its \
            number in hex. With --stdin, lines such as {"do":"request","method":"eth_accounts"} are carried out as \
            they come; do is request, ping, emit, disconnect or quit.

            With --server it is a running server that connects the wallet, for --user: the URI is shown here, the \
            session stays there. See `coffer sessions`.

            The wallet must use the same relay: see docs/walletconnect.md.
            """)

    @OptionGroup var options: WalletConnectOptions

    @Flag(inversion: .prefixedNo, help: "Draw the QR code; the default on a terminal.")
    var qr: Bool?

    @Option(help: ArgumentHelp("The chains to ask for, CAIP-2 or EVM numbers.", valueName: "list"))
    var chains = SessionWish.chainsDefault

    @Option(help: ArgumentHelp("The methods to ask for.", valueName: "list"))
    var methods = SessionWish.methodsDefault

    @Option(help: ArgumentHelp("The events to ask for.", valueName: "list"))
    var events = SessionWish.eventsDefault

    @Option(
        name: .customLong("request"), parsing: .singleValue,
        help: ArgumentHelp("A request; may be given more than once.", valueName: "text"))
    var requests: [String] = []

    @Option(help: ArgumentHelp("Ask for a sign-in at this URL instead of a plain session.", valueName: "url"))
    var authenticate: String?

    @Option(help: ArgumentHelp("What the person reads when signing in.", valueName: "text"))
    var statement: String?

    @Option(
        name: .customLong("session"),
        help: ArgumentHelp("Go on with a kept session instead of connecting: its topic, or last.", valueName: "topic"))
    var session: String?

    @Flag(help: "Ping the wallet after the requests.")
    var ping = false

    @Flag(help: "End the session after the requests.")
    var disconnect = false

    @Flag(help: "End the program after the requests; the session stays.")
    var once = false

    @Flag(help: "Let a running server connect the wallet, and print the accounts.")
    var server = false

    @Option(help: ArgumentHelp("Whose connection it is, with --server.", valueName: "user id"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "The server, with --server.", discussion: "Default: COFFER_URL, else the data directory's.",
            valueName: "url"))
    var url: String?

    @Option(
        name: .customLong("api-key-file"),
        help: ArgumentHelp("A file with the API key, or - for standard input; with --server.", valueName: "file"))
    var apiKeyFile: String?

    func validate() throws {
        guard !(session != nil && authenticate != nil) else {
            throw ValidationError("--session and --authenticate exclude each other")
        }
        guard !(session != nil && options.ephemeral) else {
            throw ValidationError("--session needs what --ephemeral does not keep")
        }
        guard server == (user != nil) else { throw ValidationError("--server and --user belong together") }
        guard server || (url == nil && apiKeyFile == nil) else {
            throw ValidationError("--url and --api-key-file are for --server; --relay-url names a relay")
        }
        let isMore =
            session != nil || authenticate != nil || !requests.isEmpty || ping || disconnect || options.stdin
            || options.ephemeral || options.relayURL != nil
        guard !(server && isMore) else {
            throw ValidationError("with --server the session is the server's: ask the wallet with `coffer sessions`")
        }
    }

    func perform(_ environment: [String: String], _ feed: Feed) async throws {
        if let user {
            let flags = ConnectionFlags(
                url: url, apiKeyFile: apiKeyFile,
                dataDirectory: options.dataDirectory ?? ConnectionFlags.dataDirectoryDefault)
            let wish = try SessionWish(chains: chains, methods: methods, events: events)
            return try await ServerConnect(
                user: user, wish: wish, showsCode: qr ?? feed.isWatched, timeoutSeconds: options.timeout, feed: feed
            ).run(try ConnectionDiscovery(environment: environment).find(flags))
        }
        let plan = DAppPlan(
            wish: try SessionWish(chains: chains, methods: methods, events: events),
            requests: try requests.map { text throws(ClientError) in try PlannedRequest(text) },
            signIn: try authenticate.map { url throws(ClientError) in try SignInWish(url: url, statement: statement) },
            session: session, showsCode: qr ?? feed.isWatched, pings: ping, disconnects: disconnect,
            endsAfterRequests: once || disconnect, readsInput: options.stdin)
        let relay = try RelayDiscovery(environment: environment).find(
            url: options.relayURL, projectID: options.projectID)
        try await WalletConnectState.with(.dApp, options, environment: environment) { state in
            try await SignClientHost.with(.dApp, options, relay, state) { client, events in
                try await DAppRun(client: client, plan: plan, feed: feed, timeoutSeconds: options.timeout).run(events)
            }
        }
    }
}

/// What `coffer connect` is going to do.
struct DAppPlan: Sendable {
    var wish: SessionWish
    var requests: [PlannedRequest]
    var signIn: SignInWish?
    /// A kept session to go on with.
    var session: String?
    var showsCode: Bool
    var pings: Bool
    var disconnects: Bool
    var endsAfterRequests: Bool
    var readsInput: Bool
}
