public import Primitives

extension Secp256k1 {
    /// An ECDSA signature with its recovery id; S is always in the lower half of the group order.
    ///
    /// Chains refuse the twin with the other S ([EIP-2](https://eips.ethereum.org/EIPS/eip-2),
    /// [BIP-62](https://github.com/bitcoin/bips/blob/master/bip-0062.mediawiki)), since anybody can make it and it gives the
    /// same transaction a second hash.
    public struct Signature: Sendable, Hashable {
        private enum Compact {}
        private let numbers: FixedBytes<64, Compact>

        /// Which of the up to four points with this r signed: bit 0 is the parity of y, bit 1 says that x overflowed.
        public let recoveryID: UInt8

        /// A signature from its two 32-byte big-endian numbers.
        ///
        /// - Throws: `KeyError.wrongLength`, `KeyError.invalidSignature` when a number is zero or not below the group order,
        ///   `KeyError.highS`, `KeyError.invalidRecoveryID`.
        public init(r: some Collection<UInt8>, s: some Collection<UInt8>, recoveryID: UInt8) throws(KeyError) {
            guard r.count == 32 else { throw .wrongLength(expected: 32, actual: r.count) }
            guard s.count == 32 else { throw .wrongLength(expected: 32, actual: s.count) }
            try self.init(compact: Array(r) + Array(s), recoveryID: recoveryID)
        }

        /// A signature from 64 bytes, r and then s.
        ///
        /// - Throws: as `init(r:s:recoveryID:)`.
        public init(compact: some Collection<UInt8>, recoveryID: UInt8) throws(KeyError) {
            let compact = Array(compact)
            let (low, changed) = try Signature.normalized(compact)
            guard !changed else { throw .highS }
            guard recoveryID < 4 else { throw .invalidRecoveryID }
            guard let numbers = FixedBytes<64, Compact>(low) else { throw .invalidSignature }
            self.numbers = numbers
            self.recoveryID = recoveryID
        }

        /// A signature of a device or a key service, which gives neither a low S nor a recovery id.
        ///
        /// S is brought into the lower half, and the recovery id is the one that leads back to `signer`.
        ///
        /// - Throws: `KeyError.wrongLength` unless there are 64 bytes, `KeyError.invalidSignature`, and
        ///   `KeyError.signatureMismatch` when `signer` did not sign `digest`.
        public init(foreignCompact compact: [UInt8], digest: Hash32, signer: PublicKey) throws(KeyError) {
            let (low, _) = try Signature.normalized(compact)
            for id in UInt8(0)..<4 {
                let candidate = try Signature(compact: low, recoveryID: id)
                if let recovered = try? Secp256k1.recover(candidate, digest: digest), recovered == signer {
                    self = candidate
                    return
                }
            }
            throw .signatureMismatch
        }

        /// The same from the DER form, which most devices and key services answer with.
        ///
        /// - Throws: as `init(foreignCompact:digest:signer:)`; malformed DER is `KeyError.invalidSignature`.
        public init(foreignDER der: [UInt8], digest: Hash32, signer: PublicKey) throws(KeyError) {
            guard !der.isEmpty, der.count <= 72, let compact = unsafe Secp256k1Library.compact(der: der.span.bytes)
            else {
                throw .invalidSignature
            }
            try self.init(foreignCompact: compact, digest: digest, signer: signer)
        }

        /// A signature that the C library has just made.
        init?(trusted compact: [UInt8], recoveryID: UInt8) {
            guard let numbers = FixedBytes<64, Compact>(compact) else { return nil }
            self.numbers = numbers
            self.recoveryID = recoveryID
        }

        /// The first number: 32 bytes, big-endian.
        public var r: [UInt8] { Array(numbers.bytes[..<32]) }

        /// The second number: 32 bytes, big-endian, at most half the group order.
        public var s: [UInt8] { Array(numbers.bytes[32...]) }

        /// r and s: 64 bytes.
        public var compact: [UInt8] { numbers.bytes }

        /// The ASN.1 DER form that Bitcoin scripts carry: at most 71 bytes here, since S is low.
        public var der: [UInt8] {
            let bytes = numbers.bytes
            guard let der = unsafe Secp256k1Library.der(compact: bytes.span.bytes) else {
                preconditionFailure("a checked signature has a DER form")
            }
            return der
        }

        private static func normalized(_ compact: [UInt8]) throws(KeyError) -> (compact: [UInt8], changed: Bool) {
            guard compact.count == 64 else { throw .wrongLength(expected: 64, actual: compact.count) }
            // The C library lets zero pass here and fails later; a signature with a zero is none.
            guard compact[..<32].contains(where: { $0 != 0 }), compact[32...].contains(where: { $0 != 0 }),
                let result = unsafe Secp256k1Library.normalized(compact: compact.span.bytes)
            else { throw .invalidSignature }
            return result
        }
    }
}
