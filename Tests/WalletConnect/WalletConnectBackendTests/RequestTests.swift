import ChainEVM
import Primitives
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct RequestTests {
    let shop = try! Address(ignoringChecksum: "0x742d35cc6634c0532925a3b8d4c9db96c4b4d8b6")

    @Test func `a transaction is sent with hex quantities, and its hash comes back`() async throws {
        try await World.with { world in
            try await world.connect()
            let sent = try await world.backend.sendTransaction(
                TransactionCall(
                    to: shop, value: 1_000_000_000_000_000, data: [0xAB, 0xCD], gasLimit: 21_000,
                    maxFeePerGas: 30_000_000_000, maxPriorityFeePerGas: 1_000_000_000, nonce: 7),
                on: World.mainnet, for: .user("alice"))
            let asked = try #require(world.wallet.requests.first)
            let from = world.wallet.keys.evm().address.description
            #expect(asked.method == "eth_sendTransaction")
            #expect(asked.chain == "eip155:1")
            #expect(
                asked.params == [
                    [
                        "from": .string(from), "to": .string(shop.description), "value": "0x38d7ea4c68000",
                        "data": "0xabcd", "gas": "0x5208", "maxFeePerGas": "0x6fc23ac00",
                        "maxPriorityFeePerGas": "0x3b9aca00", "nonce": "0x7",
                    ]
                ])
            #expect(sent.from.address == from)
            let status = try await world.backend.status(of: sent.requestID)
            #expect(status.outcome == .result(.string(sent.hash.description)))
            #expect(status.call.userID == "alice")
            #expect(status.call.kind == .transaction)
        }
    }

    @Test func `a signed transaction is the one that was asked for`() async throws {
        try await World.with { world in
            try await world.connect()
            let call = TransactionCall(to: shop, value: 5, nonce: 3)
            let signed = try await world.backend.signTransaction(call, on: World.mainnet, for: .user("alice"))
            #expect(try signed.recoverSender() == world.wallet.keys.evm().address)
            // Another payment than the one that was asked for, properly signed by the account.
            let other = world.wallet.keys.evm().sign(
                Transaction(
                    chainID: 1, nonce: 3, gasLimit: 21_000, to: shop, value: 6, data: [], fees: .legacy(gasPrice: 1)))
            world.wallet.script("eth_signTransaction", .answer(.string(Hex.encodePrefixed(other.raw))))
            let error = await World.failure {
                try await world.backend.signTransaction(call, on: World.mainnet, for: .user("alice"))
            }
            #expect(error?.code == .invalidResponse)
        }
    }

    @Test func `texts and typed data are signed, and the signature is the account's`() async throws {
        try await World.with { world in
            try await world.connect()
            let backend = world.backend
            let text = try await backend.signMessage("Grüße", on: World.mainnet, for: .user("alice"))
            #expect(text.verification == .key)
            #expect(text.account.address == world.wallet.keys.evm().address.description)
            #expect(world.wallet.requests.last?.params?[0] == "0x4772c3bcc39f65")
            let typed = try await backend.signTypedData(typedData(chainID: 1), on: World.mainnet, for: .user("alice"))
            #expect(typed.verification == .key)
            #expect(typed.signature.count == 65)

            for method in ["personal_sign", "eth_signTypedData_v4"] { world.wallet.script(method, .forge) }
            let forged = await World.failure {
                try await backend.signMessage("hello", on: World.mainnet, for: .user("alice"))
            }
            #expect(forged?.code == .invalidResponse)
            let forgedData = await World.failure {
                try await backend.signTypedData(typedData(chainID: 1), on: World.mainnet, for: .user("alice"))
            }
            #expect(forgedData?.code == .invalidResponse)
            let unchecked = try await backend.signMessage(
                "hello", on: World.mainnet, for: .user("alice"), options: CallOptions(checksSignature: false))
            #expect(unchecked.verification == .unchecked)
        }
    }

    private func typedData(chainID: Int64) -> JSON {
        [
            "types": [
                "Person": [["name": "name", "type": "string"]],
                "EIP712Domain": [["name": "name", "type": "string"], ["name": "chainId", "type": "uint256"]],
            ],
            "primaryType": "Person", "domain": ["name": "MyApp", "chainId": JSON(chainID)],
            "message": ["name": "Alice"],
        ]
    }

    @Test func `fields are checked before the wallet is asked`() async throws {
        try await World.with { world in
            let connection = try await world.connect()
            let (backend, alice) = (world.backend, ConnectionTarget.user("alice"))
            let other = try Address(ignoringChecksum: "0x00000000000000000000000000000000000000ff")
            func field(_ call: TransactionCall) async -> String? {
                let error = await World.failure {
                    try await backend.sendTransaction(call, on: World.mainnet, for: alice)
                }
                #expect(error?.code == .invalidParams)
                return error?.field
            }
            #expect(await field(TransactionCall(to: nil)) == "transaction.to")
            #expect(await field(TransactionCall(from: other, to: shop)) == "transaction.from")
            #expect(
                await field(TransactionCall(to: shop, gasPrice: 1, maxFeePerGas: 1)) == "transaction.gas_price")
            #expect(
                await field(TransactionCall(to: shop, maxFeePerGas: 1, maxPriorityFeePerGas: 2))
                    == "transaction.max_priority_fee_per_gas")
            let empty = await World.failure { try await backend.signMessage("", on: World.mainnet, for: alice) }
            #expect(empty?.field == "message")
            let stranger = await World.failure {
                try await backend.signMessage("a", on: World.mainnet, for: alice, account: other)
            }
            #expect(stranger?.field == "account")
            let data = await World.failure {
                try await backend.signTypedData(["types": [:]], on: World.mainnet, for: alice)
            }
            #expect(data?.field == "typed_data")
            let chain = await World.failure {
                try await backend.signTypedData(typedData(chainID: 137), on: World.mainnet, for: alice)
            }
            #expect(chain?.field == "typed_data.domain.chainId")
            let early = await World.failure {
                try await backend.request(
                    "personal_sign", [], on: World.mainnet, for: .topic(connection.topic),
                    options: CallOptions(expirySeconds: 299))
            }
            #expect(early?.field == "expiry_seconds")
            #expect(world.wallet.requests.isEmpty)
        }
    }

    @Test func `params beyond the limit are refused, and the limit is named in bytes`() async throws {
        let options = World.Options { $0.settings = { $0.paramsBytesMax = 1000 } }
        try await World.with(options) { world in
            try await world.connect()
            let fits = JSON.array([.string(String(repeating: "a", count: 996))])
            _ = try await world.backend.request("personal_sign", fits, on: World.mainnet, for: .user("alice"))
            let error = await World.failure {
                try await world.backend.request(
                    "personal_sign", [.string(String(repeating: "a", count: 997))], on: World.mainnet,
                    for: .user("alice"))
            }
            #expect(error?.code == .paramsTooLarge)
            #expect(error?.message == "the params have 1001 bytes; 1000 is most")
        }
    }

    @Test func `no more requests wait than the settings allow`() async throws {
        try await World.with(World.Options { $0.settings = { $0.requestsMax = 1 } }) { world in
            try await world.connect()
            world.wallet.script("personal_sign", .never)
            let first = try await world.backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            let error = await World.failure {
                try await world.backend.request("personal_sign", ["0x01"], on: World.mainnet, for: .user("alice"))
            }
            #expect(error?.code == .tooManyRequests)
            #expect(error?.isRetryable == true)
            #expect(world.backend.figures.requests == 1)
            try await world.backend.disconnect(user: "alice")
            #expect(await World.failure { try await first.value() }?.code == .notConnected)
            #expect(world.backend.figures.requests == 0)
        }
    }

    @Test func `what the session does not have is refused by its name`() async throws {
        try await World.with { world in
            try await world.connect(methods: ["personal_sign"])
            let (backend, alice) = (world.backend, ConnectionTarget.user("alice"))
            let chain = await World.failure { try await backend.signMessage("a", on: World.polygon, for: alice) }
            #expect(chain?.code == .unsupportedChain)
            let kind = await World.failure { try await backend.signMessage("a", on: World.solana, for: alice) }
            #expect(kind?.code == .unsupportedChain)
            let method = await World.failure {
                try await backend.sendTransaction(TransactionCall(to: shop), on: World.mainnet, for: alice)
            }
            #expect(method?.code == .unsupportedMethod)
            let nobody = await World.failure {
                try await backend.signMessage("a", on: World.mainnet, for: .user("nobody"))
            }
            #expect(nobody?.code == .unknownUser)
            let nowhere = await World.failure {
                try await backend.signMessage("a", on: World.mainnet, for: .topic(Topic(.zero)))
            }
            #expect(nowhere?.code == .notConnected)
            #expect(world.wallet.requests.isEmpty)
        }
    }

    @Test func `of several wallets the newest that has chain and method is asked`() async throws {
        try await World.with { world in
            let first = try await world.connect("alice", [World.polygon])
            let second = try await world.connect("alice", [World.mainnet])
            _ = try await world.backend.signMessage("a", on: World.polygon, for: .user("alice"))
            _ = try await world.backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            #expect(world.wallet.requests.map(\.topic) == [first.topic, second.topic])
        }
    }

    @Test(arguments: [
        (PeerError(code: 4001, message: "User rejected the request."), BackendError.Code.rejectedByUser),
        (PeerError(code: 5000, message: "No."), .rejectedByUser),
        (
            PeerError(code: -32000, message: "MetaMask Tx Signature: User denied transaction signature."),
            .rejectedByUser
        ),
        (PeerError(code: -32602, message: "Invalid params"), .peerError),
        (PeerError(code: 4100, message: "Unauthorized"), .peerError),
    ])
    func `a wallet's refusal keeps its words`(words: PeerError, code: BackendError.Code) async throws {
        try await World.with { world in
            try await world.connect()
            world.wallet.script("personal_sign", .refuse(words))
            let error = await World.failure {
                try await world.backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            }
            #expect(error?.code == code)
            #expect(error?.peer?.code == words.code)
            #expect(error?.message == words.message)
        }
    }

    @Test func `an answer that is garbage is no result`() async throws {
        try await World.with { world in
            try await world.connect()
            world.wallet.scriptEverything(.garbage)
            let (backend, alice) = (world.backend, ConnectionTarget.user("alice"))
            let hash = await World.failure {
                try await backend.sendTransaction(TransactionCall(to: shop), on: World.mainnet, for: alice)
            }
            #expect(hash?.code == .invalidResponse)
            let text = await World.failure { try await backend.signMessage("a", on: World.mainnet, for: alice) }
            #expect(text?.code == .invalidResponse)
            let raw = await World.failure {
                try await backend.signTransaction(TransactionCall(to: shop), on: World.mainnet, for: alice)
            }
            #expect(raw?.code == .invalidResponse)
            world.wallet.scriptEverything(.answer("0x1234"))
            let short = await World.failure {
                try await backend.sendTransaction(TransactionCall(to: shop), on: World.mainnet, for: alice)
            }
            #expect(short?.code == .invalidResponse)
        }
    }

    @Test func `a wallet that never answers is given up at the request's expiry`() async throws {
        let time = TestTime(WallClock.system.now)
        let options = World.Options {
            $0.clock = time.clock
            $0.pace = time.pace
        }
        try await World.with(options) { world in
            try await world.connect()
            world.wallet.script("personal_sign", .never)
            let pending = try await world.backend.request(
                "personal_sign", ["0x00", "0x00"], on: World.mainnet, for: .user("alice"),
                options: CallOptions(expirySeconds: 300))
            _ = try await world.wallet.request(of: "personal_sign")
            let polled = try await advancing(time) { try await pending.poll(waitMilliseconds: 25_000) }
            #expect(polled == nil)
            #expect(try await world.backend.status(of: pending.id).outcome == nil)
            let error = await advancing(time) { await World.failure { try await pending.value() } }
            #expect(error?.code == .requestTimeout)
            #expect(error?.isRetryable == false)
            #expect(time.clock.now >= pending.expiresAt)
            let known = try await world.backend.outcome(of: pending.id)
            guard case .failure(let kept) = known else { return #expect(Bool(false), "it has no result") }
            #expect(kept.code == .requestTimeout)
        }
    }

    @Test func `a request's link opens the wallet where it waits`() async throws {
        let options = World.Options {
            $0.wallet = { settings in
                settings.metadata.redirect = Metadata.Redirect(universal: "https://wallet.example/")
            }
        }
        try await World.with(options) { world in
            let connection = try await world.connect()
            let pending = try await world.backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            #expect(
                pending.deepLink
                    == "https://wallet.example/wc?requestId=\(pending.id)&sessionTopic=\(connection.topic)")
        }
    }

    @Test func `a request ends when its session does`() async throws {
        try await World.with { world in
            try await world.connect()
            world.wallet.script("personal_sign", .disconnect)
            let error = await World.failure {
                try await world.backend.signMessage("a", on: World.mainnet, for: .user("alice"))
            }
            #expect(error?.code == .notConnected)
        }
    }

    @Test func `giving up ends the wait alone`() async throws {
        try await World.with { world in
            try await world.connect()
            world.wallet.script("personal_sign", .never)
            let pending = try await world.backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            let waiting = Task { await World.failure { try await pending.value() } }
            _ = try await world.wallet.request(of: "personal_sign")
            waiting.cancel()
            #expect(await waiting.value?.code == .cancelled)
            #expect(try await world.backend.status(of: pending.id).outcome == nil)
            try await world.wallet.client.respond(
                to: .number(pending.id), on: pending.call.topic, with: .result("late"))
            #expect(try await pending.value() == "late")
            let unknown = await World.failure { try await world.backend.status(of: 1) }
            #expect(unknown?.code == .unknownRequest)
        }
    }

    @Test func `the wallet's chain is changed, and a chain it does not know is added`() async throws {
        try await World.with(World.Options { $0.wallet = { $0.chains = [World.mainnet, World.polygon] } }) { world in
            try await world.connect("alice", [World.mainnet, World.polygon])
            try await world.backend.switchChain(to: World.polygon, for: .user("alice"))
            #expect(world.wallet.requests.last?.params == [["chainId": "0x89"]])
            #expect(world.wallet.requests.last?.chain == "eip155:137")
            let unknown = try ChainID("eip155:10")
            let error = await World.failure { try await world.backend.switchChain(to: unknown, for: .user("alice")) }
            #expect(error?.peer?.code == 4902)
            world.wallet.script("wallet_addEthereumChain", .answer(.null))
            try await world.backend.addChain(
                ChainDescription(
                    chain: unknown, name: "OP", currencyName: "Ether", currencySymbol: "ETH",
                    rpcURLs: ["https://op.example"]),
                for: .user("alice"))
            #expect(world.wallet.requests.last?.params?[0]?["chainId"] == "0xa")
            #expect(world.wallet.requests.last?.params?[0]?["nativeCurrency"]?["decimals"] == 18)
            let bare = await World.failure {
                try await world.backend.addChain(
                    ChainDescription(
                        chain: unknown, name: "OP", currencyName: "Ether", currencySymbol: "ETH",
                        rpcURLs: ["http://op.example"]),
                    for: .user("alice"))
            }
            #expect(bare?.field == "rpc_urls")
        }
    }

    @Test func `what a waiting request asks for is not kept in memory`() async throws {
        try await World.with { world in
            try await world.connect()
            world.wallet.script("personal_sign", .never)
            let pending = try await world.backend.request(
                "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
            #expect(pending.call.params == ["0x00"])
            #expect(try await world.backend.status(of: pending.id).call.params == nil)
        }
    }
}
