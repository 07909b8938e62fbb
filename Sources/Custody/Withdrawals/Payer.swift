import Primitives
import Synchronization
import Wallets

/// A wallet as the acceptance of withdrawals needs it, with its names in the books made once.
struct Payer: Sendable {
    let wallet: Wallet
    let ledgerOwner: String
    let lane: String

    init(_ wallet: Wallet) {
        self.wallet = wallet
        ledgerOwner = wallet.ledgerOwner
        lane = wallet.lane
    }
}

/// Wallets that were found in the store before, so that not every request reads them again.
///
/// Sound because of two rules. What is used of a wallet (user, chain, address, shared or not) never changes, and wallets
/// are never removed. And a wallet is remembered only after a commit that had found it: one whose own commit fails is
/// never known here.
///
/// A class, because the copies of ``Withdrawals`` share it.
final class KnownWallets: Sendable {
    /// Beyond it the memory starts anew; about 10 MiB.
    private static let walletsMax = 16_384
    private let payers = Mutex<[SortableID: Payer]>([:])

    subscript(id: SortableID) -> Payer? { payers.withLock { $0[id] } }

    func remember(_ payer: Payer) {
        payers.withLock { payers in
            if payers.count >= Self.walletsMax { payers.removeAll() }
            payers[payer.wallet.id] = payer
        }
    }
}
