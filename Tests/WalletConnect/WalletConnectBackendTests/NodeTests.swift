import ChainEVM
import ChainNode
import Primitives
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@Suite(.timeLimit(.minutes(10)))
struct NodeTests {
    let alice = ConnectionTarget.user("alice")
    let token = try! Address(ignoringChecksum: "0x742d35cc6634c0532925a3b8d4c9db96c4b4d8b6")

    @Test func `balances of every chain, and the failure of one is its own`() async throws {
        let optimism = try ChainID("eip155:10")
        let options = World.Options {
            $0.nodes = [
                World.mainnet: TestNode(World.mainnet, balance: .success(1_500_000_000_000_000_000)),
                World.polygon: TestNode(World.polygon, balance: .failure(NodeError(.timeout, "late"))),
            ]
            $0.wallet = { $0.families = [.evm, .solana] }
        }
        try await World.with(options) { world in
            try await world.connect("alice", [World.mainnet, World.polygon, optimism, World.solana])
            let balances = try await world.backend.balances(for: alice)
            #expect(balances.map(\.account.chain) == [World.mainnet, World.polygon, optimism, World.solana])
            #expect(try balances[0].result.get() == 1_500_000_000_000_000_000)
            for balance in balances.dropFirst() {
                let error = #expect(throws: BackendError.self) { try balance.result.get() }
                #expect(error?.code == .nodeUnavailable)
            }
            #expect(world.wallet.requests.isEmpty, "no wallet is asked for balances")
        }
    }

    @Test func `an estimate has gas, fees and the most that leaves the account`() async throws {
        let options = World.Options {
            $0.nodes = [
                World.mainnet: TestNode(World.mainnet, gas: .success(30_000)),
                World.polygon: TestNode(
                    World.polygon,
                    gas: .failure(NodeError(.rpc(-32000), "insufficient funds for gas * price + value"))),
            ]
        }
        try await World.with(options) { world in
            try await world.connect("alice", [World.mainnet, World.polygon])
            let call = TransactionCall(to: token, value: 7)
            let estimate = try await world.backend.estimate(call, on: World.mainnet, for: alice)
            #expect(estimate.gasLimit == 30_000)
            #expect(estimate.maxPriorityFeePerGas == 2_000_000_000)
            #expect(estimate.maxFeePerGas > 10_000_000_000)
            #expect(estimate.feeMax == estimate.maxFeePerGas.multipliedSaturating(by: 30_000))
            #expect(estimate.total == estimate.feeMax.addingSaturating(7))
            let poor = await World.failure { try await world.backend.estimate(call, on: World.polygon, for: alice) }
            #expect(poor?.code == .insufficientFunds)
        }
    }

    @Test func `contracts are read through the node and written through the wallet`() async throws {
        let revert: [UInt8] = try ABI.call(ABI.selector("Error(string)"), [.string("paused")], as: [.string])
        let node = TestNode(World.mainnet) { (request) throws(NodeError) in
            if request.data.starts(with: ABI.selector("stop()").bytes) {
                throw NodeError(.reverted, "reverted", revertData: revert)
            }
            return request.data.starts(with: ABI.selector("balanceOf(address)").bytes)
                ? UInt256(42).bigEndianBytes : [1]
        }
        try await World.with(World.Options { $0.nodes = [World.mainnet: node] }) { world in
            let (backend, holder) = (world.backend, world.wallet.keys.evm().address)
            let balanceOf = ContractFunction(token, "balanceOf", inputs: [.address], outputs: [.uint256])
            #expect(try await backend.readContract(balanceOf, [.address(holder)], on: World.mainnet) == [.uint(42)])
            #expect(node.calls.last?.to == token)
            let stopped = await World.failure {
                try await backend.readContract(ContractFunction(token, "stop"), on: World.mainnet)
            }
            #expect(stopped?.code == .callReverted)
            #expect(stopped?.message.contains("paused") == true)
            let strange = await World.failure {
                try await backend.readContract(
                    ContractFunction(token, "other", outputs: [.uint256]), on: World.mainnet)
            }
            #expect(strange?.code == .invalidResponse)
            let wrong = await World.failure { try await backend.readContract(balanceOf, [], on: World.mainnet) }
            #expect(wrong?.field == "arguments")
            let noNode = await World.failure {
                try await backend.readContract(balanceOf, [.address(holder)], on: World.polygon)
            }
            #expect(noNode?.code == .nodeUnavailable)

            try await world.connect()
            _ = try await backend.writeContract(
                ContractFunction(token, "transfer", inputs: [.address, .uint256]), [.address(holder), .uint(5)],
                on: World.mainnet, for: alice)
            let data = world.wallet.requests.last?.params?[0]?["data"]?.string
            #expect(data?.hasPrefix("0xa9059cbb") == true)
            #expect(data?.count == 2 + 2 * 68)
        }
    }

    @Test(arguments: [true, false])
    func `a contract account's signature is what its contract says`(accepts: Bool) async throws {
        let magic: [UInt8] = [0x16, 0x26, 0xBA, 0x7E] + [UInt8](repeating: 0, count: 28)
        let node = TestNode(World.mainnet) { (request) throws(NodeError) in
            accepts ? magic : [UInt8](repeating: 0, count: 32)
        }
        try await World.with(World.Options { $0.nodes = [World.mainnet: node] }) { world in
            try await world.connect()
            // The owner's key signs for the account, which is a contract.
            world.wallet.script("personal_sign", .forge)
            if accepts {
                let signed = try await world.backend.signMessage("hello", on: World.mainnet, for: alice)
                #expect(signed.verification == .contract)
            } else {
                let error = await World.failure {
                    try await world.backend.signMessage("hello", on: World.mainnet, for: alice)
                }
                #expect(error?.code == .invalidResponse)
            }
            #expect(node.calls.last?.to == world.wallet.keys.evm().address)
            #expect(node.calls.last?.data.starts(with: [0x16, 0x26, 0xBA, 0x7E]) == true)
        }
    }

    @Test func `an account that is not deployed yet is asked through the universal validator`() async throws {
        let node = TestNode(World.mainnet) { (request) throws(NodeError) in
            request.to == nil ? [1] : []
        }
        try await World.with(World.Options { $0.nodes = [World.mainnet: node] }) { world in
            try await world.connect()
            let wrapped = Hex.encodePrefixed(
                [UInt8](repeating: 1, count: 96) + SignatureCheck.counterfactualSuffix)
            world.wallet.script("personal_sign", .answer(.string(wrapped)))
            let signed = try await world.backend.signMessage("hello", on: World.mainnet, for: alice)
            #expect(signed.verification == .contract)
        }
    }

    @Test func `a node that fails leaves a contract's signature unknown, not invalid`() async throws {
        let node = TestNode(World.mainnet) { (_) throws(NodeError) in throw NodeError(.timeout, "late") }
        try await World.with(World.Options { $0.nodes = [World.mainnet: node] }) { world in
            try await world.connect()
            world.wallet.script("personal_sign", .forge)
            let error = await World.failure {
                try await world.backend.signMessage("hello", on: World.mainnet, for: alice)
            }
            #expect(error?.code == .nodeUnavailable)
        }
    }

    @Test func `a node that listens to nothing is left behind at its deadline`() async throws {
        let gate = Gate()
        let options = World.Options {
            $0.nodes = [World.mainnet: TestNode(World.mainnet, gate: gate)]
            $0.settings = { $0.nodeMilliseconds = 20 }
        }
        try await World.with(options) { world in
            let late = await World.failure {
                try await world.backend.readContract(ContractFunction(token, "slow"), on: World.mainnet)
            }
            #expect(late?.code == .nodeUnavailable)
            let asking = Task { [backend = world.backend, token] in
                await World.failure {
                    try await backend.readContract(ContractFunction(token, "slow"), on: World.mainnet)
                }
            }
            asking.cancel()
            #expect(await asking.value != nil)
            gate.open()
        }
    }
}
