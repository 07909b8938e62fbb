import ChainEVM
public import Primitives
public import Storage

/// One rule about withdrawals.
///
/// A field that is null matches everything.
public struct PolicyRule: Sendable, Hashable {
    public enum Action: String, Sendable, Hashable, CaseIterable, Storable {
        case allow, deny
    }

    /// What a rule's id starts with in text: `po_01J…`.
    public static let idPrefix = "po"
    /// A window is at most ten years long.
    public static let windowSecondsMax: Int64 = 315_360_000

    public let id: SortableID
    public var action: Action
    /// CAIP-2.
    public var chain: String?
    /// CAIP-19.
    public var asset: String?
    public var userID: String?
    /// EIP-55.
    public var to: String?
    /// An allow rule covers amounts up to this, in base units.
    public var amountMax: UInt256?
    /// With `windowAmountMax`: an allow rule covers a user's withdrawals of the asset up to that sum in so long.
    public var windowSeconds: Int64?
    public var windowAmountMax: UInt256?
    public var note: String?

    public init(
        id: SortableID, action: Action, chain: String? = nil, asset: String? = nil, userID: String? = nil,
        to: String? = nil, amountMax: UInt256? = nil, windowSeconds: Int64? = nil, windowAmountMax: UInt256? = nil,
        note: String? = nil
    ) {
        self.id = id
        self.action = action
        self.chain = chain
        self.asset = asset
        self.userID = userID
        self.to = to
        self.amountMax = amountMax
        self.windowSeconds = windowSeconds
        self.windowAmountMax = windowAmountMax
        self.note = note
    }

    /// The rule with its chain, asset and address as withdrawals spell them: compared as text, another spelling of a
    /// denied address would match nothing.
    ///
    /// - Throws: `WithdrawalError` with `invalidInput` for a field that can never match, and for half a window.
    public func canonical() throws(WithdrawalError) -> PolicyRule {
        var rule = self
        do {
            if let chain { rule.chain = try ChainID(chain).description }
        } catch {
            throw WithdrawalError(.invalidInput, "chain is not a CAIP-2 id: \(error)", cause: error)
        }
        do {
            if let asset { rule.asset = try AssetID(asset).canonicalText }
        } catch {
            throw WithdrawalError(.invalidInput, "asset is not a CAIP-19 id: \(error)", cause: error)
        }
        do {
            if let to { rule.to = try Address(checksummed: to).description }
        } catch {
            throw WithdrawalError(.invalidInput, "to is not an address: \(error)", cause: error)
        }
        guard (windowSeconds == nil) == (windowAmountMax == nil) else {
            throw WithdrawalError(.invalidInput, "window_seconds and window_amount belong together")
        }
        if let windowSeconds {
            guard action == .allow else { throw WithdrawalError(.invalidInput, "a window limits allow rules alone") }
            guard (1...Self.windowSecondsMax).contains(windowSeconds) else {
                throw WithdrawalError(.invalidInput, "window_seconds is 1 to \(Self.windowSecondsMax)")
            }
        }
        return rule
    }
}

extension AssetID {
    /// The id with a token's address in EIP-55 spelling; the same asset has one text.
    var canonicalText: String {
        guard assetNamespace == "erc20", tokenID == nil, let token = try? Address(checksummed: assetReference) else {
            return description
        }
        return "\(chain)/erc20:\(token)"
    }
}

/// What the rules say of one withdrawal.
public enum PolicyVerdict: Sendable, Hashable {
    /// Allowed by this rule.
    case allowed(SortableID)
    /// Refused by this rule, or by none that allows.
    case refused(SortableID?, reason: String)
}

/// Evaluates rules: any deny that matches refuses; else some allow must match; else it is refused.
///
/// So adding a deny never allows more, removing an allow never allows more, and no rule at all allows nothing.
public enum Policy {
    /// What a verdict is about.
    public struct Subject: Sendable, Hashable {
        public let chain: String
        public let asset: String
        public let userID: String
        public let to: String
        public let amount: UInt256

        public init(chain: String, asset: String, userID: String, to: String, amount: UInt256) {
            self.chain = chain
            self.asset = asset
            self.userID = userID
            self.to = to
            self.amount = amount
        }
    }

    /// - Parameter spent: what the user has taken out of the asset in the last so many seconds, this one excluded.
    public static func evaluate<Failure: Error>(
        _ rules: [PolicyRule], _ subject: Subject, spent: (_ seconds: Int64) throws(Failure) -> UInt256
    ) throws(Failure) -> PolicyVerdict {
        if let deny = rules.first(where: { $0.action == .deny && matches($0, subject) }) {
            return .refused(deny.id, reason: deny.note ?? "a deny rule matches")
        }
        var nearest: (SortableID, String)?
        for rule in rules where rule.action == .allow && matches(rule, subject) {
            if let max = rule.amountMax, subject.amount > max {
                nearest = nearest ?? (rule.id, "the amount is above the limit of \(max)")
                continue
            }
            if rule.windowSeconds != nil || rule.windowAmountMax != nil {
                // Half a window is a limit that nobody can check, so it lets nothing through.
                guard let seconds = rule.windowSeconds, let max = rule.windowAmountMax,
                    (1...PolicyRule.windowSecondsMax).contains(seconds)
                else {
                    nearest = nearest ?? (rule.id, "the rule's window is not complete")
                    continue
                }
                let total = try spent(seconds).addingReportingOverflow(subject.amount)
                if total.overflow || total.partialValue > max {
                    nearest = nearest ?? (rule.id, "with it, the last \(seconds) s pass the limit of \(max)")
                    continue
                }
            }
            return .allowed(rule.id)
        }
        return .refused(nearest?.0, reason: nearest?.1 ?? "no rule allows it")
    }

    private static func matches(_ rule: PolicyRule, _ subject: Subject) -> Bool {
        (rule.chain.map { $0 == subject.chain } ?? true) && (rule.asset.map { $0 == subject.asset } ?? true)
            && (rule.userID.map { $0 == subject.userID } ?? true) && (rule.to.map { $0 == subject.to } ?? true)
            && (rule.action == .allow || rule.amountMax.map { subject.amount > $0 } ?? true)
    }
}

enum RuleTable {
    static let id = Column<SortableID>("id")
    static let action = Column<PolicyRule.Action>("action")
    static let chain = Column<String?>("chain")
    static let asset = Column<String?>("asset")
    static let userID = Column<String?>("user_id")
    static let to = Column<String?>("recipient")
    static let amountMax = Column<UInt256?>("amount_max")
    static let windowSeconds = Column<Int64?>("window_seconds")
    static let windowAmountMax = Column<UInt256?>("window_amount_max")
    static let note = Column<String?>("note")
    static let table = Table(
        "policy_rules", [id, action, chain, asset, userID, to, amountMax, windowSeconds, windowAmountMax, note],
        primaryKey: [id], checks: [.oneOf(column: "action", values: PolicyRule.Action.allCases.map(\.rawValue))])
}

extension PolicyRule {
    init(_ row: Row) throws(StorageError) {
        id = try row.get(RuleTable.id)
        action = try row.get(RuleTable.action)
        chain = try row.get(RuleTable.chain)
        asset = try row.get(RuleTable.asset)
        userID = try row.get(RuleTable.userID)
        to = try row.get(RuleTable.to)
        amountMax = try row.get(RuleTable.amountMax)
        windowSeconds = try row.get(RuleTable.windowSeconds)
        windowAmountMax = try row.get(RuleTable.windowAmountMax)
        note = try row.get(RuleTable.note)
    }
}
