public import Cryptography
public import Primitives

/// Where messages of one pairing or session meet on a relay: 32 bytes, written as 64 lower-case digits.
///
/// ```swift
/// let topic = try Topic(hex: "7f6e504bfad60b485450578e05678ed3e8e8c4751d3c6160be17160d63ec90f9")
/// topic == key.topic                       // a topic is the hash of the key that seals its messages
/// ```
///
/// Standard: [WalletConnect 2.0 keys and topics](https://specs.walletconnect.com/2.0/specs/clients/core/crypto).
public struct Topic: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let words: Words32

    /// A topic that is known as a digest.
    public init(_ hash: Hash32) {
        words = Words32(hash)
    }

    /// A topic from its 64 digits of either case, without `0x`.
    ///
    /// - Throws: `HexError.wrongLength` (in bytes) or `.invalidDigit(at:)`.
    public init(hex: String) throws(HexError) {
        words = try Words32(hex: hex)
    }

    /// The topic on which the owner of `publicKey` awaits the answer to wc_sessionAuthenticate.
    public init(hashing publicKey: X25519.PublicKey) {
        self.init(SHA2.sha256(publicKey.bytes))
    }

    /// Sixty-four digits that stand at `start` in a text; nil when they do not.
    init?(digits text: Span<UInt8>, at start: Int) {
        guard let words = Words32(digits: text, at: start) else { return nil }
        self.words = words
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { words.bytes }

    /// Sixty-four lower-case digits.
    public var hex: String { words.hex }

    /// The same as `hex`.
    public var description: String { words.hex }

    /// Adds the 64 digits to the end of a text under construction.
    public func appendHex(to out: inout [UInt8]) {
        words.appendHex(to: &out)
    }

    /// The order of the bytes, first byte first.
    public static func < (left: Self, right: Self) -> Bool {
        left.words < right.words
    }
}

/// The name a relay gives to one client's subscription to one topic: 32 bytes, written as 64 lower-case digits.
public struct SubscriptionID: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let words: Words32

    /// An id from its 64 digits of either case, without `0x`.
    ///
    /// - Throws: `HexError.wrongLength` (in bytes) or `.invalidDigit(at:)`.
    public init(hex: String) throws(HexError) {
        words = try Words32(hex: hex)
    }

    /// The id that clients compute by themselves and send when they unsubscribe: SHA-256 over the digits of the topic
    /// and the client's `did:key`.
    public init(topic: Topic, client: DIDKey) {
        var text: [UInt8] = []
        topic.appendHex(to: &text)
        text.append(contentsOf: client.text.utf8)
        words = Words32(SHA2.sha256(text))
    }

    /// Sixty-four digits that stand at `start` in a text; nil when they do not.
    init?(digits text: Span<UInt8>, at start: Int) {
        guard let words = Words32(digits: text, at: start) else { return nil }
        self.words = words
    }

    /// Sixty-four lower-case digits.
    public var hex: String { words.hex }

    /// The same as `hex`.
    public var description: String { words.hex }

    /// Adds the 64 digits to the end of a text under construction.
    public func appendHex(to out: inout [UInt8]) {
        words.appendHex(to: &out)
    }

    /// The order of the bytes, first byte first.
    public static func < (left: Self, right: Self) -> Bool {
        left.words < right.words
    }
}
