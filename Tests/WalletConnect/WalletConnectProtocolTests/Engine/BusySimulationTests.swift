import Primitives
import Testing

@testable import WalletConnectProtocol

/// Sessions in use from both sides, made by one click, with crashes: both sides agree in the end, and nothing is left.
struct BusySimulationTests {
    private static let issuer = "did:pkh:eip155:1:0x3c582121909DE92Dc89A36898633C1aE4790382b"

    /// One random step of either side: an action, a push, perhaps a crash.
    private func step(_ pair: TestPair, _ random: inout SplitMixSource, crashes: Bool = true) throws {
        pair.now = pair.now.adding(milliseconds: Int64(random.next(below: 10)))
        let peer = random.next(below: 2) == 0 ? pair.dapp : pair.wallet
        switch random.next(below: 20) {
        case 0...8: peer.act(at: pair.now)
        case 9...17:
            let pushes = pair.mailbox.pushes(for: peer.name)
            guard !pushes.isEmpty else { return }
            peer.take(
                pushes[Int(random.next(below: UInt64(pushes.count)))], acknowledging: random.next(below: 4) != 0,
                at: pair.now)
        default: if crashes { try peer.crash(at: pair.now) }
        }
        for call in peer.finished.keys { peer.commit(peer.engine.handedOver(call)) }
    }

    private func isQuiet(_ pair: TestPair) -> Bool {
        pair.dapp.actions.isEmpty && pair.wallet.actions.isEmpty && pair.mailbox.pushes(for: "dapp").isEmpty
            && pair.mailbox.pushes(for: "wallet").isEmpty
    }

    private func drain(_ pair: TestPair, _ random: inout SplitMixSource, seed: UInt64) throws {
        var steps = 0
        while !isQuiet(pair), steps < 5000 {
            // Whoever crashes for ever never gets anything done.
            try step(pair, &random, crashes: steps < 60)
            steps += 1
        }
        #expect(isQuiet(pair), "seed \(seed)")
    }

    @Test(arguments: UInt64(1)...40)
    func `both sides agree after changes, events and crashes`(seed: UInt64) throws {
        var random = SplitMixSource(seed &* 104_729)
        let pair = TestPair(seed: seed)
        let (connecting, decision) = try pair.dapp.engine.authenticate(
            AuthRequest(
                domain: "dapp.example", uri: "https://dapp.example", chains: ["eip155:1"], nonce: "\(seed)",
                methods: ["personal_sign"]), at: pair.now)
        pair.dapp.commit(decision)
        try drain(pair, &random, seed: seed)
        pair.wallet.commit(try pair.wallet.engine.pair(connecting.uri!.text, at: pair.now).decision)
        try drain(pair, &random, seed: seed)
        let asked = pair.wallet.engine.pendingAuthentications[0]
        let payload = try asked.payload.limited(toChains: ["eip155:1"], methods: ["personal_sign"])
        let cacao = Cacao(
            answering: payload, issuer: Self.issuer, signature: Cacao.Signature(type: "eip191", value: "0x00"))
        pair.wallet.commit(
            try pair.wallet.engine.approveAuthentication(asked.id, cacaos: [cacao], at: pair.now).decision)
        try drain(pair, &random, seed: seed)
        #expect(pair.dapp.engine.sessionCount == 1, "seed \(seed)")
        guard let topic = pair.wallet.engine.sessionTopics.first else { return }

        for index in 0..<30 {
            pair.now = pair.now.adding(milliseconds: 2)
            switch random.next(below: 4) {
            case 0:
                var namespaces = pair.wallet.engine.session(topic)!.namespaces
                namespaces["eip155"]?.methods = ["personal_sign", "method_\(index)"]
                pair.wallet.commit(
                    try pair.wallet.engine.update(topic, namespaces: namespaces, at: pair.now).decision)
            case 1: pair.wallet.commit(try pair.wallet.engine.extend(topic, at: pair.now).decision)
            case 2:
                pair.wallet.commit(
                    try pair.wallet.engine.emit(
                        SessionEvent(name: "chainChanged", data: JSON(index)), chainID: "eip155:1", on: topic,
                        at: pair.now
                    ).decision)
            default: pair.dapp.commit(try pair.dapp.engine.ping(topic, at: pair.now).decision)
            }
            for _ in 0..<5 { try step(pair, &random) }
            // Seconds pass between extensions, so that each is later than the one before.
            pair.now = pair.now.adding(seconds: 1)
        }
        try drain(pair, &random, seed: seed)
        let (ours, theirs) = (pair.dapp.engine.session(topic), pair.wallet.engine.session(topic))
        #expect(ours?.namespaces == theirs?.namespaces, "seed \(seed)")
        #expect(ours?.expiry == theirs?.expiry, "seed \(seed)")
        #expect(pair.dapp.engine.counts.requests == 0, "seed \(seed)")
        #expect(pair.wallet.engine.counts.requests == 0, "seed \(seed)")
        #expect(pair.dapp.engine.counts.outbox == 0, "seed \(seed)")

        pair.wallet.commit(pair.wallet.engine.disconnect(topic, at: pair.now))
        try drain(pair, &random, seed: seed)
        for _ in 0..<3 { pair.advance(seconds: 86_400) }
        for peer in [pair.dapp, pair.wallet] {
            let left = peer.store.values.filter { $0.expiresAt.map { $0 > pair.now } ?? true }.map(\.key)
            #expect(left.isEmpty, "seed \(seed): \(peer.name) keeps \(left)")
        }
        #expect(pair.mailbox.subscribers.values.allSatisfy { $0.isEmpty }, "seed \(seed)")
    }
}
