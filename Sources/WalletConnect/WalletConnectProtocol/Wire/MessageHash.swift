import Cryptography
public import Primitives

/// The name of a message: SHA-256 over the UTF-8 of its text, the envelope in Base64 as a rule.
///
/// Relays and clients know by it whether they have seen a message.
public struct MessageHash: Sendable, Hashable, CustomStringConvertible {
    /// The digest.
    public let hash: Hash32

    /// The name of a message.
    public init(of text: String) {
        // A native string lends its bytes; another is made native first.
        var text = text
        hash = text.withUTF8 { bytes in
            SHA2.sha256(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)))
        }
    }

    /// The name of a text that is bytes already.
    public init(of text: [UInt8]) {
        hash = SHA2.sha256(text)
    }

    /// Sixty-four lower-case digits.
    public var hex: String { hash.hex }

    /// The same as `hex`.
    public var description: String { hash.hex }
}
