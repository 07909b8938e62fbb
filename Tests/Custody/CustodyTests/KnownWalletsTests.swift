import ChainEVM
import Ledger
import Primitives
import Storage
import StorageSQLite
import Testing
import Wallets

@testable import Withdrawals

/// What is remembered of wallets changes nothing but the time that a request takes.
struct KnownWalletsTests {
    private func refusal(_ body: () async throws -> Void) async -> WithdrawalError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? WithdrawalError)?.code
        }
    }

    @Test func `a wallet that is known pays for its own user alone`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.accept(wallet, "first", to: .payee(1), amount: 5)
        let code = await refusal { try await bank.accept(wallet, "other", to: .payee(1), amount: 5, user: "mallory") }
        #expect(code == .walletNotFound)
    }

    @Test func `holds in two assets of a known wallet are booked on its two accounts`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        for (key, asset) in [
            ("a", Ground.native), ("b", bank.ground.coin), ("c", Ground.native), ("d", bank.ground.coin),
        ] {
            let withdrawal = try await bank.accept(wallet, key, asset, to: .payee(1), amount: 5)
            let (ledger, owner) = (bank.ledger, wallet.ledgerOwner)
            let (hold, account) = try await bank.store.read { tx in
                (
                    try ledger.transfers(subject: withdrawal.id, limit: 1, in: tx).first,
                    try ledger.find(.wallet, owner: owner, asset: asset.key, in: tx)
                )
            }
            #expect(hold?.credit == account?.id)
            #expect(hold?.asset == asset.key)
        }
    }

    @Test func `a refused request leaves nothing to remember`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.wallets.create(userID: Ground.user, chain: Ground.chainID, actor: "test")
        let code = await refusal { try await bank.accept(wallet, "poor", to: .payee(1), amount: 5) }
        #expect(code == .insufficientFunds)
        let known = KnownWallets()
        #expect(known[wallet.id] == nil)
        known.remember(Payer(wallet))
        var payer = Payer(wallet)
        payer.accounts["one"] = bank.ids.next()
        known.remember(payer)
        var other = Payer(wallet)
        other.accounts["two"] = bank.ids.next()
        known.remember(other)
        #expect(known[wallet.id]?.accounts.count == 2)
    }
}
