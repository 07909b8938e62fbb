/// Reads a node's refusal of a transaction: a pure function from JSON-RPC code and text to an outcome.
///
/// Clients share neither codes nor words, so this is a list of phrases, the most specific first. The code alone never decides:
/// −32005 is a rate limit at some providers and a gas limit in Besu. Text that matches nothing is `.unknown`, because a wrong
/// "rejected" can pay twice and a wrong "unknown" only waits.
///
/// Phrases match at word borders, so that "unknown transaction" is not read as "known transaction".
public enum BroadcastClassifier {
    /// Longer texts are cut before they are read or kept: an error text is a hostile input too.
    public static let messageBytesMax = 512

    /// The outcome for an error answer to `eth_sendRawTransaction`.
    public static func classify(code: Int?, message: String) -> BroadcastOutcome {
        let kept = String(decoding: message.utf8.prefix(messageBytesMax), as: UTF8.self)
        let text = Phrase.normalised(kept)
        for rule in rules where rule.matches(text) {
            switch rule.verdict {
            case .known: return .known
            case .rejected(let reason): return .rejected(reason, message: kept)
            case .unknown: return .unknown(message: kept)
            }
        }
        // The one place where a code helps: a provider's "limit exceeded", once every gas-limit phrase is excluded.
        if let code, code == -32005 || code == 429, text.contains("limit"), !text.contains("gas") {
            return .rejected(.busy, message: kept)
        }
        return .unknown(message: code.map { "\(kept) (code \($0))" } ?? kept)
    }

    private enum Verdict {
        case known, unknown
        case rejected(BroadcastRejection)
    }

    private struct Rule {
        let verdict: Verdict
        let phrases: [String]
        /// The text must also hold one of these, when there are any.
        var alsoOneOf: [String] = []

        func matches(_ text: Phrase) -> Bool {
            phrases.contains { text.contains($0) } && (alsoOneOf.isEmpty || alsoOneOf.contains { text.contains($0) })
        }
    }

    // The order matters: the specific phrase stands before the general one it contains.
    private static let rules: [Rule] = [
        // Answers that look like a verdict and are none.
        Rule(
            verdict: .unknown,
            phrases: [
                "unknown transaction", "transaction not found", "timeout", "timed out", "deadline exceeded",
                "context canceled", "connection reset",
            ]),
        // Other bytes hold the slot. Before "underpriced" and before "already imported".
        Rule(
            verdict: .rejected(.replacementUnderpriced),
            phrases: [
                "replacement transaction underpriced", "replacement underpriced", "replacement tx underpriced",
                "future transaction tries to replace pending", "could not replace existing tx",
                "replaced by transaction with higher tip", "insufficient gas price to replace existing transaction",
                "replacementnotallowed", "replacement not allowed", "ownnoncealreadyused", "own nonce already used",
            ]),
        Rule(
            verdict: .rejected(.replacementUnderpriced), phrases: ["underpriced"],
            alsoOneOf: ["replace", "replacing", "replacement"]),
        // An earlier nonce is missing or bad. Before "nonce too low": Besu says "… with a lower nonce exists".
        Rule(
            verdict: .rejected(.nonceGap),
            phrases: [
                "nonce too high", "too distant from current sender nonce", "nonce too distant",
                "invalid transaction with a lower nonce exists", "noncegap", "nonce gap", "nonce too far in future",
                "gapped-nonce tx from delegated accounts",
            ]),
        Rule(
            verdict: .rejected(.nonceTooLow),
            phrases: ["nonce too low", "oldnonce", "old nonce", "invalid transaction nonce", "nonce is too low"]),
        // Erigon's discard reason is the single word.
        Rule(verdict: .rejected(.nonceTooLow), phrases: ["=mined"]),
        // The very bytes are there. Nothing about "existing" or "imported" but these whole phrases.
        Rule(
            verdict: .known,
            phrases: [
                "already known", "alreadyknown", "existing txn with same hash", "already imported",
                "transaction with the same hash was already imported", "known transaction",
            ]),
        Rule(
            verdict: .rejected(.insufficientFunds),
            phrases: [
                "insufficient funds", "insufficientfunds", "upfront cost exceeds account balance",
                "insufficient balance for transfer",
            ]),
        // Before the pool's fullness and before any "limit exceeded".
        Rule(
            verdict: .rejected(.invalid),
            phrases: [
                "intrinsic gas too low", "intrinsic gas exceeds gas limit", "exceeds block gas limit",
                "gas limit exceeds block", "transaction gas limit too high", "gaslimitexceeded", "gas limit exceeded",
                "exceeds the configured cap", "fee cap exceeded", "senderiscontract", "sender is contract",
                "sender not an eoa", "wrong chainid", "wrong chain id", "invalid chain id", "invalid sender",
                "oversized data", "max priority fee per gas higher than max fee per gas",
                "only replay-protected", "floor data gas", "transaction type not supported", "rlp:",
                "typed transaction too short",
                "negative value", "max initcode size exceeded", "signature is invalid", "invalid signature",
            ]),
        Rule(
            verdict: .rejected(.underpriced),
            phrases: [
                "underpriced", "max fee per gas less than block base fee", "fee too low",
                "feetoolow", "feetoolowtocompete", "gas price below configured minimum", "below current base fee",
                "gas price below minimum", "gas price too low", "gas tip cap below minimum",
            ]),
        Rule(
            verdict: .rejected(.busy),
            phrases: [
                "txpool is full", "transaction pool is full", "pool is full", "queue full", "queue is full",
                "address already reserved", "in-flight transaction limit reached", "pending transaction type conflict",
                "rate limit", "rate limited", "too many requests", "request rate", "daily request count exceeded",
                "server is busy", "server busy", "try again later", "capacity exceeded",
            ]),
    ]
}

/// Lower-case ASCII text that is searched at word borders.
private struct Phrase {
    private let bytes: [UInt8]

    /// ASCII letters become lower case and underscores blanks, so that ALREADY_KNOWN reads as a phrase.
    static func normalised(_ text: String) -> Phrase {
        Phrase(
            bytes: text.utf8.map { byte in
                switch byte {
                case 0x41...0x5A: byte | 0x20
                case UInt8(ascii: "_"): UInt8(ascii: " ")
                default: byte
                }
            })
    }

    /// Whether the phrase stands in the text with no letter or digit touching its ends; "=x" asks that it is the whole text.
    func contains(_ phrase: String) -> Bool {
        let wanted = Array(phrase.utf8)
        if wanted.first == UInt8(ascii: "=") { return trimmed.elementsEqual(wanted.dropFirst()) }
        guard !wanted.isEmpty, wanted.count <= bytes.count else { return false }
        for start in 0...(bytes.count - wanted.count) {
            let end = start + wanted.count
            guard bytes[start..<end].elementsEqual(wanted) else { continue }
            let opensAtBorder = start == 0 || !isWord(bytes[start - 1]) || !isWord(wanted[0])
            let closesAtBorder = end == bytes.count || !isWord(bytes[end]) || !isWord(wanted[wanted.count - 1])
            if opensAtBorder && closesAtBorder { return true }
        }
        return false
    }

    private var trimmed: ArraySlice<UInt8> {
        let isEdge: (UInt8) -> Bool = { $0 <= 0x20 || $0 == UInt8(ascii: ".") }
        guard let first = bytes.firstIndex(where: { !isEdge($0) }), let last = bytes.lastIndex(where: { !isEdge($0) })
        else { return [] }
        return bytes[first...last]
    }

    private func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}
