import Audit
import ChainEVM
import ChainNode
import Ledger
import Primitives
import Storage
import StorageSQLite
import Testing
import Wallets

@testable import Withdrawals

/// What clients meet at the door.
struct AcceptanceTests {
    private func refusal(_ body: () async throws -> Void) async -> WithdrawalError.Code? {
        do {
            try await body()
            return nil
        } catch let error as WithdrawalError {
            return error.code
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test func `a repeated request gets the first answer, whatever has happened since`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let request = try bank.request(wallet, "key", to: .payee(1), amount: 5)
        let first = try await bank.withdrawals.accept(request)
        #expect(!first.isReplay)
        try await bank.finish(wallet)
        #expect(try await bank.state(first.withdrawal) == .confirmed)
        bank.ground.clock.advance(seconds: 2 * 366 * 86_400)
        let second = try await bank.withdrawals.accept(request)
        #expect(second.isReplay)
        #expect(second.withdrawal == first.withdrawal)
        #expect(try await bank.withdrawals.list(limit: 10).count == 1)
    }

    @Test func `a repeated request gets the first answer after its asset was struck off the list`() async throws {
        let ground = try await Ground.make()
        let bank = Bank(ground)
        let wallet = try await bank.openWallet()
        let request = try bank.request(wallet, "key", ground.coin, to: .payee(1), amount: 5)
        let first = try await bank.withdrawals.accept(request)
        let later = Bank(ground, assets: AssetList([ground.native]))
        #expect(try await later.withdrawals.accept(request) == .replayed(first.withdrawal))
    }

    @Test func `a key that stands for another request is refused`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.accept(wallet, "key", to: .payee(1), amount: 5)
        for changed in [
            try bank.request(wallet, "key", to: .payee(2), amount: 5),
            try bank.request(wallet, "key", to: .payee(1), amount: 6),
            try bank.request(wallet, "key", bank.ground.coin, to: .payee(1), amount: 5),
            try WithdrawalRequest(
                client: "client", idempotencyKey: "key", userID: Ground.user, walletID: wallet.id,
                asset: Ground.native.id, to: .payee(1), amount: 5, reference: ""),
        ] {
            #expect(await refusal { _ = try await bank.withdrawals.accept(changed) } == .idempotencyKeyReused)
        }
        let other = try bank.request(wallet, "key", to: .payee(2), amount: 5, client: "another client")
        #expect(try await bank.withdrawals.accept(other).isReplay == false)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == 10)
    }

    @Test func `a refused request leaves its key unused`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet(wei: 10)
        let tooMuch = try bank.request(wallet, "key", to: .payee(1), amount: 11)
        #expect(await refusal { _ = try await bank.withdrawals.accept(tooMuch) } == .insufficientFunds)
        #expect(try await bank.accept(wallet, "key", to: .payee(1), amount: 10).amount == 10)
    }

    @Test(arguments: [false, true])
    func `of a thousand equal requests at once one is accepted`(onDisk: Bool) async throws {
        try await withScratch { path in
            let ground = try await Ground.make(
                store: onDisk ? SQLite.open(path: "\(path)/main.db") : MemoryStore())
            let bank = Bank(ground)
            let wallet = try await bank.openWallet()
            let request = try bank.request(wallet, "key", to: .payee(1), amount: 7)
            let answers = try await withThrowingTaskGroup(of: Acceptance.self) { group in
                for _ in 0..<1_000 { group.addTask { try await bank.withdrawals.accept(request) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { !$0.isReplay } == 1)
            #expect(Set(answers.map(\.withdrawal)).count == 1)
            #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == 7)
            #expect(try await bank.report().openHolds == 1)
            await ground.store.close()
        }
    }

    @Test func `somebody else's wallet is not found, a shared one is everybody's`() async throws {
        let bank = Bank(try await Ground.make())
        let own = try await bank.openWallet()
        let shared = try await bank.openWallet(user: "treasury", isShared: true)
        let bobs = try await bank.openWallet(user: "bob")
        #expect(
            await refusal {
                try await bank.accept(own, "a", to: .payee(1), amount: 1, user: "bob")
            } == .walletNotFound)
        #expect(try await bank.accept(shared, "b", to: .payee(1), amount: 1, user: "bob").walletID == shared.id)
        #expect(await refusal { try await bank.accept(bobs, "c", to: .payee(1), amount: 1) } == .walletNotFound)
    }

    @Test func `an asset that the wallet's chain does not have is refused`() async throws {
        let ground = try await Ground.make()
        let foreign = Asset(
            id: try AssetID("eip155:1/slip44:60"), kind: .native, symbol: "ETH", decimals: 18)
        let bank = Bank(ground, assets: AssetList([ground.native, ground.coin, foreign]))
        let wallet = try await bank.openWallet()
        #expect(
            await refusal { try await bank.accept(wallet, "a", foreign, to: .payee(1), amount: 1) } == .unsupportedAsset
        )
        let unknown = Asset(
            id: try AssetID("eip155:31337/erc20:\(Address.payee(9))"), kind: .erc20(.payee(9)), symbol: nil,
            decimals: nil)
        #expect(
            await refusal { try await bank.accept(wallet, "b", unknown, to: .payee(1), amount: 1) } == .unsupportedAsset
        )
    }

    @Test func `money is not sent to zero, a precompile, the token or the wallet itself`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        let precompile = Address(bytes: [UInt8](repeating: 0, count: 19) + [9])!
        for (key, asset, to) in [
            ("zero", bank.ground.native, Address.zero), ("precompile", bank.ground.native, precompile),
            ("token", bank.ground.coin, bank.ground.token), ("own", bank.ground.native, wallet.address),
        ] {
            #expect(
                await refusal { try await bank.accept(wallet, key, asset, to: to, amount: 1) } == .invalidRecipient)
        }
        #expect(await refusal { try await bank.accept(wallet, "nothing", to: .payee(1), amount: 0) } == .invalidAmount)
        #expect(try await bank.withdrawals.list(limit: 10).isEmpty)
    }

    @Test func `a token's address may be spelled in any case`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        let spelled = try AssetID("eip155:31337/erc20:\("\(bank.ground.token)".lowercased())")
        let request = try WithdrawalRequest(
            client: "client", idempotencyKey: "a", userID: Ground.user, walletID: wallet.id, asset: spelled,
            to: .payee(1), amount: 3)
        let accepted = try await bank.withdrawals.accept(request).withdrawal
        #expect(accepted.asset == bank.ground.coin.key)
        // The same request in the books' own spelling is the same request.
        let canonical = try bank.request(wallet, "a", bank.ground.coin, to: .payee(1), amount: 3)
        #expect(try await bank.withdrawals.accept(canonical) == .replayed(accepted))
    }

    @Test func `requests with a bad key or reference are never made`() throws {
        let id = IDGenerator(clock: .system, random: .seeded(1)).next()
        for key in ["", "with space", "ümlaut", String(repeating: "x", count: 256)] {
            #expect(throws: WithdrawalError.self) {
                try WithdrawalRequest(
                    client: "c", idempotencyKey: key, userID: "u", walletID: id, asset: Ground.native.id,
                    to: .payee(1), amount: 1)
            }
        }
        #expect(throws: WithdrawalError.self) {
            try WithdrawalRequest(
                client: "c", idempotencyKey: "k", userID: "u", walletID: id, asset: Ground.native.id, to: .payee(1),
                amount: 1, reference: String(repeating: "x", count: 257))
        }
    }

    @Test func `a thousand withdrawals at once never overdraw`() async throws {
        try await withScratch { path in
            let ground = try await Ground.make(store: SQLite.open(path: "\(path)/main.db"))
            let bank = Bank(ground)
            let wallet = try await bank.openWallet(wei: 1_000)
            let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1_000 {
                    group.addTask {
                        do {
                            try await bank.accept(
                                wallet, "key \(number)".replacing(" ", with: "-"), to: .payee(number), amount: 7)
                            return true
                        } catch let error as WithdrawalError where error.code == .insufficientFunds {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(accepted == 142)
            let account = try await bank.account(.user, Ground.user, Ground.native)
            #expect(account?.held == 994)
            #expect(account?.available == 6)
            #expect(try await bank.report().problems == [])
            #expect(try await bank.audit().isIntact)
            await ground.store.close()
        }
    }

    @Test func `what was taken back before its slot pays nobody`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        #expect(
            await refusal {
                _ = try await bank.withdrawals.cancel(withdrawal.id, client: "stranger", actor: "x")
            } == .notFound)
        #expect(try await bank.withdrawals.cancel(withdrawal.id, actor: "owner").state == .cancelled)
        #expect(try await bank.withdrawals.cancel(withdrawal.id, actor: "owner").state == .cancelled)
        #expect(try await bank.account(.user, Ground.user, Ground.native)?.held == .zero)
        try await bank.finish(wallet)
        #expect(try await bank.ground.chain.balance(of: .payee(1), at: .latest) == .zero)
        #expect(try await bank.ground.chain.transactionCount(of: wallet.address, at: .latest) == 0)
        #expect(try await bank.report().problems == [])
    }

    @Test func `what is over can't be taken back`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let withdrawal = try await bank.accept(wallet, "a", to: .payee(1), amount: 5)
        try await bank.finish(wallet)
        #expect(
            await refusal { _ = try await bank.withdrawals.cancel(withdrawal.id, actor: "owner") } == .notCancellable)
    }
}
