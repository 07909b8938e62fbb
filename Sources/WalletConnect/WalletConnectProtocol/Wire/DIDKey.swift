public import Cryptography
import Primitives

/// An Ed25519 public key as the name of a client or a relay: `did:key:z6Mk…`.
///
/// Standard: [did:key](https://w3c-ccg.github.io/did-key-spec/), with the multicodec prefix `ed 01` and base58btc.
public struct DIDKey: Sendable, Hashable, CustomStringConvertible {
    /// The longest text that is read, in bytes; a sound one has 56.
    public static let textBytesMax = 64

    /// The key that the name stands for.
    public let publicKey: Ed25519.PublicKey
    /// `did:key:z` and the key in base58btc.
    public let text: String

    private static let prefix = "did:key:z"
    /// Multicodec ed25519-pub, 0xed, as a varint.
    private static let multicodec: [UInt8] = [0xED, 0x01]

    /// The name of `publicKey`.
    public init(_ publicKey: Ed25519.PublicKey) {
        self.publicKey = publicKey
        text = Self.prefix + Base58.encode(Self.multicodec + publicKey.bytes)
    }

    /// Reads a name.
    ///
    /// - Throws: `DIDKeyError`.
    public init(_ text: String) throws(DIDKeyError) {
        guard text.utf8.count <= Self.textBytesMax else { throw .tooLong }
        guard text.utf8.starts(with: Self.prefix.utf8) else { throw .wrongPrefix }
        guard let bytes = try? Base58.decode(String(text.dropFirst(Self.prefix.count))) else { throw .notBase58 }
        guard bytes.starts(with: Self.multicodec) else { throw .wrongMulticodec }
        guard let key = try? Ed25519.PublicKey(bytes: bytes.dropFirst(Self.multicodec.count)) else {
            throw .wrongLength(bytes.count - Self.multicodec.count)
        }
        publicKey = key
        self.text = text
    }

    /// The same as `text`.
    public var description: String { text }
}

/// Why a text is not the `did:key` of an Ed25519 key.
public enum DIDKeyError: Error, Equatable, Sendable {
    /// Longer than any such name.
    case tooLong
    /// Does not begin with `did:key:z`.
    case wrongPrefix
    /// A character outside base58btc.
    case notBase58
    /// The key is of another kind than Ed25519.
    case wrongMulticodec
    /// The key has this many bytes, not 32.
    case wrongLength(Int)
}
