import Audit
import ChainEVM
import ChainNode
import Keys
import Ledger
import Primitives
import Storage
import Wallets

@testable import Withdrawals

/// What must hold at every moment, and what must hold in the end.
///
/// Each breach is one sentence that begins with the invariant's number.
struct Invariants: Sendable {
    let ground: Ground
    let settings: ChainSettings
    let promises: [Promise]
    let wallets: [Wallet]
    /// The highest block there ever was; nothing at or below `highest - 12` is ever replaced.
    let highest: UInt64

    private func paid(_ promise: Promise) async -> UInt256 {
        switch promise.asset.kind {
        case .native: (try? await ground.chain.balance(of: promise.to, at: .latest)) ?? .zero
        case .erc20(let token): ground.chain.tokenBalance(token, of: promise.to)
        }
    }

    /// I1, I2 and I6: after every step.
    func always() async throws -> [String] {
        var breaches: [String] = []
        let (all, voids) = try await ground.store.read { tx in
            (
                try tx.select(Query(WithdrawalTable.table)).map { try Withdrawal($0) },
                try tx.select(Query(VoidTable.table)).map { try $0.get(VoidTable.withdrawalID) }
            )
        }
        let stored = Dictionary(all.map { ($0.reference ?? "", $0) }) { first, _ in first }
        for promise in promises {
            let paid = await paid(promise)
            guard paid.isZero || paid == promise.amount else {
                breaches.append("I1: \(promise.key) is paid \(paid) of \(promise.amount)")
                continue
            }
            guard let withdrawal = stored[promise.key] else { continue }
            if voids.contains(withdrawal.id), !paid.isZero {
                breaches.append("I2: \(promise.key) is voided and paid")
            }
            guard withdrawal.state == .confirmed else { continue }
            let receipt = try await withdrawal.transactionHash.asyncMap { try await ground.chain.receipt($0) } ?? nil
            guard let receipt, receipt.succeeded, paid == promise.amount else {
                breaches.append("I6: \(promise.key) is confirmed and not on the chain")
                continue
            }
            if settings.finality == .depth(13), receipt.blockNumber + 12 > highest {
                breaches.append("I6: \(promise.key) was confirmed in block \(receipt.blockNumber), head \(highest)")
            }
        }
        return breaches
    }

    /// I3, I4 and I9: now and then.
    func books(_ bank: Bank) async throws -> [String] {
        var breaches: [String] = []
        breaches += try await bank.report().problems.map { "I3: \($0)" }
        let audit = try await bank.audit()
        if !audit.isIntact { breaches.append("I9: \(audit)") }
        for wallet in wallets {
            let lane = wallet.lane
            let (slots, attempts) = try await ground.store.read { tx in
                (
                    try tx.select(Query(SlotTable.table, where: [SlotTable.lane == lane])).map {
                        (
                            UInt64(try $0.get(SlotTable.nonce)),
                            try WithdrawalBook.find($0.get(SlotTable.withdrawalID), in: tx)
                        )
                    },
                    try tx.select(Query(AttemptTable.table, where: [AttemptTable.lane == lane])).map { try Attempt($0) }
                )
            }
            let owners = Dictionary(slots) { first, _ in first }
            for attempt in attempts where attempt.purpose == .payout {
                guard let owner = owners[attempt.nonce],
                    let transaction = try? SignedTransaction.decode(attempt.raw).transaction
                else {
                    breaches.append("I4: \(attempt.hash) belongs to no slot")
                    continue
                }
                let asset = owner.asset == Ground.native.key ? Ground.native : ground.coin
                let intended = Payout(owner, asset: asset)
                if transaction.to != intended.to || transaction.value != intended.value
                    || transaction.data != intended.data || transaction.nonce != attempt.nonce
                {
                    breaches.append("I4: nonce \(attempt.nonce) was signed for something else than \(owner.idText)")
                }
            }
            for slot in try await bank.signer.history(lane) {
                let intents = Set(slot.payloads.filter { $0.purpose == .payout }.map(\.intent))
                if intents.count > 1 { breaches.append("I4: the guard let two intents into nonce \(slot.position)") }
            }
        }
        return breaches
    }

    /// I1, I7, I8, I10 and the balances: when everything had its time.
    func end(_ bank: Bank) async throws -> [String] {
        var breaches = try await always() + books(bank)
        for promise in promises {
            guard let answer = promise.answer else {
                breaches.append("I10: \(promise.key) was never answered")
                continue
            }
            let again = try await bank.withdrawals.accept(promise.request())
            if !again.isReplay || again.withdrawal != answer {
                breaches.append("I8: \(promise.key) is answered in another way")
            }
            let now = try await bank.withdrawals.get(answer.id)
            if !now.state.isFinal {
                breaches.append("I10: \(promise.key) is still \(now.state.rawValue): \(now.reason ?? "no reason")")
            }
            let paid = await paid(promise)
            if (now.state == .confirmed) != (paid == promise.amount) {
                breaches.append("I1: \(promise.key) is \(now.state.rawValue) and paid \(paid)")
            }
            let proofs = try await ground.store.read { tx in
                try tx.count(VoidTable.table, where: [VoidTable.withdrawalID == answer.id])
            }
            if now.state.isFinal, (now.state == .confirmed) != (proofs == 0) {
                breaches.append("I2: \(promise.key) is \(now.state.rawValue) with \(proofs) proofs")
            }
        }
        for wallet in wallets {
            let lane = wallet.lane
            let nonces = try await ground.store.read { tx in
                try tx.select(Query(SlotTable.table, where: [SlotTable.lane == lane])).map {
                    try $0.get(SlotTable.nonce)
                }
            }
            let used = try await ground.chain.transactionCount(of: wallet.address, at: .latest)
            if nonces.sorted() != Array(0..<Int64(used)) {
                breaches.append("I7: \(lane) has slots \(nonces.sorted()), the chain has used \(used)")
            }
            for line in try await bank.reconciler.lines(of: wallet) where !line.matches {
                breaches.append("balance: \(line.asset.key) of \(lane): \(line.explanation)")
            }
            if let reason = try await bank.frozenReason(wallet) { breaches.append("I10: \(lane) is frozen: \(reason)") }
        }
        return breaches
    }
}

extension Optional {
    fileprivate func asyncMap<T>(_ body: (Wrapped) async throws -> T) async rethrows -> T? {
        guard let self else { return nil }
        return try await body(self)
    }
}
