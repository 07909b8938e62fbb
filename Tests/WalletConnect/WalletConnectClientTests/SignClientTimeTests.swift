import Primitives
import Storage
import Testing
import WalletConnectClient
import WalletConnectProtocol

@Suite(.timeLimit(.minutes(10)))
struct SignClientTimeTests {
    /// Asks for something that ends after 300 seconds, while the relay misbehaves, and moves the time beyond that.
    private func failure(
        _ behaviour: @escaping @Sendable (LoopbackRelay) async -> Void,
        restarts: Bool = false
    ) async throws -> SignError? {
        let relay = LoopbackRelay()
        let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let (clock, pace) = (ManualClock(WallClock.system.now), ManualPace())
        let (first, wallet) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        let session = try await Bench.both(first, wallet) { try await Bench.session(first, wallet) }
        @Sendable func client() -> SignClient {
            Bench.client("dapp", relay, dStore, clock: clock.clock, pace: pace.pace)
        }
        @Sendable func ask(_ dApp: SignClient) async throws -> Int64 {
            try await dApp.requestWithoutWaiting(
                SessionRequest(
                    topic: session.topic, chainID: "eip155:1", method: "eth_sendTransaction", params: [],
                    expirySeconds: 300)
            ).id
        }
        var asked: Int64?
        if restarts {
            relay.behave { $0.isReachable = false }
            asked = try await withSignClient(client()) { try await ask($0) }
        }
        let known = asked
        return try await withSignClient(client()) { dApp in
            if !restarts { await Bench.until { dApp.relayStatus == .online } }
            await behaviour(relay)
            let id = if let known { known } else { try await ask(dApp) }
            async let answer = Result { try await dApp.awaitResponse(id) }
            await Bench.until { relay.connectionCount == 0 || relay.calls.last == "irn_publish" }
            clock.advance(seconds: 299)
            pace.advance(seconds: 299)
            for _ in 0..<100 { await Task.yield() }
            #expect(dApp.counts.requests == 1)
            clock.advance(seconds: 2)
            // The timer may just have gone to sleep for a little longer.
            while dApp.counts.requests == 1 {
                pace.advance(seconds: 1)
                await Task.yield()
            }
            return await answer.failure as? SignError
        }
    }

    @Test func `a request that surely never left ends as not published, and may be asked again`() async throws {
        let failure = try await failure { relay in
            relay.behave { $0.isReachable = false }
            relay.breakAll()
        }
        #expect(failure?.code == .publishFailed)
        #expect(failure?.isRetryable == true)
    }

    @Test func `a request whose relay was heard of no more ends as expired: the wallet may have done it`() async throws
    {
        let failure = try await failure { relay in
            relay.behave { $0.swallowsAnswers = true }
        }
        #expect(failure?.code == .requestExpired)
        #expect(failure?.isRetryable == false)
    }

    @Test func `a request that another process may have sent ends as expired`() async throws {
        let failure = try await failure({ _ in }, restarts: true)
        #expect(failure?.code == .requestExpired)
    }

    @Test func `a slow listener loses the newest events, and they are counted`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (
            Bench.client("dapp", relay) { $0.eventsWaitingMax = 2 }, Bench.client("wallet", relay)
        )
        let slow = dApp.events()
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            for _ in 0..<5 { _ = try await dApp.request(Bench.sign(session.topic)) }
        }
        var count = 0
        for await _ in slow { count += 1 }
        #expect(count == 2)
    }
}
