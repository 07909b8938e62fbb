public import Primitives

/// The curve of Bitcoin and Ethereum: ECDSA with recovery, Schnorr (BIP-340), ECDH and key tweaks.
///
///     let key = try Secp256k1.PrivateKey(secret: secret)
///     let signature = key.sign(digest: transaction.signingHash)
///     try Secp256k1.confirm(signature, digest: transaction.signingHash, signer: key.publicKey)
///
/// The arithmetic is libsecp256k1's. Standard: [SEC 1](https://www.secg.org/sec1-v2.pdf), [SEC 2](https://www.secg.org/sec2-v2.pdf).
public enum Secp256k1 {
    /// Whether `publicKey` signed `digest`; the recovery id plays no part.
    public static func verify(_ signature: Signature, digest: Hash32, publicKey: PublicKey) -> Bool {
        let compact = signature.compact
        let message = digest.bytes
        let point = publicKey.uncompressed
        return unsafe Secp256k1Library.verify(
            compact: compact.span.bytes, digest: message.span.bytes, point: point.span.bytes)
    }

    /// The one public key that fits the signature, its recovery id and the digest.
    ///
    /// - Throws: `KeyError.recoveryFailed` when there is none.
    public static func recover(_ signature: Signature, digest: Hash32) throws(KeyError) -> PublicKey {
        let compact = signature.compact
        let message = digest.bytes
        let point = unsafe Secp256k1Library.recover(
            compact: compact.span.bytes, recoveryID: signature.recoveryID, digest: message.span.bytes)
        guard let point, let key = PublicKey(trusted: point) else { throw .recoveryFailed }
        return key
    }

    /// Checks a fresh signature before it is stored or sent: it recovers to `signer`, and it verifies.
    ///
    /// Signing multiplies by a secret in constant time with a blinded table; this path uses the other, variable-time
    /// multiplication. A flipped bit or a faulty device shows here, not as a transaction from a stranger's address.
    ///
    /// - Throws: `KeyError.signatureMismatch` when either check fails.
    public static func confirm(_ signature: Signature, digest: Hash32, signer: PublicKey) throws(KeyError) {
        guard let recovered = try? recover(signature, digest: digest), recovered == signer,
            verify(signature, digest: digest, publicKey: signer)
        else { throw .signatureMismatch }
    }

    /// Whether a 64-byte BIP-340 signature over `message` (any length) was made by `publicKey`.
    ///
    /// A signature of another length is simply not valid. Standard:
    /// [BIP-340](https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki).
    public static func verifySchnorr(_ signature: [UInt8], message: [UInt8], publicKey: XOnlyPublicKey) -> Bool {
        guard signature.count == 64 else { return false }
        let point = publicKey.bytes
        return unsafe Secp256k1Library.verifySchnorr(
            signature: signature.span.bytes, message: message.span.bytes, xOnly: point.span.bytes)
    }
}
