#if MongoDB
    import Foundation
    import Storage
    import StorageMongoDB
    import Synchronization

    /// The stand-in for MongoDB in `devnet/mongodb`, in a process of its own.
    ///
    /// There is no MongoDB in reach of these tests: what holds here is our side of the conversation.
    final class MongoServer: Sendable {
        static let python =
            ProcessInfo.processInfo.environment["COFFER_PYTHON"] ?? "\(packageRoot).venv/bin/python"
        static let isThere = (try? run(python, ["-c", "import bson"])) != nil
        static let absence = "no Python with pymongo's bson; make .venv, or name one in COFFER_PYTHON"

        let port: Int
        let folder: Folder
        private let arguments: [String]
        private let child: Mutex<Child>

        init(_ arguments: [String] = [], tls: Certificates? = nil) async throws {
            folder = try Folder()
            var arguments = ["-u", "\(packageRoot)devnet/mongodb", "--data", folder.file("log")] + arguments
            if let tls { arguments += ["--tls-cert", tls.server.certificate, "--tls-key", tls.server.key] }
            self.arguments = arguments
            let first = try Child(Self.python, arguments, in: folder)
            child = Mutex(first)
            port = try await Self.port(of: first)
        }

        deinit { kill() }

        private static func port(of child: Child) async throws -> Int {
            guard await eventually({ !child.lines.isEmpty }), let port = child.lines.first.flatMap({ Int($0) }) else {
                throw Failed(what: "the stand-in said \(child.lines)")
            }
            return port
        }

        /// Ends it without a chance to write anything.
        func kill() { child.withLock { $0.kill() } }

        /// Starts it again on the same port and data.
        func restart() async throws {
            kill()
            let new = try Child(Self.python, arguments + ["--port", "\(port)"], in: folder)
            child.withLock { $0 = new }
            _ = try await Self.port(of: new)
        }

        /// Has it answer nothing for a while.
        func pause(_ isPaused: Bool) { child.withLock { $0.pause(isPaused) } }

        /// Gives an order, as `devnet/mongodb/__main__.py` lists them, and waits until it is in force.
        func order(_ order: String) async throws {
            let child = child.withLock { $0 }
            let before = child.lines.count
            try child.say(order)
            guard await eventually({ child.lines.count > before }) else { throw Failed(what: "no answer to \(order)") }
        }

        func url(_ collection: String, login: String = "", more: String = "") -> String {
            "mongodb://\(login)127.0.0.1:\(port)/coffer?replicaSet=rs0&collection=\(collection)&timeout=30000\(more)"
        }

        /// A store on it.
        func open(
            _ collection: String = "records", _ change: (inout MongoSettings) -> Void = { _ in }
        ) async throws -> MongoKeyValueStore {
            var settings = try MongoSettings(url: url(collection))
            settings.healthDeadlineMilliseconds = 30_000
            change(&settings)
            return try await MongoKeyValueStore.open(settings)
        }
    }
#endif
