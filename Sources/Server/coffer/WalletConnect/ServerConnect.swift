import AsyncHTTPClient
import CofferClient
import Primitives

/// `coffer connect --server`: a running server connects the wallet, and this terminal shows the code.
struct ServerConnect: Sendable {
    /// The deadline of one request to the server.
    private static let requestSeconds = 10.0

    let user: String
    let wish: SessionWish
    let showsCode: Bool
    let timeoutSeconds: Int64
    let feed: Feed

    /// - Throws: what failed; ``SilentExit`` when the wallet said no.
    func run(_ connection: Connection) async throws {
        let http = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: APIClient.configuration(timeoutSeconds: Self.requestSeconds))
        let client = APIClient(
            connection: connection, http: http, timeoutSeconds: Self.requestSeconds, notice: { feed.note($0) })
        do {
            try await connect(client)
        } catch {
            try? await http.shutdown()
            throw error
        }
        try await http.shutdown()
    }

    private func connect(_ client: APIClient) async throws {
        let body: JSON = [
            "user_id": .string(user), "chains": .array(wish.chains.map { .string("\($0)") }),
            "methods": .array(wish.methods.map { .string($0) }), "events": .array(wish.events.map { .string($0) }),
        ]
        let pairing = try await client.send(.post("/v1/connections", body)).json()
        guard let uri = pairing["uri"]?.string, let topic = pairing["pairing_topic"]?.string else {
            throw ClientError(.failed, "the server's answer has no URI", fix: "check that the URL is Coffer's")
        }
        if showsCode { try feed.draw(uri) }
        let expiry = pairing["expires_at"]?.string.flatMap { try? Timestamp(rfc3339: $0) }
        try feed.show(.uri(uri, expiry: expiry.map { $0.milliseconds / 1_000 }))
        feed.note("waiting for a wallet, at most \(timeoutSeconds) s")
        let path = "/v1/connections/\(APICall.escaped(topic))"
        let found = try await Deadline.run(seconds: Double(timeoutSeconds)) { try await settled(path, client) }
        try feed.show(.connected(found))
        if found["state"]?.string != "active" { throw SilentExit(exit: .failed) }
    }

    /// The connection, once the wallet has answered or can't any more.
    private func settled(_ path: String, _ client: APIClient) async throws -> JSON {
        func look() async throws -> JSON { try await client.send(.get(path)).json() }
        var found = try await look()
        guard found["state"]?.string == "pending" else { return found }
        try await EventFollower(.get("\(path)/events"), client: client).follow(
            take: { _ in
                found = try await look()
                return found["state"]?.string == "pending" ? .goOn : .stop
            },
            atEnd: {
                found = try await look()
                return found["state"]?.string == "pending" ? .goOn : .stop
            })
        return found
    }
}
