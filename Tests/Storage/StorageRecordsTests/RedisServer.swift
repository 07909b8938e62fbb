#if Redis
    import Foundation
    import NIOPosix
    import Storage
    import StorageRedis
    import Synchronization

    /// A Redis server of a test's own: a free port of the loopback, data in a temporary folder.
    final class RedisServer: Sendable {
        static let path = program("redis-server")
        static let absence: String? = path == nil ? "redis-server is not installed; scripts/setup installs it" : nil

        /// As durable as Redis can be.
        static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

        let port: Int
        let folder: Folder
        private let arguments: [String]
        private let commandLine: [String]
        private let child: Mutex<Child>

        init(_ settings: [String] = durable, tls: Certificates? = nil, password: String? = nil) async throws {
            folder = try Folder()
            port = try freePort()
            var arguments = ["--bind", "127.0.0.1", "--save", "", "--dir", folder.path]
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
            self.arguments = arguments + settings
            self.commandLine = commandLine
            let first = try Self.start(self.arguments, folder)
            child = Mutex(first)
            guard await eventually({ first.lines.contains { $0.contains("Ready to accept connections") } }) else {
                throw Failed(what: "redis-server said \(first.lines)")
            }
        }

        private static func start(_ arguments: [String], _ folder: Folder) throws -> Child {
            guard let path else { throw Failed(what: "no redis-server") }
            return try Child(path, arguments, in: folder)
        }

        deinit { child.withLock { $0.kill() } }

        /// Ends it without a chance to write anything.
        func kill() { child.withLock { $0.kill() } }

        /// Starts it again on the same port and data.
        func restart() throws {
            kill()
            let new = try Self.start(arguments, folder)
            child.withLock { $0 = new }
        }

        /// Has it answer nothing for a while.
        func pause(_ isPaused: Bool) { child.withLock { $0.pause(isPaused) } }

        /// What it has printed.
        var log: [String] { child.withLock(\.lines) }

        /// What `redis-cli` answers.
        @discardableResult
        func ask(_ words: String...) throws -> String {
            guard let cli = program("redis-cli") else { throw Failed(what: "no redis-cli") }
            return try run(cli, commandLine + words)
        }

        /// Settings that reach it, patient enough for a busy machine.
        func settings(_ change: (inout RedisSettings) -> Void = { _ in }) -> RedisSettings {
            var settings = RedisSettings(host: "127.0.0.1")
            settings.port = port
            settings.deadlineMilliseconds = 30_000
            settings.healthDeadlineMilliseconds = 30_000
            settings.connectDeadlineMilliseconds = 30_000
            change(&settings)
            return settings
        }

        /// A store on it.
        func open(_ change: (inout RedisSettings) -> Void = { _ in }) async throws -> RedisKeyValueStore {
            try await RedisKeyValueStore.open(settings(change), eventLoops: MultiThreadedEventLoopGroup.singleton)
        }
    }

    /// Names for stores that share a server.
    final class Prefixes: Sendable {
        private let count = Mutex(0)

        func next() -> String {
            count.withLock { count in
                count += 1; return "test-\(count)"
            }
        }
    }
#endif
