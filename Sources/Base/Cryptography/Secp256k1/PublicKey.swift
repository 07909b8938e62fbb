import Primitives

extension Secp256k1 {
    /// A point on the curve that is not the point at infinity.
    public struct PublicKey: Sendable, Hashable, CustomStringConvertible {
        private enum Point {}
        private let point: FixedBytes<65, Point>

        /// A key from its SEC 1 form: 33 bytes compressed, or 65 uncompressed (`04`); the hybrid forms are refused.
        ///
        /// - Throws: `KeyError.wrongLength`, or `KeyError.invalidPublicKey` when the bytes are no point on the curve.
        public init(bytes: some Collection<UInt8>) throws(KeyError) {
            let bytes = Array(bytes)
            guard bytes.count == 33 || bytes.count == 65 else {
                throw .wrongLength(expected: 33, actual: bytes.count)
            }
            // 06 and 07 are the hybrid forms, which the C library accepts; one key must not have three spellings.
            guard bytes.count == 33 || bytes[0] == 4,
                let normalized = unsafe Secp256k1Library.normalizedPublicKey(bytes.span.bytes),
                let point = FixedBytes<65, Point>(normalized)
            else { throw .invalidPublicKey }
            self.point = point
        }

        /// A key that the C library has just serialised.
        init?(trusted uncompressed: [UInt8]) {
            guard let point = FixedBytes<65, Point>(uncompressed) else { return nil }
            self.point = point
        }

        /// `02` or `03` and the x coordinate: 33 bytes.
        public var compressed: [UInt8] {
            [point[64] & 1 == 0 ? 2 : 3] + point.bytes[1..<33]
        }

        /// `04`, the x and the y coordinate: 65 bytes.
        public var uncompressed: [UInt8] { point.bytes }

        /// The x coordinate with the y that BIP-340 takes for granted.
        public var xOnly: XOnlyPublicKey { XOnlyPublicKey(trusted: Array(point.bytes[1..<33])) }

        /// This point plus `tweak` times the generator, as BIP-32 and Taproot derive public keys.
        ///
        /// - Throws: `KeyError.wrongLength` unless the tweak has 32 bytes, `KeyError.invalidTweak` when it is not below the group
        ///   order or the sum is the point at infinity.
        public func tweakAdd(_ tweak: [UInt8]) throws(KeyError) -> PublicKey {
            guard tweak.count == 32 else { throw .wrongLength(expected: 32, actual: tweak.count) }
            let bytes = point.bytes
            let sum = unsafe Secp256k1Library.add(tweak: tweak.span.bytes, toPoint: bytes.span.bytes)
            guard let sum, let key = PublicKey(trusted: sum) else { throw .invalidTweak }
            return key
        }

        /// The compressed form in hexadecimal.
        public var description: String { Hex.encode(compressed) }
    }

    /// A public key of BIP-340: an x coordinate alone, whose y is the even one.
    public struct XOnlyPublicKey: Sendable, Hashable, CustomStringConvertible {
        /// The x coordinate: 32 bytes, big-endian.
        public let bytes: [UInt8]

        /// A key from its 32 bytes.
        ///
        /// - Throws: `KeyError.wrongLength`, or `KeyError.invalidPublicKey` when no point has this x.
        public init(bytes: some Collection<UInt8>) throws(KeyError) {
            let bytes = Array(bytes)
            guard bytes.count == 32 else { throw .wrongLength(expected: 32, actual: bytes.count) }
            guard unsafe Secp256k1Library.isValid(xOnly: bytes.span.bytes) else { throw .invalidPublicKey }
            self.bytes = bytes
        }

        init(trusted bytes: [UInt8]) {
            self.bytes = bytes
        }

        /// The x coordinate in hexadecimal.
        public var description: String { Hex.encode(bytes) }
    }
}
