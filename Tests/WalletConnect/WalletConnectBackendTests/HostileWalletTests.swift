import Primitives
import Storage
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct HostileWalletTests {
    @Test func `a wallet with whole pictures for icons is kept small`() async throws {
        let options = World.Options {
            $0.wallet = { settings in
                settings.metadata.icons =
                    [
                        "https://wallet.example/icon.png",
                        "data:image/svg+xml;base64," + String(repeating: "A", count: 9000),
                    ]
                    + Array(repeating: "https://wallet.example/another.png", count: 10)
            }
        }
        try await World.with(options) { world in
            let connection = try await world.connect()
            let icons = try #require(connection.peer?.icons)
            #expect(icons.count == Connection.iconsMax)
            #expect(icons.allSatisfy { $0.utf8.count < 100 })
        }
    }

    @Test func `a large answer is kept whole, and a large refusal, too`() async throws {
        try await World.with { world in
            try await world.connect()
            let text = String(repeating: "\u{1}", count: 10_000)
            world.wallet.script("personal_sign", .answer(.string(text)), .reject(code: 1, message: text))
            let pending = try await world.backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            #expect(try await pending.value().string == text)
            #expect(try await world.backend.outcome(of: pending.id) == .result(.string(text)))
            let refused = try await world.backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            let error = await World.failure { try await refused.value() }
            #expect(error?.code == .peerError)
            guard case .failure(let kept) = try await world.backend.outcome(of: refused.id) else {
                Issue.record("it has no result")
                return
            }
            #expect(kept == error)
        }
    }

    /// What a message may hold, and a body of a caller's may not: a long text, an object with many members.
    static let wideAnswers: [JSON] = [
        .object(["psbt": .string(String(repeating: "A", count: 70_000))]),
        .object((0..<PeerMessage.limits.keysPerObjectMax).map { JSONMember(name: "key \($0)", value: JSON($0)) }),
    ]

    @Test(arguments: [0, 1])
    func `an answer as wide as a message may be is read in every way, also after a restart`(index: Int) async throws {
        let answer = Self.wideAnswers[index]
        let options = World.Options { [records = MemoryKeyValueStore()] in $0.records = records }
        try await World.withRelayAndWallet(options) { relay, wallet in
            wallet.script("personal_sign", .answer(answer))
            let id = try await withBackend(try World.backend(relay.url, options)) { backend in
                try await World(relay: relay, wallet: wallet, backend: backend).connect()
                let pending = try await backend.request(
                    "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
                #expect(try await pending.value() == answer)
                #expect(try await backend.outcome(of: pending.id) == .result(answer))
                #expect(try await backend.status(of: pending.id).outcome == .result(answer))
                return pending.id
            }
            try await withBackend(try World.backend(relay.url, options)) { backend in
                let (outcome, status) = (try await backend.outcome(of: id), try await backend.status(of: id))
                #expect(outcome == .result(answer))
                #expect(status.outcome == .result(answer))
            }
        }
    }

    @Test func `an answer whose record cannot be read is no request that never was`() async throws {
        let records = MemoryKeyValueStore()
        try await World.with(World.Options { $0.records = records }) { world in
            try await world.connect()
            world.wallet.script("personal_sign", .answer("signed"))
            let pending = try await world.backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            _ = try await pending.value()
            _ = try await world.backend.status(of: pending.id)
            let storeKey = SecretBytes(copying: [UInt8](repeating: 5, count: SealedRecords.storeKeyBytesMin))
            let sealed = try await SealedRecords.open(records, storeKey: storeKey, random: .system)
            try await sealed.apply([
                .put(KeyValueKey(collection: "backend_answer", key: String(pending.id)), Array("[]".utf8))
            ])
            let error = await World.failure { try await world.backend.status(of: pending.id) }
            #expect(error?.code == .storeUnavailable)
            let unknown = await World.failure { try await world.backend.status(of: 1) }
            #expect(unknown?.code == .unknownRequest)
        }
    }

    @Test func `a wallet that says yes and leaves at once has no connection`() async throws {
        try await World.with { world in
            world.wallet.scriptProposals(.disconnect)
            for _ in 0..<5 {
                let pending = try await world.backend.connect(
                    ConnectionRequest(userID: "alice", chains: [World.mainnet]))
                _ = try? await world.wallet.connect(pending.uri)
                _ = try? await pending.connection()
                await until { world.backend.connection(pending.pairingTopic)?.state == .disconnected }
                #expect(world.backend.connection(pending.pairingTopic)?.end?.reason == .wallet)
            }
            #expect(!world.backend.isConnected("alice"))
        }
    }

    @Test func `a wallet that tells of changes all the time writes once in a while`() async throws {
        let records = MemoryKeyValueStore()
        try await World.with(World.Options { $0.records = records }) { world in
            let told = Told()
            let token = world.backend.on([.update]) { told.add($0) }
            let connection = try await world.connect()
            let key = KeyValueKey(collection: "backend_connection", key: String(connection.id))
            let before = try await records.read([key])[0]?.revision
            for _ in 0..<20 {
                try await world.wallet.client.emit(
                    SessionEvent(name: "chainChanged", data: 1), chainID: "eip155:1", on: connection.topic)
            }
            await until { told.events.count == 20 }
            #expect(try await records.read([key])[0]?.revision == before)
            world.backend.off(token)
        }
    }

    @Test func `a store that fails now and then is tried again, and nothing is lost`() async throws {
        let options = World.Options { [records = FlakyRecords(MemoryKeyValueStore())] in $0.records = records }
        try await World.with(options) { world in
            for number in 0..<6 {
                try await world.connect("user \(number)")
                _ = try await world.backend.signMessage("hello", on: World.mainnet, for: .user("user \(number)"))
            }
            #expect(world.backend.figures.active == 6)
            #expect(world.backend.figures.requests == 0)
        }
    }
}
