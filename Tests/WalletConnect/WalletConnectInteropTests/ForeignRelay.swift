import Primitives

/// A relay of other hands, in its own process, with the ways in which relays differ to choose from.
struct ForeignRelay: Sendable {
    let process: PeerProcess
    let url: String
    /// Without the scheme.
    var hostAndPort: String { String(url.dropFirst("ws://".count)) }

    /// Runs it for as long as `body` takes; `options` are those of `devnet/walletconnect/relay.py`.
    static func running<Result>(
        _ options: [String] = [], _ body: (ForeignRelay) async throws -> Result
    ) async throws -> Result {
        try await PeerProcess.running(Places.foreignRelay, options) { process in
            let port = try await process.event("ready").required("port").text
            return try await body(ForeignRelay(process: process, url: "ws://127.0.0.1:\(port)"))
        }
    }

    /// Takes the first call of that method it was asked and nobody has looked at yet.
    func call(_ method: String, within seconds: Double = 20) async throws -> JSON {
        try await process.line("call \(method)", within: seconds) {
            $0["event"]?.string == "call" && $0["method"]?.string == method
        }
    }

    /// From now on: the next `count` publishes are taken without an answer, refused, or end in a broken socket.
    func misfortune(_ kind: Misfortune, count: Int) async throws {
        try process.send(.object([JSONMember(name: kind.rawValue, value: JSON(count))]))
        _ = try await process.event("told")
    }

    /// Closes every socket with a code, or without a word for 1006.
    func closeAll(code: Int) async throws {
        try process.send(["close": JSON(code)])
        _ = try await process.event("closed")
    }

    /// What may happen to a publish.
    enum Misfortune: String {
        case lose, refuse, drop
    }
}
