import Logging
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletKit

/// A kit itself: what it is made of, its life, its neighbours.
struct KitTests {
    @Test func `a kit says what it was made of`() async throws {
        try await RelayForTests.running { url in
            let kit = try Stage.kit("Wallet", url)
            #expect(kit.name == "Wallet")
            #expect(kit.metadata == Stage.metadata("Wallet"))
            #expect(kit.relayURLs == [url])
            #expect(kit.projectID == Stage.project)
            #expect(kit.logger.logLevel == .critical)
            #expect(kit.clientID == nil)
            #expect(kit.settings.signIns == .whenListened)
            #expect(
                WalletKitSettings(metadata: Metadata(), relay: RelaySettings(urls: [])).name == "WalletKit")
            try await withWalletKit(kit) { kit in
                #expect(kit.clientID?.hasPrefix("did:key:z6Mk") == true)
                #expect(kit.relayStatus == .idle)
                #expect(kit.pairings.isEmpty)
            }
        }
    }

    @Test func `a kit that does not run says so, and its end is told to who waits`() async throws {
        let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1")
        let code = await #expect(throws: SignError.self) { try await kit.pair("wc:") }?.code
        #expect(code == .notInitialized)
        await #expect(throws: Stop.self) {
            try await withWalletKit(kit) { _ in throw Stop() }
        }
        let ended = await #expect(throws: SignError.self) { try await kit.ready() }
        #expect(ended?.code == .cancelled)
    }

    @Test func `records that cannot be read end the kit with an error`() async throws {
        let records = MemoryKeyValueStore()
        try await records.apply([
            .put(KeyValueKey(collection: "sealing", key: "check"), [1, 2, 3])
        ])
        let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1", Stage.Wallet(records: records))
        await #expect(throws: SignError.self) { try await kit.run() }
        var events = kit.events().makeAsyncIterator()
        #expect(await events.next() == nil)
    }

    @Test func `two kits of one process know nothing of each other`() async throws {
        try await Stage.running { stage in
            let other = try Stage.kit("Other", stage.url)
            let (told, events) = (Told<WalletKitEvent>(), other.events())
            try await withWalletKit(other) { other in
                try await told.listening(to: events) {
                    let mine = try await stage.settle()
                    let pending = try await stage.dapp.connect(ConnectOffer(optionalNamespaces: Stage.wanted))
                    try await other.pair(try #require(pending.uri).text)
                    let theirs = try await other.approveSession(
                        try await told.proposal(), namespaces: Stage.supported)
                    #expect(try await pending.session().topic == theirs.topic)
                    #expect(Set(stage.kit.activeSessions.keys) == [mine.topic])
                    #expect(Set(other.activeSessions.keys) == [theirs.topic])
                    #expect(other.clientID != stage.kit.clientID)

                    let call = try await stage.ask(theirs.topic, ["other"])
                    let request = try await told.request()
                    await #expect(throws: SignError.self) {
                        try await stage.kit.respondSessionRequest(request, with: .result(false))
                    }
                    try await other.respondSessionRequest(request, with: .result(true))
                    #expect(try await stage.dapp.awaitResponse(call.id) == true)
                    #expect(!stage.told.rest.map(\.name).contains(.sessionRequest))
                }
            }
        }
    }

    @Test func `a restarted kit has its sessions, and tells again of what was not answered`() async throws {
        try await RelayForTests.running { url in
            let records = MemoryKeyValueStore()
            let wallet = Stage.Wallet(records: records)
            try await withSignClient(try Stage.dapp(url)) { dapp in
                let kit = try Stage.kit("Wallet", url, wallet)
                let (told, events) = (Told<WalletKitEvent>(), kit.events())
                let (session, open) = try await withWalletKit(kit) { kit in
                    let kept = Mutex<(Session, Calling)?>(nil)
                    try await told.listening(to: events) {
                        let stage = Stage(url: url, dapp: dapp, kit: kit, told: told, heard: Told())
                        let session = try await stage.settle()
                        let answered = try await stage.ask(session.topic, ["answered"])
                        try await kit.respondSessionRequest(try await told.request(), with: .result(1))
                        #expect(try await dapp.awaitResponse(answered.id) == 1)
                        let open = try await stage.ask(session.topic, ["open"])
                        _ = try await told.request()
                        kept.withLock { $0 = (session, open) }
                    }
                    return try #require(kept.withLock { $0 })
                }

                let again = try Stage.kit("Wallet", url, wallet)
                try await withWalletKit(again) { again in
                    #expect(Set(again.activeSessions.keys) == [session.topic])
                    #expect(again.clientID == kit.clientID)
                    // Only now does somebody listen: what the start told waits for it.
                    let asked = Notes<PendingRequest>()
                    again.on(.sessionRequest) { request in
                        asked.add(request)
                        try? await again.respondSessionRequest(request, with: .result(2))
                    }
                    let answer = try await dapp.awaitResponse(open.id)
                    #expect(answer == 2)
                    #expect(asked.all.map(\.params) == [["open"]])
                }
            }
        }
    }

    @Test func `callbacks run while the kit does, and its end waits for the one under way`() async throws {
        let (begun, done) = (Counter(), Counter())
        try await Stage.running(Stage.Wallet(listens: nil)) { stage in
            stage.kit.on(.sessionProposal) { _ in
                begun.add()
                // The end of the kit cancels it.
                while !Task.isCancelled { await Task.yield() }
                done.add()
            }
            _ = try await stage.propose()
            try await eventually("the call") { begun.value == 1 }
            #expect(done.value == 0)
        }
        #expect(done.value == 1)
    }

    // MARK: Devices

    @Test func `a device is registered at the push server`() async throws {
        let http = Exchange(status: 200)
        try await Stage.running(Stage.Wallet(http: http, change: { $0.pushURL = "https://push.example" })) { stage in
            try await stage.kit.registerDeviceToken("token", service: .apns, isEncrypted: true)
            let question = try #require(http.asked.first)
            #expect(question.method == "POST")
            #expect(question.url == "https://push.example/\(Stage.project)/clients")
            let body: JSON = [
                "client_id": .string(try #require(stage.kit.clientID)), "type": "apns", "token": "token",
                "always_raw": true,
            ]
            #expect(try JSON.parse(question.body ?? [], limits: PeerMessage.limits) == body)
        }
    }

    @Test func `what keeps a device from being registered is said`() async throws {
        let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1", Stage.Wallet(http: Exchange(status: 200)))
        let early = await #expect(throws: WalletKitError.self) {
            try await kit.registerDeviceToken("token", service: .fcm)
        }
        #expect(early?.code == .notReady)
        #expect(early?.isRetryable == true)

        for (http, code) in [
            (nil, WalletKitError.Code.pushNotConfigured), (Exchange(status: 404), .pushRefused),
            (Exchange(status: nil), .pushUnreachable), (Exchange(status: 429), .pushUnreachable),
            (Exchange(status: 503), .pushUnreachable),
        ] {
            let kit = try Stage.kit("Wallet", "ws://127.0.0.1:1", Stage.Wallet(http: http))
            try await withWalletKit(kit) { kit in
                let error = await #expect(throws: WalletKitError.self) {
                    try await kit.registerDeviceToken("token", service: .fcm)
                }
                #expect(error?.code == code)
                #expect(error?.isRetryable == (code == .pushUnreachable))
            }
        }
    }

    private struct Stop: Error {}
}

/// A push server that always answers the same; nil does not answer.
private final class Exchange: HTTPExchange {
    private let status: Int?
    private let questions = Mutex<[HTTPQuestion]>([])

    init(status: Int?) { self.status = status }

    var asked: [HTTPQuestion] { questions.withLock { $0 } }

    func send(_ request: HTTPQuestion) async throws(TransportError) -> HTTPAnswer {
        questions.withLock { $0.append(request) }
        guard let status else { throw TransportError(.timeout, "nobody answered") }
        return HTTPAnswer(status: status, headers: [], body: [])
    }
}
