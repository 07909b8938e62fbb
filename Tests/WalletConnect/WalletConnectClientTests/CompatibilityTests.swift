import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// What the test suites of other clients ask of a client, by its meaning; docs/walletconnect-compatibility.md has the list.
@Suite(.timeLimit(.minutes(10)))
struct CompatibilityTests {
    static let other = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"

    /// The first thing of a stream that `pick` takes.
    private func first<Value>(_ events: AsyncStream<SignEvent>, _ pick: (SignEvent) -> Value?) async -> Value? {
        for await event in events {
            if let value = pick(event) { return value }
        }
        return nil
    }

    private func code(_ body: () async throws -> Void) async -> SignError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? SignError)?.code
        }
    }

    @Test func `properties of the session and of its scopes reach both sides`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await withSignClient(dApp) { dApp in
            try await withSignClient(wallet) { wallet in
                let events = wallet.events()
                var offer = Bench.offer
                offer.sessionProperties = ["expiry": "2030-01-01"]
                offer.scopedProperties = ["eip155": ["atomic": true]]
                let pending = try await dApp.connect(offer)
                try await wallet.pair(pending.uri!.text)
                let received = try #require(
                    await first(events) { if case .sessionProposal(let received) = $0 { received } else { nil } })
                #expect(received.proposal.sessionProperties == offer.sessionProperties)
                #expect(received.proposal.scopedProperties == offer.scopedProperties)
                var approval = Approval(
                    id: received.proposal.id, pairingTopic: received.proposal.pairingTopic, namespaces: Bench.namespaces
                )
                approval.sessionProperties = ["wallet": ["tier": 1]]
                approval.scopedProperties = ["eip155": ["atomic": "ready"]]
                approval.sessionConfig = SessionConfig(disableDeepLink: true)
                let approved = try await wallet.approve(approval).acknowledged()
                let session = try await pending.session()
                for side in [approved, session] {
                    #expect(side.sessionProperties == approval.sessionProperties)
                    #expect(side.scopedProperties == approval.scopedProperties)
                    #expect(side.sessionConfig == approval.sessionConfig)
                }
            }
        }
    }

    @Test func `requests are shown to the wallet in the order in which they were asked`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let events = wallet.events()
        let (shown, showing) = AsyncStream.makeStream(of: String.self)
        let listening = Task {
            for await event in events {
                if case .sessionRequest(let request) = event { showing.yield(request.params?[0]?.string ?? "") }
            }
            showing.finish()
        }
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            for number in 0..<30 {
                _ = try await dApp.requestWithoutWaiting(Bench.sign(session.topic, "\(number)"))
            }
            var seen: [String] = []
            for await text in shown {
                seen.append(text)
                if seen.count == 30 { break }
            }
            let asked: [String] = (0..<30).map { "\($0)" }
            #expect(seen == asked)
        }
        await listening.value
    }

    @Test func `clients in one process share nothing`() async throws {
        let relay = LoopbackRelay()
        let (first, firstWallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let (second, secondWallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await Bench.both(first, firstWallet) {
            try await Bench.both(second, secondWallet) {
                let one = try await Bench.session(first, firstWallet)
                let two = try await Bench.session(second, secondWallet)
                #expect(first.sessions.map(\.topic) == [one.topic] && second.sessions.map(\.topic) == [two.topic])
                #expect(firstWallet.session(two.topic) == nil && secondWallet.session(one.topic) == nil)
                #expect(first.clientID != second.clientID)
                let stranger = await self.code { _ = try await first.request(Bench.sign(two.topic)) }
                #expect(stranger == .sessionNotFound)
                try await first.disconnect(one.topic)
                #expect(try await second.request(Bench.sign(two.topic))[0]?.string == "signed")
            }
        }
    }

    @Test func `one wallet serves many apps, and each app hears its own answers`() async throws {
        let relay = LoopbackRelay()
        let wallet = Bench.client("wallet", relay)
        let apps = (0..<6).map { Bench.client("dapp\($0)", relay) }
        try await Bench.both(apps[0], wallet) {
            try await withThrowingTaskGroup(of: Topic.self) { group in
                for (number, app) in apps.enumerated() {
                    group.addTask {
                        let talk: @Sendable (SignClient) async throws -> Topic = { app in
                            let session = try await Bench.session(app, wallet)
                            #expect(session.own.metadata.name == "dapp\(number)")
                            let answer = try await app.request(Bench.sign(session.topic, "from \(number)"))
                            #expect(answer[1]?[0]?.string == "from \(number)")
                            #expect(app.sessions.count == 1)
                            return session.topic
                        }
                        return number == 0 ? try await talk(app) : try await withSignClient(app, talk)
                    }
                }
                let topics = try await group.reduce(into: Set<Topic>()) { $0.insert($1) }
                #expect(topics.count == 6)
                #expect(Set(wallet.sessions.map(\.topic)) == topics)
                #expect(Set(wallet.sessions.map(\.peer.metadata.name)).count == 6)
            }
        }
    }

    @Test func `a wallet that starts again finds the proposal, and then the request, and answers both`() async throws {
        let relay = LoopbackRelay()
        let store = MemoryKeyValueStore()
        try await withSignClient(Bench.client("dapp", relay)) { dApp in
            let pending = try await dApp.connect(Bench.offer)
            try await withSignClient(Bench.client("wallet", relay, store)) { wallet in
                let events = wallet.events()
                try await wallet.pair(pending.uri!.text)
                _ = await first(events) { if case .sessionProposal = $0 { true } else { nil } }
            }
            let asked = try await withSignClient(Bench.client("wallet", relay, store)) { wallet in
                let proposal = try #require(wallet.pendingProposals.first?.proposal)
                #expect(wallet.pendingProposals.count == 1 && proposal.proposer.metadata.name == "dapp")
                let events = wallet.events()
                _ = try await wallet.approve(
                    Approval(
                        id: proposal.id, pairingTopic: proposal.pairingTopic, namespaces: Bench.namespaces)
                ).acknowledged()
                #expect(wallet.pendingProposals.isEmpty)
                let session = try await pending.session()
                let asked = try await dApp.requestWithoutWaiting(Bench.sign(session.topic, "before"))
                _ = await first(events) { if case .sessionRequest = $0 { true } else { nil } }
                return asked.id
            }
            try await withSignClient(Bench.client("wallet", relay, store)) { wallet in
                let request = try #require(wallet.pendingRequests().first)
                #expect(wallet.pendingRequests().count == 1 && request.params?[0]?.string == "before")
                try await wallet.respond(to: request.id, on: request.topic, with: .result("after"))
                #expect(wallet.pendingRequests().isEmpty)
                #expect(try await dApp.awaitResponse(asked).string == "after")
            }
        }
    }

    @Test func `an app that starts again between the code and the scan has its session`() async throws {
        let relay = LoopbackRelay()
        let store = MemoryKeyValueStore()
        let (uri, id) = try await withSignClient(Bench.client("dapp", relay, store)) { dApp in
            let pending = try await dApp.connect(Bench.offer)
            await Bench.until { dApp.counts.outbox == 0 }
            return (pending.uri!.text, pending.id)
        }
        let again = Bench.client("dapp", relay, store)
        let wallet = Bench.client("wallet", relay)
        try await Bench.both(again, wallet) {
            try await wallet.pair(uri)
            let session = try await again.awaitSession(id)
            #expect(again.sessions.map(\.topic) == [session.topic])
            try await again.ping(session.topic)
            #expect(try await again.request(Bench.sign(session.topic))[0]?.string == "signed")
        }
    }

    @Test func `both sides that start again ping each other and end the session`() async throws {
        let relay = LoopbackRelay()
        let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let (dApp, wallet) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        let topic = try await Bench.both(dApp, wallet) { try await Bench.session(dApp, wallet).topic }
        let (dAgain, wAgain) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        try await Bench.both(dAgain, wAgain) {
            try await dAgain.ping(topic)
            try await wAgain.ping(topic)
            try await wAgain.disconnect(topic)
            await Bench.until { dAgain.sessions.isEmpty }
            let gone = await self.code { try await dAgain.ping(topic) }
            #expect(gone == .recentlyDeleted)
        }
    }

    @Test func `an update and two events that were told while the dApp was away are there on its return, in order`()
        async throws
    {
        let relay = LoopbackRelay()
        let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let (dApp, wallet) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        let topic = try await Bench.both(dApp, wallet) { try await Bench.session(dApp, wallet).topic }
        try await withSignClient(Bench.client("wallet", relay, wStore)) { wallet in
            let wider: NamespaceMap<SessionNamespace> = [
                "eip155": SessionNamespace(
                    chains: ["eip155:1"], accounts: [Bench.account],
                    methods: ["personal_sign", "eth_sendTransaction", "eth_signTypedData_v4"],
                    events: ["accountsChanged", "chainChanged"])
            ]
            let change = try await wallet.updateWithoutWaiting(topic, namespaces: wider)
            for chain in ["0x1", "0xa"] {
                try await wallet.emit(
                    SessionEvent(name: "chainChanged", data: .string(chain)), chainID: "eip155:1", on: topic)
            }
            await Bench.until { wallet.counts.outbox == 0 }
            let again = Bench.client("dapp", relay, dStore)
            let events = again.events()
            try await withSignClient(again) { dApp in
                var told: [String] = []
                for await event in events {
                    switch event {
                    case .sessionUpdate(topic, _, let namespaces): told.append(namespaces == wider ? "wider" : "other")
                    case .sessionEvent(topic, _, let event, _): told.append(event.data?.string ?? "nothing")
                    default: break
                    }
                    if told.count == 3 { break }
                }
                #expect(told == ["wider", "0x1", "0xa"])
                #expect(dApp.session(topic)?.namespaces == wider)
                _ = try await wallet.awaitResponse(change.id)
            }
        }
    }

    @Test func `a proposal that asks for nothing is granted what the wallet has`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        #expect(
            try NamespaceRules.buildApproved(required: [:], optional: [:], supported: Bench.namespaces)
                == Bench.namespaces)
        try await Bench.both(dApp, wallet) {
            let pending = try await dApp.connect(ConnectOffer())
            try await wallet.pair(pending.uri!.text)
            let session = try await pending.session()
            #expect(session.namespaces == Bench.namespaces)
            #expect(session.requiredNamespaces.isEmpty && session.optionalNamespaces.isEmpty)
            #expect(try await dApp.request(Bench.sign(session.topic))[0]?.string == "signed")
        }
    }

    @Test func `a session whose namespace is a single chain is used on that chain`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await withSignClient(dApp) { dApp in
            try await withSignClient(wallet) { wallet in
                let events = wallet.events()
                let pending = try await dApp.connect(
                    ConnectOffer(optionalNamespaces: [
                        "eip155:1": ProposalNamespace(methods: ["personal_sign"], events: ["chainChanged"])
                    ]))
                try await wallet.pair(pending.uri!.text)
                let received = try #require(
                    await first(events) { if case .sessionProposal(let received) = $0 { received } else { nil } })
                let inline: NamespaceMap<SessionNamespace> = [
                    "eip155:1": SessionNamespace(
                        accounts: [Bench.account], methods: ["personal_sign"], events: ["chainChanged"])
                ]
                _ = try await wallet.approve(
                    Approval(
                        id: received.proposal.id, pairingTopic: received.proposal.pairingTopic, namespaces: inline))
                let session = try await pending.session()
                #expect(session.namespaces == inline)
                let call = try await dApp.requestWithoutWaiting(Bench.sign(session.topic))
                let request = try #require(
                    await first(events) { if case .sessionRequest(let request) = $0 { request } else { nil } })
                #expect(request.chain == "eip155:1")
                try await wallet.respond(to: request.id, on: request.topic, with: .result("signed"))
                #expect(try await dApp.awaitResponse(call.id) == "signed")
                let elsewhere = await code {
                    _ = try await dApp.request(
                        SessionRequest(
                            topic: session.topic, chainID: "eip155:10", method: "personal_sign", params: []))
                }
                #expect(elsewhere == .unauthorizedChain)
            }
        }
    }

    @Test func `a session of two families of chains is used on each`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await withSignClient(dApp) { dApp in
            try await withSignClient(wallet) { wallet in
                let events = wallet.events()
                var offer = Bench.offer
                offer.optionalNamespaces["solana"] = ProposalNamespace(
                    chains: [Self.other], methods: ["solana_signMessage"], events: [])
                let pending = try await dApp.connect(offer)
                try await wallet.pair(pending.uri!.text)
                let received = try #require(
                    await first(events) { if case .sessionProposal(let received) = $0 { received } else { nil } })
                var namespaces = Bench.namespaces
                namespaces["solana"] = SessionNamespace(
                    chains: [Self.other], accounts: ["\(Self.other):7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv"],
                    methods: ["solana_signMessage"], events: [])
                _ = try await wallet.approve(
                    Approval(
                        id: received.proposal.id, pairingTopic: received.proposal.pairingTopic, namespaces: namespaces))
                let session = try await pending.session()
                let call = try await dApp.requestWithoutWaiting(
                    SessionRequest(
                        topic: session.topic, chainID: Self.other, method: "solana_signMessage", params: ["aGk"]))
                let request = try #require(
                    await first(events) { if case .sessionRequest(let request) = $0 { request } else { nil } })
                #expect(request.chain == Self.other && request.method == "solana_signMessage")
                try await wallet.respond(to: request.id, on: request.topic, with: .result(["signature": "s"]))
                #expect(try await dApp.awaitResponse(call.id)["signature"]?.string == "s")
                let crossed = await code {
                    _ = try await dApp.request(
                        SessionRequest(
                            topic: session.topic, chainID: Self.other, method: "personal_sign", params: []))
                }
                #expect(crossed == .unauthorizedMethod, "a method counts on the chains of its own family alone")
                #expect(dApp.find(offer.optionalNamespaces).count == 1)
            }
        }
    }

    @Test func `what an update takes away is refused from then on`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let events = dApp.events()
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            var fewer = Bench.namespaces
            fewer["eip155"]?.methods = ["eth_sendTransaction"]
            fewer["eip155"]?.events = ["chainChanged"]
            try await wallet.update(session.topic, namespaces: fewer)
            let told = await self.first(events) {
                if case .sessionUpdate(_, _, let namespaces) = $0 { namespaces } else { nil }
            }
            #expect(told == fewer)
            #expect(dApp.session(session.topic)?.namespaces == fewer)
            let refused = await self.code { _ = try await dApp.request(Bench.sign(session.topic)) }
            #expect(refused == .unauthorizedMethod)
            let untold = await self.code {
                try await wallet.emit(
                    SessionEvent(name: "accountsChanged", data: []), chainID: "eip155:1", on: session.topic)
            }
            #expect(untold == .unauthorizedEvent)
        }
    }

    @Test func `a request is answered once`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let events = wallet.events()
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            async let answer = dApp.request(Bench.sign(session.topic))
            let request = await self.first(events) {
                if case .sessionRequest(let request) = $0 { request } else { nil }
            }
            #expect(try await answer[0]?.string == "signed")
            let id = try #require(request?.id)
            let again = await self.code {
                try await wallet.respond(to: id, on: session.topic, with: .result("again"))
            }
            #expect(again == .recentlyDeleted)
        }
    }

    @Test func `a session that is ended offline is gone here at once, and there when the relay is back`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let events = wallet.events()
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            relay.behave { $0.isReachable = false }
            relay.breakAll()
            try await dApp.disconnect(session.topic)
            #expect(dApp.sessions.isEmpty)
            #expect(wallet.sessions.count == 1, "nobody could tell it")
            relay.behave { $0.isReachable = true }
            let ended = await self.first(events) {
                if case .sessionDelete(session.topic, _, .peer(let error)) = $0 { error } else { nil }
            }
            #expect(ended?.code == 6000)
            #expect(wallet.sessions.isEmpty, "the event comes after the change")
        }
    }

    @Test func `a URI that is scanned twice at once is one pairing and one proposal`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await withSignClient(dApp) { dApp in
            try await withSignClient(wallet) { wallet in
                let events = wallet.events()
                let pending = try await dApp.connect(Bench.offer)
                let uri = pending.uri!.text
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 { group.addTask { _ = try? await wallet.pair(uri) } }
                }
                let received = try #require(
                    await first(events) { if case .sessionProposal(let received) = $0 { received } else { nil } })
                #expect(wallet.pairings.count == 1 && wallet.pendingProposals.count == 1)
                _ = try await wallet.approve(
                    Approval(
                        id: received.proposal.id, pairingTopic: received.proposal.pairingTopic,
                        namespaces: Bench.namespaces))
                let session = try await pending.session()
                #expect(dApp.sessions.map(\.topic) == [session.topic] && wallet.sessions.count == 1)
            }
        }
    }

    @Test func `each side hears the other's pings, and what was asked of it`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        let (atDApp, atWallet) = (dApp.events(), wallet.events())
        try await Bench.both(dApp, wallet) {
            let session = try await Bench.session(dApp, wallet)
            try await dApp.ping(session.topic)
            try await wallet.ping(session.topic)
            for events in [atDApp, atWallet] {
                let pinged = await self.first(events) { if case .sessionPing(let topic, _) = $0 { topic } else { nil } }
                #expect(pinged == session.topic)
            }
            let call = try await dApp.requestWithoutWaiting(Bench.sign(session.topic))
            let sent = await self.first(atDApp) {
                if case .sessionRequestSent(_, let id, let method, _, _) = $0 { (id, method) } else { nil }
            }
            #expect(sent?.0 == call.id && sent?.1 == "personal_sign")
            _ = try await dApp.awaitResponse(call.id)
        }
    }

    @Test func `a topic that leads nowhere is told as such by every call`() async throws {
        let relay = LoopbackRelay()
        let nowhere = try Topic(hex: String(repeating: "ab", count: 32))
        try await withSignClient(Bench.client("dapp", relay)) { client in
            for call in [
                { _ = try await client.request(Bench.sign(nowhere)) }, { try await client.ping(nowhere) },
                { try await client.update(nowhere, namespaces: Bench.namespaces) },
                { try await client.extend(nowhere) },
                {
                    try await client.emit(
                        SessionEvent(name: "chainChanged", data: 1), chainID: "eip155:1", on: nowhere)
                },
            ] as [@Sendable () async throws -> Void] {
                #expect(await code(call) == .sessionNotFound)
            }
            #expect(client.session(nowhere) == nil && client.pendingRequests(of: nowhere).isEmpty)
        }
    }

    @Test func `a listener hears what happens from when it began to when it ends`() async throws {
        let relay = LoopbackRelay()
        let (dApp, wallet) = (Bench.client("dapp", relay), Bench.client("wallet", relay))
        try await Bench.both(dApp, wallet) {
            let early = dApp.events()
            let session = try await Bench.session(dApp, wallet)
            let late = dApp.events()
            let dropped = Task { for await _ in dApp.events() { break } }
            try await wallet.emit(
                SessionEvent(name: "chainChanged", data: 10), chainID: "eip155:1", on: session.topic)
            let connected = await self.first(early) {
                if case .sessionConnect(let session, _) = $0 { session } else { nil }
            }
            #expect(connected?.topic == session.topic)
            let told = await self.first(late) { if case .sessionEvent(_, _, let event, _) = $0 { event } else { nil } }
            #expect(told == SessionEvent(name: "chainChanged", data: 10))
            await dropped.value
            // A listener that left holds nobody up.
            try await dApp.ping(session.topic)
        }
    }

    @Test func `records moved to another database under another key serve the client that had them`() async throws {
        let relay = LoopbackRelay()
        let (old, new) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let wallet = Bench.client("wallet", relay)
        let topic = try await withSignClient(wallet) { wallet in
            let events = wallet.events()
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await Bench.serve(wallet, events) }
                defer { group.cancelAll() }
                let (topic, name) = try await withSignClient(Bench.client("dapp", relay, old, storeKey: 1)) { dApp in
                    (try await Bench.session(dApp, wallet).topic, dApp.clientID)
                }
                try await self.move(old, under: 1, to: new, under: 2)
                try await withSignClient(Bench.client("dapp", relay, new, storeKey: 2)) { dApp in
                    #expect(dApp.clientID == name && dApp.sessions.map(\.topic) == [topic])
                    let answer = try await dApp.request(Bench.sign(topic))
                    #expect(answer[0]?.string == "signed")
                }
                return topic
            }
        }
        let refused = await code {
            try await withSignClient(Bench.client("dapp", relay, new, storeKey: 1)) { _ in }
        }
        #expect(refused == .storageFailed || refused == .recordCorrupt, "the old key opens nothing of \(topic)")
    }

    /// As Snippets/MoveRecords.swift does.
    private func move(
        _ old: any KeyValueStore, under oldKey: UInt8, to new: any KeyValueStore, under newKey: UInt8
    ) async throws {
        func sealed(_ store: any KeyValueStore, _ byte: UInt8) async throws -> SealedRecords {
            let key = SecretBytes(copying: [UInt8](repeating: byte, count: SealedRecords.storeKeyBytesMin))
            return try await SealedRecords.open(store, storeKey: key, random: .system)
        }
        let (from, to) = (try await sealed(old, oldKey), try await sealed(new, newKey))
        for collection in RecordCollection.allCases.map(\.rawValue) {
            var last: String?
            repeat {
                let page = try await from.list(collection, after: last, limit: 3)
                for record in page {
                    try await to.apply([.put(record.key, record.value, expiresAt: record.expiresAt, if: .absent)])
                }
                last = page.last?.key.key
            } while last != nil
        }
    }
}
