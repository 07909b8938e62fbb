#if MySQL
    import Foundation
    import Glibc
    import Logging
    import Storage
    import StorageMySQL
    import StorageSQL

    /// MariaDB 10.11 of Debian, with TLS and a collation that is not the order of bytes.
    final class MariaDBServer: DatabaseServer {
        static var missing: String? {
            let programs = ["mariadbd", "mariadb-install-db", "mariadb"]
            return programs.allSatisfy { ServerProcess.find($0) != nil } ? nil : "MariaDB's server is not installed"
        }
        @TaskLocal static var current: MariaDBServer?

        static func running(_ server: MariaDBServer, _ body: () async throws -> Void) async throws {
            try await $current.withValue(server) { try await body() }
        }

        let folder: ServerFolder
        let process: ServerProcess
        let port: Int
        let scheme = "mysql"
        let authorityParameter = "ssl-ca"
        let modeParameter = "ssl-mode"
        let modes = (plain: "disabled", encrypted: "required", authority: "verify-ca", full: "verify-identity")
        let secureUser = "secure"

        private init(_ folder: ServerFolder, _ port: Int, _ process: ServerProcess) {
            self.folder = folder
            self.port = port
            self.process = process
        }

        static func started() async throws -> MariaDBServer {
            let folder = try ServerFolder("mariadb")
            let port = try ServerProcess.freePort()
            try folder.makeCertificates()
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
                    "--ssl-ca=\(folder.file("ca.pem"))", "--ssl-cert=\(folder.file("server.pem"))",
                    "--ssl-key=\(folder.file("server.key"))",
                ] + user, log: folder.file("log")
            ) {
                (try? ServerProcess.run(
                    "/usr/bin/mariadb", ["--no-defaults", "-S", socket, "-u", "root", "-e", "SELECT 1"])) != nil
            }
            let server = MariaDBServer(folder, port, process)
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

        func open(_ url: String, logger: Logger) async throws(StorageError) -> SQLStore {
            try await MySQL.open(url: url, logger: logger)
        }

        func makePlace() throws -> String {
            let name = "d" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
            try administer("CREATE DATABASE \(name)")
            return name
        }

        @discardableResult
        func administer(_ sql: String) throws -> String {
            try ServerProcess.run(
                "/usr/bin/mariadb",
                ["--no-defaults", "-S", folder.file("socket"), "-u", "root", "-N", "-B", "-e", sql]
            ).trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func connectionCount(_ place: String) throws -> Int {
            Int(
                try administer("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '\(place)'")) ?? -1
        }

        func disconnectAll() throws {
            let ids = try administer("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'coffer'")
            for id in ids.split(separator: "\n") { _ = try? administer("KILL CONNECTION \(id)") }
        }
    }
#endif
