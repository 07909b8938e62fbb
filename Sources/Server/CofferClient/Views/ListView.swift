package import Primitives

/// How the items of a listing become a table.
package struct ListView: Sendable {
    /// One column and how its value is read from an item.
    package struct Field: Sendable {
        let column: TextTable.Column
        let value: @Sendable (JSON) -> String

        /// A column whose value is the member called `name`.
        static func member(
            _ name: String, _ title: String? = nil, _ side: TextTable.Side = .left, shrinks: Bool = false
        ) -> Field {
            Field(column: .init(title ?? name.uppercased(), side, shrinks: shrinks)) { ValueText.of($0[name]) }
        }

        /// A column with a value of its own.
        static func made(
            _ title: String, _ side: TextTable.Side = .left, shrinks: Bool = false,
            _ value: @escaping @Sendable (JSON) -> String
        ) -> Field {
            Field(column: .init(title, side, shrinks: shrinks), value: value)
        }
    }

    private let fields: [Field]

    init(_ fields: [Field]) {
        self.fields = fields
    }

    /// The table of `items`.
    package func table(_ items: [JSON]) -> TextTable {
        var table = TextTable(fields.map(\.column))
        for item in items { table.add(fields.map { $0.value(item) }) }
        return table
    }
}

/// Values of the API as text for people.
package enum ValueText {
    /// A missing value is `-`, a list is joined, an object stays JSON.
    package static func of(_ value: JSON?) -> String {
        switch value {
        case nil, .null?: "-"
        case .bool(let value)?: value ? "yes" : "no"
        case .number(let text)?: text
        case .string(let text)?: text.isEmpty ? "-" : text
        case .array(let values)?: values.isEmpty ? "-" : values.map { of($0) }.joined(separator: ", ")
        case .object(let members)?:
            members.isEmpty ? "-" : members.map { "\($0.name)=\(of($0.value))" }.joined(separator: " ")
        }
    }

    /// An amount in the units of its asset where the number of decimals is known, else in base units.
    package static func amount(_ value: JSON?, decimals: JSON?) -> String {
        guard let base = value?.string else { return of(value) }
        return AmountText.units(base, decimals: decimals?.int.flatMap { Int(exactly: $0) })
    }

    /// All members of one thing, named as the API names them; an amount also in the units of its asset.
    package static func list(_ object: JSON) -> KeyValueList {
        var list = KeyValueList()
        let decimals = object["decimals"]
        for member in object.members ?? [] {
            var text = of(member.value)
            if member.name == "amount", decimals?.int != nil {
                text += "  (= \(amount(member.value, decimals: decimals)))"
            }
            list.add(member.name, text)
        }
        return list
    }
}

extension ListView {
    /// Wallets.
    package static let wallets = ListView([
        .member("id"), .member("user_id", "USER", shrinks: true), .member("chain", shrinks: true), .member("address"),
        .member("active"), .member("label", shrinks: true), .member("created_at", "CREATED", shrinks: true),
    ])

    /// What a wallet holds.
    package static let balances = ListView([
        .made("ASSET", shrinks: true) { $0["symbol"]?.string ?? ValueText.of($0["asset"]) },
        .made("ON CHAIN", .right) { ValueText.amount($0["on_chain"], decimals: $0["decimals"]) },
        .made("BOOKED", .right) { ValueText.amount($0["booked"], decimals: $0["decimals"]) },
        .made("USER HAS", .right) { ValueText.amount($0["user_balance"], decimals: $0["decimals"]) },
        .made("HELD", .right) { ValueText.amount($0["user_held"], decimals: $0["decimals"]) },
        .made("AVAILABLE", .right) { ValueText.amount($0["user_available"], decimals: $0["decimals"]) },
        .member("asset", "ID", shrinks: true),
    ])

    /// Withdrawals.
    package static let withdrawals = ListView([
        .member("id"), .member("state"),
        .made("AMOUNT", .right) { item in
            let text = ValueText.amount(item["amount"], decimals: item["decimals"])
            return item["decimals"]?.int == nil ? "\(text) base units" : text
        },
        .member("asset", shrinks: true), .member("to", shrinks: true), .member("user_id", "USER", shrinks: true),
        .made("TRANSACTION", shrinks: true) { ValueText.of($0["transaction_hash"]) },
        .member("updated_at", "UPDATED", shrinks: true), .member("reason", shrinks: true),
    ])

    /// Signed transactions of a withdrawal.
    package static let attempts = ListView([
        .member("transaction_hash", "TRANSACTION"), .member("nonce", nil, .right), .member("purpose"),
        .member("max_fee_per_gas", "MAX FEE", .right), .member("max_priority_fee_per_gas", "TIP", .right),
        .member("created_at", "SIGNED", shrinks: true), .member("sent_at", "SENT", shrinks: true),
    ])

    /// The timeline of a withdrawal.
    package static let events = ListView([
        .member("sequence", "NO", .right), .member("at"), .member("type"), .member("data", shrinks: true),
    ])

    /// Connections of wallets.
    package static let connections = ListView([
        .member("topic", shrinks: true), .member("user_id", "USER", shrinks: true), .member("state"),
        .made("WALLET", shrinks: true) { ValueText.of($0["wallet"]?["name"]) },
        .member("accounts", shrinks: true), .member("expires_at", "UNTIL", shrinks: true),
        .member("last_active_at", "ACTIVE", shrinks: true),
    ])

    /// What the accounts of a connection hold.
    package static let connectionBalances = ListView([
        .member("account", shrinks: true),
        .made("AMOUNT", .right) { ValueText.amount($0["amount"], decimals: $0["decimals"]) },
        .member("symbol"), .member("error", shrinks: true),
    ])

    /// Accounts of the books.
    package static let accounts = ListView([
        .member("id"), .member("kind"), .member("owner", shrinks: true), .member("asset", shrinks: true),
        .member("balance", nil, .right), .member("held", nil, .right), .member("available", nil, .right),
    ])

    /// Transfers of the books.
    package static let entries = ListView([
        .member("id"), .member("at", shrinks: true), .member("kind"), .member("amount", nil, .right),
        .member("asset", shrinks: true), .member("debit_account", "DEBIT", shrinks: true),
        .member("credit_account", "CREDIT", shrinks: true), .member("subject", shrinks: true),
        .member("reference", shrinks: true),
    ])

    /// Sums of the books by asset.
    package static let totals = ListView([
        .member("asset"), .member("debits", nil, .right), .member("credits", nil, .right), .member("held", nil, .right),
    ])

    /// Books against chain.
    package static let reconciliation = ListView([
        .member("wallet_id", "WALLET"), .member("asset", shrinks: true), .member("on_chain", "ON CHAIN", .right),
        .member("booked", nil, .right), .member("difference", nil, .right), .member("explanation", shrinks: true),
    ])

    /// Rules.
    package static let policies = ListView([
        .member("position", "NO", .right), .member("id"), .member("action"), .member("chain", shrinks: true),
        .member("asset", shrinks: true), .member("user_id", "USER", shrinks: true), .member("to", shrinks: true),
        .member("max_amount", "MAX AMOUNT", .right), .member("window_seconds", "WINDOW S", .right),
        .member("window_amount", "IN WINDOW", .right), .member("note", shrinks: true),
    ])

    /// What the signing guard knows of each lane.
    package static let guardLanes = ListView([
        .member("lane"), .member("highest", nil, .right), .member("low", nil, .right), .member("high", nil, .right),
        .member("enabled"),
    ])

    /// Keys of the API, without their secrets.
    package static let apiKeys = ListView([
        .member("id"), .member("name", shrinks: true), .member("prefix", shrinks: true),
        .member("scopes", shrinks: true),
        .member("created_at", "CREATED", shrinks: true), .member("expires_at", "EXPIRES", shrinks: true),
        .member("last_used_at", "LAST USED", shrinks: true), .member("revoked_at", "REVOKED", shrinks: true),
    ])

    /// Entries of the audit log.
    package static let audit = ListView([
        .member("sequence", "NO", .right), .member("at"), .member("actor", shrinks: true), .member("action"),
        .member("object", shrinks: true), .member("details", shrinks: true), .member("hash", shrinks: true),
    ])

    /// Chains as the server sees them.
    package static let chains = ListView([
        .member("id", "CHAIN"), .member("head", nil, .right),
        .made("AGE", .right) { item in
            item["head_age_seconds"]?.number.flatMap { Double($0) }.flatMap { Int64(exactly: $0.rounded()) }
                .map { DurationText.short(milliseconds: $0.multipliedReportingOverflow(by: 1000).partialValue) } ?? "-"
        },
        .member("healthy"), .member("nodes", nil, .right),
    ])

    /// Senders and their queues.
    package static let lanes = ListView([
        .member("lane"), .member("wallet_id", "WALLET"), .member("next_nonce", "NEXT NONCE", .right),
        .member("open_slots", "OPEN", .right), .member("queued", nil, .right),
        .member("frozen_reason", "FROZEN", shrinks: true),
    ])
}
