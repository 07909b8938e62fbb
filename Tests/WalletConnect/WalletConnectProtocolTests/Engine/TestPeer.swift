import Primitives
import WalletConnectProtocol

/// A relay's mailbox in memory: topics, subscribers, what waits for each.
final class Mailbox {
    struct Push: Equatable {
        let number: Int
        let topic: Topic
        let message: String
        let tag: UInt32
        let publishedAt: Timestamp
    }

    /// Everything that was published, in order.
    private(set) var published: [(from: String, publish: RelayPublish)] = []
    private(set) var subscribers: [Topic: Set<String>] = [:]
    private var waiting: [String: [Push]] = [:]
    private var orphans: [Topic: [(from: String, push: Push)]] = [:]
    private var number = 0

    func subscribe(_ topic: Topic, _ client: String) {
        guard subscribers[topic, default: []].insert(client).inserted else { return }
        // What was published before anybody came waits for the first who is not its author.
        for (from, push) in orphans[topic] ?? [] where from != client { waiting[client, default: []].append(push) }
        orphans[topic]?.removeAll { $0.from != client }
    }

    func unsubscribe(_ topic: Topic, _ client: String) {
        subscribers[topic]?.remove(client)
        waiting[client]?.removeAll { $0.topic == topic }
    }

    func publish(_ publish: RelayPublish, from client: String, at now: Timestamp) {
        published.append((client, publish))
        number += 1
        let push = Push(
            number: number, topic: publish.topic, message: publish.message, tag: publish.tag, publishedAt: now)
        let others = (subscribers[publish.topic] ?? []).subtracting([client])
        if others.isEmpty { orphans[publish.topic, default: []].append((client, push)) }
        for other in others { waiting[other, default: []].append(push) }
    }

    func pushes(for client: String) -> [Push] { waiting[client] ?? [] }

    func acknowledge(_ push: Push, by client: String) {
        waiting[client]?.removeAll { $0.number == push.number }
    }
}

/// A client around an engine, with a store that survives it: what the real shell does, one step at a time.
final class TestPeer {
    let name: String
    let mailbox: Mailbox
    let settings: SignSettings
    let random: RandomSource
    var engine: SignEngine
    var store: [RecordKey: StoredRecord] = [:]
    var actions: [SignAction] = []
    /// What the app of this process was told.
    var events: [SignEvent] = []
    var finished: [Int64: SignOutcome] = [:]
    var links: [OutboundLink] = []
    var drops: [DropReason] = []
    var verdicts: SignatureResult = .valid
    var incarnations = 1
    /// Whether the relay knows the compound calls.
    var relayIsOld = false

    init(
        _ name: String, _ mailbox: Mailbox, seed: UInt64, random: RandomSource? = nil,
        configure: (inout SignSettings) -> Void = { _ in }
    ) {
        self.name = name
        self.mailbox = mailbox
        var settings = SignSettings(
            metadata: Metadata(
                name: name, description: "A \(name).", url: "https://\(name).example", icons: []))
        settings.handlesAuthentication = true
        configure(&settings)
        self.settings = settings
        self.random = random ?? .seeded(seed)
        engine = SignEngine(settings: settings, random: self.random)
    }

    /// Stores the changes in one unit, then queues the actions.
    func commit(_ decision: Decision) {
        for change in decision.changes {
            switch change {
            case .put(let record): store[record.key] = record
            case .delete(let key): store[key] = nil
            }
        }
        if let drop = decision.drop { drops.append(drop) }
        actions.append(contentsOf: decision.actions)
    }

    /// Carries out the first queued action.
    func act(at now: Timestamp) {
        guard !actions.isEmpty else { return }
        switch actions.removeFirst() {
        case .publish(let message):
            switch message.kind {
            case .plain(let publish): mailbox.publish(publish, from: name, at: now)
            case .propose(let call, let fallback):
                if relayIsOld {
                    run(fallback, at: now)
                } else {
                    mailbox.subscribe(call.pairingTopic, name)
                    mailbox.publish(call.publish, from: name, at: now)
                }
            case .approve(let call, let fallback):
                if relayIsOld {
                    run(fallback, at: now)
                } else {
                    mailbox.subscribe(call.sessionTopic, name)
                    for publish in call.publishes.reversed() { mailbox.publish(publish, from: name, at: now) }
                }
            }
            commit(engine.published(message.id, .accepted, at: now))
        case .subscribe(let topics): for topic in topics { mailbox.subscribe(topic, name) }
        case .unsubscribe(let topics):
            for topic in topics { mailbox.unsubscribe(topic, name) }
            commit(engine.unsubscribed(topics))
        case .adopt: break
        case .emit(let event): events.append(event)
        case .finish(let call, let outcome): finished[call] = outcome
        case .verify(let query):
            let context = VerifyContext(
                origin: query.claimedURL, validation: .valid, verifyURL: "https://verify.example")
            commit(engine.verified(query.reference, context, at: now))
        case .checkSignatures(let query):
            commit(engine.signaturesChecked(query.id, query.cacaos.map { _ in verdicts }, at: now))
        case .open(let link): links.append(link)
        }
    }

    private func run(_ fallback: RelayFallback, at now: Timestamp) {
        mailbox.subscribe(fallback.subscribe, name)
        for publish in fallback.publishes { mailbox.publish(publish, from: name, at: now) }
    }

    /// Takes a push; acknowledged after the commit unless it is to come again.
    func take(_ push: Mailbox.Push, acknowledging: Bool = true, at now: Timestamp) {
        commit(
            engine.receive(
                InboundMessage(
                    topic: push.topic, message: push.message, publishedAt: push.publishedAt, tag: push.tag), at: now))
        if acknowledging { mailbox.acknowledge(push, by: name) }
    }

    /// The process ends between any two steps and starts again from what it stored.
    func crash(at now: Timestamp) throws {
        actions = []
        events = []
        finished = [:]
        incarnations += 1
        engine = SignEngine(settings: settings, random: random)
        commit(try engine.restore(store.values.shuffledByKey(), at: now))
    }

    /// Carries out everything that is queued.
    func settle(at now: Timestamp) {
        while !actions.isEmpty { act(at: now) }
    }
}

extension Collection<StoredRecord> {
    /// Some order that is not the order of writing.
    func shuffledByKey() -> [StoredRecord] {
        sorted { ($0.key.collection.rawValue, $0.key.key) > ($1.key.collection.rawValue, $1.key.key) }
    }
}

/// Two peers and their mailbox, everything delivered at once unless a test says otherwise.
final class TestPair {
    let mailbox = Mailbox()
    let dapp: TestPeer
    let wallet: TestPeer
    var now = Timestamp(milliseconds: 1_760_000_000_000)

    init(
        seed: UInt64 = 1, dapp configureDApp: (inout SignSettings) -> Void = { _ in },
        wallet configureWallet: (inout SignSettings) -> Void = { _ in }
    ) {
        dapp = TestPeer("dapp", mailbox, seed: seed, configure: configureDApp)
        wallet = TestPeer("wallet", mailbox, seed: seed &+ 1000, configure: configureWallet)
    }

    /// Lets everything happen that is under way.
    func run() {
        var isBusy = true
        while isBusy {
            isBusy = false
            for peer in [dapp, wallet] {
                if !peer.actions.isEmpty { isBusy = true }
                peer.settle(at: now)
                for push in mailbox.pushes(for: peer.name) {
                    isBusy = true
                    peer.take(push, at: now)
                    now = now.adding(milliseconds: 1)
                }
            }
        }
    }

    func advance(seconds: Int64) {
        now = now.adding(seconds: seconds)
        for peer in [dapp, wallet] { peer.commit(peer.engine.tick(at: now)) }
        run()
    }

    static let offer = ConnectOffer(optionalNamespaces: [
        "eip155": ProposalNamespace(
            chains: ["eip155:1"], methods: ["personal_sign", "eth_sendTransaction"], events: ["chainChanged"])
    ])
    static let namespaces: NamespaceMap<SessionNamespace> = [
        "eip155": SessionNamespace(
            chains: ["eip155:1"], accounts: ["eip155:1:0x3c582121909DE92Dc89A36898633C1aE4790382b"],
            methods: ["personal_sign", "eth_sendTransaction"], events: ["chainChanged"])
    ]

    /// A session on both sides.
    func connected() throws -> Topic {
        let (connecting, decision) = try dapp.engine.connect(Self.offer, at: now)
        dapp.commit(decision)
        run()
        wallet.commit(try wallet.engine.pair(connecting.uri!.text, at: now).decision)
        run()
        let id = wallet.engine.pendingProposals[0].proposal.id
        let (approving, approval) = try wallet.engine.approve(
            Approval(id: id, namespaces: Self.namespaces), at: now)
        wallet.commit(approval)
        run()
        return approving.session.topic
    }

    func request(_ topic: Topic, expirySeconds: Int64? = nil) throws -> Int64 {
        let (calling, decision) = try dapp.engine.request(
            SessionRequest(
                topic: topic, chainID: "eip155:1", method: "personal_sign", params: ["0x48656c6c6f"],
                expirySeconds: expirySeconds), at: now)
        dapp.commit(decision)
        return calling.id
    }
}
