/// Why bytes are not a transaction that this module accepts.
public enum TransactionError: Error, Equatable {
    /// There are no bytes.
    case empty
    /// More bytes than ``SignedTransaction/byteCountMax``.
    case tooLong(byteCount: Int)
    /// A type byte of EIP-2718 that is not decoded here; blob transactions (3) are among them.
    case unsupportedType(UInt8)
    /// What follows the type byte is no canonical RLP; offsets count from the first byte of the transaction.
    case malformed(RLPError)
    /// What follows the type byte is not a list.
    case notAList
    /// The list has a wrong number of fields for its type.
    case wrongFieldCount(expected: Int, actual: Int)
    /// A field is a list where a string belongs, has a wrong length, leading zeros, or is out of range.
    case invalidField(TransactionField)
    /// `r` or `s` is zero or not below the order of the curve, or `s` is in the upper half (EIP-2).
    case invalidSignature
    /// The bytes are not what the decoded transaction encodes to.
    case notCanonical
}

/// A field of a transaction, for messages.
public enum TransactionField: String, Sendable, Hashable {
    case chainID, nonce, gasPrice, maxPriorityFeePerGas, maxFeePerGas, gasLimit, to, value, data, accessList
    case authorizationList, v, yParity, r, s
}
