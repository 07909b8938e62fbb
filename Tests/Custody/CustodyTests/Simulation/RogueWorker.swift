import ChainEVM
import ChainNode
import Cryptography
import Keys
import Primitives
import Storage
import Wallets

@testable import Withdrawals

/// Signs past the lane, as a worker does that takes silence for failure.
struct RogueWorker {
    private let simulation: Simulation
    private let ground: Ground

    init(_ simulation: Simulation) {
        self.simulation = simulation
        ground = simulation.ground
    }

    func pay(_ withdrawal: Withdrawal) async throws {
        guard let wallet = simulation.wallets.first(where: { $0.id == withdrawal.walletID }) else { return }
        let asset = withdrawal.asset == Ground.native.key ? Ground.native : ground.coin
        let nonce = try await ground.chain.transactionCount(of: wallet.address, at: .pending)
        let fees = FeeRules.Quote(maxPriorityFeePerGas: Ground.gwei * 5, maxFeePerGas: Ground.gwei * 90)
        let transaction = Payout(withdrawal, asset: asset).transaction(
            simulation.settings, nonce: nonce, gasLimit: 60_000, fees: fees)
        let signature = try await ground.vault.sign([transaction.signingHash], with: wallet.keyID)[0]
        let signed = transaction.signed(signature)
        let now = ground.clock.now
        try await ground.store.write { tx in
            guard try tx.count(AttemptTable.table, where: [AttemptTable.hash == signed.hash]) == 0 else { return }
            try tx.insert(
                into: AttemptTable.table,
                [
                    AttemptTable.hash.set(signed.hash), AttemptTable.lane.set("rogue"),
                    AttemptTable.nonce.set(Int64(nonce)), AttemptTable.purpose.set(.payout),
                    AttemptTable.raw.set(signed.raw), AttemptTable.maxFee.set(fees.maxFeePerGas),
                    AttemptTable.maxTip.set(fees.maxPriorityFeePerGas), AttemptTable.createdAt.set(now),
                    AttemptTable.sentAt.set(now), AttemptTable.lastSentAt.set(now),
                ])
        }
        _ = await ground.chain.broadcast(signed.raw)
    }
}
