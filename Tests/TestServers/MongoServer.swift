/// The stand-in for MongoDB in `devnet/mongodb`, in a process of its own.
///
/// There is no MongoDB in reach of these tests: what holds here is our side of the conversation.
public final class MongoServer: Sendable {
    /// Why it can't be started here; `nil` when it can.
    public static let missing =
        Checkout.pythonHas("bson")
        ? nil : "no Python with pymongo's bson; make .venv, or name one in COFFER_PYTHON"

    /// How long an order may take to be in force.
    private static let orderSecondsMax = 30.0

    public let port: Int
    public let process: ServerProcess
    public let folder: ServerFolder

    /// Starts one; the arguments are those of `devnet/mongodb`.
    public init(_ arguments: [String] = [], tls: Certificates? = nil) async throws {
        let (folder, port) = (try ServerFolder("mongodb"), try ServerProcess.freePort())
        var arguments =
            ["-u", "\(Checkout.root)devnet/mongodb", "--data", folder.file("data"), "--port", "\(port)"] + arguments
        if let tls { arguments += ["--tls-cert", tls.server.certificate, "--tls-key", tls.server.key] }
        self.folder = folder
        self.port = port
        process = ServerProcess(Checkout.python, arguments, log: folder.file("log")) {
            ServerProcess.answers(port: port)
        }
        try await process.start()
    }

    /// Gives an order, as `devnet/mongodb/__main__.py` lists them, and waits until it is in force.
    public func order(_ order: String) async throws {
        let before = process.lines.count
        try process.say(order)
        guard await eventually(within: Self.orderSecondsMax, { process.lines.count > before }) else {
            throw ServerProcess.Failure(description: "no answer to \(order)")
        }
    }

    /// Where a store finds it, with a collection of its own.
    public func url(_ collection: String, login: String = "", more: String = "") -> String {
        "mongodb://\(login)127.0.0.1:\(port)/coffer?replicaSet=rs0&collection=\(collection)&timeout=30000\(more)"
    }
}
