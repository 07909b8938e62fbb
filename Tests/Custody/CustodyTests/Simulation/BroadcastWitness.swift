import ChainEVM
import Cryptography
import Primitives
import Storage
import Synchronization

@testable import Withdrawals

/// Sees every byte string that leaves for a node, and notes what must never leave (I5, I11).
final class BroadcastWitness: Sendable {
    private let store: any Store
    private let settings: ChainSettings
    private let faults = Mutex<[String]>([])

    init(store: any Store, settings: ChainSettings) {
        self.store = store
        self.settings = settings
    }

    var violations: [String] { faults.withLock { $0 } }

    func see(_ raw: [UInt8]) async {
        let hash = Keccak256.hash(raw)
        let stored = try? await store.read { tx in
            try tx.first(Query(AttemptTable.table, where: [AttemptTable.hash == hash]))?.get(AttemptTable.raw)
        }
        if stored != raw { note("I5: \(hash) was sent and is not stored") }
        guard let transaction = try? SignedTransaction.decode(raw).transaction else {
            return note("I5: bytes were sent that are no transaction")
        }
        let fee = transaction.maxFeePerGas.multipliedSaturating(by: UInt256(transaction.gasLimit))
        if transaction.maxFeePerGas > settings.maxFeePerGasWeiCap || fee > settings.transactionFeeWeiCap {
            note("I11: \(hash) offers \(transaction.maxFeePerGas) wei for a unit of gas, \(fee) in all")
        }
    }

    private func note(_ fault: String) { faults.withLock { $0.append(fault) } }
}
