public import ChainEVM
public import Primitives

/// What can be held and paid out on one chain.
public struct Asset: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The coin that pays for gas.
        case native
        /// A token contract.
        case erc20(Address)
    }

    /// CAIP-19, in the one spelling that the books use: `eip155:1/slip44:60`, `eip155:1/erc20:0x…` with the EIP-55
    /// checksum.
    public let id: AssetID
    public let kind: Kind
    public let symbol: String?
    /// How many decimal digits people shift a base unit by; for display alone.
    public let decimals: UInt8?

    public init(id: AssetID, kind: Kind, symbol: String?, decimals: UInt8?) {
        self.id = id
        self.kind = kind
        self.symbol = symbol
        self.decimals = decimals
    }

    public var chain: ChainID { id.chain }
    /// The id as text; the key of the books.
    public var key: String { id.description }
}

/// The assets that a deployment knows.
///
/// The SLIP-44 number in a native asset's id is a name: 60 stands for ether and for the coins of its relatives.
public struct AssetList: Sendable {
    private let known: [AssetID: Asset]
    private let chains: Set<ChainID>
    private let acceptsUnlistedTokens: Bool

    /// - Parameter acceptsUnlistedTokens: whether an ERC-20 that is not listed is known by its address alone;
    ///   development only.
    public init(_ assets: [Asset], acceptsUnlistedTokens: Bool = false) {
        known = Dictionary(assets.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        chains = Set(assets.map(\.chain))
        self.acceptsUnlistedTokens = acceptsUnlistedTokens
    }

    /// All listed assets of a chain, native coin first.
    public func assets(on chain: ChainID) -> [Asset] {
        known.values.filter { $0.chain == chain }
            .sorted { ($0.kind == .native ? 0 : 1, $0.key) < ($1.kind == .native ? 0 : 1, $1.key) }
    }

    /// The native coin of a chain.
    public func native(on chain: ChainID) -> Asset? {
        known.values.first { $0.chain == chain && $0.kind == .native }
    }

    /// The asset with this id, in whatever spelling of a token's address.
    ///
    /// - Throws: `WalletError` with `unsupportedAsset`.
    public func asset(_ id: AssetID) throws(WalletError) -> Asset {
        if let asset = known[id] { return asset }
        guard chains.contains(id.chain) else {
            throw WalletError(.unsupportedChain, "\(id.chain) is not configured")
        }
        if id.assetNamespace == "erc20" {
            let token: Address
            do {
                token = try Address(checksummed: id.assetReference)
            } catch {
                throw WalletError(.unsupportedAsset, "\(id.assetReference) is no address: \(error)", cause: error)
            }
            let text = "\(id.chain)/erc20:\(token)"
            if let canonical = try? AssetID(text) {
                if let asset = known[canonical] { return asset }
                if acceptsUnlistedTokens {
                    return Asset(id: canonical, kind: .erc20(token), symbol: nil, decimals: nil)
                }
            }
        }
        throw WalletError(.unsupportedAsset, "\(id) is not in the asset list")
    }
}
