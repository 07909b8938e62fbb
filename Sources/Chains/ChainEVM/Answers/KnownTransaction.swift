public import Primitives

/// A transaction as a node knows it: in its pool or in a block.
public struct KnownTransaction: Sendable, Hashable {
    /// Where a transaction was mined.
    public struct Inclusion: Sendable, Hashable {
        /// The block's number.
        public var blockNumber: UInt64
        /// The block's hash.
        public var blockHash: Hash32
        /// The place in the block.
        public var transactionIndex: UInt64

        /// A place in a block.
        public init(blockNumber: UInt64, blockHash: Hash32, transactionIndex: UInt64) {
            self.blockNumber = blockNumber
            self.blockHash = blockHash
            self.transactionIndex = transactionIndex
        }
    }

    /// Its name.
    public var hash: Hash32
    /// Who sent it.
    public var from: Address
    /// Whom it calls; nil where it creates a contract.
    public var to: Address?
    /// The sender's count of transactions before it.
    public var nonce: UInt64
    /// The coins that move, in wei.
    public var value: UInt256
    /// The call.
    public var data: [UInt8]
    /// The most gas that it may use.
    public var gasLimit: UInt64
    /// The transaction type.
    public var type: UInt8
    /// The price of types 0 and 1; of the others what was paid, or what a node makes of it.
    public var gasPrice: UInt256?
    /// The cap, in wei per gas.
    public var maxFeePerGas: UInt256?
    /// The tip, in wei per gas.
    public var maxPriorityFeePerGas: UInt256?
    /// The block; nil while it waits in the pool.
    public var inclusion: Inclusion?

    /// A transaction that a node knows.
    public init(
        hash: Hash32, from: Address, to: Address?, nonce: UInt64, value: UInt256, data: [UInt8], gasLimit: UInt64,
        type: UInt8, gasPrice: UInt256? = nil, maxFeePerGas: UInt256? = nil, maxPriorityFeePerGas: UInt256? = nil,
        inclusion: Inclusion? = nil
    ) {
        self.hash = hash
        self.from = from
        self.to = to
        self.nonce = nonce
        self.value = value
        self.data = data
        self.gasLimit = gasLimit
        self.type = type
        self.gasPrice = gasPrice
        self.maxFeePerGas = maxFeePerGas
        self.maxPriorityFeePerGas = maxPriorityFeePerGas
        self.inclusion = inclusion
    }

    /// Reads the answer of `eth_getTransactionByHash` (which is null for an unknown transaction: ask before).
    ///
    /// - Throws: ``RPCDecodingError``; a block's number without its hash, or the reverse, is `missing` the other.
    public init(json: JSON) throws(RPCDecodingError) {
        let object = try RPCObject(json)
        hash = try object.hash("hash")
        from = try object.address("from")
        to = try object.optionalAddress("to")
        nonce = try object.uint64("nonce")
        value = try object.uint256("value")
        data = try object.bytes("input")
        gasLimit = try object.uint64("gas")
        type = try object.type()
        gasPrice = try object.optionalUInt256("gasPrice")
        maxFeePerGas = try object.optionalUInt256("maxFeePerGas")
        maxPriorityFeePerGas = try object.optionalUInt256("maxPriorityFeePerGas")
        if object.optional("blockNumber") == nil, object.optional("blockHash") == nil {
            inclusion = nil
        } else {
            inclusion = Inclusion(
                blockNumber: try object.uint64("blockNumber"), blockHash: try object.hash("blockHash"),
                transactionIndex: try object.uint64("transactionIndex"))
        }
    }

    /// The block's number; nil while it waits in the pool.
    public var blockNumber: UInt64? { inclusion?.blockNumber }
}
