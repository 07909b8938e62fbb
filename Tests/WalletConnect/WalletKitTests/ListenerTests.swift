import Primitives
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletKit

/// Who is told what, in which order, and for how long.
struct ListenerTests {
    private static var silent: Stage.Wallet { Stage.Wallet(listens: nil) }

    @Test func `the names are those of the JavaScript application`() {
        #expect(
            WalletKitEvent.Name.allCases.map(\.rawValue) == [
                "session_proposal", "session_request", "session_authenticate", "session_delete", "proposal_expire",
                "session_request_expire", "session_expire", "session_update", "session_extend", "session_ping",
                "session_event", "pairing_create", "pairing_ping", "pairing_expire", "pairing_delete",
            ])
    }

    @Test func `a listener is called for each event in its order`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            let seen = Notes<JSON?>()
            stage.kit.on(.sessionRequest) { request in seen.add(request.params) }
            for number in 0..<20 { _ = try await stage.ask(session.topic, [JSON(number)]) }
            try await eventually("twenty calls") { seen.all.count == 20 }
            #expect(seen.all == (0..<20).map { [JSON($0)] as JSON? })
        }
    }

    @Test func `a listener of one time is called once, and one that was ended before, never`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            let (once, never, always) = (Counter(), Counter(), Counter())
            stage.kit.once(.sessionRequest) { _ in once.add() }
            let ended = stage.kit.once(.sessionRequest) { _ in never.add() }
            stage.kit.on(.sessionRequest) { _ in always.add() }
            #expect(stage.kit.listenerCount(of: .sessionRequest) == 4)
            stage.kit.removeListener(ended)
            for _ in 0..<3 { _ = try await stage.ask(session.topic) }
            try await eventually("three calls") { always.value == 3 }
            #expect(once.value == 1)
            #expect(never.value == 0)
            #expect(stage.kit.listenerCount(of: .sessionRequest) == 2)
        }
    }

    @Test func `ending one listener ends no other of its kind`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            let (first, second) = (Counter(), Counter())
            let listener = stage.kit.on(.sessionRequest) { _ in first.add() }
            stage.kit.on(.sessionRequest) { _ in second.add() }
            stage.kit.off(listener)
            stage.kit.off(listener)
            _ = try await stage.ask(session.topic)
            try await eventually("the second") { second.value == 1 }
            #expect(first.value == 0)
            stage.kit.removeAllListeners(of: .sessionRequest)
            #expect(stage.kit.listenerCount(of: .sessionRequest) == 1)
            _ = try await stage.ask(session.topic)
            _ = try await stage.told.request()
            #expect(second.value == 1)
        }
    }

    @Test func `all listeners are ended at once, and streams go on`() throws {
        let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1")
        let stream = kit.events([.sessionPing])
        kit.on(.sessionPing) { _ in }
        kit.once(.sessionRequest) { _ in }
        kit.on(.sessionAuthenticate) { _ in }
        #expect(kit.client.handlesAuthentication)
        kit.removeAllListeners()
        #expect(kit.listenerCount(of: .sessionPing) == 1)
        #expect(kit.listenerCount(of: .sessionRequest) == 0)
        #expect(kit.listenerCount(of: .sessionAuthenticate) == 0)
        #expect(!kit.client.handlesAuthentication)
        withExtendedLifetime(stream) {}
    }

    @Test(.timeLimit(.minutes(10)))
    func `a request that a slow listener lost blocks nobody, and is shown when there is room`() async throws {
        let wallet = Stage.Wallet(
            listens: [.sessionProposal],
            change: { settings in
                settings.requests = .onePerSession
                settings.listenerEventsMax = 1
            })
        try await Stage.running(wallet) { stage in
            let (first, second) = (try await stage.settle(), try await stage.settle())
            var requests = stage.kit.events([.sessionRequest]).makeAsyncIterator()
            _ = try await stage.ask(first.topic, [1])
            try await eventually("the first") { stage.kit.pendingSessionRequests.count == 1 }
            _ = try await stage.ask(second.topic, [2])
            try await eventually("a drop") { stage.kit.droppedEventCount == 1 }
            guard case .sessionRequest(let shown) = await requests.next() else { return }
            #expect(shown.params == [1])
            try await stage.kit.respondSessionRequest(shown, with: .result(true))
            guard case .sessionRequest(let again) = await requests.next() else { return }
            #expect(again.topic == second.topic && again.params == [2])
        }
    }

    @Test func `a burst of a whole restart fits between the client and the kit`() throws {
        let settings = WalletKitSettings(metadata: Stage.metadata("Wallet"), relay: Stage.relaySettings("ws://a"))
        #expect(settings.client.eventsWaitingMax > settings.client.sign.limits.pendingMax)
        #expect(settings.listenerEventsMax > 10_000)
    }

    @Test func `a listener that ends itself is called no more`() async throws {
        try await Stage.running { stage in
            let session = try await stage.settle()
            let calls = Counter()
            let own = Mutex<WalletKitListener?>(nil)
            let listener = stage.kit.on(.sessionRequest) { [kit = stage.kit] _ in
                calls.add()
                if let own = own.withLock({ $0 }) { kit.off(own) }
            }
            own.withLock { $0 = listener }
            for _ in 0..<5 { _ = try await stage.ask(session.topic) }
            for _ in 0..<5 { _ = try await stage.told.request() }
            try await eventually("the call") { calls.value == 1 }
            #expect(stage.kit.listenerCount(of: .sessionRequest) == 1)
        }
    }

    @Test func `a listener that never returns keeps nobody waiting, and its queue has an end`() async throws {
        let wallet = Stage.Wallet(change: { $0.listenerEventsMax = 8 })
        try await Stage.running(wallet) { stage in
            let session = try await stage.settle()
            let (calls, gate) = (Counter(), AsyncStream.makeStream(of: Void.self))
            stage.kit.on(.sessionRequest) { _ in
                calls.add()
                for await _ in gate.stream {}
            }
            for number in 0..<20 {
                let call = try await stage.ask(session.topic, [JSON(number)])
                try await stage.kit.respondSessionRequest(try await stage.told.request(), with: .result(true))
                #expect(try await stage.dapp.awaitResponse(call.id) == true)
                try await eventually("the call") { calls.value == 1 }
            }
            // One is being handled and eight wait.
            #expect(stage.kit.droppedEventCount == 11)
            gate.continuation.finish()
            try await eventually("what waited") { calls.value == 9 }
        }
    }

    @Test func `what waits for an answer and came before anybody listened is told to the first who does`() async throws
    {
        try await Stage.running(Self.silent) { stage in
            _ = try await stage.propose()
            _ = try await eventually("a pending proposal") { stage.kit.pendingSessionProposals.first }
            let first = Notes<ReceivedProposal>()
            stage.kit.on(.sessionProposal) { received in first.add(received) }
            try await eventually("the first listener") { first.all == stage.kit.pendingSessionProposals }
            // It was told: the second listener hears of the next one alone.
            let second = Notes<ReceivedProposal>()
            stage.kit.on(.sessionProposal) { received in second.add(received) }
            _ = try await stage.propose()
            try await eventually("both listeners") { first.all.count == 2 && second.all.count == 1 }
            #expect(first.all.last == second.all.last)
        }
    }

    @Test func `a proposal whose address was scanned twice while nobody listened is told once`() async throws {
        try await Stage.running(Self.silent) { stage in
            let pending = try await stage.propose()
            _ = try await eventually("a proposal") { stage.kit.pendingSessionProposals.first }
            try await stage.kit.pair(try #require(pending.uri).text)
            // A sign of life in another session comes after both showings.
            let other = try await stage.propose()
            let received = try await eventually("another proposal") {
                stage.kit.pendingSessionProposals.first { $0.proposal.pairingTopic == other.pairingTopic }
            }
            try await stage.kit.approveSession(received, namespaces: Stage.supported)
            let pinged = Counter()
            stage.kit.on(.sessionPing) { _ in pinged.add() }
            try await stage.dapp.ping(try await other.session().topic)
            try await eventually("the ping") { pinged.value == 1 }

            let seen = Notes<ReceivedProposal>()
            stage.kit.on(.sessionProposal) { received in seen.add(received) }
            _ = try await stage.propose()
            try await eventually("the second proposal") {
                seen.all.last.map { $0.proposal.pairingTopic != pending.pairingTopic } == true
            }
            #expect(seen.all.count == 2)
        }
    }

    @Test func `what was answered meanwhile is not told to a late listener`() async throws {
        try await Stage.running(Self.silent) { stage in
            _ = try await stage.propose()
            let received = try await eventually("a proposal") { stage.kit.pendingSessionProposals.first }
            _ = try await stage.propose()
            try await eventually("two proposals") { stage.kit.pendingSessionProposals.count == 2 }
            try await stage.kit.rejectSession(received)
            let seen = Notes<ReceivedProposal>()
            stage.kit.once(.sessionProposal) { received in seen.add(received) }
            try await eventually("one proposal") { seen.all == stage.kit.pendingSessionProposals }
        }
    }

    @Test func `a stream has what it was asked for, and ends with the kit`() async throws {
        let ended = Counter()
        let kept = Mutex<WalletKit?>(nil)
        try await Stage.running { stage in
            let session = try await stage.settle()
            let requests = stage.kit.events([.sessionRequest])
            _ = try await stage.ask(session.topic, [1])
            var iterator = requests.makeAsyncIterator()
            guard case .sessionRequest(let request) = await iterator.next() else {
                Issue.record("a request")
                return
            }
            #expect(request.params == [1])
            kept.withLock { $0 = stage.kit }
            stage.kit.on(.sessionDelete) { _ in ended.add() }
        }
        let kit = try #require(kept.withLock { $0 })
        var later = kit.events().makeAsyncIterator()
        #expect(await later.next() == nil)
        kit.on(.sessionDelete) { _ in ended.add() }
        #expect(kit.listenerCount(of: .sessionDelete) == 0)
        #expect(ended.value == 0)
    }

    @Test func `requests are shown one at a time where that is wanted, also past one that runs out`() async throws {
        let time = MovedClock()
        let wallet = Stage.Wallet(clock: time.clock, change: { $0.requests = .onePerSession })
        try await Stage.running(wallet) { stage in
            let session = try await stage.settle()
            let first = try await stage.ask(session.topic, [1])
            for number in 2...3 {
                _ = try await stage.dapp.requestWithoutWaiting(
                    SessionRequest(
                        topic: session.topic, chainID: Stage.chain, method: "personal_sign", params: [JSON(number)],
                        expirySeconds: 3_600))
            }
            let shown = try await stage.told.request()
            #expect(shown.id == .number(first.id))
            try await eventually("all three") { stage.kit.pendingSessionRequests.count == 3 }
            #expect(!stage.told.rest.map(\.name).contains(.sessionRequest))
            // Nobody answers the first: it runs out, and the second has its turn.
            try await time.move(bySeconds: 901, for: stage.kit)
            let second = try await stage.told.request()
            #expect(second.params == [2])
            try await stage.kit.respondSessionRequest(second, with: .result(true))
            #expect(try await stage.told.request().params == [3])
        }
    }

    @Test func `tokens of another kit end nothing here`() async throws {
        try await Stage.running { stage in
            let calls = Counter()
            stage.kit.on(.sessionProposal) { _ in calls.add() }
            let other = try Stage.kit("Other", stage.url)
            for _ in 0..<8 { stage.kit.off(other.on(.sessionProposal) { _ in }) }
            _ = try await stage.propose()
            try await eventually("the call") { calls.value == 1 }
        }
    }
}
