import Primitives
import Synchronization
import Testing

@testable import WalletConnectProtocol

/// A whole recorded conversation with fixed keys and nonces, played by two engines: each message is the recorded one to
/// the byte.
@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct EngineTranscriptVectorTests {
    /// Keys and nonces in the order in which they are to be drawn.
    private final class Script: Sendable {
        private let state = Mutex<(keys: [[UInt8]], nonces: [[UInt8]])>(([], []))

        var source: RandomSource {
            RandomSource { [self] count in
                state.withLock { state in
                    switch count {
                    case 32 where !state.keys.isEmpty: state.keys.removeFirst()
                    case 12 where !state.nonces.isEmpty: state.nonces.removeFirst()
                    default: [UInt8](repeating: 0, count: count)
                    }
                }
            }
        }

        func key(_ bytes: [UInt8]) { state.withLock { $0.keys.append(bytes) } }
        func nonce(_ bytes: [UInt8]) { state.withLock { $0.nonces.append(bytes) } }
    }

    /// Ids whose next one at `now` is `wanted`.
    private func ids(giving wanted: Int64, at now: Timestamp) -> PayloadIDs {
        for seed in UInt8.min...UInt8.max {
            for other in UInt8.min...UInt8.max {
                let random = RandomSource { count in [seed, other] + [UInt8](repeating: 0, count: count - 2) }
                var ids = PayloadIDs(random: random)
                let copy = ids
                if ids.next(at: now) == wanted { return copy }
            }
        }
        Issue.record("no seed gives \(wanted)")
        return PayloadIDs(random: .seeded(1))
    }

    private struct Step {
        let json: JSON
        var message: String { json["message_base64"]!.string! }
        var nonce: [UInt8] { try! Hex.decode(json["iv"]!.string!) }
        var topic: Topic { try! Topic(hex: json["topic"]!.string!) }
        var id: Int64 { try! JSON.parse(json["plaintext"]!.string!)["id"]!.int! }
        var plaintext: JSON { try! JSON.parse(json["plaintext"]!.string!) }
    }

    @Test func `two engines say what was recorded`() throws {
        let vector = try Vectors.json("handshake_transcript.json")
        let steps = vector["steps"]!.array!.map { Step(json: $0) }
        func hex(_ path: String...) -> [UInt8] {
            var json = vector
            for name in path { json = json[name]! }
            return try! Hex.decode(json.string!)
        }
        func metadata(_ json: JSON) throws -> Metadata { try Metadata.decode(json) }
        let mailbox = Mailbox()
        let (dappScript, walletScript) = (Script(), Script())
        let proposal = steps[0].plaintext["params"]!
        let dapp = TestPeer("dapp", mailbox, seed: 0, random: dappScript.source) {
            $0.metadata = try! metadata(proposal["proposer"]!["metadata"]!)
        }
        let wallet = TestPeer("wallet", mailbox, seed: 0, random: walletScript.source) {
            $0.metadata = try! metadata(steps[2].plaintext["params"]!["controller"]!["metadata"]!)
        }
        func said(_ step: Step) -> RelayPublish? {
            mailbox.published.map(\.publish).first { $0.message == step.message && $0.topic == step.topic }
        }
        func check(_ step: Step, _ peer: TestPeer, at now: Timestamp) {
            peer.settle(at: now)
            let publish = said(step)
            #expect(publish != nil, "\(step.json["step"]!)")
            #expect(publish?.tag == UInt32(step.json["tag"]!.int!))
            #expect(publish?.ttlSeconds == UInt32(step.json["ttl"]!.int!))
            #expect(publish?.prompt == step.json["prompt"]?.bool)
        }
        func carry(_ step: Step, to peer: TestPeer, at now: Timestamp) {
            peer.commit(
                peer.engine.receive(
                    InboundMessage(topic: step.topic, message: step.message, publishedAt: now), at: now))
            peer.settle(at: now)
        }
        func moment(_ step: Step) -> Timestamp { Timestamp(milliseconds: step.id / 1000) }
        func prepare(_ step: Step, _ peer: TestPeer, _ script: Script) {
            peer.engine.payloadIDs = ids(giving: step.id, at: moment(step))
            script.nonce(step.nonce)
        }

        // The dApp proposes.
        dappScript.key(hex("pairing", "sym_key"))
        dappScript.key(hex("dapp", "private"))
        prepare(steps[0], dapp, dappScript)
        let start = moment(steps[0])
        let (connecting, decision) = try dapp.engine.connect(
            ConnectOffer(
                optionalNamespaces: try NamespaceMap<ProposalNamespace>.decode(proposal["optionalNamespaces"]!)),
            at: start)
        dapp.commit(decision)
        check(steps[0], dapp, at: start)
        #expect(connecting.uri?.text == vector["pairing"]!["uri"]!.string)

        // The wallet approves.
        wallet.commit(try wallet.engine.pair(connecting.uri!.text, at: start).decision)
        carry(steps[0], to: wallet, at: start)
        walletScript.key(hex("wallet", "private"))
        walletScript.nonce(steps[1].nonce)
        prepare(steps[2], wallet, walletScript)
        let settled = moment(steps[2])
        let namespaces = try NamespaceMap<SessionNamespace>.decode(steps[2].plaintext["params"]!["namespaces"]!)
        let (approving, approval) = try wallet.engine.approve(
            Approval(id: .number(steps[0].id), namespaces: namespaces), at: settled)
        wallet.commit(approval)
        check(steps[1], wallet, at: settled)
        check(steps[2], wallet, at: settled)
        #expect(approving.session.topic.hex == vector["session"]!["topic"]!.string)

        // The dApp takes the answer and the settlement.
        carry(steps[1], to: dapp, at: settled)
        dappScript.nonce(steps[3].nonce)
        carry(steps[2], to: dapp, at: settled)
        check(steps[3], dapp, at: settled)
        carry(steps[3], to: wallet, at: settled)
        #expect(wallet.engine.session(approving.session.topic)?.acknowledged == true)
        let topic = approving.session.topic

        // Requests, events, changes, pings, the end.
        var now = moment(steps[4])
        prepare(steps[4], dapp, dappScript)
        let request = steps[4].plaintext["params"]!["request"]!
        dapp.commit(
            try dapp.engine.request(
                SessionRequest(
                    topic: topic, chainID: "eip155:1", method: "personal_sign", params: request["params"]), at: now
            ).decision)
        check(steps[4], dapp, at: now)
        carry(steps[4], to: wallet, at: now)
        walletScript.nonce(steps[5].nonce)
        wallet.commit(
            try wallet.engine.respond(
                to: .number(steps[4].id), on: topic, with: .result(steps[5].plaintext["result"]!), at: now))
        check(steps[5], wallet, at: now)
        carry(steps[5], to: dapp, at: now)
        #expect(dapp.finished[steps[4].id] == .result("0xsignature"))

        now = moment(steps[6])
        prepare(steps[6], wallet, walletScript)
        wallet.commit(
            try wallet.engine.emit(
                try SessionEvent.decode(steps[6].plaintext["params"]!["event"]!), chainID: "eip155:1", on: topic,
                at: now
            ).decision)
        check(steps[6], wallet, at: now)
        carry(steps[6], to: dapp, at: now)

        now = moment(steps[7])
        prepare(steps[7], wallet, walletScript)
        wallet.commit(try wallet.engine.update(topic, namespaces: namespaces, at: now).decision)
        check(steps[7], wallet, at: now)
        dappScript.nonce(steps[8].nonce)
        carry(steps[7], to: dapp, at: now)
        check(steps[8], dapp, at: now)
        carry(steps[8], to: wallet, at: now)
        #expect(wallet.finished[steps[7].id] == .acknowledged)

        // The recorded extension is a JavaScript wallet's, without an expiry; ours always has one.
        now = moment(steps[9])
        dappScript.nonce(steps[10].nonce)
        carry(steps[9], to: dapp, at: now)
        check(steps[10], dapp, at: now)

        now = moment(steps[11])
        prepare(steps[11], dapp, dappScript)
        dapp.commit(try dapp.engine.ping(topic, at: now).decision)
        check(steps[11], dapp, at: now)
        walletScript.nonce(steps[12].nonce)
        carry(steps[11], to: wallet, at: now)
        check(steps[12], wallet, at: now)
        carry(steps[12], to: dapp, at: now)
        #expect(dapp.finished[steps[11].id] == .acknowledged)

        now = moment(steps[13])
        prepare(steps[13], dapp, dappScript)
        dapp.commit(dapp.engine.disconnect(topic, at: now))
        check(steps[13], dapp, at: now)
        carry(steps[13], to: wallet, at: now)
        #expect(wallet.engine.sessionCount == 0)
    }

    @Test func `the recorded refusal is written to the byte`() throws {
        let vector = try Vectors.json("handshake_transcript.json")
        let steps = vector["steps"]!.array!.map { Step(json: $0) }
        let reject = Step(json: vector["reject"]!)
        let script = Script()
        let mailbox = Mailbox()
        let wallet = TestPeer("wallet", mailbox, seed: 0, random: script.source)
        let now = Timestamp(milliseconds: 1_760_000_001_000)
        wallet.commit(try wallet.engine.pair(vector["pairing"]!["uri"]!.string!, at: now).decision)
        wallet.commit(
            wallet.engine.receive(
                InboundMessage(topic: steps[0].topic, message: steps[0].message, publishedAt: now), at: now))
        script.nonce(reject.nonce)
        wallet.commit(
            try wallet.engine.reject(
                .number(reject.id), reason: Reason(code: 5000, message: "User rejected."), at: now))
        wallet.settle(at: now)
        #expect(mailbox.published.map(\.publish.message) == [reject.message])
        #expect(mailbox.published.map(\.publish.tag) == [1120])
    }
}
