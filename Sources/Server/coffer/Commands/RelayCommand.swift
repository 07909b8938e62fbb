import ArgumentParser
import Bootstrap
import Foundation
import Logging
import Primitives

struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Run a WalletConnect relay alone.",
        discussion: """
            Example:
              coffer relay --data-dir ./relay --port 5555

            Wallets and applications that name its address as their relay find each other here: messages wait in \
            relay.db in the data directory until they are taken. It holds no keys and reads no message. Put TLS in front \
            before you open it to others. `coffer dev` and `coffer serve` with relay.enabled have one at /relay.
            """)

    @Option(help: "Port to listen on; 0 takes any free one.")
    var port = 5_555

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Where everything is kept.")
    var dataDir = "./coffer-relay"

    @Option(name: .customLong("project-id"), help: "A project id that is admitted; again for more. None admits all.")
    var projectIDs: [String] = []

    @Option(help: "A settings file, of which the relay and log sections count.")
    var config: String?

    @Flag(help: "No rate limits at all; for benchmarks on your own machine.")
    var unlimited = false

    @Flag(help: "Say the address as JSON.")
    var json = false

    @OptionGroup var logging: LogOptions

    func run() async throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port is a number from 0 to 65535") }
        let settings = try ConfigFile.settings(config)
        let log = try logging.log(settings, format: "text", level: "info")
        try await ServerProcess.run(log) { _, logger in
            var relay = try StandaloneRelay(
                settings: settings, directory: try DataDirectory(path: dataDir), host: host, port: port,
                projects: projectIDs)
            relay.isUnlimited = unlimited
            try await relay.run(logger: logger) { address in
                ServerProcess.show(json ? Self.json(address) : "The relay is at \(address.url)")
            }
        }
    }

    private static func json(_ address: StandaloneRelay.Address) -> String {
        let json: JSON = [
            "relay_url": .string(address.url), "data_dir": .string(address.directory),
            "pid": JSON(Int(ProcessInfo.processInfo.processIdentifier)),
        ]
        return json.text
    }
}
