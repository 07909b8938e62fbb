import Foundation

/// A Redis server: a free port of loopback, data in a folder of its own.
public final class RedisServer: Sendable {
    /// Why it can't be started here; `nil` when it can.
    public static let missing =
        ["redis-server", "redis-cli"].allSatisfy { ServerProcess.find($0) != nil }
        ? nil : "redis-server is not installed; scripts/setup installs it"

    /// As durable as Redis can be.
    public static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

    public let port: Int
    public let process: ServerProcess
    public let folder: ServerFolder
    private let commandLine: [String]

    /// Starts one.
    public init(
        _ settings: [String] = durable, tls: Certificates? = nil, password: String? = nil
    ) async throws {
        let (folder, port) = (try ServerFolder("redis"), try ServerProcess.freePort())
        var arguments = ["--bind", "127.0.0.1", "127.0.0.2", "--save", "", "--dir", folder.path]
        var commandLine = ["-h", "127.0.0.1", "-p", "\(port)"]
        if let tls {
            arguments += ["--port", "0", "--tls-port", "\(port)", "--tls-ca-cert-file", tls.authority]
            arguments += ["--tls-cert-file", tls.server.certificate, "--tls-key-file", tls.server.key]
            commandLine += ["--tls", "--cacert", tls.authority]
            commandLine += ["--cert", tls.client.certificate, "--key", tls.client.key]
        } else {
            arguments += ["--port", "\(port)"]
        }
        if let password {
            arguments += ["--requirepass", password]
            commandLine += ["--no-auth-warning", "-a", password]
        }
        self.folder = folder
        self.port = port
        self.commandLine = commandLine
        process = ServerProcess(
            ServerProcess.find("redis-server") ?? "redis-server", arguments + settings, log: folder.file("log")
        ) { ServerProcess.answers(port: port) }
        try await process.start()
    }

    /// What `redis-cli` answers.
    @discardableResult
    public func ask(_ words: String...) throws -> String {
        try ServerProcess.run(ServerProcess.find("redis-cli") ?? "redis-cli", commandLine + words)
    }
}
