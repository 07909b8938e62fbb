public import Primitives
public import Storage

/// What a recount of the books found.
public struct LedgerReport: Sendable, Hashable {
    /// The totals of one asset.
    public struct AssetTotals: Sendable, Hashable {
        public let asset: String
        /// All balances that debits make grow.
        public let debits: UInt256
        /// All balances that credits make grow; equal to `debits` when the books balance.
        public let credits: UInt256
        /// The part of the users' balances that open holds bind.
        public let held: UInt256
    }

    public let accounts: Int
    public let transfers: Int
    public let openHolds: Int
    public let totals: [AssetTotals]
    /// One sentence for each thing that is wrong, with its account or transfer.
    public let problems: [String]

    public var isBalanced: Bool { problems.isEmpty }
}

extension Ledger {
    /// How many rows a recount reads at a time.
    private static let pageRows = 1_000
    /// How many problems a report lists; the books are broken long before.
    private static let problemsMax = 100

    /// Counts every transfer again and compares with the balances: each account's balance and holds, the end of each
    /// hold, and the two sides of each asset.
    ///
    /// It reads only, and shares no arithmetic with the code that books.
    public func verify(in tx: any ReadTransaction) throws(StorageError) -> LedgerReport {
        var recount = Recount()
        var last: SortableID?
        while true {
            let page = try accounts(after: last, limit: Self.pageRows, in: tx)
            for account in page { recount.accounts[account.id] = Recount.Figures(account: account) }
            guard page.count == Self.pageRows, let newest = page.last else { break }
            last = newest.id
        }
        last = nil
        while true {
            let page = try transfers(after: last, limit: Self.pageRows, in: tx)
            for transfer in page { recount.add(transfer) }
            guard page.count == Self.pageRows, let newest = page.last else { break }
            last = newest.id
        }
        recount.finish()
        return recount.report(problemsMax: Self.problemsMax)
    }
}

extension Transfer.Kind {
    /// What a transfer of this kind debits and credits.
    fileprivate var accountKinds: (Account.Kind?, Account.Kind?) {
        switch self {
        case .deposit: (.wallet, .user)
        case .hold, .post, .void: (.user, .wallet)
        case .fee: (.fees, .wallet)
        case .topUp: (.wallet, .suspense)
        }
    }
}

/// The books, added up a second time.
private struct Recount {
    struct Figures {
        let account: Account
        var debits = UInt256.zero
        var credits = UInt256.zero
        var holds = UInt256.zero
        var overflowed = false
    }

    var accounts: [SortableID: Figures] = [:]
    private var holds: [SortableID: (transfer: Transfer, isOpen: Bool)] = [:]
    /// Posts and voids, looked at last: where clocks of two processes differ, an end may sort before its hold.
    private var ends: [Transfer] = []
    private var transfers = 0
    private var problems: [String] = []

    mutating func add(_ transfer: Transfer) {
        transfers += 1
        guard accounts[transfer.debit] != nil, accounts[transfer.credit] != nil else {
            problems.append("transfer \(transfer.id) names an account that does not exist")
            return
        }
        for side in [transfer.debit, transfer.credit] where accounts[side]?.account.asset != transfer.asset {
            problems.append("transfer \(transfer.id) moves \(transfer.asset) on account \(side) of another asset")
        }
        let kinds = (accounts[transfer.debit]?.account.kind, accounts[transfer.credit]?.account.kind)
        if kinds != transfer.kind.accountKinds {
            problems.append("\(transfer.kind.rawValue) \(transfer.id) is booked between accounts of the wrong kinds")
        }
        if transfer.kind.movesBalance {
            increase(transfer.debit, \.debits, transfer.amount)
            increase(transfer.credit, \.credits, transfer.amount)
        }
        switch transfer.kind {
        case .hold:
            holds[transfer.id] = (transfer, true)
            increase(transfer.debit, \.holds, transfer.amount)
        case .post, .void: ends.append(transfer)
        case .deposit, .fee, .topUp: break
        }
    }

    mutating func finish() {
        for transfer in ends { end(transfer) }
        ends = []
    }

    private mutating func end(_ transfer: Transfer) {
        guard let id = transfer.hold, let hold = holds[id] else {
            problems.append("\(transfer.kind.rawValue) \(transfer.id) ends no hold")
            return
        }
        guard hold.isOpen else {
            problems.append("hold \(id) ends twice")
            return
        }
        let same = hold.transfer
        if same.amount != transfer.amount || same.debit != transfer.debit || same.credit != transfer.credit
            || same.subject != transfer.subject
        {
            problems.append("\(transfer.kind.rawValue) \(transfer.id) differs from its hold \(id)")
        }
        holds[id]?.isOpen = false
        guard var figures = accounts[same.debit] else { return }
        figures.holds = figures.holds.subtractingSaturating(same.amount)
        accounts[same.debit] = figures
    }

    private mutating func increase(
        _ id: SortableID, _ figure: WritableKeyPath<Figures, UInt256>, _ amount: UInt256
    ) {
        guard var figures = accounts[id] else { return }
        let sum = figures[keyPath: figure].addingReportingOverflow(amount)
        figures[keyPath: figure] = sum.partialValue
        figures.overflowed = figures.overflowed || sum.overflow
        accounts[id] = figures
    }

    func report(problemsMax: Int) -> LedgerReport {
        var problems = problems
        var byAsset: [String: (debits: UInt256, credits: UInt256, held: UInt256)] = [:]
        for figures in accounts.values.sorted(by: { $0.account.id < $1.account.id }) {
            let account = figures.account
            let (grown, shrunk) =
                account.kind.isDebitNormal ? (figures.debits, figures.credits) : (figures.credits, figures.debits)
            if figures.overflowed || grown < shrunk || grown.subtractingSaturating(shrunk) != account.balance {
                problems.append(
                    "account \(account.id) (\(account.kind.rawValue) \(account.owner) \(account.asset)) shows \(account.balance), its transfers add up to \(grown) - \(shrunk)"
                )
            }
            if figures.holds != account.held {
                problems.append("account \(account.id) shows \(account.held) held, its open holds are \(figures.holds)")
            }
            if account.balance < account.held {
                problems.append("account \(account.id) holds more than it has")
            }
            var totals = byAsset[account.asset] ?? (.zero, .zero, .zero)
            if account.kind.isDebitNormal {
                totals.debits = totals.debits.addingSaturating(account.balance)
            } else {
                totals.credits = totals.credits.addingSaturating(account.balance)
                totals.held = totals.held.addingSaturating(account.held)
            }
            byAsset[account.asset] = totals
        }
        let totals = byAsset.sorted { $0.key < $1.key }.map {
            LedgerReport.AssetTotals(
                asset: $0.key, debits: $0.value.debits, credits: $0.value.credits, held: $0.value.held)
        }
        for asset in totals where asset.debits != asset.credits {
            problems.append("\(asset.asset): debits \(asset.debits), credits \(asset.credits)")
        }
        return LedgerReport(
            accounts: accounts.count, transfers: transfers, openHolds: holds.values.count(where: \.isOpen),
            totals: totals, problems: Array(problems.prefix(problemsMax)))
    }
}
