import Crypto
public import Primitives

/// Trees of keys for curves other than Bitcoin's, from the same seeds.
///
/// Standard: [SLIP-10](https://github.com/satoshilabs/slips/blob/master/slip-0010.md).
public enum SLIP10 {
    /// The curves of the standard.
    public enum Curve: Sendable, Hashable, CaseIterable {
        /// Bitcoin's and Ethereum's; the same tree as BIP-32.
        case secp256k1
        /// Ed25519, where all children are hardened.
        case ed25519
        /// NIST P-256.
        case nistP256

        var label: String {
            switch self {
            case .secp256k1: "Bitcoin seed"
            case .ed25519: "ed25519 seed"
            case .nistP256: "Nist256p1 seed"
            }
        }
    }

    /// A key of a tree; a class for the reasons given at `Secp256k1.PrivateKey`.
    public final class Node: Sendable {
        /// The curve of the whole tree.
        public let curve: Curve
        private let secret: SecretBytes
        private let chainCode: SecretBytes

        /// The master key of a seed of 16 to 64 bytes.
        ///
        /// - Throws: `BIP32Error.wrongSeedLength`.
        public init(seed: borrowing SecretBytes, curve: Curve) throws(BIP32Error) {
            guard 16...64 ~= seed.count else { throw .wrongSeedLength(actual: seed.count) }
            let label = Array(curve.label.utf8)
            var halves = seed.withBytes { bytes in
                var code = unsafe SecretHMAC512(key: label.span.bytes)
                code.update(bytes)
                return code.finish()
            }
            // Ends at once but for one seed in 2^32 (P-256) or 2^127; the standard says to hash again.
            while !halves.withBytes({ isSecret($0.extracting(0..<32), on: curve) }) {
                var code = unsafe SecretHMAC512(key: label.span.bytes)
                halves.withBytes { code.update($0) }
                halves = code.finish()
            }
            self.curve = curve
            secret = halves.half(0)
            chainCode = halves.half(1)
        }

        private init(curve: Curve, secret: consuming SecretBytes, chainCode: consuming SecretBytes) {
            self.curve = curve
            self.secret = secret
            self.chainCode = chainCode
        }

        /// Lends the 32 bytes of the private key for the time of the call; copies of them are the caller's to wipe.
        public func withSecret<Result: ~Copyable, Failure: Error>(
            _ body: (RawSpan) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try secret.withBytes(body)
        }

        /// Lends the 32 bytes of the chain code for the time of the call.
        public func withChainCode<Result: ~Copyable, Failure: Error>(
            _ body: (RawSpan) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try chainCode.withBytes(body)
        }

        /// The public key: 33 bytes, a compressed point, or a zero and the 32 bytes of an Ed25519 key.
        public var publicKey: [UInt8] {
            let key: [UInt8]? =
                switch curve {
                case .secp256k1: try? Secp256k1.PrivateKey(secret: secret).publicKey.compressed
                case .ed25519: (try? Ed25519.PrivateKey(seed: secret)).map { [0] + $0.publicKey.bytes }
                case .nistP256:
                    unsafe secret.withUnsafeBytes { bytes in
                        unsafe (try? P256.Signing.PrivateKey(rawRepresentation: bytes))
                            .map { Array($0.publicKey.compressedRepresentation) }
                    }
                }
            guard let key else { preconditionFailure("a node's secret was found valid for its curve") }
            return key
        }

        /// The child at an index; 2³¹ and above are hardened.
        ///
        /// - Throws: `BIP32Error.hardenedFromPublic` for a plain index on Ed25519, which has no such children.
        public func child(_ index: UInt32) throws(BIP32Error) -> Node {
            let isHardened = index >= DerivationPath.hardenedOffset
            guard isHardened || curve != .ed25519 else { throw .hardenedFromPublic }
            var code = chainCode.withBytes { SecretHMAC512(key: $0) }
            if isHardened {
                code.update([0])
                secret.withBytes { code.update($0) }
            } else {
                code.update(publicKey)
            }
            code.update(index.bigEndianBytes)
            var halves = code.finish()
            while true {
                if let child = childSecret(tweak: halves.half(0)) {
                    return Node(curve: curve, secret: child, chainCode: halves.half(1))
                }
                // Ends at once but for one index in 2^32 (P-256) or 2^127; the standard says to hash again.
                var code = chainCode.withBytes { SecretHMAC512(key: $0) }
                code.update([1])
                halves.withBytes { code.update($0.extracting(32..<64)) }
                code.update(index.bigEndianBytes)
                halves = code.finish()
            }
        }

        /// The descendant at the end of a path, which starts here.
        ///
        /// - Throws: as `child`.
        public func derive(_ path: DerivationPath) throws(BIP32Error) -> Node {
            var node = self
            for step in path.steps { node = try node.child(step) }
            return node
        }

        private func childSecret(tweak: consuming SecretBytes) -> SecretBytes? {
            switch curve {
            case .ed25519:
                return tweak
            case .secp256k1:
                guard let parent = try? Secp256k1.PrivateKey(secret: secret), let child = try? parent.tweakAdd(tweak)
                else { return nil }
                return child.withSecret { SecretBytes(copying: $0) }
            case .nistP256:
                return P256Order.sum(secret, tweak)
            }
        }
    }

    private static func isSecret(_ bytes: RawSpan, on curve: Curve) -> Bool {
        switch curve {
        case .ed25519: true
        case .secp256k1: Secp256k1Library.isValid(secret: bytes)
        case .nistP256: P256Order.isValid(bytes)
        }
    }
}
