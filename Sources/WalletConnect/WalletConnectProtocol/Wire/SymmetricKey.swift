public import Cryptography
public import Primitives

/// Thirty-two secret bytes that seal the messages of one topic.
///
/// A class, so that structures and dictionaries can hold it while its bytes stay at one address; they are wiped when the
/// last reference goes. It has no textual form and is not `Codable`.
public final class SymmetricKey: Sendable {
    /// How many bytes a key has.
    public static let byteCount = 32

    /// The topic that belongs to this key: the SHA-256 of its bytes.
    public let topic: Topic

    let secret: SecretBytes

    /// A key from its bytes.
    ///
    /// - Throws: `KeyMaterialError.wrongLength`.
    public init(_ secret: consuming SecretBytes) throws(KeyMaterialError) {
        guard secret.count == Self.byteCount else { throw .wrongLength(secret.count) }
        topic = Topic(secret.withBytes { SHA2.sha256($0) })
        self.secret = secret
    }

    /// A key from 64 digits, as a pairing URI or a record carries it.
    ///
    /// - Throws: `KeyMaterialError`.
    public convenience init(hex: String) throws(KeyMaterialError) {
        try self.init(KeyMaterial.secret(hex: hex))
    }

    /// A new key from `random`.
    public convenience init(random: RandomSource) {
        self.init(trusted: KeyMaterial.secret(random: random))
    }

    /// A key of known length.
    init(trusted secret: consuming SecretBytes) {
        precondition(secret.count == Self.byteCount, "a symmetric key has 32 bytes")
        topic = Topic(secret.withBytes { SHA2.sha256($0) })
        self.secret = secret
    }

    /// Lends the 32 bytes for the time of the call; copies of them are the caller's to wipe.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try secret.withBytes(body)
    }

    /// Adds 64 digits to a text under construction: a record that is sealed afterwards, or a pairing URI.
    public func appendHex(to out: inout [UInt8]) {
        secret.appendHex(to: &out)
    }
}

/// An X25519 key pair: a client agrees on the key of a session with one of these.
public final class AgreementKey: Sendable {
    /// What the peer needs.
    public let publicKey: X25519.PublicKey

    private let pair: X25519.PrivateKey

    /// A pair from its 32 secret bytes.
    ///
    /// - Throws: `KeyMaterialError.wrongLength`.
    public init(_ secret: borrowing SecretBytes) throws(KeyMaterialError) {
        guard let pair = try? X25519.PrivateKey(secret: secret) else { throw .wrongLength(secret.count) }
        self.pair = pair
        publicKey = pair.publicKey
    }

    /// A pair from the 64 digits of its secret, as a record carries it.
    ///
    /// - Throws: `KeyMaterialError`.
    public convenience init(hex: String) throws(KeyMaterialError) {
        try self.init(KeyMaterial.secret(hex: hex))
    }

    /// A new pair from `random`.
    public init(random: RandomSource) {
        let secret = KeyMaterial.secret(random: random)
        guard let pair = try? X25519.PrivateKey(secret: secret) else {
            preconditionFailure("32 bytes make an X25519 key")
        }
        self.pair = pair
        publicKey = pair.publicKey
    }

    /// The public key as 64 lower-case digits.
    public var publicKeyHex: String { publicKey.description }

    /// The topic on which an answer to wc_sessionAuthenticate is awaited: the SHA-256 of the public key.
    public var responseTopic: Topic { Topic(hashing: publicKey) }

    /// The key that both sides reach: HKDF-SHA-256 over the shared X25519 coordinate, without salt and info.
    ///
    /// - Throws: `KeyMaterialError.weakPublicKey` for a peer's key that leads to zero.
    public func agree(with peer: X25519.PublicKey) throws(KeyMaterialError) -> SymmetricKey {
        let shared: SecretBytes
        do throws(KeyError) {
            shared = try pair.sharedSecret(with: peer)
        } catch {
            throw .weakPublicKey
        }
        return SymmetricKey(trusted: HKDF.sha256(ikm: shared, count: SymmetricKey.byteCount))
    }

    /// The key that both sides reach, with the peer's public key in 64 digits as it travels.
    ///
    /// - Throws: `KeyMaterialError`.
    public func agree(with peerPublicKeyHex: String) throws(KeyMaterialError) -> SymmetricKey {
        try agree(with: KeyMaterial.publicKey(hex: peerPublicKeyHex))
    }

    /// Lends the 32 secret bytes for the time of the call; copies of them are the caller's to wipe.
    public func withSecret<Result: ~Copyable, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try pair.withSecret(body)
    }

    /// Adds the 64 digits of the secret to a record under construction, which is sealed afterwards.
    public func appendSecretHex(to out: inout [UInt8]) {
        pair.withSecret { SecretBytes(copying: $0).appendHex(to: &out) }
    }
}

/// Why bytes or a text are no key; nothing of the key itself is said.
public enum KeyMaterialError: Error, Equatable, Sendable {
    /// This many bytes, not 32.
    case wrongLength(Int)
    /// Not 64 hexadecimal digits.
    case notHex
    /// A public key that leads to a shared secret of zero: nobody honest has it.
    case weakPublicKey
}

/// How keys come in.
enum KeyMaterial {
    /// Thirty-two bytes from 64 digits; `0x` is no part of them.
    static func secret(hex: String) throws(KeyMaterialError) -> SecretBytes {
        guard hex.utf8.count == 2 * SymmetricKey.byteCount else { throw .wrongLength(hex.utf8.count / 2) }
        guard !hex.utf8.starts(with: "0x".utf8), var bytes = try? Hex.decode(hex) else { throw .notHex }
        return wiping(&bytes)
    }

    /// Thirty-two bytes from `random`.
    static func secret(random: RandomSource) -> SecretBytes {
        var bytes = random.bytes(SymmetricKey.byteCount)
        return wiping(&bytes)
    }

    /// A peer's public key from 64 digits.
    static func publicKey(hex: String) throws(KeyMaterialError) -> X25519.PublicKey {
        guard let words = try? Words32(hex: hex), let key = try? X25519.PublicKey(bytes: words.bytes) else {
            throw .notHex
        }
        return key
    }

    /// A secret with the bytes of an array, which are overwritten.
    private static func wiping(_ bytes: inout [UInt8]) -> SecretBytes {
        let secret = SecretBytes(copying: bytes)
        for index in bytes.indices { bytes[index] = 0 }
        return secret
    }
}

extension SecretBytes {
    /// Adds two lower-case digits a byte to a text under construction.
    borrowing func appendHex(to out: inout [UInt8]) {
        withBytes { bytes in
            for index in 0..<bytes.byteCount {
                // The load checks the bound, and every bit pattern is a byte.
                let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                out.append(Self.digit(byte >> 4))
                out.append(Self.digit(byte & 15))
            }
        }
    }

    /// A digit without a table, so that no memory access depends on the secret.
    private static func digit(_ nibble: UInt8) -> UInt8 {
        let isLetter = (nibble &+ 6) >> 4
        return nibble &+ 0x30 &+ isLetter &* 0x27
    }
}
