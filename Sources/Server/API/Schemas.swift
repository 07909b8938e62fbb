import Ledger
import Primitives
import Wallets
import Withdrawals

/// The components of the OpenAPI document: one for each form in Representation.swift.
enum Schemas {
    static let amount = JSONSchema.string(
        "Base units, as decimal digits.", length: 1...78, pattern: "^(0|[1-9][0-9]{0,77})$", example: "1000000000000000"
    )
    static let time = JSONSchema.string("UTC.", format: "date-time", example: "2026-11-20T12:00:00.000Z")
    static let chain = JSONSchema.string(
        "CAIP-2.", pattern: "^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$", example: "eip155:31337")
    static let asset = JSONSchema.string(
        "CAIP-19.",
        pattern: "^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}(/[-.%a-zA-Z0-9]{1,78})?$",
        example: "eip155:31337/slip44:60")
    static let address = JSONSchema.string(
        "With its EIP-55 checksum, or all in lower case.", pattern: "^0x[0-9a-fA-F]{40}$",
        example: "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F")
    static let userID = JSONSchema.string(
        "1 to 128 visible ASCII characters.", length: 1...128, pattern: "^[!-~]+$", example: "user-1")
    static let hash = JSONSchema.string(pattern: "^0x[0-9a-f]{64}$")

    static func id(_ prefix: String) -> JSONSchema {
        .string(pattern: "^\(prefix)_[0-9A-HJKMNP-TV-Z]{26}$", example: "\(prefix)_01J00000000000000000000000")
    }

    static let components: KeyValuePairs<String, JSONSchema> = [
        "Wallet": .object([
            .required("id", id("wa")), .required("user_id", userID), .required("chain", chain),
            .required("address", address), .required("key_id", id("key")),
            .required("label", JSONSchema.string().nullable),
            .required("active", .boolean()), .required("shared", .boolean()), .required("created_at", time),
        ]),
        "Balance": .object([
            .required("asset", asset), .required("symbol", JSONSchema.string().nullable),
            .required("decimals", JSONSchema.integer(0...255).nullable), .required("on_chain", amount.nullable),
            .required("booked", amount), .required("user_balance", amount), .required("user_held", amount),
            .required("user_available", amount),
        ]),
        "Withdrawal": .object([
            .required("id", id("wd")), .required("state", .words(Withdrawal.State.allCases.map(\.rawValue))),
            .required("user_id", userID), .required("wallet_id", id("wa")), .required("asset", asset),
            .required("to", address), .required("amount", amount),
            .required("decimals", JSONSchema.integer(0...255).nullable),
            .required("reference", JSONSchema.string().nullable), .required("reason", JSONSchema.string().nullable),
            .required("cancel_requested", .boolean()), .required("nonce", JSONSchema.integer().nullable),
            .required("transaction_hash", hash.nullable), .required("block_number", JSONSchema.integer().nullable),
            .required("created_at", time), .required("updated_at", time),
        ]),
        "Attempt": .object([
            .required("transaction_hash", hash), .required("nonce", .integer()),
            .required("purpose", .words(Attempt.Purpose.allCases.map(\.rawValue))),
            .required("max_fee_per_gas", amount), .required("max_priority_fee_per_gas", amount),
            .required("created_at", time), .required("sent_at", time.nullable),
        ]),
        "Event": .object([
            .required("sequence", .integer()), .required("type", .string()), .required("at", time),
            .required("data", .any("What happened.")),
        ]),
        "Connection": connection, "Pairing": pairing, "WalletRequest": walletRequest,
        "Account": .object([
            .required("id", id("la")), .required("kind", .words(Account.Kind.allCases.map(\.rawValue))),
            .required("owner", .string()), .required("asset", asset), .required("balance", amount),
            .required("held", amount), .required("available", amount), .required("created_at", time),
        ]),
        "Entry": .object([
            .required("id", id("lt")), .required("kind", .words(Transfer.Kind.allCases.map(\.rawValue))),
            .required("debit_account", id("la")), .required("credit_account", id("la")), .required("asset", asset),
            .required("amount", amount), .required("subject", .string()),
            .required("reference", JSONSchema.string().nullable), .required("at", time),
        ]),
        "LedgerReport": .object([
            .required("balanced", .boolean()), .required("accounts", .integer()), .required("transfers", .integer()),
            .required("open_holds", .integer()),
            .required(
                "totals",
                .array(
                    of: .object([
                        .required("asset", asset), .required("debits", amount), .required("credits", amount),
                        .required("held", amount),
                    ]))), .required("problems", .array(of: .string())),
        ]),
        "ReconciliationLine": .object([
            .required("wallet_id", id("wa")), .required("address", address), .required("asset", asset),
            .required("on_chain", amount), .required("booked", amount),
            .required("difference", .string(pattern: "^-?[0-9]{1,78}$")), .required("matches", .boolean()),
            .required("explanation", .string()),
        ]),
        "PolicyRule": .object([
            .required("id", id("po")), .required("action", .words(["allow", "deny"])),
            .required("chain", JSONSchema.string().nullable), .required("asset", JSONSchema.string().nullable),
            .required("user_id", JSONSchema.string().nullable), .required("to", JSONSchema.string().nullable),
            .required("max_amount", amount.nullable), .required("window_seconds", JSONSchema.integer().nullable),
            .required("window_amount", amount.nullable), .required("note", JSONSchema.string().nullable),
        ]),
        "APIKey": .object([
            .required("id", id("ak")), .required("name", .string()), .required("scopes", .array(of: .string())),
            .required("prefix", .string()), .required("created_at", time), .required("expires_at", time.nullable),
            .required("last_used_at", time.nullable), .required("revoked_at", time.nullable),
            .optional("secret", .string("Shown once, in the answer that creates it.")),
        ]),
        "AuditEntry": .object([
            .required("sequence", .integer()), .required("at", time), .required("at_milliseconds", .integer()),
            .required("actor", .string()), .required("action", .string()), .required("object", .string()),
            .required("details", .string()), .required("previous", .string(pattern: "^[0-9a-f]{64}$")),
            .required("hash", .string(pattern: "^[0-9a-f]{64}$")),
        ]),
        "AuditReport": .object([
            .required("intact", .boolean()),
            .required("head", .object([.required("sequence", .integer()), .required("hash", .string())])),
            .required("first_bad", JSONSchema.integer().nullable), .required("reason", JSONSchema.string().nullable),
        ]),
        "Lane": .object([
            .required("lane", .string()), .required("wallet_id", id("wa")),
            .required("frozen_reason", JSONSchema.string().nullable), .required("next_nonce", .integer()),
            .required("open_slots", .integer()), .required("queued", .integer()),
        ]),
    ]
}
