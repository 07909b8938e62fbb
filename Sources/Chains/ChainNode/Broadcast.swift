import Cryptography
public import Primitives

/// What is known after signed bytes were handed to a node.
///
/// Only `rejected` says that this node, at this moment, did not take these bytes. `unknown` keeps the hold, blocks a second
/// slot and is answered by sending the same bytes again.
public enum BroadcastOutcome: Sendable, Hashable {
    /// The node took the bytes and named their hash, which equals the one computed here.
    case accepted(Hash32)
    /// The node already had these very bytes.
    case known
    /// The node refused with a reason that was recognised.
    case rejected(BroadcastRejection, message: String)
    /// Nothing can be concluded: time-out, broken connection, text nobody has seen before.
    case unknown(message: String)
}

/// Why a node refused signed bytes.
///
/// None of these is a proof that the slot is free: see each case.
public enum BroadcastRejection: String, Sendable, Hashable, CaseIterable {
    /// The slot is consumed or the node believes so. Look which attempt consumed it; this is not a failure.
    case nonceTooLow
    /// Other bytes occupy the slot in this node's pool. Never means "the same bytes".
    case replacementUnderpriced
    /// The fee is under the pool's minimum or the base fee.
    case underpriced
    /// The sender cannot pay value and the highest fee. Keep the slot, fund the sender, send the same bytes again.
    case insufficientFunds
    /// An earlier nonce is missing at this node.
    case nonceGap
    /// The node's rules forbid these bytes. May be one client's policy: believe it only after a local check of the rule.
    case invalid
    /// The node's pool or provider is full or limits requests. Send the same bytes later.
    case busy
}

extension BroadcastOutcome {
    /// The outcome when a node answered a hash: accepted only if it is the hash of these very bytes.
    ///
    /// Another hash proves that something is wrong with the node or the way to it, and nothing about the bytes.
    public static func answered(_ hash: Hash32, for raw: [UInt8]) -> BroadcastOutcome {
        let own = Keccak256.hash(raw)
        return hash == own ? .accepted(hash) : .unknown(message: "the node answered \(hash), sent was \(own)")
    }
}
