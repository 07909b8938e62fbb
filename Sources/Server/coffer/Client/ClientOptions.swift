import ArgumentParser
import CofferClient

/// What every command that talks to a server takes.
struct ClientOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The server.", discussion: "Default: COFFER_URL, else the data directory's.", valueName: "url"))
    var url: String?

    @Option(
        name: .customLong("api-key-file"),
        help: ArgumentHelp("A file with the API key, or - for standard input.", valueName: "file"))
    var apiKeyFile: String?

    @Option(
        name: .customLong("data-dir"),
        help: ArgumentHelp("Where `coffer dev` keeps its state; its connection.json is read.", valueName: "dir"))
    var dataDirectory = ConnectionFlags.dataDirectoryDefault

    @Option(help: ArgumentHelp("Deadline of each request in seconds.", valueName: "seconds"))
    var timeout = 10.0

    @Flag(help: "Print the API's JSON, unchanged.")
    var json = false

    @Flag(help: "Print rows separated by tabs, without headings.")
    var plain = false

    @Flag(name: .customLong("no-color"), help: "Use no colours; so do NO_COLOR and TERM=dumb.")
    var noColour = false

    func validate() throws {
        guard timeout.isFinite, timeout > 0, timeout <= 3600 else {
            throw ValidationError("--timeout is more than 0 and at most 3600 seconds")
        }
        guard !(json && plain) else { throw ValidationError("--json and --plain exclude each other") }
    }

    var flags: ConnectionFlags {
        ConnectionFlags(url: url, apiKeyFile: apiKeyFile, dataDirectory: dataDirectory)
    }
}

/// Which page of a listing.
struct PageOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("How many items, 1 to 200.", valueName: "count"))
    var limit = 50

    @Option(help: ArgumentHelp("Where the last page ended (its next_cursor).", valueName: "cursor"))
    var cursor: String?

    func validate() throws {
        guard (1...200).contains(limit) else { throw ValidationError("--limit is 1 to 200") }
    }
}

/// How a command with consequences is confirmed.
struct ConfirmOptions: ParsableArguments, Sendable {
    @Flag(name: .shortAndLong, help: "Do it without asking.")
    var yes = false

    @Flag(name: .customLong("no-input"), help: "Never ask; without --yes this fails.")
    var noInput = false
}
