public import Primitives

/// An event that a contract emitted, in a block.
public struct Log: Sendable, Hashable {
    /// The contract that emitted it.
    public var address: Address
    /// Up to four indexed words; the first one usually names the event.
    public var topics: [Hash32]
    /// The other members, encoded.
    public var data: [UInt8]
    /// The block's number.
    public var blockNumber: UInt64
    /// The block's hash: with a reorganisation the same number gets another one.
    public var blockHash: Hash32
    /// The transaction.
    public var transactionHash: Hash32
    /// The transaction's place in the block.
    public var transactionIndex: UInt64
    /// The log's place in the block.
    public var logIndex: UInt64
    /// Whether a reorganisation took it back.
    public var isRemoved: Bool

    /// A log.
    public init(
        address: Address, topics: [Hash32], data: [UInt8], blockNumber: UInt64, blockHash: Hash32,
        transactionHash: Hash32, transactionIndex: UInt64, logIndex: UInt64, isRemoved: Bool = false
    ) {
        self.address = address
        self.topics = topics
        self.data = data
        self.blockNumber = blockNumber
        self.blockHash = blockHash
        self.transactionHash = transactionHash
        self.transactionIndex = transactionIndex
        self.logIndex = logIndex
        self.isRemoved = isRemoved
    }

    /// Reads a log of a mined block.
    ///
    /// - Throws: ``RPCDecodingError``.
    public init(json: JSON) throws(RPCDecodingError) {
        let object = try RPCObject(json)
        address = try object.address("address")
        var topics: [Hash32] = []
        for (index, topic) in try object.array("topics").enumerated() {
            topics.append(try RPCObject.hash(topic, "topics[\(index)]"))
        }
        guard topics.count <= 4 else { throw RPCDecodingError(field: "topics", problem: .inconsistent) }
        self.topics = topics
        data = try object.bytes("data")
        blockNumber = try object.uint64("blockNumber")
        blockHash = try object.hash("blockHash")
        transactionHash = try object.hash("transactionHash")
        transactionIndex = try object.uint64("transactionIndex")
        logIndex = try object.uint64("logIndex")
        if let removed = object.optional("removed") {
            guard let removed = removed.bool else { throw RPCDecodingError(field: "removed", problem: .wrongType) }
            isRemoved = removed
        } else {
            isRemoved = false
        }
    }
}
