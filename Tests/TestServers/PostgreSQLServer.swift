import Foundation
import Glibc

/// PostgreSQL 15 of Debian, with TLS and a collation that is not the order of bytes.
public final class PostgreSQLServer: DatabaseServer {
    /// Where Debian puts the programs of each version; those on the usual path are slow scripts around them.
    private static let programs = (13...18).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
    private static var client: String { ServerProcess.find("psql", in: programs) ?? "psql" }
    /// Whom Debian's package makes; the server runs as nobody who is root.
    private static let systemUser = "postgres"

    public static var missing: String? {
        guard ServerProcess.find("initdb", in: programs) != nil, ServerProcess.find("psql", in: programs) != nil
        else {
            return "PostgreSQL's server is not installed"
        }
        if geteuid() == 0, unsafe getpwnam(systemUser) == nil { return "there is no user \(systemUser)" }
        return nil
    }
    @TaskLocal public static var current: PostgreSQLServer?

    public static func running(_ server: PostgreSQLServer, _ body: () async throws -> Void) async throws {
        try await $current.withValue(server) { try await body() }
    }

    public let folder: ServerFolder
    public let certificates: Certificates
    public let process: ServerProcess
    public let port: Int
    public let scheme = "postgres"
    public let authorityParameter = "sslrootcert"
    public let modeParameter = "sslmode"
    public let modes = (plain: "disable", encrypted: "require", authority: "verify-ca", full: "verify-full")
    public let secureUser = "secure"

    private init(_ folder: ServerFolder, _ certificates: Certificates, _ port: Int, _ process: ServerProcess) {
        self.folder = folder
        self.certificates = certificates
        self.port = port
        self.process = process
    }

    public static func started() async throws -> PostgreSQLServer {
        let folder = try ServerFolder("postgresql")
        let port = try ServerProcess.freePort()
        let certificates = try Certificates(in: folder)
        let (data, sockets) = (folder.file("data"), folder.file("sockets"))
        for path in [data, sockets] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        let passwords = folder.file("password")
        try "\(password)\n".write(toFile: passwords, atomically: true, encoding: .utf8)
        if geteuid() == 0 {
            try ServerProcess.run("/usr/bin/chown", ["-R", "\(systemUser):\(systemUser)", folder.path])
        }
        let make = asUser(
            "initdb",
            [
                "-D", data, "-U", "coffer", "-A", "scram-sha-256", "--pwfile", passwords, "-E", "UTF8",
                "--no-sync",
                "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US",
            ])
        try ServerProcess.run(make[0], Array(make.dropFirst()))
        try """
        local all all trust
        hostssl all secure 127.0.0.0/8 scram-sha-256
        host all secure 127.0.0.0/8 reject
        host all all 127.0.0.1/32 scram-sha-256
        """.write(toFile: "\(data)/pg_hba.conf", atomically: false, encoding: .utf8)
        let run = asUser(
            "postgres",
            [
                "-D", data, "-p", "\(port)", "-k", sockets, "-c", "listen_addresses=127.0.0.1,127.0.0.2", "-c",
                "ssl=on",
                "-c", "ssl_cert_file=\(certificates.server.certificate)", "-c",
                "ssl_key_file=\(certificates.server.key)", "-c", "shared_buffers=32MB",
                // Else a kill leaves segments in the system's memory.
                "-c", "dynamic_shared_memory_type=mmap", "-c",
                "max_connections=60",
            ])
        let process = ServerProcess(
            run[0], Array(run.dropFirst()), log: folder.file("log"), stopSignal: SIGINT
        ) {
            (try? ServerProcess.run(
                client, ["-h", sockets, "-p", "\(port)", "-U", "coffer", "-c", "SELECT 1", "postgres"]))
                != nil
        }
        let server = PostgreSQLServer(folder, certificates, port, process)
        try await process.start()
        try server.administer("CREATE USER secure PASSWORD '\(password)'; GRANT ALL ON SCHEMA public TO secure")
        return server
    }

    /// The command, run as somebody who is not root.
    private static func asUser(_ program: String, _ arguments: [String]) -> [String] {
        let path = ServerProcess.find(program, in: programs) ?? program
        guard geteuid() == 0 else { return [path] + arguments }
        let user = ["--reuid=\(systemUser)", "--regid=\(systemUser)", "--clear-groups", "--"]
        return ["/usr/bin/setpriv"] + user + [path] + arguments
    }

    public func makePlace() throws -> String {
        let name = "s" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        try administer("CREATE SCHEMA \(name)")
        return "postgres?schema=\(name)"
    }

    @discardableResult
    public func administer(_ sql: String) throws -> String {
        try ServerProcess.run(
            Self.client,
            [
                "-h", folder.file("sockets"), "-p", "\(port)", "-U", "coffer", "-v", "ON_ERROR_STOP=1", "-qAt",
                "-c",
                sql, "postgres",
            ]
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Makes it a standby of nobody at its next start; `pg_promote()` ends that.
    public func becomeStandby() throws {
        let mark = "\(folder.file("data"))/standby.signal"
        try "".write(toFile: mark, atomically: false, encoding: .utf8)
        if geteuid() == 0 {
            try ServerProcess.run("/usr/bin/chown", ["\(Self.systemUser):\(Self.systemUser)", mark])
        }
    }

    public func connectionCount(_ place: String) throws -> Int {
        Int(try administer("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'coffer'")) ?? -1
    }

    public func disconnectAll() throws {
        try administer(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'coffer'")
    }
}
