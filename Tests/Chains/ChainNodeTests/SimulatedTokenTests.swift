import ChainEVM
import ChainNode
import Primitives
import Testing

struct SimulatedTokenTests {
    let alice = TestAccount(1)
    let bob = TestAccount(2)
    let carol = TestAccount(3)

    private func start(_ token: SimulatedToken) -> (chain: SimulatedChain, token: Address) {
        let chain = SimulatedChain()
        chain.fund(alice.address, wei: ether)
        let address = chain.deploy(token)
        chain.mint(token: address, to: alice.address, amount: 1_000_000)
        return (chain, address)
    }

    private func transfer(_ chain: SimulatedChain, _ token: Address, amount: UInt256, nonce: UInt64 = 0) async throws
        -> Receipt
    {
        let signed = alice.payToken(token, bob.address, amount: amount, nonce: nonce)
        #expect(await chain.send(signed) == .accepted(signed.hash))
        chain.mine(at: Timestamp(milliseconds: 1_700_000_100_000))
        return try #require(try await chain.receipt(signed.hash))
    }

    @Test func `an ordinary transfer moves and logs exactly the amount`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "USDX", decimals: 6))
        let request = CallRequest(from: alice.address, to: token, data: ERC20.transfer(to: bob.address, amount: 5))
        #expect(try await chain.estimateGas(request) == 51_000)
        #expect(ERC20.succeeded(try await chain.call(request, at: .latest)))
        let receipt = try await transfer(chain, token, amount: 5)
        #expect(receipt.succeeded && receipt.gasUsed == 51_000 && receipt.logs.count == 1)
        #expect(receipt.logs[0].matches(ERC20.Transfer(token: token, from: alice.address, to: bob.address, amount: 5)))
        #expect(
            receipt.logs[0].blockHash == receipt.blockHash && receipt.logs[0].transactionHash == receipt.transactionHash
        )
        #expect(chain.tokenBalance(token, of: bob.address) == 5)
        #expect(try await transfer(chain, token, amount: 5, nonce: 1).gasUsed == 34_000)
        let answer = try await chain.call(CallRequest(to: token, data: ERC20.balanceOf(bob.address)), at: .latest)
        #expect(try ERC20.decodeBalance(answer) == 10)
    }

    @Test func `a token tells its decimals and symbol`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "USDX", decimals: 6))
        #expect(
            try ERC20.decodeDecimals(try await chain.call(CallRequest(to: token, data: ERC20.decimals()), at: .latest))
                == 6)
        #expect(
            try ERC20.decodeText(try await chain.call(CallRequest(to: token, data: ERC20.symbol()), at: .latest))
                == "USDX")
    }

    @Test func `a token that returns false succeeds on chain and moves nothing`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "ODD", decimals: 18, transferAnswer: .returnsFalse))
        let request = CallRequest(from: alice.address, to: token, data: ERC20.transfer(to: bob.address, amount: 5))
        #expect(!ERC20.succeeded(try await chain.call(request, at: .latest)))
        let receipt = try await transfer(chain, token, amount: 5)
        #expect(receipt.succeeded && receipt.logs.isEmpty)
        #expect(chain.tokenBalance(token, of: bob.address) == .zero)
    }

    @Test func `a token that returns nothing still pays`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "OLD", decimals: 6, transferAnswer: .returnsNothing))
        #expect(try await transfer(chain, token, amount: 5).logs.count == 1)
        #expect(chain.tokenBalance(token, of: bob.address) == 5)
    }

    @Test func `a blocked recipient reverts with a reason`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "USDX", decimals: 6, blocked: [bob.address]))
        let request = CallRequest(from: alice.address, to: token, data: ERC20.transfer(to: bob.address, amount: 5))
        let error = try #require(await nodeError { try await chain.estimateGas(request) })
        #expect(error.code == .reverted && !error.isRetryable)
        #expect(error.message.contains("blacklisted"))
        #expect(RevertReason.decode(try #require(error.revertData)) == .error("Blacklistable: account is blacklisted"))
        let receipt = try await transfer(chain, token, amount: 5)
        #expect(!receipt.succeeded && receipt.logs.isEmpty)
        #expect(chain.tokenBalance(token, of: alice.address) == 1_000_000)
        chain.updateToken(at: token) { $0.blocked = [] }
        #expect(try await transfer(chain, token, amount: 5, nonce: 1).succeeded)
    }

    @Test func `a token that takes a fee pays the recipient less`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "FEE", decimals: 6, feeBasisPoints: 100))
        let receipt = try await transfer(chain, token, amount: 1_000)
        #expect(receipt.succeeded && receipt.logs.count == 2)
        #expect(chain.tokenBalance(token, of: bob.address) == 990)
        #expect(chain.tokenBalance(token, of: .simulatedFeeCollector) == 10)
        #expect(
            !receipt.logs[0].matches(ERC20.Transfer(token: token, from: alice.address, to: bob.address, amount: 1_000)))
    }

    @Test func `more than is owned reverts`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "USDX", decimals: 6))
        #expect(try await !transfer(chain, token, amount: 1_000_001).succeeded)
        #expect(try await !transfer(chain, token, amount: .max, nonce: 1).succeeded)
        #expect(chain.tokenBalance(token, of: alice.address) == 1_000_000)
    }

    @Test func `a paused token, wei and unknown functions revert`() async throws {
        let (chain, token) = start(SimulatedToken(symbol: "USDX", decimals: 6, isPaused: true))
        #expect(try await !transfer(chain, token, amount: 1).succeeded)
        for data in [[], [1], [1, 2, 3, 4], Array(ERC20.transfer(to: bob.address, amount: 1).dropLast())] as [[UInt8]] {
            let error = await nodeError { try await chain.call(CallRequest(to: token, data: data), at: .latest) }
            #expect(error?.code == .reverted)
        }
        let wei = CallRequest(from: alice.address, to: token, value: 1, data: ERC20.decimals())
        #expect(await nodeError { try await chain.call(wei, at: .latest) }?.code == .reverted)
    }
}
