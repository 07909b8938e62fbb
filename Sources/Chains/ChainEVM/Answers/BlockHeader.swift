public import Primitives

/// A block without its transactions.
public struct BlockHeader: Sendable, Hashable {
    /// Its height.
    public var number: UInt64
    /// Its name.
    public var hash: Hash32
    /// The block it stands on.
    public var parentHash: Hash32
    /// Its time, in seconds since 1970.
    public var timestamp: UInt64
    /// The most gas that its transactions may use.
    public var gasLimit: UInt64
    /// The gas that its transactions used.
    public var gasUsed: UInt64
    /// What is burned, in wei per gas; nil before EIP-1559.
    public var baseFeePerGas: UInt256?

    /// A header.
    public init(
        number: UInt64, hash: Hash32, parentHash: Hash32, timestamp: UInt64, gasLimit: UInt64, gasUsed: UInt64,
        baseFeePerGas: UInt256?
    ) {
        self.number = number
        self.hash = hash
        self.parentHash = parentHash
        self.timestamp = timestamp
        self.gasLimit = gasLimit
        self.gasUsed = gasUsed
        self.baseFeePerGas = baseFeePerGas
    }

    /// Reads the answer of `eth_getBlockByNumber` (which is null for an unknown block: ask before).
    ///
    /// - Throws: ``RPCDecodingError``; a pending block has no hash and is `missing` one.
    public init(json: JSON) throws(RPCDecodingError) {
        let object = try RPCObject(json)
        number = try object.uint64("number")
        hash = try object.hash("hash")
        parentHash = try object.hash("parentHash")
        timestamp = try object.uint64("timestamp")
        gasLimit = try object.uint64("gasLimit")
        gasUsed = try object.uint64("gasUsed")
        guard gasUsed <= gasLimit else { throw RPCDecodingError(field: "gasUsed", problem: .inconsistent) }
        baseFeePerGas = try object.optionalUInt256("baseFeePerGas")
    }
}
