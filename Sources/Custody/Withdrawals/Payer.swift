import Primitives
import Synchronization
import Wallets

/// A wallet as the acceptance of withdrawals needs it, with its names in the books made once.
struct Payer: Sendable {
    let wallet: Wallet
    let ledgerOwner: String
    let lane: String
    /// Its accounts in the books, by asset, as far as they are known.
    var accounts: [String: SortableID] = [:]

    init(_ wallet: Wallet) {
        self.wallet = wallet
        ledgerOwner = wallet.ledgerOwner
        lane = wallet.lane
    }
}

/// Wallets that were found in the store before, so that not every request reads them again.
///
/// Sound because of two rules. What is used of a wallet (user, chain, address, shared or not, the names of its accounts)
/// never changes, and neither wallets nor accounts are ever removed. And they are remembered only after a commit that had
/// found or made them: what a failed commit has taken back is never known here.
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
            var payer = payer
            // Two requests may have learnt of two assets at once.
            payer.accounts.merge(payers[payer.wallet.id]?.accounts ?? [:]) { own, _ in own }
            payers[payer.wallet.id] = payer
        }
    }
}
