import Primitives
import Testing
import WalletConnectProtocol

/// The whole life of a session under random reordering, doubling, loss with redelivery, and crashes at every step.
struct SimulationTests {
    private static let requestCount = 3

    /// What an app remembers across restarts.
    private final class Run {
        let pair: TestPair
        var random: SplitMixSource
        let crashes: Bool
        var connecting: Connecting?
        var isScanned = false
        var topic: Topic?
        var calls: [Int64] = []
        var results: [Int64: SignOutcome] = [:]
        var answered: [String: Int] = [:]
        var handledEvents = 0
        var shown: [String: Int] = [:]
        var isOver = false

        init(seed: UInt64, crashes: Bool, old: Bool) {
            random = SplitMixSource(seed)
            self.crashes = crashes
            pair = TestPair(seed: seed) {
                $0.usesCompoundCalls = !old
            } wallet: {
                $0.usesCompoundCalls = !old
            }
        }

        /// One random thing happens.
        func step() throws {
            pair.now = pair.now.adding(milliseconds: Int64(random.next(below: 20)))
            let peer = random.next(below: 2) == 0 ? pair.dapp : pair.wallet
            switch random.next(below: 12) {
            case 0...4: peer.act(at: pair.now)
            case 5...8:
                let pushes = pair.mailbox.pushes(for: peer.name)
                guard !pushes.isEmpty else { break }
                let push = pushes[Int(random.next(below: UInt64(pushes.count)))]
                // One in four comes again.
                peer.take(push, acknowledging: random.next(below: 4) != 0, at: pair.now)
            case 9: peer.commit(peer.engine.tick(at: pair.now))
            case 10:
                guard crashes, random.next(below: 3) == 0 else { break }
                try peer.crash(at: pair.now)
                if peer === pair.wallet {
                    handledEvents = 0
                    shown = [:]
                }
            default: break
            }
            try driveDApp()
            try driveWallet()
        }

        private func driveDApp() throws {
            let peer = pair.dapp
            guard let connecting else {
                let (connecting, decision) = try peer.engine.connect(TestPair.offer, at: pair.now)
                self.connecting = connecting
                peer.commit(decision)
                return
            }
            for (call, outcome) in peer.finished where results[call] == nil {
                results[call] = outcome
                peer.commit(peer.engine.handedOver(call))
            }
            if topic == nil, case .session(let session)? = results[connecting.id] { topic = session.topic }
            guard let topic, !isOver else { return }
            if calls.count < requestCount, peer.engine.session(topic) != nil {
                let (calling, decision) = try peer.engine.request(
                    SessionRequest(
                        topic: topic, chainID: "eip155:1", method: "personal_sign",
                        params: [.string("message \(calls.count)")]), at: pair.now)
                calls.append(calling.id)
                peer.commit(decision)
            } else if calls.allSatisfy({ results[$0] != nil }) {
                isOver = true
                peer.commit(peer.engine.disconnect(topic, at: pair.now))
            }
        }

        private func driveWallet() throws {
            let peer = pair.wallet
            if !isScanned, let uri = connecting?.uri {
                isScanned = true
                peer.commit(try peer.engine.pair(uri.text, at: pair.now).decision)
            }
            while handledEvents < peer.events.count {
                let event = peer.events[handledEvents]
                handledEvents += 1
                switch event {
                case .sessionProposal(let received):
                    guard
                        let (_, decision) = try? peer.engine.approve(
                            Approval(id: received.proposal.id, namespaces: TestPair.namespaces), at: pair.now)
                    else { continue }
                    answered["proposal", default: 0] += 1
                    peer.commit(decision)
                case .sessionRequest(let request):
                    let name = "\(request.topic) \(request.id)"
                    shown[name, default: 0] += 1
                    #expect(shown[name] == 1, "a request is shown once by one process")
                    guard
                        let decision = try? peer.engine.respond(
                            to: request.id, on: request.topic, with: .result(["echo": request.params ?? .null]),
                            at: pair.now)
                    else { continue }
                    answered[name, default: 0] += 1
                    peer.commit(decision)
                default: break
                }
            }
        }

        private var requestCount: Int { SimulationTests.requestCount }

        var isQuiet: Bool {
            isOver && pair.dapp.actions.isEmpty && pair.wallet.actions.isEmpty
                && pair.mailbox.pushes(for: "dapp").isEmpty && pair.mailbox.pushes(for: "wallet").isEmpty
        }
    }

    private func simulate(seed: UInt64, crashes: Bool, old: Bool) throws {
        let run = Run(seed: seed, crashes: crashes, old: old)
        var steps = 0
        while !run.isQuiet, steps < 20_000 {
            try run.step()
            steps += 1
        }
        #expect(run.isQuiet, "seed \(seed): everything ends (\(steps) steps)")
        #expect(run.answered.values.allSatisfy { $0 == 1 }, "seed \(seed): nothing is answered twice")
        #expect(run.calls.count == Self.requestCount, "seed \(seed)")
        for (index, call) in run.calls.enumerated() {
            let expected: JSON = ["echo": [.string("message \(index)")]]
            #expect(run.results[call] == .result(expected), "seed \(seed): request \(index)")
        }
        // Two days later nothing is left on either side: no key, no row, no digest.
        let pair = run.pair
        for _ in 0..<20 {
            pair.advance(seconds: 8640)
            pair.run()
        }
        for peer in [pair.dapp, pair.wallet] {
            for (call, _) in peer.finished { peer.commit(peer.engine.handedOver(call)) }
            let left = peer.store.values.filter { $0.expiresAt.map { $0 > pair.now } ?? true }
            #expect(left.map(\.key).isEmpty, "seed \(seed): \(peer.name) keeps \(left.map(\.key))")
            #expect(peer.engine.topics.isEmpty, "seed \(seed)")
        }
        #expect(pair.mailbox.subscribers.values.allSatisfy { $0.isEmpty }, "seed \(seed): no topic stays subscribed")
    }

    @Test(arguments: UInt64(1)...60)
    func `messages in any order, twice or late change nothing`(seed: UInt64) throws {
        try simulate(seed: seed, crashes: false, old: seed % 2 == 0)
    }

    @Test(arguments: UInt64(1)...150)
    func `a crash between any two steps loses nothing and repeats nothing`(seed: UInt64) throws {
        try simulate(seed: seed &* 7919, crashes: true, old: seed % 2 == 0)
    }
}

/// SplitMix64, for choices in tests.
struct SplitMixSource {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next(below bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return (mixed ^ mixed >> 31) % bound
    }
}
