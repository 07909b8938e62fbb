public import Cryptography
public import Primitives

/// What travels as a message of a topic: sealed bytes with a type byte in front, in Base64.
///
/// ```swift
/// let message = Envelope.seal(plaintext, key: key)                  // type 0, for a relay
/// let opened = try Envelope.open(message, key: key)
/// opened.plaintext
/// ```
///
/// Type 0 is `00 nonce(12) sealed`, type 1 is `01 senderPublicKey(32) nonce(12) sealed` for a receiver who has no key yet, and
/// type 2 is `02 plaintext`, which only the first message of link mode may be. The cipher is ChaCha20-Poly1305 without
/// associated data and with a random nonce.
///
/// Standard: [WalletConnect 2.0 envelopes](https://specs.walletconnect.com/2.0/specs/clients/core/crypto/crypto-envelopes).
public enum Envelope {
    /// The type byte.
    public enum Kind: UInt8, Sendable, Hashable {
        /// Sealed with the key of the topic.
        case sealed = 0
        /// Sealed with a key that the receiver agrees on first; the sender's public key is in front.
        case sealedFromSender = 1
        /// Not sealed at all.
        case plain = 2
    }

    /// How the bytes become text.
    public enum Encoding: Sendable, Hashable {
        /// Standard Base64, written with padding; read with or without: on relays.
        case base64
        /// Base64URL, written without padding; read with or without: in links.
        case base64URL
    }

    /// What was in an envelope.
    public struct Opened: Sendable, Hashable {
        /// The bytes as they were sealed; what is to be hashed is hashed over these.
        public let plaintext: [UInt8]
        /// Which type it was.
        public let kind: Kind
        /// Who sealed a type 1 envelope.
        public let sender: X25519.PublicKey?
    }

    /// The longest text that is opened, in bytes: above what any relay carries.
    public static let textBytesMax = 1 << 20

    static let nonceBytes = 12
    static let tagBytes = 16
    static let publicKeyBytes = 32

    // MARK: Sealing

    /// A type 0 envelope with a nonce from `random`.
    public static func seal(
        _ plaintext: [UInt8], key: SymmetricKey, encoding: Encoding = .base64, random: RandomSource = .system
    ) -> String {
        seal(plaintext, key: key, encoding: encoding, nonce: random.bytes(nonceBytes))
    }

    /// A type 1 envelope: `key` is what `AgreementKey.agree` gave for the receiver's public key.
    public static func seal(
        _ plaintext: [UInt8], key: SymmetricKey, sender: X25519.PublicKey, encoding: Encoding = .base64,
        random: RandomSource = .system
    ) -> String {
        seal(plaintext, key: key, sender: sender, encoding: encoding, nonce: random.bytes(nonceBytes))
    }

    /// A type 2 envelope, which anybody can read: for the first message of link mode alone.
    public static func plain(_ plaintext: [UInt8]) -> String {
        Base64URL.encode([Kind.plain.rawValue] + plaintext)
    }

    /// A type 0 envelope with this nonce, which never repeats under one key.
    package static func seal(
        _ plaintext: [UInt8], key: SymmetricKey, encoding: Encoding = .base64, nonce: [UInt8]
    ) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + nonceBytes + plaintext.count + tagBytes)
        bytes.append(Kind.sealed.rawValue)
        bytes.append(contentsOf: nonce)
        return text(finish(&bytes, plaintext, key, nonce), encoding)
    }

    /// A type 1 envelope with this nonce, which never repeats under one key.
    package static func seal(
        _ plaintext: [UInt8], key: SymmetricKey, sender: X25519.PublicKey, encoding: Encoding = .base64,
        nonce: [UInt8]
    ) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + publicKeyBytes + nonceBytes + plaintext.count + tagBytes)
        bytes.append(Kind.sealedFromSender.rawValue)
        bytes.append(contentsOf: sender.bytes)
        bytes.append(contentsOf: nonce)
        return text(finish(&bytes, plaintext, key, nonce), encoding)
    }

    private static func finish(
        _ bytes: inout [UInt8], _ plaintext: [UInt8], _ key: SymmetricKey, _ nonce: [UInt8]
    ) -> [UInt8] {
        do throws(SealError) {
            bytes.append(contentsOf: try ChaChaPoly.seal(plaintext, key: key.secret, nonce: nonce))
        } catch {
            preconditionFailure("a key of 32 bytes and a nonce of 12 seal everything")
        }
        return bytes
    }

    private static func text(_ bytes: [UInt8], _ encoding: Encoding) -> String {
        switch encoding {
        case .base64: Base64.encode(bytes)
        case .base64URL: Base64URL.encode(bytes)
        }
    }

    // MARK: Opening

    /// Opens a type 0 envelope, or a type 1 envelope whose key is known already.
    ///
    /// - Throws: `EnvelopeError`; `.notSealed` for type 2, since anybody between the peers could have written that.
    public static func open(
        _ text: String, key: SymmetricKey, encoding: Encoding = .base64
    ) throws(EnvelopeError) -> Opened {
        let layout = try Layout(text, encoding)
        guard layout.kind != .plain else { throw .notSealed }
        return try layout.open(with: key)
    }

    /// Opens a type 1 envelope with the receiver's pair, and returns the key that both sides have from now on.
    ///
    /// - Throws: `EnvelopeError`; `.noSender` for types without a sender's key.
    public static func open(
        _ text: String, receiver: AgreementKey, encoding: Encoding = .base64
    ) throws(EnvelopeError) -> (opened: Opened, key: SymmetricKey) {
        let layout = try Layout(text, encoding)
        guard let sender = layout.sender else { throw .noSender }
        guard let key = try? receiver.agree(with: sender) else { throw .weakSenderKey }
        return (try layout.open(with: key), key)
    }

    /// Opens a type 2 envelope of link mode.
    ///
    /// - Throws: `EnvelopeError`; `.sealed` for the other types.
    public static func openPlain(_ text: String) throws(EnvelopeError) -> Opened {
        let layout = try Layout(text, .base64URL)
        guard layout.kind == .plain else { throw .sealed }
        return Opened(plaintext: Array(layout.bytes.dropFirst()), kind: .plain, sender: nil)
    }

    /// The type of an envelope, before anything is opened.
    ///
    /// - Throws: `EnvelopeError` as `open` does for what is malformed.
    public static func kind(of text: String, encoding: Encoding = .base64) throws(EnvelopeError) -> Kind {
        try Layout(text, encoding).kind
    }
}

/// Why an envelope was not opened.
public enum EnvelopeError: Error, Equatable, Sendable {
    /// No bytes at all.
    case empty
    /// More text than is read, in bytes.
    case tooLong(Int)
    /// Not Base64 of the alphabet that was asked for.
    case notBase64
    /// A type byte that nobody has defined.
    case unknownType(UInt8)
    /// Fewer bytes than its type needs.
    case tooShort(Int)
    /// Not sealed with this key, or changed on the way.
    case notAuthentic
    /// Type 2 where only sealed envelopes are taken.
    case notSealed
    /// Sealed where type 2 was expected.
    case sealed
    /// No sender's public key, where one is needed to agree on a key.
    case noSender
    /// A sender's public key that leads to a shared secret of zero.
    case weakSenderKey
}

/// The parts of an envelope, its lengths checked.
private struct Layout {
    let kind: Envelope.Kind
    let bytes: [UInt8]
    let sender: X25519.PublicKey?
    private let nonceStart: Int

    init(_ text: String, _ encoding: Envelope.Encoding) throws(EnvelopeError) {
        let count = text.utf8.count
        guard count <= Envelope.textBytesMax else { throw .tooLong(count) }
        guard count > 0 else { throw .empty }
        bytes = try Layout.decode(text, encoding)
        guard let first = bytes.first else { throw .empty }
        guard let kind = Envelope.Kind(rawValue: first) else { throw .unknownType(first) }
        self.kind = kind
        let sealedBytesMin = Envelope.nonceBytes + Envelope.tagBytes
        switch kind {
        case .sealed:
            guard bytes.count >= 1 + sealedBytesMin else { throw .tooShort(bytes.count) }
            nonceStart = 1
            sender = nil
        case .sealedFromSender:
            nonceStart = 1 + Envelope.publicKeyBytes
            guard bytes.count >= nonceStart + sealedBytesMin,
                let key = try? X25519.PublicKey(bytes: bytes[1..<nonceStart])
            else { throw .tooShort(bytes.count) }
            sender = key
        case .plain:
            guard bytes.count > 1 else { throw .tooShort(bytes.count) }
            nonceStart = 1
            sender = nil
        }
    }

    func open(with key: SymmetricKey) throws(EnvelopeError) -> Envelope.Opened {
        let sealedStart = nonceStart + Envelope.nonceBytes
        let nonce = Array(bytes[nonceStart..<sealedStart])
        guard let plaintext = try? ChaChaPoly.open(Array(bytes[sealedStart...]), key: key.secret, nonce: nonce) else {
            throw .notAuthentic
        }
        return Envelope.Opened(plaintext: plaintext, kind: kind, sender: sender)
    }

    /// Reads padded and unpadded text: pyWalletConnect sends no padding.
    private static func decode(_ text: String, _ encoding: Envelope.Encoding) throws(EnvelopeError) -> [UInt8] {
        do throws(Base64Error) {
            switch encoding {
            case .base64: return try Base64.decode(text, paddingIsOptional: true)
            case .base64URL: return try Base64URL.decode(text, paddingIsOptional: true)
            }
        } catch {
            throw .notBase64
        }
    }
}
