import ArgumentParser
import Bootstrap
import CofferClient
import Dispatch
import Foundation
import Glibc
import Logging
import Observability

/// Options about the log that all ways to serve have.
struct LogOptions: ParsableArguments {
    @Option(help: "json, text, ecs or silent; see log.format.")
    var logFormat: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Option(help: "Write the log to this file instead of standard error, and keep it small; see log.file.")
    var logFile: String?

    /// The log: options before settings before what this command does without either.
    ///
    /// - Throws: `ExitCode` when a setting or the file is of no use, after it was said.
    func log(_ settings: Settings, format: String, level: String) throws -> ServerLog {
        let faults = settings.faults.filter { $0.message.hasPrefix("log.") }
        guard faults.isEmpty else { throw Self.refused(faults.map(\.description).joined(separator: "\n")) }
        func chosen(_ key: String, _ standard: String) -> String {
            guard let value = settings.values[key], value.source != "default" else { return standard }
            return value.text
        }
        guard let format = LogFormat(rawValue: logFormat ?? chosen("log.format", format)) else {
            throw ValidationError("--log-format is json, text, ecs or silent")
        }
        guard let level = Logger.Level(rawValue: logLevel ?? chosen("log.level", level)) else {
            throw ValidationError("--log-level is trace, debug, info, notice, warning, error or critical")
        }
        // Standard output is for data: the banner, or nothing.
        var log = ServerLog(configuration: LogConfiguration(format: format, level: level, sink: .standardError()))
        guard let path = logFile ?? settings["log.file"] else { return log }
        var limits = LogFileSettings(path: path)
        limits.fileBytesMax = settings["log.file_bytes_max"].flatMap { Int($0) } ?? limits.fileBytesMax
        limits.filesMax = settings["log.files_max"].flatMap { Int($0) } ?? limits.filesMax
        do {
            let file = try LogFile(limits, format: format)
            log.configuration.sink = file.sink
            log.file = file
        } catch {
            throw Self.refused("log.file: \(error.message)")
        }
        return log
    }

    private static func refused(_ text: String) -> ExitCode {
        Output.message("error: \(text)")
        return ExitCode(CommandExit.configuration.rawValue)
    }
}

/// The log of a server, and its file when it has one.
struct ServerLog {
    var configuration: LogConfiguration
    var file: LogFile?

    /// Opens the file anew at each SIGHUP while `body` runs, and writes what waits when it ends.
    func during(_ body: () async throws -> Void) async throws {
        guard let file else { return try await body() }
        // The default action would end the process before the handler runs.
        signal(SIGHUP, SIG_IGN)
        let hangup = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        hangup.setEventHandler { file.reopen() }
        hangup.resume()
        defer {
            hangup.cancel()
            file.close()
        }
        try await body()
    }
}
