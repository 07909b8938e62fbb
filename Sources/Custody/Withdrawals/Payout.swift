import ChainEVM
import Cryptography
import Primitives
import Wallets

/// The transaction that a withdrawal stands for, and how to see on the chain that it paid.
struct Payout: Sendable, Hashable {
    let to: Address
    let value: UInt256
    let data: [UInt8]

    init(_ withdrawal: Withdrawal, asset: Asset) {
        switch asset.kind {
        case .native:
            to = withdrawal.to
            value = withdrawal.amount
            data = []
        case .erc20(let token):
            to = token
            value = .zero
            data = ERC20.transfer(to: withdrawal.to, amount: withdrawal.amount)
        }
    }

    /// Zero coins to the sender itself.
    init(cancelFrom sender: Address) {
        to = sender
        value = .zero
        data = []
    }

    /// Gas of a transfer without code or data; what a cancel needs.
    static let plainGas: UInt64 = 21_000

    func transaction(
        _ settings: ChainSettings, nonce: UInt64, gasLimit: UInt64, fees: FeeRules.Quote
    ) -> Transaction {
        Transaction(
            chainID: settings.chainNumber, nonce: nonce, gasLimit: gasLimit, to: to, value: value, data: data,
            fees: fees.fees())
    }

    /// A digest of what must be the same in every transaction for one slot: chain, recipient, value and data.
    func intent(_ settings: ChainSettings) -> Hash32 {
        var bytes = Array("coffer.intent.evm.v1".utf8)
        bytes += UInt256(settings.chainNumber).bigEndianBytes
        bytes += to.bytes
        bytes += value.bigEndianBytes
        bytes += data
        return SHA2.sha256(bytes)
    }

    /// What a mined transaction did.
    enum Outcome: Sendable, Hashable {
        /// What the withdrawal promised.
        case paid
        /// The whole amount has left the wallet, and so much of it reached the recipient: the token kept the rest.
        case paidLess(UInt256)
        /// Nothing: it reverted, or the token moved none of the sender's units.
        case nothing
        /// Another amount has left the wallet. Nobody can book that without looking.
        case unclear(UInt256)
    }

    /// Reads what a mined transaction did for the withdrawal.
    ///
    /// Status 1 is not enough for a token: some contracts answer false and move nothing, some keep a part. The token's own
    /// logs tell: one with both addresses and the amount is a payment, none from the sender is no payment, and whatever
    /// lies between must never be given back as if nothing had happened.
    static func outcome(
        _ receipt: Receipt, _ withdrawal: Withdrawal, asset: Asset, from sender: Address
    ) -> Outcome {
        guard receipt.succeeded else { return .nothing }
        guard case .erc20(let token) = asset.kind else { return .paid }
        let expected = ERC20.Transfer(token: token, from: sender, to: withdrawal.to, amount: withdrawal.amount)
        var (left, arrived) = (UInt256.zero, UInt256.zero)
        for log in receipt.logs {
            guard let transfer = ERC20.Transfer(log: log), transfer.token == token, transfer.from == sender,
                !transfer.amount.isZero
            else { continue }
            if transfer == expected { return .paid }
            left = left.addingSaturating(transfer.amount)
            if transfer.to == withdrawal.to { arrived = arrived.addingSaturating(transfer.amount) }
        }
        if left.isZero { return .nothing }
        return left == withdrawal.amount ? .paidLess(arrived) : .unclear(left)
    }
}
