import Primitives
import Storage
import Testing
import WalletConnectClient
import WalletConnectProtocol

@Suite(.timeLimit(.minutes(1)))
struct SignClientTimeTests {
    @Test func `a request ends by its deadline, also offline`() async throws {
        let relay = LoopbackRelay()
        let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let start = WallClock.system.now
        let (clock, pace) = (ManualClock(start), ManualPace())
        let (first, wallet) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        let session = try await Bench.both(first, wallet) { try await Bench.session(first, wallet) }
        relay.behave { $0.isReachable = false }
        let dApp = Bench.client("dapp", relay, dStore, clock: clock.clock, pace: pace.pace)
        try await withSignClient(dApp) { dApp in
            async let answer = Result {
                try await dApp.request(
                    SessionRequest(
                        topic: session.topic, chainID: "eip155:1", method: "personal_sign", params: ["0x00"],
                        expirySeconds: 300))
            }
            await Bench.until { dApp.counts.requests == 1 }
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
            let failure = await answer.failure as? SignError
            #expect(failure?.code == .requestExpired || failure?.code == .publishFailed)
        }
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
