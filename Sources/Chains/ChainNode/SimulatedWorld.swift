import ChainEVM
import Primitives

/// Values by key with their history by block, so that old blocks can be asked and a reorganisation can be undone.
struct Versioned<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Version: Sendable {
        let block: UInt64
        var value: Value
    }

    private var versions: [Key: [Version]] = [:]

    /// The value as of a block.
    func value(_ key: Key, at block: UInt64) -> Value? {
        guard let history = versions[key] else { return nil }
        if let last = history.last, last.block <= block { return last.value }
        var low = 0
        var high = history.count
        while low < high {
            let middle = (low + high) / 2
            if history[middle].block <= block { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : history[low - 1].value
    }

    /// Sets the value from a block on.
    ///
    /// The block must not be below one already written.
    mutating func set(_ key: Key, _ value: Value, at block: UInt64) {
        var history = versions.removeValue(forKey: key) ?? []
        if let last = history.last, last.block == block {
            history[history.count - 1].value = value
        } else {
            history.append(Version(block: block, value: value))
        }
        versions[key] = history
    }

    /// Changes every version of a key as if it had always been so.
    mutating func rewrite(_ key: Key, initial: Value, _ change: (Value) -> Value) {
        var history = versions.removeValue(forKey: key) ?? []
        if history.first?.block != 0 { history.insert(Version(block: 0, value: initial), at: 0) }
        for index in history.indices { history[index].value = change(history[index].value) }
        versions[key] = history
    }

    /// Forgets everything after a block.
    mutating func rewind(to block: UInt64) {
        for key in Array(versions.keys) {
            guard var history = versions[key], let last = history.last, last.block > block else { continue }
            while let last = history.last, last.block > block { history.removeLast() }
            versions[key] = history.isEmpty ? nil : history
        }
    }

    /// Every key that ever had a value.
    var keys: some Collection<Key> { versions.keys }
}

/// Nonce and balance of an account.
struct SimulatedAccount: Sendable, Hashable {
    var nonce: UInt64 = 0
    var balance: UInt256 = .zero
}

/// Who holds what of a token.
struct SimulatedHolding: Sendable, Hashable {
    let token: Address
    let holder: Address
}

/// The state of the simulated chain at all heights.
struct SimulatedWorld: Sendable {
    var accounts = Versioned<Address, SimulatedAccount>()
    var holdings = Versioned<SimulatedHolding, UInt256>()
    var tokens: [Address: SimulatedToken] = [:]
    var code: [Address: SimulatedCode] = [:]

    func account(_ address: Address, at block: UInt64) -> SimulatedAccount {
        accounts.value(address, at: block) ?? SimulatedAccount()
    }

    func holding(token: Address, of holder: Address, at block: UInt64) -> UInt256 {
        holdings.value(SimulatedHolding(token: token, holder: holder), at: block) ?? .zero
    }

    mutating func apply(_ moves: [SimulatedMove], at block: UInt64) {
        for move in moves {
            if let token = move.token {
                let from = holding(token: token, of: move.from, at: block).subtractingSaturating(move.amount)
                holdings.set(SimulatedHolding(token: token, holder: move.from), from, at: block)
                let to = holding(token: token, of: move.to, at: block).addingSaturating(move.amount)
                holdings.set(SimulatedHolding(token: token, holder: move.to), to, at: block)
            } else {
                debit(move.from, move.amount, at: block)
                credit(move.to, move.amount, at: block)
            }
        }
    }

    mutating func credit(_ address: Address, _ wei: UInt256, at block: UInt64) {
        guard !wei.isZero else { return }
        var account = account(address, at: block)
        account.balance = account.balance.addingSaturating(wei)
        accounts.set(address, account, at: block)
    }

    mutating func debit(_ address: Address, _ wei: UInt256, at block: UInt64) {
        guard !wei.isZero else { return }
        var account = account(address, at: block)
        precondition(account.balance >= wei, "a simulated debit was checked before it was made")
        account.balance = account.balance.subtractingSaturating(wei)
        accounts.set(address, account, at: block)
    }

    mutating func useNonce(of address: Address, at block: UInt64) {
        var account = account(address, at: block)
        account.nonce += 1
        accounts.set(address, account, at: block)
    }

    mutating func rewind(to block: UInt64) {
        accounts.rewind(to: block)
        holdings.rewind(to: block)
    }
}

/// A movement of wei (`token` nil) or of a token's base units.
struct SimulatedMove: Sendable, Hashable {
    var token: Address?
    var from: Address
    var to: Address
    var amount: UInt256
}
