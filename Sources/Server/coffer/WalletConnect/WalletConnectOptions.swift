import ArgumentParser
import CofferClient

/// What `coffer connect` and `coffer wallet pair` both take.
struct WalletConnectOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("relay-url"),
        help: ArgumentHelp(
            "The relay that both sides meet at.",
            discussion:
                "Default: COFFER_RELAY_URL, else the one of `coffer dev` here, else \(RelayDiscovery.urlDefault).",
            valueName: "url"))
    var relayURL: String?

    @Option(
        name: .customLong("project-id"),
        help: ArgumentHelp(
            "What a hosted relay knows you by.", discussion: "Default: COFFER_PROJECT_ID.", valueName: "id"))
    var projectID: String?

    @Option(
        name: .customLong("data-dir"),
        help: ArgumentHelp(
            "Where sessions and their keys are kept.",
            discussion: "Default: coffer/walletconnect in $XDG_STATE_HOME or ~/.local/state.", valueName: "dir"))
    var dataDirectory: String?

    @Flag(help: "Keep everything in memory; it is gone with the process.")
    var ephemeral = false

    @Option(help: ArgumentHelp("How long to wait for the other side, each time.", valueName: "seconds"))
    var timeout: Int64 = 300

    @Flag(help: "Print one JSON object per line.")
    var json = false

    @Flag(
        name: [.customLong("stdin"), .customLong("interactive")],
        help: "Read commands from standard input, one JSON object per line.")
    var stdin = false

    @Option(
        name: .customLong("log-level"),
        help: ArgumentHelp("debug, info, warning or error: what happens below, on standard error.", valueName: "level"))
    var logLevel = "error"

    @Flag(name: .customLong("no-color"), help: "Use no colours; so do NO_COLOR and TERM=dumb.")
    var noColour = false

    func validate() throws {
        guard (5...604_800).contains(timeout) else { throw ValidationError("--timeout is 5 to 604800 seconds") }
        guard !(ephemeral && dataDirectory != nil) else {
            throw ValidationError("--ephemeral and --data-dir exclude each other")
        }
    }
}
