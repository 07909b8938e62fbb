import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol

@Suite(.timeLimit(.minutes(10)))
struct SignClientTests {
    @Test(arguments: [true, false])
    func `a session is agreed, used and ended`(compound: Bool) async throws {
        let relay = LoopbackRelay()
        relay.behave { $0.knowsCompoundCalls = compound }
        let clock = ManualClock(WallClock.system.now)
        let (dApp, wallet) = (
            Bench.client("dapp", relay, clock: clock.clock), Bench.client("wallet", relay, clock: clock.clock)
        )
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            #expect(dApp.sessions.map(\.topic) == [session.topic])
            #expect(session.peer.metadata.name == "wallet")
            let answer = try await dApp.request(Bench.sign(session.topic))
            #expect(answer[0]?.string == "signed")
            #expect(answer[1]?[0]?.string == "0x68656c6c6f")
            try await dApp.ping(session.topic)
            try await wallet.ping(session.topic)
            clock.advance(seconds: 2)
            try await wallet.extend(session.topic)
            try await wallet.update(session.topic, namespaces: Bench.namespaces)
            try await wallet.emit(
                SessionEvent(name: "chainChanged", data: 1), chainID: "eip155:1", on: session.topic)
            #expect(dApp.find(Bench.offer.optionalNamespaces).map(\.topic) == [session.topic])
            try await dApp.disconnect(session.topic)
            #expect(dApp.sessions.isEmpty)
            await Bench.until { wallet.sessions.isEmpty }
            try await dApp.disconnect(session.topic)
            await #expect(throws: SignError.self) { try await dApp.request(Bench.sign(session.topic)) }
        }
        #expect(relay.calls.contains("wc_proposeSession"), "it is tried first")
        #expect(relay.calls.contains("irn_subscribe") == true)
        #expect(relay.connectionCount == 0, "nothing is left open")
    }

    @Test func `a proposal is declined in the wallet's words`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await withSignClient(dApp) { dApp in
            try await withSignClient(wallet) { wallet in
                let events = wallet.events()
                let pending = try await dApp.connect(Bench.offer)
                try await wallet.pair(pending.uri!.text)
                for await event in events {
                    guard case .sessionProposal(let received) = event else { continue }
                    try await wallet.reject(received.proposal.id, reason: Reason(code: 5000, message: "No."))
                    break
                }
                do {
                    _ = try await pending.session()
                    Issue.record("there is no session")
                } catch let error as SignError {
                    #expect(error.peer?.code == 5000)
                    #expect(error.message == "No.")
                }
                #expect(wallet.pendingProposals.isEmpty)
            }
        }
    }

    @Test func `a refused request has the wallet's words`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let topic = try await Bench.both(dApp, wallet) { try await Bench.session(dApp, wallet).topic }
        #expect(topic.hex.count == 64)
        // The same records, without the one who says yes.
        let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let (d, w) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        let session = try await Bench.both(d, w) { try await Bench.session(d, w) }
        let (d2, w2) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        try await withSignClient(d2) { d2 in
            try await withSignClient(w2) { w2 in
                let events = w2.events()
                async let answer = Result { try await d2.request(Bench.sign(session.topic)) }
                for await event in events {
                    guard case .sessionRequest(let request) = event else { continue }
                    #expect(request.method == "personal_sign")
                    try await w2.respond(
                        to: request.id, on: request.topic,
                        with: .failure(PeerError(code: 4001, message: "User rejected.")))
                    break
                }
                let error = await answer.failure as? SignError
                #expect(error?.code == .peerRejected)
                #expect(error?.peer == PeerError(code: 4001, message: "User rejected."))
            }
        }
    }

    @Test func `no connection is opened before there is something to do`() async throws {
        let relay = LoopbackRelay()
        let dApp = Bench.client("dapp", relay)
        try await withSignClient(dApp) { dApp in
            #expect(dApp.relayStatus == .idle)
            for _ in 0..<100 { await Task.yield() }
            #expect(relay.openedCount == 0)
            _ = try await dApp.connect(Bench.offer)
            await Bench.until { dApp.relayStatus == .online }
            #expect(relay.openedCount == 1)
        }
        #expect(relay.connectionCount == 0)
    }

    @Test func `calls before and after the run say that it does not run`() async throws {
        let dApp = Bench.client("dapp", LoopbackRelay())
        await #expect(throws: SignError(.notInitialized, "the client is not running")) {
            try await dApp.connect(Bench.offer)
        }
        try await withSignClient(dApp) { _ in }
        do {
            _ = try await dApp.connect(Bench.offer)
            Issue.record("the client has ended")
        } catch {
            #expect(error.code == .cancelled)
        }
        await #expect(throws: SignError.self) { try await dApp.ready() }
        for await _ in dApp.events() { Issue.record("a stream after the end is over") }
    }

    @Test func `cancelling a wait ends the wait alone`() async throws {
        let relay = LoopbackRelay()
        let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let (dApp, wallet) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            relay.behave { $0.isReachable = false }
            relay.breakAll()
            let calling = try await dApp.requestWithoutWaiting(Bench.sign(session.topic))
            let waiting = Task { try await dApp.awaitResponse(calling.id) }
            waiting.cancel()
            await #expect(throws: SignError(.cancelled)) { try await waiting.value }
            guard case .waiting = dApp.status(of: calling.id) else {
                Issue.record("the request goes on")
                return
            }
            relay.behave { $0.isReachable = true }
            #expect(try await dApp.awaitResponse(calling.id)[0]?.string == "signed")
            #expect(dApp.status(of: calling.id) == nil)
            await #expect(throws: SignError.self) { try await dApp.awaitResponse(calling.id) }
        }
    }

    @Test func `a client has said everything once it is drained, and says so when it could not`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            relay.behave { $0.isReachable = false }
            relay.breakAll()
            try await dApp.disconnect(session.topic)
            #expect(await !dApp.drain(milliseconds: 1))
            relay.behave { $0.isReachable = true }
            #expect(await dApp.drain(milliseconds: 30_000))
            #expect(dApp.counts.outbox == 0)
        }
    }

    @Test func `what is asked offline is answered online`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            relay.behave { $0.isReachable = false }
            relay.breakAll()
            async let answer = dApp.request(Bench.sign(session.topic))
            await Bench.until { dApp.counts.outbox > 0 }
            relay.behave { $0.isReachable = true }
            #expect(try await answer[0]?.string == "signed")
        }
    }

    @Test func `a refusing relay is told at once`() async throws {
        let relay = LoopbackRelay()
        relay.behave { $0.closesWith = RelayClose(code: 3000, reason: "Project not found") }
        let dApp = Bench.client("dapp", relay)
        try await withSignClient(dApp) { dApp in
            let pending = try await dApp.connect(Bench.offer)
            do {
                _ = try await pending.session()
                Issue.record("nobody could be asked")
            } catch let error as SignError {
                #expect(error.code == .relayRefused)
            }
            #expect(dApp.relayStatus == .refused(RelayClose(code: 3000, reason: "Project not found")))
            relay.behave { $0.closesWith = nil }
            dApp.reconnect()
            let again = try await dApp.connect(Bench.offer)
            await Bench.until { dApp.relayStatus == .online }
            #expect(dApp.status(of: again.id) != nil)
        }
    }

    @Test func `pushes that come twice are handled once`() async throws {
        let relay = LoopbackRelay()
        relay.behave { $0.pushesTwice = true }
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let requests = Mutex(0)
        let events = wallet.events()
        let counting = Task {
            for await event in events {
                if case .sessionRequest = event { requests.withLock { $0 += 1 } }
            }
        }
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            for number in 0..<10 { _ = try await dApp.request(Bench.sign(session.topic, "0x0\(number)")) }
        }
        await counting.value
        #expect(requests.withLock { $0 } == 10)
    }

    @Test func `a hundred requests at once are all answered`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            let answers = try await withThrowingTaskGroup(of: String?.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        try await dApp.request(Bench.sign(session.topic, "0x\(number)"))[1]?[0]?.string
                    }
                }
                return try await group.reduce(into: Set<String>()) { if let text = $1 { $0.insert(text) } }
            }
            #expect(answers.count == 100)
            await Bench.until { dApp.counts.outbox == 0 && dApp.counts.outcomes == 0 }
        }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }

    var failure: (any Error)? {
        if case .failure(let error) = self { error } else { nil }
    }
}
