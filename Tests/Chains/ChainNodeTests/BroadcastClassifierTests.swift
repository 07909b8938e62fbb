import ChainNode
import Testing

/// What a row of the corpus must be read as.
private enum Expected: Sendable, Equatable {
    case known, unknown
    case rejected(BroadcastRejection)

    init(_ outcome: BroadcastOutcome) {
        switch outcome {
        case .accepted: preconditionFailure("a refusal is never read as accepted")
        case .known: self = .known
        case .unknown: self = .unknown
        case .rejected(let reason, _): self = .rejected(reason)
        }
    }
}

private struct Row: Sendable, CustomTestStringConvertible {
    let client: String
    let code: Int?
    let message: String
    let expected: Expected
    var testDescription: String { "\(client) \(code.map(String.init) ?? "-"): \(message)" }

    init(_ client: String, _ code: Int?, _ message: String, _ expected: Expected) {
        self.client = client
        self.code = code
        self.message = message
        self.expected = expected
    }
}

private let corpus: [Row] = [
    // geth
    Row("geth", -32000, "already known", .known),
    Row("geth", -32000, "nonce too low: next nonce 7, tx nonce 3", .rejected(.nonceTooLow)),
    Row("geth", -32000, "nonce too low", .rejected(.nonceTooLow)),
    Row("geth", -32000, "replacement transaction underpriced", .rejected(.replacementUnderpriced)),
    Row(
        "geth", -32000, "replacement transaction underpriced: new tx gas fee cap 5 < 6 needed",
        .rejected(.replacementUnderpriced)),
    Row("geth", -32000, "future transaction tries to replace pending", .rejected(.replacementUnderpriced)),
    Row("geth", -32000, "transaction underpriced", .rejected(.underpriced)),
    Row("geth", -32000, "transaction underpriced: gas tip cap 0, minimum needed 1", .rejected(.underpriced)),
    Row(
        "geth", -32000, "max fee per gas less than block base fee: address 0x00, maxFeePerGas: 1, baseFee: 7",
        .rejected(.underpriced)),
    Row(
        "geth", -32000, "insufficient funds for gas * price + value: balance 1, tx cost 2, overshot 1",
        .rejected(.insufficientFunds)),
    Row("geth", -32000, "insufficient funds for transfer", .rejected(.insufficientFunds)),
    Row("geth", -32000, "nonce too high: address 0x00, tx: 9 state: 3", .rejected(.nonceGap)),
    Row("geth", -32000, "intrinsic gas too low: gas 20999, minimum needed 21000", .rejected(.invalid)),
    Row("geth", -32000, "exceeds block gas limit", .rejected(.invalid)),
    Row("geth", -32000, "transaction gas limit too high (cap: 16777216, tx: 16777217)", .rejected(.invalid)),
    Row("geth", -32000, "txpool is full", .rejected(.busy)),
    Row("geth", -32000, "tx fee (2.50 ether) exceeds the configured cap (1.00 ether)", .rejected(.invalid)),
    Row("geth", -32000, "address already reserved", .rejected(.busy)),
    Row("geth", -32000, "in-flight transaction limit reached for delegated accounts", .rejected(.busy)),
    Row("geth", -32000, "gapped-nonce tx from delegated accounts", .rejected(.nonceGap)),
    // Erigon
    Row("erigon", -32000, "existing txn with same hash", .known),
    Row("erigon", -32000, "already known", .known),
    Row("erigon", -32000, "nonce too low", .rejected(.nonceTooLow)),
    Row("erigon", -32000, "could not replace existing tx", .rejected(.replacementUnderpriced)),
    Row("erigon", -32000, "replaced by transaction with higher tip", .rejected(.replacementUnderpriced)),
    Row("erigon", -32000, "underpriced", .rejected(.underpriced)),
    Row("erigon", -32000, "fee too low", .rejected(.underpriced)),
    Row("erigon", -32000, "insufficient funds", .rejected(.insufficientFunds)),
    Row("erigon", -32000, "mined", .rejected(.nonceTooLow)),
    // reth
    Row("reth", -32000, "already imported", .known),
    Row("reth", -32000, "nonce too low: next nonce 4, tx nonce 2", .rejected(.nonceTooLow)),
    Row("reth", -32000, "insufficient gas price to replace existing transaction", .rejected(.replacementUnderpriced)),
    Row("reth", -32000, "insufficient funds for gas * price + value: have 3 want 9", .rejected(.insufficientFunds)),
    // Besu
    Row("besu", -32000, "Known transaction", .known),
    Row("besu", -32001, "Nonce too low", .rejected(.nonceTooLow)),
    Row("besu", -32000, "Replacement transaction underpriced", .rejected(.replacementUnderpriced)),
    Row("besu", -32009, "Gas price below configured minimum gas price", .rejected(.underpriced)),
    Row("besu", -32009, "Gas price below current base fee", .rejected(.underpriced)),
    Row("besu", -32004, "Upfront cost exceeds account balance", .rejected(.insufficientFunds)),
    Row("besu", -32003, "Intrinsic gas exceeds gas limit", .rejected(.invalid)),
    Row("besu", -32005, "Transaction gas limit exceeds block gas limit", .rejected(.invalid)),
    Row("besu", -32006, "Nonce too high", .rejected(.nonceGap)),
    Row("besu", -32006, "Transaction nonce is too distant from current sender nonce", .rejected(.nonceGap)),
    Row("besu", -32000, "An invalid transaction with a lower nonce exists", .rejected(.nonceGap)),
    Row("besu", -32000, "Transaction fee cap exceeded", .rejected(.invalid)),
    Row("besu", -32000, "Wrong chainId", .rejected(.invalid)),
    // Nethermind, old and new
    Row("nethermind", -32010, "AlreadyKnown", .known),
    Row("nethermind", -32010, "OldNonce", .rejected(.nonceTooLow)),
    Row("nethermind", -32010, "OwnNonceAlreadyUsed", .rejected(.replacementUnderpriced)),
    Row("nethermind", -32010, "ReplacementNotAllowed", .rejected(.replacementUnderpriced)),
    Row("nethermind", -32010, "FeeTooLow", .rejected(.underpriced)),
    Row("nethermind", -32010, "FeeTooLowToCompete", .rejected(.underpriced)),
    Row(
        "nethermind", -32010, "InsufficientFunds, Account balance: 1, cumulative cost: 2", .rejected(.insufficientFunds)
    ),
    Row("nethermind", -32010, "NonceGap, Future nonce. Expected nonce: 3", .rejected(.nonceGap)),
    Row("nethermind", -32010, "GasLimitExceeded, Gas limit: 1", .rejected(.invalid)),
    Row("nethermind", -32010, "SenderIsContract", .rejected(.invalid)),
    Row("nethermind", -32000, "nonce too far in future", .rejected(.nonceGap)),
    Row("nethermind", -32000, "pending transaction type conflict", .rejected(.busy)),
    // anvil
    Row("anvil", -32003, "transaction already imported", .known),
    Row("anvil", -32003, "nonce too low", .rejected(.nonceTooLow)),
    Row("anvil", -32003, "Insufficient funds for gas * price + value", .rejected(.insufficientFunds)),
    Row("anvil", -32003, "Nonce too high", .rejected(.nonceGap)),
    // Bor, Arbitrum, zkSync, Parity
    Row(
        "bor", -32000, "transaction gas price below minimum: gas tip cap 1, minimum needed 25000000000",
        .rejected(.underpriced)),
    Row("arbitrum", -32000, "invalid transaction nonce", .rejected(.nonceTooLow)),
    Row("arbitrum", -32000, "gas price too low", .rejected(.underpriced)),
    Row("arbitrum", -32000, "queue full", .rejected(.busy)),
    Row("zksync", -32000, "known transaction. transaction with hash 0xab is already in the system", .known),
    Row("zksync", -32000, "nonce too low. allowed nonce range: 5 - 25, actual: 3", .rejected(.nonceTooLow)),
    Row("parity", -32010, "Transaction with the same hash was already imported.", .known),
    // The execution-apis proposal: the words with the code; the bare code proves nothing.
    Row("execution-apis", 1000, "ALREADY_KNOWN", .known),
    Row("execution-apis", 1, "NONCE_TOO_LOW", .rejected(.nonceTooLow)),
    Row("execution-apis", 2, "NONCE_TOO_HIGH", .rejected(.nonceGap)),
    Row("execution-apis", 809, "insufficient funds", .rejected(.insufficientFunds)),
    Row("execution-apis", 1000, "", .unknown),
    Row("execution-apis", 809, "error", .unknown),
    // Providers
    Row("provider", -32005, "daily request count exceeded, request rate limited", .rejected(.busy)),
    Row("provider", -32005, "limit exceeded", .rejected(.busy)),
    Row("provider", 429, "Too Many Requests", .rejected(.busy)),
    Row("provider", -32016, "over rate limit", .rejected(.busy)),
    // Traps
    Row("trap", -32000, "unknown transaction", .unknown),
    Row("trap", -32000, "Unknown transaction type", .unknown),
    Row("trap", -32005, "some gas limit nobody has named", .unknown),
    Row("trap", -32005, "", .unknown),
    Row("trap", -32000, "determined", .unknown),
    Row("trap", -32000, "transaction was not mined within 20s", .unknown),
    Row("trap", 4, "The transaction was added to the mempool but wasn't processed within 20s: timeout", .unknown),
    Row("trap", -32000, "request timed out", .unknown),
    Row("trap", -32603, "internal error", .unknown),
    Row("trap", -32000, "transaction indexing is in progress", .unknown),
    Row("trap", nil, "", .unknown),
    Row("trap", nil, "already known", .known),
]

struct BroadcastClassifierTests {
    @Test(arguments: corpus)
    private func `every known refusal is read as what it means`(row: Row) {
        #expect(Expected(BroadcastClassifier.classify(code: row.code, message: row.message)) == row.expected)
        // Letter case is a client's habit, not a meaning.
        #expect(
            Expected(BroadcastClassifier.classify(code: row.code, message: row.message.uppercased())) == row.expected)
    }

    @Test func `a refusal keeps the node's words`() {
        let outcome = BroadcastClassifier.classify(code: -32000, message: "Nonce too low")
        #expect(outcome == .rejected(.nonceTooLow, message: "Nonce too low"))
    }

    @Test func `a huge text is cut before it is read`() {
        let text = String(repeating: "é", count: 1_000_000) + " already known"
        guard case .unknown(let message) = BroadcastClassifier.classify(code: 1, message: text) else {
            Issue.record("what stands beyond the cut must not be read")
            return
        }
        #expect(message.utf8.count < 600)
    }

    @Test func `no single letter inserted before a phrase turns into acceptance`() {
        for letter in "abcdefghijklmnopqrstuvwxyz" {
            #expect(
                Expected(BroadcastClassifier.classify(code: -32000, message: "\(letter)known transaction")) == .unknown)
        }
    }
}
