import Audit
public import Primitives
public import Storage

/// The rules as they are stored, and their evaluation for stored withdrawals.
public struct PolicyBook: Sendable {
    /// More rules than this are refused; every withdrawal reads them all.
    public static let rulesMax = 1_000

    private let store: any Store
    private let clock: WallClock

    public init(store: any Store, clock: WallClock) {
        self.store = store
        self.clock = clock
    }

    /// All rules, oldest first.
    public func rules() async throws -> [PolicyRule] {
        try await store.read { tx in try PolicyBook.rules(in: tx) }
    }

    /// Adds a rule; it holds for everything that has no slot yet.
    ///
    /// - Throws: `WithdrawalError` with `invalidInput`; `StorageError`.
    public func add(_ rule: PolicyRule, actor: String) async throws {
        let (rule, now) = (try rule.canonical(), clock.now)
        try await store.write { tx in
            guard try tx.count(RuleTable.table, where: []) < PolicyBook.rulesMax else {
                throw WithdrawalError(.invalidInput, "there are \(PolicyBook.rulesMax) rules already")
            }
            try tx.insert(
                into: RuleTable.table,
                [
                    RuleTable.id.set(rule.id), RuleTable.action.set(rule.action), RuleTable.chain.set(rule.chain),
                    RuleTable.asset.set(rule.asset), RuleTable.userID.set(rule.userID), RuleTable.to.set(rule.to),
                    RuleTable.amountMax.set(rule.amountMax), RuleTable.windowSeconds.set(rule.windowSeconds),
                    RuleTable.windowAmountMax.set(rule.windowAmountMax), RuleTable.note.set(rule.note),
                ])
            try AuditLog.append(
                actor: actor, action: "policy.add", object: rule.id.text(prefix: PolicyRule.idPrefix),
                details: ["action": .string(rule.action.rawValue)], at: now, in: tx)
        }
    }

    /// Removes a rule; `false` when there is none with this id.
    public func remove(_ id: SortableID, actor: String) async throws -> Bool {
        let now = clock.now
        return try await store.write { tx in
            guard try tx.delete(from: RuleTable.table, where: [RuleTable.id == id]) == 1 else { return false }
            try AuditLog.append(
                actor: actor, action: "policy.remove", object: id.text(prefix: PolicyRule.idPrefix), at: now, in: tx)
            return true
        }
    }

    static func rules(in tx: any ReadTransaction) throws(StorageError) -> [PolicyRule] {
        var rules: [PolicyRule] = []
        for row in try tx.select(Query(RuleTable.table, order: [.ascending(RuleTable.id)])) {
            rules.append(try PolicyRule(row))
        }
        return rules
    }

    /// The verdict on a stored withdrawal.
    static func verdict(
        on withdrawal: Withdrawal, chain: ChainID, rules: [PolicyRule], now: Timestamp, in tx: any ReadTransaction
    ) throws(StorageError) -> PolicyVerdict {
        let subject = Policy.Subject(
            chain: "\(chain)", asset: withdrawal.asset, userID: withdrawal.userID, to: "\(withdrawal.to)",
            amount: withdrawal.amount)
        return try Policy.evaluate(rules, subject) { (seconds) throws(StorageError) in
            try spent(by: withdrawal, since: now.adding(seconds: -seconds), in: tx)
        }
    }

    /// What a user's withdrawals of the asset took since a moment, by the time they got their slot: when they were asked
    /// for says nothing, since many may wait for long and then be paid at once.
    private static func spent(
        by withdrawal: Withdrawal, since start: Timestamp, in tx: any ReadTransaction
    ) throws(StorageError) -> UInt256 {
        let rows = try tx.select(
            Query(
                WithdrawalTable.table,
                where: [
                    WithdrawalTable.userID == withdrawal.userID, WithdrawalTable.asset == withdrawal.asset,
                    WithdrawalTable.boundAt >= start,
                ]))
        var sum = UInt256.zero
        for row in rows {
            let other = try Withdrawal(row)
            let counts = other.state.hasSlot || other.state == .confirmed
            if counts, other.id != withdrawal.id { sum = sum.addingSaturating(other.amount) }
        }
        return sum
    }
}
