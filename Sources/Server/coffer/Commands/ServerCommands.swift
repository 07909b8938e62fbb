import ArgumentParser
import Bootstrap
import CofferClient
import CoreMetrics
import Foundation
import Logging
import Observability
import Primitives

/// Starts logging and metrics of the process, once, and runs a server.
enum ServerProcess {
    static func run(
        _ log: ServerLog, _ body: (PrometheusRegistry, Logger) async throws -> Void
    ) async throws {
        LoggingSystem.bootstrap { log.configuration.handler(label: $0) }
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        do {
            try await log.during { try await body(registry, Logger(label: "coffer")) }
        } catch let error as BootstrapError {
            Output.message("error: \(error)")
            switch error.code {
            case .configuration: throw ExitCode(CommandExit.configuration.rawValue)
            case .unavailable: throw ExitCode(CommandExit.unavailable.rawValue)
            default: throw ExitCode(CommandExit.failed.rawValue)
            }
        }
    }

    /// Standard output, whole lines, at once.
    static func show(_ text: String) {
        FileHandle.standardOutput.write(Data("\(text)\n".utf8))
    }
}

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Start everything, ready to try.",
        discussion: """
            Example:
              coffer dev --data-dir ./try

            One process with database, keystore, chain, API and dashboard, on 127.0.0.1. Its keys are public and its \
            rule allows everything: for development only. Ctrl-C, or kill -9, and start it again: it goes on where it \
            was. Remove the data directory, and nothing is left.

            --chains simulated is a chain in this process, ready at once. --chains devnet is a real EVM in a process \
            of its own, which is started when it does not run and stays when this one ends. A file names your own chains.
            """)

    @Option(help: "Where everything is kept.")
    var dataDir = "./coffer-data"

    @Option(help: "Port on 127.0.0.1; 0 takes any free one. The last one, else 8080, unless given.")
    var port: Int?

    @Option(help: "Write what a client needs to know to this file, as JSON.")
    var configOut: String?

    @Option(help: "simulated, devnet, or a settings file with a chains section.")
    var chains = "simulated"

    @OptionGroup var logging: LogOptions

    func run() async throws {
        let kind: Development.Chains =
            switch chains {
            case "simulated": .simulated
            case "devnet": .devnet
            default: .file(chains)
            }
        guard port.map({ (0...65_535).contains($0) }) ?? true else {
            throw ValidationError("--port is a number from 0 to 65535")
        }
        let log = try logging.log(try ConfigFile.settings(nil), format: "text", level: "warning")
        try await ServerProcess.run(log) { registry, logger in
            let development = Development(
                directory: try DataDirectory(path: dataDir), port: port, chains: kind, configOut: configOut,
                version: CofferVersion.number, log: log.configuration, print: ServerProcess.show)
            try await development.run(registry: registry, logger: logger)
        }
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Start a server from its settings.",
        discussion: """
            Example:
              coffer serve --config /etc/coffer/coffer.yaml

            Nothing is allowed that no rule allows, and nothing signs until the keystore is unsealed: with `coffer \
            unseal`, or by keystore.passphrase_file. The first start makes an administrator's key and says where it is.
            """)

    @Option(help: "The settings file; see `coffer config init`.")
    var config: String

    @OptionGroup var logging: LogOptions

    func run() async throws {
        let settings = try ConfigFile.settings(config)
        let log = try logging.log(settings, format: "json", level: "info")
        try await ServerProcess.run(log) { registry, logger in
            let production = try Production(
                settings: settings, version: CofferVersion.number, log: log.configuration,
                print: { Output.message($0) })
            try await production.run(registry: registry, logger: logger)
        }
    }
}

/// Settings from a file and the environment.
enum ConfigFile {
    static func settings(_ path: String?) throws -> Settings {
        var text: String?
        if let path {
            guard let data = FileManager.default.contents(atPath: path) else {
                Output.message("error: can't read \(path)")
                throw ExitCode(CommandExit.configuration.rawValue)
            }
            text = String(decoding: data, as: UTF8.self)
        }
        return Settings(file: text, environment: ProcessInfo.processInfo.environment)
    }
}

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Write, check and show settings.",
        discussion: """
            Example:
              coffer config init > coffer.yaml
            """,
        subcommands: [Init.self, Check.self, Print.self, Schema.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Print a commented file with every setting.",
            discussion: "Example:\n  coffer config init > coffer.yaml")

        func run() { ServerProcess.show(Settings.template) }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Check settings, without a network.",
            discussion: "Example:\n  coffer config check --config coffer.yaml")

        @Option(help: "The settings file.")
        var config: String?

        func run() throws {
            let settings = try ConfigFile.settings(config)
            for fault in settings.faults { Output.message("\(fault)") }
            guard settings.faults.isEmpty else { throw ExitCode(CommandExit.configuration.rawValue) }
            Output.message("the settings are fine")
        }
    }

    struct Print: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "print", abstract: "Show every setting, its value and where it is from.",
            discussion: "Example:\n  coffer config print --config coffer.yaml")

        @Option(help: "The settings file.")
        var config: String?

        @Flag(help: "As JSON.")
        var json = false

        func run() throws {
            let settings = try ConfigFile.settings(config)
            if json {
                ServerProcess.show(settings.printed.text)
            } else {
                let rows = (settings.printed.array ?? []).map { row in
                    ["key", "value", "source"].map { row[$0]?.string ?? "" }
                }
                let width = rows.map { $0[0].count }.max() ?? 0
                for row in rows {
                    ServerProcess.show(
                        "\(row[0].padding(toLength: width, withPad: " ", startingAt: 0))  \(row[1])  (\(row[2]))")
                }
            }
            for fault in settings.faults { Output.message("\(fault)") }
            guard settings.faults.isEmpty else { throw ExitCode(CommandExit.configuration.rawValue) }
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema", abstract: "Print a JSON Schema of the settings, for editors.",
            discussion: "Example:\n  coffer config schema > coffer.schema.json")

        func run() { ServerProcess.show(Settings.schema.text) }
    }
}

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in place of a data directory's databases.",
        discussion: """
            Example:
              coffer restore /backups/monday --data-dir /var/lib/coffer

            The server must not run. The guard's database stays as it is when it is there: it may know of signatures \
            made after the backup. Then the server freezes the lanes where it does, until you have compared them with \
            the chain; see docs/operate/restore.md.
            """)

    @Argument(help: "The backup's folder.")
    var backup: String

    @Option(help: "Where the server keeps everything.")
    var dataDir = "./coffer-data"

    @Flag(help: "Only check that the backup is whole.")
    var verify = false

    func run() throws {
        do {
            if verify {
                let files = try Backup.verify(backup)
                Output.message("the backup is whole: \(files.joined(separator: ", "))")
                return
            }
            for line in try Backup.restore(backup, to: try DataDirectory(path: dataDir)) { Output.message(line) }
        } catch let error as BootstrapError {
            Output.message("error: \(error)")
            throw ExitCode(
                error.code == .unavailable
                    ? CommandExit.unavailable.rawValue : CommandExit.configuration.rawValue)
        }
    }
}
