public import Cryptography
public import Primitives

/// A signature as transactions and authorizations carry it.
public struct TransactionSignature: Sendable, Hashable {
    // The group order of secp256k1 and its half: SEC 2, section 2.4.1, https://www.secg.org/sec2-v2.pdf
    static let order = UInt256(
        words: 0xBFD2_5E8C_D036_4141, 0xBAAE_DCE6_AF48_A03B, 0xFFFF_FFFF_FFFF_FFFE, 0xFFFF_FFFF_FFFF_FFFF)
    static let halfOrder = UInt256(
        words: 0xDFE9_2F46_681B_20A0, 0x5D57_6E73_57A4_501D, 0xFFFF_FFFF_FFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF)

    /// Whether the y of the signature's point is odd: 0 or 1.
    public let yParity: UInt8
    /// The first half.
    public let r: UInt256
    /// The second half, never above half of the curve's order: [EIP-2](https://eips.ethereum.org/EIPS/eip-2).
    public let s: UInt256

    /// A signature; nil if the parity is not 0 or 1, `r` or `s` is out of range, or `s` is in the upper half.
    public init?(yParity: UInt8, r: UInt256, s: UInt256) {
        guard yParity <= 1, !r.isZero, r < TransactionSignature.order else { return nil }
        guard !s.isZero, s <= TransactionSignature.halfOrder else { return nil }
        self.yParity = yParity
        self.r = r
        self.s = s
    }

    /// A signature just made.
    public init(_ signature: Secp256k1.Signature) {
        let halves = (UInt256(bytes32: signature.r), UInt256(bytes32: signature.s))
        guard let made = TransactionSignature(yParity: signature.recoveryID, r: halves.0, s: halves.1) else {
            preconditionFailure("a signer gives r and s in range, s in the lower half, and a recovery id of 0 or 1")
        }
        self = made
    }

    /// Whose signature of this digest it is.
    ///
    /// - Throws: `TransactionError.invalidSignature` if no key can have made it.
    public func recoverAddress(digest: Hash32) throws(TransactionError) -> Address {
        do {
            let signature = try Secp256k1.Signature(
                r: r.bigEndianBytes, s: s.bigEndianBytes, recoveryID: yParity)
            return Address(publicKey: try Secp256k1.recover(signature, digest: digest))
        } catch {
            throw .invalidSignature
        }
    }

    /// `r`, `s` and `v` (27 or 28) in 65 bytes: what contracts and wallets exchange.
    public var bytes65: [UInt8] {
        r.bigEndianBytes + s.bigEndianBytes + [27 + yParity]
    }

    /// Reads 65 bytes `r ‖ s ‖ v` with v 27, 28, 0 or 1; nil if they are no valid signature.
    public init?(bytes65 bytes: [UInt8]) {
        guard bytes.count == 65 else { return nil }
        let v = bytes[64]
        guard v <= 1 || v == 27 || v == 28 else { return nil }
        self.init(
            yParity: v >= 27 ? v - 27 : v, r: UInt256(bytes32: bytes[0..<32]), s: UInt256(bytes32: bytes[32..<64]))
    }
}
