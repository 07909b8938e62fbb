import ChainEVM
import Primitives
import Wallets

@testable import Withdrawals

/// One payment that a client wants, with a recipient of its own: what arrived there tells how often it was paid.
struct Promise: Sendable {
    let key: String
    let wallet: Wallet
    let asset: Asset
    let to: Address
    let amount: UInt256
    /// The first answer.
    var answer: Withdrawal?

    func request() throws -> WithdrawalRequest {
        try WithdrawalRequest(
            client: "client", idempotencyKey: key, userID: wallet.userID, walletID: wallet.id, asset: asset.id, to: to,
            amount: amount, reference: key)
    }
}
