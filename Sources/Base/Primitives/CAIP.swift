/// Which chain: a CAIP-2 chain id such as `eip155:31337`.
///
/// ```
/// chain_id:  namespace + ":" + reference
/// namespace: [-a-z0-9]{3,8}
/// reference: [-_a-zA-Z0-9]{1,32}
/// ```
///
/// Ids are case-sensitive and compared as text; nothing is normalised.
///
/// Standard: [CAIP-2](https://chainagnostic.org/CAIPs/caip-2).
public struct ChainID: Sendable, Hashable, CustomStringConvertible {
    /// The family of chains, such as `eip155`.
    public let namespace: String
    /// The chain within its family, such as `31337`.
    public let reference: String

    /// Reads a chain id.
    ///
    /// - Throws: `CAIPError` with the part that is wrong.
    public init(_ text: String) throws(CAIPError) {
        var reader = CAIPReader(text)
        try self.init(&reader)
        try reader.end()
    }

    /// Makes a chain id from its parts.
    ///
    /// - Throws: `CAIPError` with the part that is wrong; positions are within the whole text.
    public init(namespace: String, reference: String) throws(CAIPError) {
        try self.init("\(namespace):\(reference)")
    }

    /// Reads the two parts at the reader's position.
    fileprivate init(_ reader: inout CAIPReader) throws(CAIPError) {
        namespace = try reader.part(.namespace, until: .colon)
        reference = try reader.part(.reference, until: nil)
    }

    /// The id as text.
    public var description: String { "\(namespace):\(reference)" }
}

/// An account on a chain: a CAIP-10 account id such as `eip155:1:0xab16…`.
///
/// ```
/// account_id: chain_id + ":" + account_address
/// account_address: [-.%a-zA-Z0-9]{1,128}
/// ```
///
/// The address is not checked against its chain's rules here, and `0xAB…` is another id than `0xab…`. An underscore is
/// not in the grammar although some wallets send it for TON; the standard asks for `%5F`.
///
/// Standard: [CAIP-10](https://chainagnostic.org/CAIPs/caip-10).
public struct AccountID: Sendable, Hashable, CustomStringConvertible {
    /// The chain.
    public let chain: ChainID
    /// The address as the chain writes it.
    public let address: String

    /// Reads an account id.
    ///
    /// - Throws: `CAIPError` with the part that is wrong.
    public init(_ text: String) throws(CAIPError) {
        var reader = CAIPReader(text)
        chain = try ChainID(&reader)
        try reader.separator(.colon, before: .address)
        address = try reader.part(.address, until: nil)
        try reader.end()
    }

    /// Makes an account id from its parts.
    ///
    /// - Throws: `CAIPError` with the part that is wrong; positions are within the whole text.
    public init(chain: ChainID, address: String) throws(CAIPError) {
        try self.init("\(chain):\(address)")
    }

    /// The id as text.
    public var description: String { "\(chain):\(address)" }
}

/// An asset on a chain: a CAIP-19 asset type such as `eip155:31337/slip44:60`, or with a token id one single asset.
///
/// ```
/// asset_type: chain_id + "/" + asset_namespace + ":" + asset_reference
/// asset_id:   asset_type + "/" + token_id
/// asset_namespace: [-a-z0-9]{3,8}
/// asset_reference: [-.%a-zA-Z0-9]{1,128}
/// token_id:        [-.%a-zA-Z0-9]{1,78}
/// ```
///
/// Standard: [CAIP-19](https://chainagnostic.org/CAIPs/caip-19).
public struct AssetID: Sendable, Hashable, CustomStringConvertible {
    /// The chain.
    public let chain: ChainID
    /// The kind of asset, such as `slip44` for a chain's own coin or `erc20`.
    public let assetNamespace: String
    /// The asset within its kind: a coin number or a contract address.
    public let assetReference: String
    /// One token of a collection; `nil` for a fungible asset or a whole collection.
    public let tokenID: String?

    /// Reads an asset type or asset id.
    ///
    /// - Throws: `CAIPError` with the part that is wrong.
    public init(_ text: String) throws(CAIPError) {
        var reader = CAIPReader(text)
        chain = try ChainID(&reader)
        try reader.separator(.slash, before: .assetNamespace)
        assetNamespace = try reader.part(.assetNamespace, until: .colon)
        assetReference = try reader.part(.assetReference, until: nil)
        if reader.isAtEnd {
            tokenID = nil
        } else {
            try reader.separator(.slash, before: .tokenID)
            tokenID = try reader.part(.tokenID, until: nil)
        }
        try reader.end()
    }

    /// Makes an asset id from its parts.
    ///
    /// - Throws: `CAIPError` with the part that is wrong; positions are within the whole text.
    public init(
        chain: ChainID, assetNamespace: String, assetReference: String, tokenID: String? = nil
    ) throws(CAIPError) {
        let type = "\(chain)/\(assetNamespace):\(assetReference)"
        // Joined, `a/b` would read as reference `a` and token `b`.
        if let slash = assetReference.utf8.firstIndex(of: 0x2F) {
            let before = type.utf8.count - assetReference.utf8.count
            throw .invalidCharacter(
                .assetReference, at: before + assetReference.utf8.distance(from: assetReference.startIndex, to: slash))
        }
        try self.init(tokenID.map { "\(type)/\($0)" } ?? type)
    }

    /// The id as text.
    public var description: String {
        let type = "\(chain)/\(assetNamespace):\(assetReference)"
        return tokenID.map { "\(type)/\($0)" } ?? type
    }
}

/// Why a chain-agnostic id was refused, and which of its parts is wrong.
public enum CAIPError: Error, Equatable, Hashable, CustomStringConvertible {
    /// The parts of chain, account and asset ids.
    public enum Part: String, Sendable, Hashable {
        /// The family of chains.
        case namespace
        /// The chain within its family.
        case reference
        /// The account's address.
        case address
        /// The kind of asset.
        case assetNamespace = "asset namespace"
        /// The asset within its kind.
        case assetReference = "asset reference"
        /// The single token.
        case tokenID = "token id"

        /// How many characters the part may have.
        public var lengths: ClosedRange<Int> {
            switch self {
            case .namespace, .assetNamespace: 3...8
            case .reference: 1...32
            case .address, .assetReference: 1...128
            case .tokenID: 1...78
            }
        }
    }

    /// The text ends, or has another separator, before the part.
    case missing(Part)
    /// The part has fewer characters than `lengths`.
    case tooShort(Part)
    /// The part has more characters than `lengths`.
    case tooLong(Part)
    /// A character outside the part's alphabet; the position is in bytes from the start of the whole text.
    case invalidCharacter(Part, at: Int)
    /// Something follows the last part, from this byte on.
    case trailing(at: Int)

    /// One line for the caller, for example `the namespace of the id has more than 8 characters`.
    public var description: String {
        switch self {
        case .missing(let part): "the \(part.rawValue) of the id is missing"
        case .tooShort(let part):
            "the \(part.rawValue) of the id has fewer than \(part.lengths.lowerBound) characters"
        case .tooLong(let part): "the \(part.rawValue) of the id has more than \(part.lengths.upperBound) characters"
        case .invalidCharacter(let part, let at):
            "the \(part.rawValue) of the id has a character at byte \(at) that is not allowed there"
        case .trailing(let at): "something follows the id at byte \(at)"
        }
    }
}

/// Takes the parts of an id one after another.
///
/// Only ASCII is ever accepted, so it works on bytes.
private struct CAIPReader {
    /// What stands between parts.
    enum Separator: UInt8 {
        case colon = 0x3A
        case slash = 0x2F
    }

    private var rest: Substring.UTF8View
    private var at = 0

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// Reads a part up to a separator or the end.
    ///
    /// When `separator` is given it must follow, and is stepped over.
    mutating func part(_ part: CAIPError.Part, until separator: Separator?) throws(CAIPError) -> String {
        var count = 0
        for byte in rest {
            if byte == Separator.colon.rawValue || byte == Separator.slash.rawValue { break }
            guard Self.isAllowed(byte, in: part) else { throw .invalidCharacter(part, at: at + count) }
            count += 1
            guard count <= part.lengths.upperBound else { throw .tooLong(part) }
        }
        guard count >= part.lengths.lowerBound else {
            throw count == 0 ? .missing(part) : .tooShort(part)
        }
        let text = String(decoding: rest.prefix(count), as: UTF8.self)
        rest = rest.dropFirst(count)
        at += count
        if let separator {
            try self.separator(separator, before: part == .namespace ? .reference : .assetReference)
        }
        return text
    }

    /// Steps over `separator`; `part` is what should follow it.
    mutating func separator(_ separator: Separator, before part: CAIPError.Part) throws(CAIPError) {
        guard rest.first == separator.rawValue else { throw .missing(part) }
        rest = rest.dropFirst()
        at += 1
    }

    /// Refuses anything that is left.
    func end() throws(CAIPError) {
        guard isAtEnd else { throw .trailing(at: at) }
    }

    private static func isAllowed(_ byte: UInt8, in part: CAIPError.Part) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x30...0x39, 0x2D: true
        case 0x41...0x5A: part != .namespace && part != .assetNamespace
        case 0x5F: part == .reference
        case 0x2E, 0x25: part == .address || part == .assetReference || part == .tokenID
        default: false
        }
    }
}
