import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// An app that approves whatever is proposed and answers each request with the request's own params.
///
/// It keeps nothing but what it was shown: after a restart it asks its client what is still to be done.
final class WalletApp: Sendable {
    private let seen = Mutex<[String: Set<RPCID>]>([:])
    private let shows = Mutex<[String: Int]>([:])

    /// How often each request was shown, by its params.
    var shown: [String: Int] { shows.withLock { $0 } }

    /// Serves a client for as long as `body` takes.
    func serving<Result: Sendable>(
        _ client: OurClient, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                await self.serve(client.client)
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw CancellationError()
        }
    }

    /// Serves a client until it ends.
    func serve(_ client: SignClient) async {
        let events = client.events()
        for received in client.pendingProposals { await approve(received.proposal, client) }
        for request in client.pendingRequests() { await answer(request, client) }
        for await event in events {
            switch event {
            case .sessionProposal(let received): await approve(received.proposal, client)
            case .sessionRequest(let request): await answer(request, client)
            default: break
            }
        }
    }

    private func approve(_ proposal: SessionProposal, _ client: SignClient) async {
        // A client that was killed throws; its successor shows the proposal again.
        _ = try? await client.approve(
            Approval(id: proposal.id, pairingTopic: proposal.pairingTopic, namespaces: Fixture.granted))
    }

    private func answer(_ request: PendingRequest, _ client: SignClient) async {
        let params = request.params?.text ?? "none"
        // A request that this client shows twice counts twice; the start-up look and the event are one showing.
        shows.withLock { $0[params, default: 0] += 1 }
        try? await client.respond(to: request.id, on: request.topic, with: .result(request.params ?? .null))
    }
}
