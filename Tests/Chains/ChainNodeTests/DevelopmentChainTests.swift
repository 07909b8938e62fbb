import AsyncHTTPClient
import ChainEVM
import ChainNode
import ChainNodeHTTP
import Foundation
import Primitives
import TestServers
import Testing

/// The same bytes to a real EVM and to the simulated chain: what either says is compared.
@Suite(.enabled(if: EVMServer.missing == nil, "\(EVMServer.missing ?? "")"))
struct DevelopmentChainTests {
    let alice = TestAccount(developmentKey: 1)
    let bob = TestAccount(developmentKey: 2)

    /// A chain of its own, on which both have money.
    private func withNode(_ body: (HTTPNode) async throws -> Void) async throws {
        let server = try await EVMServer()
        defer { server.process.stop() }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: HTTPNode.clientConfiguration())
        let node = HTTPNode(
            chain: try ChainID("eip155:31337"),
            endpoint: try HTTPEndpoint(name: "development", url: server.url),
            client: client)
        let result: Result<Void, any Error>
        do {
            for account in [alice, bob] {
                _ = try await node.raw(
                    method: "devnet_fund", params: [.string("\(account.address)"), .string("0x56bc75e2d63100000")])
            }
            result = .success(try await body(node))
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        try result.get()
    }

    @Test func `a real chain and the simulated one agree on transfers, fees and refusals`() async throws {
        try await withNode { node in
            try await node.requireConfiguredChain()
            let start = try await node.transactionCount(of: alice.address, at: .latest)
            let simulated = SimulatedChain()
            // The same nonce on both sides, so that the very same bytes fit.
            simulated.fund(alice.address, wei: ether)
            var times = BlockTimes()
            for nonce in 0..<start {
                _ = await simulated.send(alice.pay(bob.address, wei: 0, nonce: nonce, cap: 100 * gwei))
            }
            while try await simulated.transactionCount(of: alice.address, at: .latest) < start {
                simulated.mine(at: times.next())
            }

            let first = alice.pay(bob.address, wei: 7, nonce: start)
            let low = alice.pay(bob.address, wei: 8, nonce: start, tip: gwei + 1, cap: 10 * gwei + 1)
            let bump = alice.pay(bob.address, wei: 9, nonce: start, tip: 2 * gwei, cap: 20 * gwei)
            let poor = alice.pay(bob.address, wei: .max, nonce: start + 1)
            let little = alice.pay(bob.address, wei: 1, nonce: start + 1, gas: 20_000)
            let foreign = alice.pay(bob.address, wei: 1, nonce: start + 1, chainID: 5)
            func story(_ node: any EVMNode) async -> [String] {
                var lines: [String] = []
                for signed in [first, first, low, bump, poor, little, foreign] {
                    let outcome = await node.broadcast(signed.raw)
                    lines.append(
                        outcome.rejection?.rawValue ?? (outcome.isUnknown ? "\(outcome)" : "\(outcome == .known)"))
                }
                return lines
            }
            #expect(await story(node) == (await story(simulated)))
            _ = try await node.raw(method: "evm_mine")
            simulated.mine(at: times.next())
            for chain in [node, simulated] as [any EVMNode] {
                let receipts = try await chain.receipts([first.hash, bump.hash])
                #expect(receipts[0] == nil && receipts[1]?.succeeded == true && receipts[1]?.gasUsed == 21_000)
                let header = try #require(try await chain.header(.number(receipts[1]!.blockNumber)))
                #expect(header.hash == receipts[1]!.blockHash)
                #expect(receipts[1]!.effectiveGasPrice == header.baseFeePerGas!.addingSaturating(UInt256(2 * gwei)))
                #expect(await chain.broadcast(first.raw).rejection == .nonceTooLow)
                #expect(try await chain.transaction(bump.hash)?.blockNumber == receipts[1]!.blockNumber)
                #expect(try await chain.transactionCount(of: alice.address, at: .pending) == start + 1)
            }
        }
    }

    @Test func `base fees of real blocks follow the rule the simulation uses`() async throws {
        try await withNode { node in
            for _ in 0..<6 { _ = try await node.raw(method: "evm_mine") }
            let newest = try #require(try await node.header(.latest))
            let history = try await node.feeHistory(
                blockCount: 5, newest: .number(newest.number), percentiles: [25, 50])
            for offset in 0..<history.gasUsedRatio.count {
                let header = try #require(try await node.header(.number(history.oldestBlock + UInt64(offset))))
                #expect(
                    FeeRules.nextBaseFee(
                        baseFee: history.baseFeePerGas[offset], gasUsed: header.gasUsed, gasLimit: header.gasLimit)
                        == history.baseFeePerGas[offset + 1])
            }
        }
    }

    @Test func `a reorganisation is seen through the port`() async throws {
        try await withNode { node in
            let nonce = try await node.transactionCount(of: bob.address, at: .latest)
            let signed = bob.pay(alice.address, wei: 1, nonce: nonce)
            #expect(await node.broadcast(signed.raw) == .accepted(signed.hash))
            _ = try await node.raw(method: "evm_mine")
            let before = try #require(try await node.receipt(signed.hash))
            _ = try await node.raw(
                method: "devnet_reorg", params: [["depth": 1, "drop": [.string(signed.hash.description)], "blocks": 2]])
            #expect(try await node.receipt(signed.hash) == nil)
            #expect(try await node.transactionCount(of: bob.address, at: .latest) == nonce)
            #expect(await node.broadcast(signed.raw) == .accepted(signed.hash))
            _ = try await node.raw(method: "evm_mine")
            let after = try #require(try await node.receipt(signed.hash))
            #expect(after.blockHash != before.blockHash)
        }
    }
}
