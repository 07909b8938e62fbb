import ChainEVM
import HTTPTypes
import Hummingbird
import NIOCore
import Primitives
import WalletConnectBackend
import WalletConnectHTTP
import WalletConnectProtocol

/// The routes.
///
/// Errors are problem documents with a stable code, made by the first middleware from what the others throw.
struct Routes: Sendable {
    let backend: WalletConnectBackend
    let chain: ChainID

    /// How long a wallet may take, in seconds; a person has to find their phone.
    private static let answerSeconds: Int64 = 300

    func router(_ users: Users) -> Router<Context> {
        let router = Router(context: Context.self)
        router.add(middleware: ProblemMiddleware())
        router.add(middleware: AuthenticationMiddleware { request, _ in users.name(request) })
        router.add(middleware: RateLimitMiddleware(RequestRate(requests: 10, burst: 30)))
        router.add(middleware: ValidationMiddleware())
        router.post("connect") { _, context in try await connect(context) }
        router.get("sessions") { _, context in try sessions(context) }
        router.delete("sessions/:topic") { _, context in try await end(context) }
        // From here on a wallet has to be connected.
        let wallet = router.group().add(middleware: ConnectionMiddleware(backend))
        wallet.post("sign") { _, context in try await sign(context) }
        wallet.post("send") { _, context in try await send(context) }
        return router
    }

    /// Answers at once; the session is there as soon as the person has said yes, and GET /sessions shows it.
    private func connect(_ context: Context) async throws -> Response {
        let pending = try await backend.connect(
            ConnectionRequest(userID: try context.walletConnect.user(), chains: [chain]))
        return Self.answer(
            .created,
            [
                "uri": .string(pending.uri), "qr_svg": .string(try pending.qrSVG()),
                "pairing_topic": .string(pending.pairingTopic.hex), "expires_at": .string(pending.expiresAt.rfc3339),
            ])
    }

    private func sessions(_ context: Context) throws -> Response {
        let list = backend.connections(of: try context.walletConnect.user())
        return Self.answer(
            .ok,
            .array(
                list.map { connection in
                    [
                        "topic": .string(connection.topic.hex), "state": .string(connection.state.rawValue),
                        "accounts": .array(connection.accounts.map { .string($0.description) }),
                        "wallet": connection.peer.map { .string($0.name) } ?? .null,
                    ]
                }))
    }

    private func sign(_ context: Context) async throws -> Response {
        guard let message = context.walletConnect.body?["message"]?.string else {
            throw Refusal(.unprocessableContent, "invalid_params", "message is the text to sign")
        }
        let signed = try await backend.signMessage(
            message, on: chain, for: .topic(try context.walletConnect.connected().topic),
            options: CallOptions(expirySeconds: Self.answerSeconds))
        return Self.answer(
            .ok,
            [
                "signature": .string(Hex.encodePrefixed(signed.signature)),
                "account": .string(signed.account.description),
            ])
    }

    private func send(_ context: Context) async throws -> Response {
        let body = context.walletConnect.body
        guard let text = body?["to"]?.string, let to = try? Address(checksummed: text) else {
            throw Refusal(.unprocessableContent, "invalid_params", "to is an address with its checksum")
        }
        guard let text = body?["value"]?.string, let value = try? UInt256(decimal: text) else {
            throw Refusal(.unprocessableContent, "invalid_params", "value is wei in decimal digits")
        }
        let sent = try await backend.sendTransaction(
            TransactionCall(to: to, value: value), on: chain,
            for: .topic(try context.walletConnect.connected().topic),
            options: CallOptions(expirySeconds: Self.answerSeconds))
        return Self.answer(.ok, ["hash": .string(sent.hash.description), "from": .string(sent.from.description)])
    }

    private func end(_ context: Context) async throws -> Response {
        let user = try context.walletConnect.user()
        // A topic of somebody else's is as unknown as one that is nobody's.
        guard let topic = try? Topic(hex: try context.parameters.require("topic")),
            let connection = backend.connection(topic), connection.userID == user
        else { throw Refusal(.notFound, "not_found", "there is no such session") }
        try await backend.disconnect(topic)
        return Response(status: .noContent)
    }

    private static func answer(_ status: HTTPResponse.Status, _ json: JSON) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.serialized())))
    }
}
