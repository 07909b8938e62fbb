import ChainEVM
import Cryptography
import Primitives
import Storage
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

/// A wallet that follows a script: each step, and that what it signs verifies.
struct ScriptedWalletTests {
    @Test func `it signs a text, typed data and a transaction, and each signature is its account's`() async throws {
        try await Pair.with { pair in
            let address = pair.wallet.keys.evm().address
            #expect(try await pair.dApp.personalSign("hello, världen", in: pair.session) == address)
            #expect(try await pair.dApp.signTypedData(Self.mail, in: pair.session) == address)
            let hash = try await pair.dApp.request("eth_sendTransaction", [Self.transfer(address)], in: pair.session)
            #expect(hash.string?.count == 66)
            #expect(
                pair.wallet.requests.map(\.method) == ["personal_sign", "eth_signTypedData_v4", "eth_sendTransaction"])
        }
    }

    @Test func `a sender is given the signed transaction, and its hash is the answer`() async throws {
        let hash = Hash32(repeating: 0xAB)
        var settings = ScriptedWalletSettings()
        let keys = TestKeys(seed: settings.seed)
        settings.sender = { transaction in
            guard try transaction.recoverSender() == keys.evm().address else { throw PeerError(code: 1, message: "no") }
            return hash
        }
        try await Pair.with(settings: settings) { pair in
            let answer = try await pair.dApp.request(
                "eth_sendTransaction", [Self.transfer(keys.evm().address)], in: pair.session)
            #expect(answer == .string(hash.description))
        }
    }

    @Test func `it says no, and the dApp hears the words`() async throws {
        try await Pair.with { pair in
            pair.wallet.script("personal_sign", .reject, .reject(code: 4100, message: "Locked."), .approve)
            let sign: @Sendable () async throws -> Void = {
                try await pair.dApp.personalSign("please", in: pair.session)
            }
            #expect(try await refusal(sign)?.code == 4001)
            #expect(try await refusal(sign) == PeerError(code: 4100, message: "Locked."))
            // The last step stays.
            for _ in 0..<2 { try await sign() }
            #expect(pair.wallet.requestCount(of: "personal_sign") == 4)
        }
    }

    @Test func `it answers with a value, with what is computed, and with garbage`() async throws {
        try await Pair.with { pair in
            pair.wallet.script(
                "personal_sign", .answer("0x00"),
                .compute { request in .string("\(request.method) on \(request.chain)") }, .garbage)
            let ask: @Sendable () async throws -> JSON = {
                try await pair.dApp.request("personal_sign", ["0x00", "0x00"], in: pair.session)
            }
            let answers = [try await ask(), try await ask(), try await ask()]
            #expect(answers == ["0x00", "personal_sign on eip155:1", WalletStep.garbageValue] as [JSON])
            await #expect(throws: TestingError.self) { try await pair.dApp.personalSign("garbage", in: pair.session) }
        }
    }

    @Test func `a forged signature is one, and not the account's`() async throws {
        try await Pair.with { pair in
            pair.wallet.scriptEverything(.forge)
            let error = await #expect(throws: TestingError.self) {
                try await pair.dApp.personalSign("whose?", in: pair.session)
            }
            #expect(error?.code == .wrongSignature)
            await #expect(throws: TestingError.self) { try await pair.dApp.signTypedData(Self.mail, in: pair.session) }
        }
    }

    @Test func `it answers late, by a clock that the test moves`() async throws {
        let time = TestTime()
        var settings = ScriptedWalletSettings()
        settings.delays = time.pace
        try await Pair.with(settings: settings) { pair in
            pair.wallet.script("personal_sign", .after(milliseconds: 3_600_000, .approve))
            async let signer = pair.dApp.personalSign("in an hour", in: pair.session)
            try await eventually("the wallet's hesitation") { time.sleeperCount == 1 }
            time.advance(seconds: 3_600)
            let signed = try await signer
            #expect(signed == pair.wallet.keys.evm().address)
        }
    }

    @Test func `it never answers, and everything else goes on`() async throws {
        try await Pair.with { pair in
            pair.wallet.script("personal_sign", .never, .approve)
            let waiting = Task { try await pair.dApp.personalSign("anybody?", in: pair.session) }
            _ = try await pair.wallet.request(1, of: "personal_sign")
            try await pair.dApp.personalSign("and now?", in: pair.session)
            waiting.cancel()
            await #expect(throws: (any Error).self) { try await waiting.value }
        }
    }

    @Test func `it leaves instead of answering`() async throws {
        try await Pair.with { pair in
            pair.wallet.script("personal_sign", .disconnect)
            await #expect(throws: SignError.self) { try await pair.dApp.personalSign("stay", in: pair.session) }
            let reason = try await pair.dApp.event { event -> SessionEnd? in
                guard case .sessionDelete(pair.session.topic, _, let reason) = event else { return nil }
                return reason
            }
            guard case .peer = reason else {
                Issue.record("\(reason)")
                return
            }
        }
    }

    @Test func `it changes the chain, and the dApp is told`() async throws {
        try await Pair.with(chains: ["eip155:1", "eip155:137"]) { pair in
            let answer = try await pair.dApp.request(
                "wallet_switchEthereumChain", [["chainId": "0x89"]], in: pair.session)
            #expect(answer == .null)
            let told = try await Self.chainChanged(pair)
            #expect(told == JSON(137))
            // One that the session does not have is none.
            let error = try await refusal {
                _ = try await pair.dApp.request(
                    "wallet_switchEthereumChain", [["chainId": "0xa"]], in: pair.session)
            }
            #expect(error?.code == 4902)
            // The person may go where the dApp may not.
            try await pair.wallet.changeChain(to: ChainID("eip155:10"), in: pair.session.topic)
            #expect(pair.dApp.client.session(pair.session.topic)?.allows(chain: "eip155:10") == true)
        }
    }

    @Test func `it changes the account, and signs with the new one`() async throws {
        try await Pair.with { pair in
            pair.wallet.script("personal_sign", .changeAccount("second", .approve), .approve)
            // Asked of the first account still, which the session has no more; the wallet knows both.
            let second = pair.wallet.keys.evm("second").address
            try await pair.dApp.personalSign("from the first", in: pair.session)
            try await eventually("the new account") {
                try pair.dApp.account(of: pair.session, on: "eip155:1").address == second.description
            }
            #expect(try await pair.dApp.personalSign("from the second", in: pair.session) == second)
        }
    }

    @Test func `a script may be about one session alone`() async throws {
        var settings = ScriptedWalletSettings()
        settings.hasAccountPerSession = true
        try await Pair.with(settings: settings) { pair in
            let invitation = try await pair.dApp.invite()
            try await pair.wallet.connect(invitation.uri)
            let other = try await invitation.session()
            pair.wallet.script("personal_sign", in: other.topic, .reject)
            let signer = try await pair.dApp.personalSign("mine", in: pair.session)
            await #expect(throws: SignError.self) { try await pair.dApp.personalSign("theirs", in: other) }
            pair.wallet.script("personal_sign", in: other.topic)
            #expect(try await pair.dApp.personalSign("theirs", in: other) != signer)
        }
    }

    @Test func `proposals are refused, and a wallet without the chain says so`() async throws {
        var settings = ScriptedWalletSettings()
        settings.chains = [try ChainID("eip155:5")]
        try await Pair.with(settings: settings, chains: ["eip155:5"]) { pair in
            pair.wallet.scriptProposals(.reject, .approve)
            let first = try await pair.dApp.invite(chains: ["eip155:5"])
            await #expect(throws: TestingError.self) { try await pair.wallet.connect(first.uri) }
            #expect(try await refusal { _ = try await first.session() }?.code == 5000)
            let second = try await pair.dApp.invite(chains: ["eip155:7"])
            await #expect(throws: TestingError.self) { try await pair.wallet.connect(second.uri) }
            #expect(try await refusal { _ = try await second.session() }?.code == 5100)
            #expect(pair.wallet.proposals.count == 3)
        }
    }

    @Test func `it signs in, and says no to the next one`() async throws {
        try await Pair.with { pair in
            pair.wallet.scriptSignIns(.approve, .reject)
            let request = AuthRequest(
                domain: "dapp.example", uri: "https://dapp.example/login", chains: ["eip155:1"], nonce: "a1b2c3d4e5",
                methods: ["personal_sign"])
            let pending = try await pair.dApp.client.authenticate(request)
            let session = try await pair.wallet.connect(try #require(pending.uri?.text))
            // The client has checked the signature, and compared what was signed with what was asked.
            let signed = try await pending.response()
            #expect(signed.session?.topic == session.topic)
            #expect(signed.cacaos.first?.payload.issuer.hasSuffix(pair.wallet.keys.evm().address.description) == true)
            let again = try await pair.dApp.client.authenticate(request)
            let uri = try #require(again.uri?.text)
            await #expect(throws: TestingError.self) { try await pair.wallet.connect(uri) }
            #expect(try await refusal { _ = try await again.response() }?.code == 12_001)
            #expect(pair.wallet.signIns.count == 2)

            // One for no session brings none.
            pair.wallet.scriptSignIns(.approve)
            var alone = request
            alone.methods = []
            let bare = try await pair.dApp.client.authenticate(alone)
            let address = try #require(bare.uri?.text)
            let error = await #expect(throws: TestingError.self) { try await pair.wallet.connect(address) }
            #expect(error?.code == .noSession)
            #expect(try await bare.response().session == nil)
        }
    }

    @Test func `it takes its time over a proposal, and may leave at once`() async throws {
        let time = TestTime()
        var settings = ScriptedWalletSettings()
        settings.delays = time.pace
        try await Pair.with(settings: settings) { pair in
            pair.wallet.scriptProposals(.after(milliseconds: 1_000, .approve), .disconnect)
            let slow = try await pair.dApp.invite()
            async let connected = pair.wallet.connect(slow.uri)
            try await eventually("the wallet's hesitation") { time.sleeperCount == 1 }
            time.advance(seconds: 1)
            let session = try await connected
            #expect(pair.wallet.client.session(session.topic) != nil)

            let brief = try await pair.dApp.invite()
            try await pair.wallet.connect(brief.uri)
            let topic = try await brief.session().topic
            try await eventually("the end of the session") { pair.dApp.client.session(topic) == nil }
        }
    }

    @Test func `an expiry comes when the test moves the time`() async throws {
        let time = TestTime()
        var settings = ScriptedWalletSettings()
        (settings.clock, settings.pace) = (time.clock, time.pace)
        try await withTestRelay(clock: time.clock) { [settings] relay in
            try await withScriptedWallet(relay: relay.url, settings: settings) { wallet in
                try await withScriptedDApp(relay: relay.url, clock: time.clock, pace: time.pace) { dApp in
                    let invitation = try await dApp.invite()
                    try await wallet.connect(invitation.uri)
                    let session = try await invitation.session()
                    wallet.script("personal_sign", .never)
                    let asking = Task {
                        try await dApp.request("personal_sign", ["0x00"], in: session, expirySeconds: 300)
                    }
                    _ = try await wallet.request()
                    time.advance(seconds: 301)
                    let error = await #expect(throws: SignError.self) { try await asking.value }
                    #expect(error?.code == .requestExpired)
                }
            }
        }
    }

    @Test func `steps are given out in the order in which requests came`() async throws {
        try await Pair.with { pair in
            pair.wallet.script("personal_sign", .answer(0), .answer(1), .answer(2), .answer(3), .answer(4))
            var calls: [Int64] = []
            for _ in 0..<5 {
                calls.append(
                    try await pair.dApp.client.requestWithoutWaiting(
                        SessionRequest(
                            topic: pair.session.topic, chainID: "eip155:1", method: "personal_sign", params: [])
                    ).id)
            }
            for (number, call) in calls.enumerated() {
                #expect(try await pair.dApp.client.awaitResponse(call) == JSON(number))
            }
            #expect(pair.wallet.requests.map(\.id) == calls.map { .number($0) })
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `waiting for an event ends in its time, however many others come`() async throws {
        try await Pair.with { pair in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled { try? await pair.wallet.client.ping(pair.session.topic) }
                }
                let error = await #expect(throws: TestingError.self) {
                    try await pair.dApp.event(within: 0.2) { _ in nil as Int? }
                }
                #expect(error?.code == .timedOut)
                group.cancelAll()
            }
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func `a time of tests begins now, so that a usual relay takes its clients`() async throws {
        let time = TestTime()
        // A sleep of no length is over at once.
        await time.pace.sleep(milliseconds: 0)
        #expect(time.sleeperCount == 0)
        try await withTestRelay { relay in
            try await withScriptedDApp(relay: relay.url, clock: time.clock) { dApp in
                try await withScriptedWallet(relay: relay.url) { wallet in
                    let invitation = try await dApp.invite()
                    try await wallet.connect(invitation.uri)
                    _ = try await invitation.session()
                }
            }
        }
    }

    @Test func `waiting for what does not come ends with its name`() async throws {
        try await Pair.with { pair in
            let error = await #expect(throws: TestingError.self) {
                try await pair.wallet.request(3, of: "personal_sign", within: 0.05)
            }
            #expect(error?.code == .timedOut)
            #expect(error?.message.contains("request 3 of personal_sign") == true)
        }
    }

    @Test func `a request of another account is refused, and a method nobody knows`() async throws {
        try await Pair.with(methods: ScriptedDApp.usualMethods + ["eth_sign"]) { pair in
            let other = pair.wallet.keys.evm("somebody else").address.description
            let ask: @Sendable (String, JSON) async throws -> Int64? = { method, params in
                try await refusal { _ = try await pair.dApp.request(method, params, in: pair.session) }?.code
            }
            let answers = [
                try await ask("personal_sign", ["0x00", .string(other)]),
                try await ask("eth_signTypedData_v4", [.string(other), "{}"]),
                try await ask("eth_sendTransaction", [["from": .string(other)]]),
                try await ask("personal_sign", ["0x00"]),
                try await ask("eth_sendTransaction", []),
            ]
            #expect(answers == [4100, 4100, 4100, -32602, -32602] as [Int64?])
            // It was not granted, so the wallet is not even asked.
            await #expect(throws: SignError.self) {
                try await pair.dApp.request("eth_sign", ["0x00"], in: pair.session)
            }
        }
    }

    @Test func `the same seed has the same accounts, another seed others`() {
        let (first, again, other) = (TestKeys(seed: 7), TestKeys(seed: 7), TestKeys(seed: 8))
        #expect(first.evm("a").address == again.evm("a").address)
        #expect(first.evm("a").address != first.evm("b").address)
        #expect(first.evm("a").address != other.evm("a").address)
        #expect(first.solana("a").address == again.solana("a").address)
        #expect(first.bitcoin("a").address == again.bitcoin("a").address)
        #expect(first.bitcoin("a").address.hasPrefix("bc1q"))
        #expect(first.bitcoin("a").address.count == 42)
    }

    @Test func `Solana and Bitcoin accounts sign what theirs sign`() async throws {
        let solana = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
        let bitcoin = "bip122:000000000019d6689c085ae165831e93"
        var settings = ScriptedWalletSettings()
        settings.families = [.evm, .solana, .bitcoin]
        try await Pair.with(
            settings: settings, chains: ["eip155:1", solana, bitcoin],
            methods: ["solana_signMessage", "solana_signAllTransactions", "signMessage", "sendTransfer"]
        ) { pair in
            let keys = pair.wallet.keys
            let message = Array("hello".utf8)
            let signed = try await pair.dApp.request(
                "solana_signMessage",
                ["message": .string(Base58.encode(message)), "pubkey": .string(keys.solana().address)],
                in: pair.session, on: solana)
            let publicKey = try Ed25519.PublicKey(bytes: Base58.decode(keys.solana().address))
            let signature = try Base58.decode(try #require(signed["signature"]?.string))
            #expect(Ed25519.verify(signature, message: message, publicKey: publicKey))

            // One signature that is missing, and a message.
            let transaction = [1] + [UInt8](repeating: 0, count: 64) + message
            let all = try await pair.dApp.request(
                "solana_signAllTransactions", ["transactions": [.string(Base64.encode(transaction))]],
                in: pair.session, on: solana)
            let whole = try Base64.decode(try #require(all["transactions"]?[0]?.string))
            #expect(whole.count == transaction.count)
            #expect(Ed25519.verify(Array(whole[1..<65]), message: message, publicKey: publicKey))

            let answer = try await pair.dApp.request(
                "signMessage", ["account": .string(keys.bitcoin().address), "message": "hello"], in: pair.session,
                on: bitcoin)
            let bytes = try Hex.decode(try #require(answer["signature"]?.string))
            let recoverable = try Secp256k1.Signature(compact: bytes[1...], recoveryID: bytes[0] - 39)
            let signer = try Secp256k1.recover(recoverable, digest: BitcoinTestKey.digest(text: "hello"))
            let program = try Bech32.convertBits(
                RIPEMD160.hash160(signer.compressed), from: 8, to: 5, isPadded: true)
            #expect(
                try Bech32.encode(hrp: "bc", data: [0] + program, variant: .bech32) == keys.bitcoin().address)
        }
    }

    @Test func `a wallet that starts again on its records goes on`() async throws {
        let records = MemoryKeyValueStore()
        try await withTestRelay { relay in
            try await withScriptedDApp(relay: relay.url) { dApp in
                let invitation = try await dApp.invite()
                try await withScriptedWallet(relay: relay.url, records: records) { wallet in
                    try await wallet.connect(invitation.uri)
                }
                let session = try await invitation.session()
                let asking = Task { try await dApp.personalSign("for the next one", in: session) }
                try await withScriptedWallet(relay: relay.url, records: records) { wallet in
                    let signer = try await asking.value
                    #expect(signer == wallet.keys.evm().address)
                }
            }
        }
    }

    // MARK: Parts

    private static func chainChanged(_ pair: Pair) async throws -> JSON {
        try await pair.dApp.event { event -> JSON? in
            guard case .sessionEvent(_, _, let event, _) = event, event.name == "chainChanged" else { return nil }
            return event.data ?? .null
        }
    }

    private static func transfer(_ from: Address) -> JSON {
        [
            "from": .string(from.description), "to": "0x000000000000000000000000000000000000dEaD", "value": "0x1",
            "gas": "0x5208", "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x1", "nonce": "0x0",
        ]
    }

    private static let mail: JSON = [
        "types": [
            "EIP712Domain": [["name": "name", "type": "string"], ["name": "chainId", "type": "uint256"]],
            "Mail": [["name": "contents", "type": "string"]],
        ],
        "primaryType": "Mail", "domain": ["name": "Post", "chainId": 1], "message": ["contents": "hello"],
    ]
}
