/// The development chain in `devnet/evm`, in a process of its own: a real EVM that makes blocks only when it is told to.
public final class EVMServer: Sendable {
    /// Why it can't be started here; `nil` when it can.
    public static let missing =
        Checkout.pythonHas("eth") ? nil : "no Python with py-evm; make .venv, or name one in COFFER_PYTHON"

    public let port: Int
    public let process: ServerProcess
    private let folder: ServerFolder

    /// Starts one; the arguments are those of `devnet/evm`.
    public init(_ arguments: [String] = ["--manual"]) async throws {
        let (folder, port) = (try ServerFolder("evm"), try ServerProcess.freePort())
        self.folder = folder
        self.port = port
        process = ServerProcess(
            Checkout.python, ["-u", "\(Checkout.root)devnet/evm", "--port", "\(port)"] + arguments,
            log: folder.file("log")
        ) { ServerProcess.answers(port: port) }
        try await process.start()
    }

    /// Where its JSON-RPC is.
    public var url: String { "http://127.0.0.1:\(port)" }
}
