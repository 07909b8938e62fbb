import AsyncHTTPClient
import CofferClient
import Primitives
import WalletConnectClient
import WalletConnectNetwork

/// A node that the test wallet asks what a transaction lacks, and hands transactions to.
struct EthereumRPC: Sendable {
    private static let answerBytesMax = 4 << 20
    private static let timeoutSeconds: Int64 = 20

    private let url: String
    private let http: HTTPClient

    /// Checks the URL.
    ///
    /// - Throws: `ClientError` with `usage`.
    init(_ url: String, http: HTTPClient) throws(ClientError) {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ClientError(.usage, "--rpc-url begins with https:// or http://")
        }
        self.url = url
        self.http = http
    }

    /// Opens what the calls need, lends the node and closes; without a URL there is no node.
    static func with(_ url: String?, _ body: (EthereumRPC?) async throws -> Void) async throws {
        guard let url else { return try await body(nil) }
        let http = HTTPClient(eventLoopGroupProvider: .singleton)
        do {
            try await body(EthereumRPC(url, http: http))
        } catch {
            try? await http.shutdown()
            throw error
        }
        try await http.shutdown()
    }

    /// Calls a method.
    ///
    /// - Throws: ``TestWalletRefusal`` with what the node said, in words that may go to the other side.
    func call(_ method: String, _ params: JSON) async throws(TestWalletRefusal) -> JSON {
        let body: JSON = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": params]
        let question = HTTPQuestion(
            method: "POST", url: url, headers: [HTTPField("content-type", "application/json")],
            body: body.serialized(), deadline: .seconds(Self.timeoutSeconds), answerBytesMax: Self.answerBytesMax)
        let answer: JSON
        do {
            answer = try JSON.parse(try await HTTPClientExchange(client: http).send(question).body, limits: .rpc)
        } catch {
            throw TestWalletRefusal(code: -32603, message: "Internal error: the wallet's node did not answer.")
        }
        if let error = answer["error"], !error.isNull {
            throw TestWalletRefusal(
                code: error["code"]?.int ?? -32603, message: error["message"]?.string ?? "The node refused.")
        }
        guard let result = answer["result"] else {
            throw TestWalletRefusal(code: -32603, message: "Internal error: the wallet's node gave no result.")
        }
        return result
    }
}
