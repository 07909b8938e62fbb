import ChainEVM
import ChainNode
import Cryptography
import Primitives

/// An account with its key, for tests that sign for real.
struct TestAccount: Sendable {
    let key: Secp256k1.PrivateKey
    let address: Address

    init(_ number: UInt8) {
        self.init(secret: [UInt8](repeating: 0x11, count: 31) + [number])
    }

    /// The key that is just a number, as development chains fund them.
    init(developmentKey number: UInt8) {
        self.init(secret: [UInt8](repeating: 0, count: 31) + [number])
    }

    private init(secret: [UInt8]) {
        guard let key = try? Secp256k1.PrivateKey(secret: SecretBytes(copying: secret)) else {
            preconditionFailure("the test's numbers are keys")
        }
        self.key = key
        address = Address(publicKey: key.publicKey)
    }

    func sign(_ transaction: Transaction) -> SignedTransaction {
        transaction.signed(key.sign(digest: transaction.signingHash))
    }

    /// A type 2 transfer of wei.
    func pay(
        _ to: Address, wei: UInt256, nonce: UInt64, tip: UInt64 = gwei, cap: UInt64 = 10 * gwei, gas: UInt64 = 21_000,
        data: [UInt8] = [], chainID: UInt64 = 31337
    ) -> SignedTransaction {
        sign(
            Transaction(
                chainID: chainID, nonce: nonce, gasLimit: gas, to: to, value: wei, data: data,
                fees: .eip1559(
                    maxPriorityFeePerGas: UInt256(tip), maxFeePerGas: UInt256(cap), accessList: [])))
    }

    /// A call of a token's `transfer`.
    func payToken(_ token: Address, _ to: Address, amount: UInt256, nonce: UInt64, gas: UInt64 = 100_000)
        -> SignedTransaction
    {
        pay(token, wei: .zero, nonce: nonce, gas: gas, data: ERC20.transfer(to: to, amount: amount))
    }
}

let gwei: UInt64 = 1_000_000_000
let ether = UInt256(UInt64(1_000_000_000_000_000_000))

/// Block times for tests: twelve seconds apart, from the configured first block on.
struct BlockTimes {
    private var seconds: Int64 = 1_700_000_000

    mutating func next() -> Timestamp {
        seconds += 12
        return Timestamp(milliseconds: seconds * 1000)
    }
}

extension SimulatedChain {
    func send(_ signed: SignedTransaction) async -> BroadcastOutcome { await broadcast(signed.raw) }
}

extension BroadcastOutcome {
    var rejection: BroadcastRejection? {
        if case .rejected(let reason, _) = self { reason } else { nil }
    }

    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }
}

/// The error a block throws, nil when it throws none.
func nodeError<R>(_ body: () async throws -> R) async -> NodeError? {
    do {
        _ = try await body()
        return nil
    } catch { return error as? NodeError }
}
