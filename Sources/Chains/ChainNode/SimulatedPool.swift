import ChainEVM
import Primitives

/// A transaction that passed the pool's checks, with what the pool needs at hand.
struct SimulatedTransaction: Sendable {
    let signed: SignedTransaction
    let hash: Hash32
    let sender: Address
    let to: Address
    let nonce: UInt64
    let gasLimit: UInt64
    let value: UInt256
    let data: [UInt8]
    let maxFeePerGas: UInt256
    let maxPriorityFeePerGas: UInt256
    /// Order of arrival; the tie-breaker between equal tips.
    var arrival: UInt64

    /// What the sender must own: value and the highest possible fee.
    var cost: UInt256 { value.addingSaturating(maxFeePerGas.multipliedSaturating(by: UInt256(gasLimit))) }

    /// What a unit of gas costs at a base fee, nil when the cap is under it.
    func effectiveGasPrice(baseFee: UInt256) -> UInt256? {
        guard maxFeePerGas >= baseFee else { return nil }
        return min(maxFeePerGas, baseFee.addingSaturating(maxPriorityFeePerGas))
    }
}

/// A refusal in a node's own words: code and message as geth says them.
public struct SimulatedRefusal: Error, Sendable, Hashable {
    /// The JSON-RPC error code.
    public let code: Int
    /// The text.
    public let message: String

    init(_ message: String, code: Int = -32000) {
        self.code = code
        self.message = message
    }
}

/// Transactions that wait, by sender and nonce.
struct SimulatedPool: Sendable {
    private(set) var bySender: [Address: [UInt64: SimulatedTransaction]] = [:]
    private var slots: [Hash32: (sender: Address, nonce: UInt64)] = [:]
    private var arrivals: UInt64 = 0

    var count: Int { slots.count }
    var hashes: [Hash32] { slots.keys.sorted() }

    func transaction(_ hash: Hash32) -> SimulatedTransaction? {
        guard let slot = slots[hash] else { return nil }
        return bySender[slot.sender]?[slot.nonce]
    }

    func transaction(sender: Address, nonce: UInt64) -> SimulatedTransaction? { bySender[sender]?[nonce] }

    /// The costs of everything a sender has waiting, one nonce left out.
    func cost(of sender: Address, without nonce: UInt64) -> UInt256 {
        (bySender[sender] ?? [:]).reduce(UInt256.zero) { $1.key == nonce ? $0 : $0.addingSaturating($1.value.cost) }
    }

    /// The next nonce after everything that follows `nonce` without a gap.
    func nextNonce(of sender: Address, from nonce: UInt64) -> UInt64 {
        guard let waiting = bySender[sender] else { return nonce }
        var next = nonce
        while waiting[next] != nil { next += 1 }
        return next
    }

    mutating func insert(_ transaction: SimulatedTransaction) {
        var placed = transaction
        placed.arrival = arrivals
        arrivals += 1
        if let replaced = bySender[placed.sender]?[placed.nonce] { slots[replaced.hash] = nil }
        bySender[placed.sender, default: [:]][placed.nonce] = placed
        slots[placed.hash] = (placed.sender, placed.nonce)
    }

    @discardableResult
    mutating func remove(_ hash: Hash32) -> SimulatedTransaction? {
        guard let slot = slots.removeValue(forKey: hash) else { return nil }
        let removed = bySender[slot.sender]?.removeValue(forKey: slot.nonce)
        if bySender[slot.sender]?.isEmpty == true { bySender[slot.sender] = nil }
        return removed
    }

    mutating func removeAll() {
        bySender = [:]
        slots = [:]
    }

    /// Drops what can no longer run: consumed nonces, and what the sender cannot pay any more.
    mutating func prune(account: (Address) -> SimulatedAccount) {
        for (sender, waiting) in bySender {
            let state = account(sender)
            for transaction in waiting.values
            where transaction.nonce < state.nonce || transaction.cost > state.balance {
                remove(transaction.hash)
            }
        }
    }

    /// Drops silently what is over the pool's limits, the highest nonces first, as geth does: the sender is not told.
    mutating func enforce(_ limits: SimulatedChain.PoolLimits, after sender: Address, nonce: (Address) -> UInt64) {
        for extra in queued(of: sender, from: nonce(sender)).dropFirst(limits.queuedPerAccount) { remove(extra.hash) }
        // The rest looks at every account, so it runs only when a total may be exceeded.
        guard count > min(limits.executableTotal, limits.queuedTotal) else { return }
        let queuedAll = bySender.keys.flatMap { queued(of: $0, from: nonce($0)) }.sorted { $0.arrival < $1.arrival }
        for extra in queuedAll.dropFirst(limits.queuedTotal) { remove(extra.hash) }
        var ready = bySender.mapValues { $0.count }
        for transaction in queuedAll.prefix(limits.queuedTotal) { ready[transaction.sender, default: 0] -= 1 }
        var excess = ready.values.reduce(0, +) - limits.executableTotal
        // The accounts with most are cut first, never below what each is guaranteed.
        while excess > 0 {
            let fullest = ready.filter { $0.value > limits.executablePerAccountGuaranteed }
                .max { ($0.value, $0.key) < ($1.value, $1.key) }
            guard let fullest else { break }
            let last = nextNonce(of: fullest.key, from: nonce(fullest.key)) - 1
            guard let transaction = bySender[fullest.key]?[last] else { break }
            remove(transaction.hash)
            ready[fullest.key] = fullest.value - 1
            excess -= 1
        }
    }

    /// What a sender has waiting behind a gap, lowest nonce first.
    private func queued(of sender: Address, from nonce: UInt64) -> [SimulatedTransaction] {
        guard let waiting = bySender[sender] else { return [] }
        let end = nextNonce(of: sender, from: nonce)
        return waiting.values.filter { $0.nonce >= end }.sorted { $0.nonce < $1.nonce }
    }
}
