import Foundation
import Glibc

/// MariaDB 10.11 of Debian, with TLS and a collation that is not the order of bytes.
public final class MariaDBServer: DatabaseServer {
    public static var missing: String? {
        let programs = ["mariadbd", "mariadb-install-db", "mariadb"]
        return programs.allSatisfy { ServerProcess.find($0) != nil } ? nil : "MariaDB's server is not installed"
    }
    @TaskLocal public static var current: MariaDBServer?

    public static func running(_ server: MariaDBServer, _ body: () async throws -> Void) async throws {
        try await $current.withValue(server) { try await body() }
    }

    public let folder: ServerFolder
    public let certificates: Certificates
    public let process: ServerProcess
    public let port: Int
    public let scheme = "mysql"
    public let authorityParameter = "ssl-ca"
    public let modeParameter = "ssl-mode"
    public let modes = (plain: "disabled", encrypted: "required", authority: "verify-ca", full: "verify-identity")
    public let secureUser = "secure"

    private init(_ folder: ServerFolder, _ certificates: Certificates, _ port: Int, _ process: ServerProcess) {
        self.folder = folder
        self.certificates = certificates
        self.port = port
        self.process = process
    }

    public static func started() async throws -> MariaDBServer {
        let folder = try ServerFolder("mariadb")
        let port = try ServerProcess.freePort()
        let certificates = try Certificates(in: folder)
        let user = geteuid() == 0 ? ["--user=root"] : []
        try ServerProcess.run(
            ServerProcess.find("mariadb-install-db") ?? "",
            [
                "--no-defaults", "--datadir=\(folder.file("data"))", "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ] + user)
        let socket = folder.file("socket")
        let process = ServerProcess(
            ServerProcess.find("mariadbd") ?? "",
            [
                "--no-defaults", "--datadir=\(folder.file("data"))", "--port=\(port)",
                "--bind-address=127.0.0.1,127.0.0.2",
                "--socket=\(socket)", "--pid-file=\(folder.file("pid"))", "--skip-name-resolve",
                "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M", "--max-connections=60",
                "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
                "--ssl-ca=\(certificates.authority)", "--ssl-cert=\(certificates.server.certificate)",
                "--ssl-key=\(certificates.server.key)",
            ] + user, log: folder.file("log")
        ) {
            (try? ServerProcess.run(
                "/usr/bin/mariadb", ["--no-defaults", "-S", socket, "-u", "root", "-e", "SELECT 1"])) != nil
        }
        let server = MariaDBServer(folder, certificates, port, process)
        try await process.start()
        try server.administer(
            """
            CREATE USER coffer@'%' IDENTIFIED BY '\(password)';
            GRANT ALL ON *.* TO coffer@'%';
            CREATE USER secure@'%' IDENTIFIED BY '\(password)' REQUIRE SSL;
            GRANT ALL ON *.* TO secure@'%';
            """)
        return server
    }

    public func makePlace() throws -> String {
        let name = "d" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        try administer("CREATE DATABASE \(name)")
        return name
    }

    @discardableResult
    public func administer(_ sql: String) throws -> String {
        try ServerProcess.run(
            "/usr/bin/mariadb",
            ["--no-defaults", "-S", folder.file("socket"), "-u", "root", "-N", "-B", "-e", sql]
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    public func connectionCount(_ place: String) throws -> Int {
        Int(
            try administer("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '\(place)'")) ?? -1
    }

    public func disconnectAll() throws {
        let ids = try administer("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'coffer'")
        for id in ids.split(separator: "\n") { _ = try? administer("KILL CONNECTION \(id)") }
    }
}
