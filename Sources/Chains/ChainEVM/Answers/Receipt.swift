public import Primitives

/// What a mined transaction did.
///
/// It proves nothing about finality: see its block.
public struct Receipt: Sendable, Hashable {
    /// The transaction.
    public var transactionHash: Hash32
    /// Its place in the block.
    public var transactionIndex: UInt64
    /// The block's hash.
    public var blockHash: Hash32
    /// The block's number.
    public var blockNumber: UInt64
    /// Who sent it.
    public var from: Address
    /// Whom it called; nil where it created a contract.
    public var to: Address?
    /// The contract it created.
    public var contractAddress: Address?
    /// Whether it did what it says; false where it reverted, and only the fee was taken.
    public var succeeded: Bool
    /// The gas it used.
    public var gasUsed: UInt64
    /// The gas that it and everything before it in the block used.
    public var cumulativeGasUsed: UInt64
    /// What the sender paid, in wei per gas.
    public var effectiveGasPrice: UInt256
    /// What the sender paid beside the gas for the data on the first layer, in wei: OP-stack chains.
    public var l1Fee: UInt256?
    /// The transaction type.
    public var type: UInt8
    /// The events, in order.
    public var logs: [Log]

    /// A receipt.
    public init(
        transactionHash: Hash32, transactionIndex: UInt64, blockHash: Hash32, blockNumber: UInt64, from: Address,
        to: Address?, contractAddress: Address? = nil, succeeded: Bool, gasUsed: UInt64, cumulativeGasUsed: UInt64,
        effectiveGasPrice: UInt256, l1Fee: UInt256? = nil, type: UInt8, logs: [Log]
    ) {
        self.transactionHash = transactionHash
        self.transactionIndex = transactionIndex
        self.blockHash = blockHash
        self.blockNumber = blockNumber
        self.from = from
        self.to = to
        self.contractAddress = contractAddress
        self.succeeded = succeeded
        self.gasUsed = gasUsed
        self.cumulativeGasUsed = cumulativeGasUsed
        self.effectiveGasPrice = effectiveGasPrice
        self.l1Fee = l1Fee
        self.type = type
        self.logs = logs
    }

    /// Reads the answer of `eth_getTransactionReceipt` (which is null for an unknown transaction: ask before).
    ///
    /// - Throws: ``RPCDecodingError``; a log of another transaction or block is `inconsistent`.
    public init(json: JSON) throws(RPCDecodingError) {
        let object = try RPCObject(json)
        transactionHash = try object.hash("transactionHash")
        transactionIndex = try object.uint64("transactionIndex")
        blockHash = try object.hash("blockHash")
        blockNumber = try object.uint64("blockNumber")
        from = try object.address("from")
        to = try object.optionalAddress("to")
        contractAddress = try object.optionalAddress("contractAddress")
        switch try object.uint64("status") {
        case 0: succeeded = false
        case 1: succeeded = true
        default: throw RPCDecodingError(field: "status", problem: .inconsistent)
        }
        gasUsed = try object.uint64("gasUsed")
        cumulativeGasUsed = try object.uint64("cumulativeGasUsed")
        guard gasUsed <= cumulativeGasUsed else {
            throw RPCDecodingError(field: "cumulativeGasUsed", problem: .inconsistent)
        }
        effectiveGasPrice = try object.uint256("effectiveGasPrice")
        l1Fee = try object.optionalUInt256("l1Fee")
        type = try object.type()
        var logs: [Log] = []
        for (index, item) in try object.array("logs").enumerated() {
            let log: Log
            do { log = try Log(json: item) } catch { throw error.inside("logs[\(index)]") }
            guard log.transactionHash == transactionHash, log.blockHash == blockHash, log.blockNumber == blockNumber
            else { throw RPCDecodingError(field: "logs[\(index)]", problem: .inconsistent) }
            logs.append(log)
        }
        self.logs = logs
    }

    /// What the sender paid beside the value, in wei: `gasUsed × effectiveGasPrice`, and the first layer's share.
    ///
    /// - Throws: `NumberError.overflow` for an answer that cannot be.
    public func fee() throws(NumberError) -> UInt256 {
        try effectiveGasPrice.multiplied(by: UInt256(gasUsed)).adding(l1Fee ?? .zero)
    }
}
