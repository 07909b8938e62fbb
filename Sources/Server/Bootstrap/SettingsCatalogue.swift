/// One setting: its name in the file, what it takes, and what holds without it.
public struct Setting: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case text
        case integer(ClosedRange<Int>)
        case boolean
        case words([String])
        /// Texts separated by commas in the environment, a list in the file.
        case list
    }

    /// Dotted, for example `server.port`.
    ///
    /// `chains.*.id` stands for every chain.
    public let key: String
    public let kind: Kind
    /// `nil`: there is none, and without it the setting is off or missing.
    public let standard: String?
    public let help: String
    /// Whether its value is shown as `***`, and can be given as a file with `…_FILE`.
    public let isSecret: Bool

    init(_ key: String, _ kind: Kind, _ standard: String?, _ help: String, isSecret: Bool = false) {
        self.key = key
        self.kind = kind
        self.standard = standard
        self.help = help
        self.isSecret = isSecret
    }

    /// Every setting there is.
    ///
    /// `coffer config init` writes them, `check` knows no others.
    public static let catalogue: [Setting] = [
        Setting(
            "server.host", .text, "127.0.0.1", "Address to listen on. Put TLS in front before you open it to others."),
        Setting("server.port", .integer(0...65_535), "8080", "Port to listen on; 0 takes any free one."),
        Setting("data_dir", .text, "./coffer-data", "Where everything is kept; readable by its owner alone."),
        Setting("storage.url", .text, nil, "Database, as sqlite:///path. Without it, coffer.db in data_dir."),
        Setting(
            "guard.url", .text, nil,
            "The signing guard's database, as sqlite:///path. Without it, guard.db in data_dir."),
        Setting(
            "keystore.passphrase_file", .text, nil,
            "Unseal at the start with the passphrase in this file. Without it the server starts sealed."),
        Setting("workers.enabled", .boolean, "true", "Whether this process carries withdrawals out."),
        Setting("workers.poll_milliseconds", .integer(50...60_000), "1000", "How often the workers look, at least."),
        Setting(
            "limits.requests_per_second", .integer(1...1_000_000), "50", "For each API key; bursts of twice as many."),
        Setting(
            "limits.withdrawals_per_second", .integer(1...1_000_000), "50",
            "New withdrawals for each tenant; bursts of five times as many."),
        Setting("limits.unlimited", .boolean, "false", "No rate limits at all; for benchmarks on your own machine."),
        Setting(
            "log.level", .words(["trace", "debug", "info", "notice", "warning", "error", "critical"]), "info",
            "How much is logged."),
        Setting("log.format", .words(["json", "text", "ecs", "silent"]), "json", "How it is logged."),
        Setting("log.file", .text, nil, "Log to this file. Without it, to standard error. SIGHUP opens it anew."),
        Setting(
            "log.file_bytes_max", .integer(65_536...1_099_511_627_776), "67108864",
            "A log file that would grow larger makes way: it is named .1, the one before .2 and so on."),
        Setting("log.files_max", .integer(1...1_000), "8", "Log files that are kept, the current one among them."),
        Setting("jwt.issuer", .text, nil, "Accept tokens of this issuer; needs jwt.audience and jwt.jwks_file."),
        Setting("jwt.audience", .text, nil, "The audience that tokens must name."),
        Setting("jwt.jwks_file", .text, nil, "The issuer's public keys, as a JSON Web Key Set."),
        Setting("jwt.lifetime_seconds_max", .integer(60...86_400), "3600", "Tokens that live longer are refused."),
        Setting("relay.enabled", .boolean, "false", "Whether this server is a WalletConnect relay too, at /relay."),
        Setting(
            "relay.projects", .list, "",
            "Project ids that are admitted, each alone or as ID=origin|origin for browsers. Empty admits every one."),
        Setting(
            "relay.audiences", .list, "",
            "The URLs under which clients reach the relay, as wss://relay.example. A token must name one. Empty takes any."
        ),
        Setting(
            "relay.strict_audience", .boolean, "false",
            "Refuse tokens that name the public relay; some clients have its name built in."),
        Setting(
            "relay.private_webhooks", .boolean, "false", "Whether webhooks may go to loopback and private addresses."),
        Setting("relay.message_bytes_max", .integer(1_024...262_144), "98304", "The text of one message."),
        Setting("relay.topics_per_client_max", .integer(1...10_000_000), "100000", "Subscriptions of one client."),
        Setting(
            "relay.mailbox_per_topic_max", .integer(1...1_000_000), "1000",
            "Messages that may wait at one topic, counted for each reader."),
        Setting(
            "relay.mailbox_mebibytes_max", .integer(1...1_048_576), "1024", "What may wait in all mailboxes together."),
        Setting("relay.ttl_seconds_max", .integer(300...604_800), "604800", "How long a message may wait."),
        Setting(
            "relay.calls_per_second", .integer(1...1_000_000), "5000",
            "Calls of one client; bursts of four times as many."),
        Setting(
            "relay.connects_per_second", .integer(1...100_000), "5",
            "Connection attempts of one client from one address; bursts of six times as many."),
        Setting("relay.sockets_max", .integer(1...1_000_000), "50000", "Open connections in all."),
        Setting("relay.sockets_per_client_max", .integer(1...1_000), "64", "Open connections of one client."),
        Setting(
            "walletconnect.relay_urls", .list, "",
            "Relays where users' wallets are met, the preferred one first. Empty uses this server's own, if it is one."),
        Setting("walletconnect.project_id", .text, nil, "What a public relay knows you by."),
        Setting("walletconnect.name", .text, "Coffer", "What wallets call this application."),
        Setting(
            "walletconnect.description", .text, "A self-hosted wallet backend", "What wallets say about it, in a line."),
        Setting("walletconnect.url", .text, "http://localhost", "Its address, as wallets show it."),
        Setting("walletconnect.icons", .list, "", "Addresses of its icon."),
        Setting(
            "walletconnect.records", .text, nil,
            "Where sessions are kept: sqlite:///path, postgres://…, mysql://…, redis://…, mongodb://… or memory:. Without it, connections.db in data_dir.",
            isSecret: true),
        Setting(
            "walletconnect.sessions_max", .integer(1...1_000_000), "10000",
            "Connections of all users together; the relay needs a subscription for each, see relay.topics_per_client_max."
        ),
        Setting("walletconnect.sessions_per_user_max", .integer(1...10_000), "8", "Connections of one user."),
        Setting(
            "walletconnect.requests_max", .integer(1...1_000_000), "50000", "Requests that wait for wallets at once."),
        Setting(
            "walletconnect.request_seconds", .integer(300...604_800), "900", "How long a wallet may take to answer."),
        Setting("walletconnect.params_bytes_max", .integer(256...90_000), "65536", "The parameters of one request."),
        Setting(
            "walletconnect.idle_seconds", .integer(60...31_536_000), nil,
            "End sessions in which nothing happened for so long. Without it, never."),
        Setting("walletconnect.ended_seconds", .integer(60...31_536_000), "86400", "How long ended ones are listed."),
        Setting(
            "walletconnect.events_seconds", .integer(3_600...315_360_000), "2592000",
            "How long is kept what happened to connections."),
        Setting(
            "limits.connections_per_second", .integer(1...1_000_000), "10",
            "New connections for each tenant; bursts of five times as many."),
        Setting("chains.*.id", .text, nil, "CAIP-2 id, for example eip155:1."),
        Setting(
            "chains.*.rpc", .list, nil, "JSON-RPC nodes. With two or more, what decides money needs two that agree.",
            isSecret: true),
        Setting("chains.*.symbol", .text, "ETH", "What the native coin is called."),
        Setting(
            "chains.*.slip44", .integer(0...2_147_483_647), "60",
            "The native coin's SLIP-44 number; part of its asset id."),
        Setting("chains.*.finality", .text, "finalized", "`finalized`, or a number of blocks."),
        Setting("chains.*.tokens", .list, "", "ERC-20 tokens, as SYMBOL:decimals:0xaddress."),
        Setting(
            "chains.*.deposits", .boolean, "false", "Whether coins that come in are credited to the wallet's user."),
        Setting("chains.*.deposit_depth", .integer(1...10_000), "12", "Blocks that a deposit must have on it."),
        Setting("chains.*.max_fee_gwei", .integer(1...1_000_000), "300", "Never offer more for a unit of gas."),
        Setting(
            "chains.*.max_fee_total_gwei", .integer(1...10_000_000_000), "50000000",
            "Never offer more for a transaction."),
        Setting(
            "chains.*.priority_fee_gwei_min", .integer(0...100_000), "1", "Never offer less to the block's producer."),
        Setting(
            "chains.*.in_flight", .integer(1...64), "16", "Transactions of one sender that wait for a block at once."),
        Setting("chains.*.bump_seconds", .integer(5...86_400), "45", "Offer more after so long without a block."),
    ]

    /// The setting that a dotted key names; `chains.main.id` is `chains.*.id`.
    static func named(_ key: String) -> Setting? {
        let parts = key.split(separator: ".", omittingEmptySubsequences: false)
        let general = parts.count == 3 && parts[0] == "chains" ? "chains.*.\(parts[2])" : key
        return catalogue.first { $0.key == general }
    }

    /// Why a value is refused; `nil` when it is fine.
    func fault(_ value: String) -> String? {
        switch kind {
        case .text, .list: return nil
        case .integer(let range):
            guard let number = Int(value), range.contains(number) else {
                return "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            }
        case .boolean: if value != "true", value != "false" { return "must be true or false" }
        case .words(let words):
            if !words.contains(value) { return "must be one of \(words.joined(separator: ", "))" }
        }
        return nil
    }
}
