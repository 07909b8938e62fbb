/// The invitation that a QR code shows: `wc:{topic}@2?relay-protocol=irn&symKey={key}`.
///
/// ```swift
/// let uri = PairingURI(symKey: key, expiry: 1_760_000_300)
/// uri.text                                             // what the dApp shows
/// let scanned = try PairingURI(parsing: text)          // what the wallet makes of it
/// ```
///
/// The reader is lenient on shape and strict on sizes and version: keys in any order, `wc://`, a wallet's deep link with
/// the invitation in `uri`, percent-encoding of all of it and Base64 of all of it are read.
///
/// Standard: [WalletConnect 2.0 pairing URI](https://specs.walletconnect.com/2.0/specs/clients/core/pairing/pairing-uri).
public struct PairingURI: Sendable {
    /// The longest text that is read, in bytes; an invitation has about 250.
    public static let textBytesMax = 4_096
    /// How many wrappings are taken off: Base64, a deep link, percent-encoding twice.
    static let wrappingsMax = 4

    /// Where the proposal waits.
    public let topic: Topic
    /// What seals the messages of that topic.
    public let symKey: SymmetricKey
    /// How the peers reach each other.
    public let relay: RelayProtocol
    /// When the invitation ends, in seconds since the Unix epoch; some clients do not say.
    public let expiry: Int64?
    /// The calls that the dApp is going to make at first, such as `wc_sessionAuthenticate`.
    public let methods: [String]

    /// An invitation with the key's own topic.
    public init(symKey: SymmetricKey, relay: RelayProtocol = .irn, expiry: Int64? = nil, methods: [String] = []) {
        self.init(topic: symKey.topic, symKey: symKey, relay: relay, expiry: expiry, methods: methods)
    }

    init(topic: Topic, symKey: SymmetricKey, relay: RelayProtocol, expiry: Int64?, methods: [String]) {
        self.topic = topic
        self.symKey = symKey
        self.relay = relay
        self.expiry = expiry
        self.methods = methods
    }

    /// The invitation as text, with its keys in alphabetical order as JavaScript clients write them.
    ///
    /// It carries the key: whoever reads it can take the wallet's place.
    public var text: String {
        var out = Array("wc:\(topic.hex)@2?".utf8)
        if let expiry { out.append(contentsOf: "expiryTimestamp=\(expiry)&".utf8) }
        if !methods.isEmpty {
            let list = PercentCoding.encode(methods.joined(separator: ","))
            out.append(contentsOf: "methods=\(list)&".utf8)
        }
        if let data = relay.data { out.append(contentsOf: "relay-data=\(PercentCoding.encode(data))&".utf8) }
        out.append(contentsOf: "relay-protocol=\(PercentCoding.encode(relay.name))&symKey=".utf8)
        symKey.appendHex(to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

/// Why a text is no invitation; the text itself is left out, since it carries a key.
public enum PairingURIError: Error, Equatable, Sendable {
    /// No text.
    case empty
    /// More than 4,096 bytes.
    case tooLong(Int)
    /// Neither an invitation nor a known wrapping of one.
    case notPairingURI
    /// An invitation of WalletConnect 1, another protocol that was shut down in 2023.
    case version1
    /// Neither version 1 nor 2.
    case unsupportedVersion
    /// The topic is not 64 hexadecimal digits.
    case invalidTopic
    /// No `symKey`, or not 64 hexadecimal digits.
    case invalidSymKey
    /// No `relay-protocol`, or an empty one.
    case missingRelayProtocol
    /// Another relay protocol than `irn`.
    case unsupportedRelayProtocol
    /// An `expiryTimestamp` that is no number of seconds.
    case invalidExpiry
    /// A key that counts comes twice, so that two readers could see two invitations.
    case duplicateKey(String)
    /// An escape that is none.
    case invalidEncoding

    /// What JavaScript clients name as missing or invalid: `uri`, `uri#symKey` or `uri#relay-protocol`.
    public var field: String {
        switch self {
        case .invalidSymKey: "uri#symKey"
        case .missingRelayProtocol, .unsupportedRelayProtocol: "uri#relay-protocol"
        default: "uri"
        }
    }
}
