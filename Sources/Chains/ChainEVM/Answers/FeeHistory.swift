public import Primitives

/// The answer of `eth_feeHistory`: what blocks charged and what their transactions tipped.
public struct FeeHistory: Sendable, Hashable {
    /// The first block of the answer.
    public var oldestBlock: UInt64
    /// The base fee of each block and, as one more entry, of the block to come, in wei per gas.
    public var baseFeePerGas: [UInt256]
    /// How full each block was: from 0 to 1, by the rules of most chains.
    public var gasUsedRatio: [Double]
    /// For each block the tips at the percentiles asked for, in wei per gas; empty where none were asked for.
    public var reward: [[UInt256]]

    /// A fee history.
    public init(oldestBlock: UInt64, baseFeePerGas: [UInt256], gasUsedRatio: [Double], reward: [[UInt256]]) {
        self.oldestBlock = oldestBlock
        self.baseFeePerGas = baseFeePerGas
        self.gasUsedRatio = gasUsedRatio
        self.reward = reward
    }

    /// Reads the answer of `eth_feeHistory`; it may have fewer blocks than were asked for, but at least one.
    ///
    /// - Throws: ``RPCDecodingError``; lists whose lengths do not belong together are `inconsistent`.
    public init(json: JSON) throws(RPCDecodingError) {
        let object = try RPCObject(json)
        oldestBlock = try object.uint64("oldestBlock")
        var baseFees: [UInt256] = []
        for (index, fee) in try object.array("baseFeePerGas").enumerated() {
            baseFees.append(try RPCObject.uint256(fee, "baseFeePerGas[\(index)]"))
        }
        var ratios: [Double] = []
        for (index, item) in try object.array("gasUsedRatio").enumerated() {
            let field = "gasUsedRatio[\(index)]"
            guard let text = item.number else { throw RPCDecodingError(field: field, problem: .wrongType) }
            guard let ratio = Double(text), ratio.isFinite, ratio >= 0 else {
                throw RPCDecodingError(field: field, problem: .inconsistent)
            }
            ratios.append(ratio)
        }
        var rewards: [[UInt256]] = []
        if object.optional("reward") != nil {
            for (index, item) in try object.array("reward").enumerated() {
                let field = "reward[\(index)]"
                guard let tips = item.array else { throw RPCDecodingError(field: field, problem: .wrongType) }
                var row: [UInt256] = []
                for tip in tips { row.append(try RPCObject.uint256(tip, field)) }
                guard row.count == rewards.first?.count ?? row.count else {
                    throw RPCDecodingError(field: field, problem: .inconsistent)
                }
                rewards.append(row)
            }
        }
        guard !ratios.isEmpty else { throw RPCDecodingError(field: "gasUsedRatio", problem: .missing) }
        guard baseFees.count == ratios.count + 1 else {
            throw RPCDecodingError(field: "baseFeePerGas", problem: .inconsistent)
        }
        guard rewards.isEmpty || rewards.count == ratios.count else {
            throw RPCDecodingError(field: "reward", problem: .inconsistent)
        }
        baseFeePerGas = baseFees
        gasUsedRatio = ratios
        reward = rewards
    }

    /// The base fee of the block to come, in wei per gas.
    public var nextBaseFee: UInt256 { baseFeePerGas.last ?? .zero }

    /// The median over the non-empty blocks of the tips in a column; nil if all blocks were empty or there is no such
    /// column.
    ///
    /// Empty blocks report a tip of zero, which says nothing about what it takes to get in.
    public func medianTip(column: Int) -> UInt256? {
        guard column >= 0 else { return nil }
        var tips: [UInt256] = []
        for (ratio, row) in zip(gasUsedRatio, reward) where ratio > 0 && column < row.count {
            tips.append(row[column])
        }
        tips.sort()
        return tips.isEmpty ? nil : tips[tips.count / 2]
    }
}
