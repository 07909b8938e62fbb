public import Primitives

extension BIP32 {
    /// A private key with the chain code that its children need; a class for the reasons given at `Secp256k1.PrivateKey`.
    public final class ExtendedKey: Sendable {
        /// The private key at this place of the tree.
        public let key: Secp256k1.PrivateKey
        /// Where it stands.
        public let position: Position
        private let chainCode: SecretBytes

        /// The master key of a seed of 16 to 64 bytes.
        ///
        /// - Throws: `BIP32Error.wrongSeedLength`, `.unusableSeed`.
        public init(seed: borrowing SecretBytes) throws(BIP32Error) {
            guard 16...64 ~= seed.count else { throw .wrongSeedLength(actual: seed.count) }
            let label = Array("Bitcoin seed".utf8)
            var code = unsafe SecretHMAC512(key: label.span.bytes)
            seed.withBytes { code.update($0) }
            let halves = code.finish()
            guard let key = try? Secp256k1.PrivateKey(secret: halves.half(0)) else { throw .unusableSeed }
            self.key = key
            chainCode = halves.half(1)
            position = .master
        }

        /// A key from its text, `xprv…` or `tprv…`.
        ///
        /// - Throws: `BIP32Error.invalidText`.
        public init(text: borrowing SecretBytes) throws(BIP32Error) {
            guard let payload = SecretBase58.decodeCheck(text, payloadBytes: serializedBytes) else {
                throw .invalidText
            }
            let version = (0..<4).map { payload.byte(at: $0) }
            guard Network.allCases.contains(where: { $0.privateVersion == version }), payload.byte(at: 45) == 0 else {
                throw .invalidText
            }
            position = try Position(serialized: (4..<13).map { payload.byte(at: $0) })
            chainCode = payload.withBytes { SecretBytes(copying: $0.extracting(13..<45)) }
            let secret = payload.withBytes { SecretBytes(copying: $0.extracting(46..<78)) }
            guard let key = try? Secp256k1.PrivateKey(secret: secret) else { throw .invalidText }
            self.key = key
        }

        private init(key: Secp256k1.PrivateKey, chainCode: consuming SecretBytes, position: Position) {
            self.key = key
            self.chainCode = chainCode
            self.position = position
        }

        /// The public half, which gives the public keys of all children that are not hardened.
        public var publicKey: ExtendedPublicKey {
            ExtendedPublicKey(
                key: key.publicKey, chainCode: chainCode.withBytes { bytes in (0..<32).map { bytes.byte(at: $0) } },
                position: position)
        }

        /// The child at an index; 2³¹ and above are hardened.
        ///
        /// - Throws: `BIP32Error.tooDeep`, `.unusableIndex`.
        public func child(_ index: UInt32) throws(BIP32Error) -> ExtendedKey {
            let position = try position.child(index, of: key.publicKey)
            var code = chainCode.withBytes { SecretHMAC512(key: $0) }
            if index >= DerivationPath.hardenedOffset {
                code.update([0])
                key.withSecret { code.update($0) }
            } else {
                code.update(key.publicKey.compressed)
            }
            code.update(index.bigEndianBytes)
            let halves = code.finish()
            guard let child = try? key.tweakAdd(halves.half(0)) else { throw .unusableIndex(index) }
            return ExtendedKey(key: child, chainCode: halves.half(1), position: position)
        }

        /// The descendant at the end of a path, which starts here.
        ///
        /// - Throws: `BIP32Error.tooDeep`, `.unusableIndex`.
        public func derive(_ path: DerivationPath) throws(BIP32Error) -> ExtendedKey {
            var key = self
            for step in path.steps { key = try key.child(step) }
            return key
        }

        /// The text form, `xprv…` or `tprv…`: secret ASCII, 111 characters.
        public func text(network: Network = .mainnet) -> SecretBytes {
            let head = network.privateVersion + position.serialized
            return SecretBase58.encodeCheck(
                unsafe SecretBytes(
                    count: serializedBytes,
                    unsafeFill: { out in
                        unsafe out.copyBytes(from: head.span.bytes)
                        chainCode.withBytes { unsafe out.copyBytes(from: $0, at: 13) }
                        key.withSecret { unsafe out.copyBytes(from: $0, at: 46) }
                    }))
        }
    }

    /// A public key with the chain code that its children need.
    ///
    /// Not secret, yet with it and one private child key the parent's private key can be computed: hand it out with care.
    public struct ExtendedPublicKey: Sendable, Hashable, CustomStringConvertible {
        /// The public key at this place of the tree.
        public let key: Secp256k1.PublicKey
        /// What the children are derived with: 32 bytes.
        public let chainCode: [UInt8]
        /// Where it stands.
        public let position: Position

        init(key: Secp256k1.PublicKey, chainCode: [UInt8], position: Position) {
            self.key = key
            self.chainCode = chainCode
            self.position = position
        }

        /// A key from its text, `xpub…` or `tpub…`.
        ///
        /// - Throws: `BIP32Error.invalidText`.
        public init(text: String) throws(BIP32Error) {
            guard text.utf8.count <= 112, let payload = try? Base58.decodeCheck(text),
                payload.count == serializedBytes,
                Network.allCases.contains(where: { $0.publicVersion == Array(payload[..<4]) }),
                let key = try? Secp256k1.PublicKey(bytes: payload[45...])
            else { throw .invalidText }
            self.key = key
            chainCode = Array(payload[13..<45])
            position = try Position(serialized: Array(payload[4..<13]))
        }

        /// The child at an index below 2³¹.
        ///
        /// - Throws: `BIP32Error.hardenedFromPublic`, `.tooDeep`, `.unusableIndex`.
        public func child(_ index: UInt32) throws(BIP32Error) -> ExtendedPublicKey {
            guard index < DerivationPath.hardenedOffset else { throw .hardenedFromPublic }
            let position = try position.child(index, of: key)
            let code = HMAC2.sha512(key: chainCode, message: key.compressed + index.bigEndianBytes)
            guard let child = try? key.tweakAdd(Array(code[..<32])) else { throw .unusableIndex(index) }
            return ExtendedPublicKey(key: child, chainCode: Array(code[32...]), position: position)
        }

        /// The descendant at the end of a path without hardened steps, which starts here.
        ///
        /// - Throws: as `child`.
        public func derive(_ path: DerivationPath) throws(BIP32Error) -> ExtendedPublicKey {
            var key = self
            for step in path.steps { key = try key.child(step) }
            return key
        }

        /// The text form, `xpub…` or `tpub…`.
        public func text(network: Network = .mainnet) -> String {
            Base58.encodeCheck(network.publicVersion + position.serialized + chainCode + key.compressed)
        }

        /// The text form for the main network.
        public var description: String { text() }
    }
}

extension SecretBytes {
    /// The first or the second 32 of 64 bytes.
    borrowing func half(_ index: Int) -> SecretBytes {
        withBytes { SecretBytes(copying: $0.extracting(index * 32..<index * 32 + 32)) }
    }
}
