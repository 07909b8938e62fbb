import Primitives

/// Trees of secp256k1 keys that grow from one seed.
///
///     let master = try BIP32.ExtendedKey(seed: seed)
///     let account = try master.derive(BIP44.path(coin: 60))
///     let address = Address(publicKey: account.key.publicKey)
///
/// Standard: [BIP-32](https://github.com/bitcoin/bips/blob/master/bip-0032.mediawiki).
public enum BIP32 {
    /// Which letters the text forms begin with.
    public enum Network: Sendable, Hashable, CaseIterable {
        /// `xprv` and `xpub`.
        case mainnet
        /// `tprv` and `tpub`.
        case testnet

        var privateVersion: [UInt8] {
            self == .mainnet ? [0x04, 0x88, 0xad, 0xe4] : [0x04, 0x35, 0x83, 0x94]
        }

        var publicVersion: [UInt8] {
            self == .mainnet ? [0x04, 0x88, 0xb2, 0x1e] : [0x04, 0x35, 0x87, 0xcf]
        }
    }

    /// Where a key stands in its tree.
    public struct Position: Sendable, Hashable {
        /// Steps from the master key: 0...255.
        public let depth: UInt8
        /// The first four bytes of the parent's hash160; zeros for a master key.
        public let parentFingerprint: [UInt8]
        /// The last step, with 2³¹ added when it was hardened; zero for a master key.
        public let childNumber: UInt32

        static let master = Position(depth: 0, parentFingerprint: [0, 0, 0, 0], childNumber: 0)

        init(depth: UInt8, parentFingerprint: [UInt8], childNumber: UInt32) {
            self.depth = depth
            self.parentFingerprint = parentFingerprint
            self.childNumber = childNumber
        }

        // A serialised key that says it is a master key and has a parent all the same is refused, as the standard's
        // vectors want.
        init(serialized bytes: [UInt8]) throws(BIP32Error) {
            depth = bytes[0]
            parentFingerprint = Array(bytes[1..<5])
            childNumber = bytes[5..<9].reduce(0) { $0 << 8 | UInt32($1) }
            guard depth > 0 || self == .master else { throw .invalidText }
        }

        var serialized: [UInt8] {
            [depth] + parentFingerprint + childNumber.bigEndianBytes
        }

        func child(_ index: UInt32, of parent: Secp256k1.PublicKey) throws(BIP32Error) -> Position {
            guard depth < 255 else { throw .tooDeep }
            return Position(depth: depth + 1, parentFingerprint: fingerprint(parent), childNumber: index)
        }
    }

    /// The first four bytes of the hash160 of a compressed key, by which a parent is named.
    static func fingerprint(_ key: Secp256k1.PublicKey) -> [UInt8] {
        Array(RIPEMD160.hash160(key.compressed).prefix(4))
    }

    // A serialised key: version 4, position 9, chain code 32, key 33.
    static let serializedBytes = 78
}

/// Why there is no such key in the tree.
public enum BIP32Error: Error, Equatable, Sendable {
    /// A seed has 16 to 64 bytes.
    case wrongSeedLength(actual: Int)
    /// No key follows from this seed; one seed in 2¹²⁷ is like that.
    case unusableSeed
    /// No key follows at this index, one in 2¹²⁷: take the next.
    case unusableIndex(UInt32)
    /// A hardened child needs the private key.
    case hardenedFromPublic
    /// The tree ends at depth 255.
    case tooDeep
    /// Not the text of an extended key of this kind, or damaged.
    case invalidText
}

extension UInt32 {
    var bigEndianBytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}
