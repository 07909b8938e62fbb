/// Why bytes are not a key or a signature, or an operation on them has no answer.
///
/// No case carries key material, so an error can be logged.
public enum KeyError: Error, Equatable, Sendable {
    /// The encoding has a length no key or signature of this kind has.
    case wrongLength(expected: Int, actual: Int)
    /// The secret is zero, or not below the order of the group.
    case invalidSecret
    /// The bytes are not a point on the curve in a permitted encoding.
    case invalidPublicKey
    /// The numbers of the signature are zero, too large, or badly encoded.
    case invalidSignature
    /// The signature is the malleable twin: its S is above half the group order.
    case highS
    /// The recovery id is not in 0...3.
    case invalidRecoveryID
    /// No public key fits this signature and digest.
    case recoveryFailed
    /// The tweak is too large, or the sum is zero: try the next index.
    case invalidTweak
    /// The signature is well formed and was not made by this key over this digest.
    case signatureMismatch
    /// The other party's key lies in a small subgroup, so that the shared secret would be known to everybody.
    case weakSharedSecret
}
