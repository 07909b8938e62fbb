public import ChainEVM
public import ChainNode
public import Primitives

extension HTTPNode: EVMNode {
    public func reportedChainID() async throws(NodeError) -> UInt64 {
        try Self.uint64(try await raw(method: "eth_chainId"), "eth_chainId")
    }

    public func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? {
        let isHash = if case .hash = tag { true } else { false }
        let answer: JSON
        do {
            answer = try await raw(
                method: isHash ? "eth_getBlockByHash" : "eth_getBlockByNumber", params: [tag.plainJSON, false])
        } catch {
            // Before the first finality some clients say null and others "unknown block".
            if error.code == .unknownBlock { return nil }
            throw error
        }
        guard let header = try Self.decoded(answer, BlockHeader.init(json:)) else { return nil }
        switch tag {
        case .number(let number) where header.number != number:
            throw NodeError(.badAnswer, "asked for block \(number), got \(header.number)")
        case .hash(let hash) where header.hash != hash:
            throw NodeError(.badAnswer, "asked for block \(hash), got \(header.hash)")
        default:
            return header
        }
    }

    public func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        let answer = try await raw(method: "eth_getBalance", params: [address.json, tag.json])
        return try Self.uint256(answer, "eth_getBalance")
    }

    public func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        let answer = try await raw(method: "eth_getTransactionCount", params: [address.json, tag.json])
        return try Self.uint64(answer, "eth_getTransactionCount")
    }

    public func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try Self.bytes(try await raw(method: "eth_getCode", params: [address.json, tag.json]), "eth_getCode")
    }

    public func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try Self.bytes(try await raw(method: "eth_call", params: [request.json, tag.json]), "eth_call")
    }

    public func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 {
        try Self.uint64(try await raw(method: "eth_estimateGas", params: [request.json]), "eth_estimateGas")
    }

    public func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        precondition((1...1_024).contains(blockCount), "nodes answer 1 to 1,024 blocks")
        precondition(percentiles.allSatisfy { (0...100).contains($0) }, "a percentile is between 0 and 100")
        var numbers: [JSON] = []
        for percentile in percentiles {
            guard let number = try? JSON.checkedNumber("\(percentile)") else { continue }
            numbers.append(number)
        }
        let answer = try await raw(
            method: "eth_feeHistory",
            params: [.string(UInt256(UInt64(blockCount)).hexQuantity), newest.json, .array(numbers)])
        guard let history = try Self.decoded(answer, FeeHistory.init(json:)) else {
            throw NodeError(.badAnswer, "eth_feeHistory answered null")
        }
        guard history.gasUsedRatio.count <= blockCount, history.reward.allSatisfy({ $0.count == percentiles.count })
        else {
            throw NodeError(.badAnswer, "eth_feeHistory answered more blocks or other percentiles than asked")
        }
        return history
    }

    public func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] {
        let answers = try await ask(hashes.map { RPCCall(method: "eth_getTransactionReceipt", params: [$0.json]) })
        var receipts: [Receipt?] = []
        for (answer, hash) in zip(answers, hashes) {
            let receipt = try Self.decoded(try Self.result(answer), Receipt.init(json:))
            if let receipt, receipt.transactionHash != hash {
                throw NodeError(.badAnswer, "asked for the receipt of \(hash), got that of \(receipt.transactionHash)")
            }
            receipts.append(receipt)
        }
        return receipts
    }

    public func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        let answers = try await ask(hashes.map { RPCCall(method: "eth_getTransactionByHash", params: [$0.json]) })
        var transactions: [KnownTransaction?] = []
        for (answer, hash) in zip(answers, hashes) {
            let known = try Self.decoded(try Self.result(answer), KnownTransaction.init(json:))
            if let known, known.hash != hash {
                throw NodeError(.badAnswer, "asked for transaction \(hash), got \(known.hash)")
            }
            transactions.append(known)
        }
        return transactions
    }

    public func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        var outcomes: [BroadcastOutcome] = []
        for part in parts(raws) {
            let calls = part.map {
                RPCCall(method: "eth_sendRawTransaction", params: [.string(Hex.encodePrefixed($0))])
            }
            do throws(NodeError) {
                let replies = try await exchange(calls)
                outcomes += zip(replies, part).map { reply, raw in Self.outcome(reply, raw: raw) }
            } catch {
                // One failure for the whole request: nothing is known of any of its transactions.
                let outcome: BroadcastOutcome =
                    error.code == .rateLimited
                    ? .rejected(.busy, message: error.message) : .unknown(message: error.description)
                outcomes += part.map { _ in outcome }
            }
        }
        return outcomes
    }

    private static func outcome(_ reply: RPCReply, raw: [UInt8]) -> BroadcastOutcome {
        switch reply {
        case .failure(let failure):
            return BroadcastClassifier.classify(code: failure.code, message: failure.message)
        case .success(let result):
            guard let text = result.string, let bytes = try? Hex.decodePrefixed(text), let hash = Hash32(bytes) else {
                return .unknown(message: "the node answered something that is no hash")
            }
            return .answered(hash, for: raw)
        }
    }

    // MARK: Decoding

    private static func result(_ reply: RPCReply) throws(NodeError) -> JSON {
        switch reply {
        case .success(let result): return result
        case .failure(let failure): throw failure.nodeError
        }
    }

    /// Nil for `null`, the value otherwise.
    private static func decoded<Value>(
        _ json: JSON, _ read: (JSON) throws(RPCDecodingError) -> Value
    ) throws(NodeError) -> Value? {
        if json.isNull { return nil }
        do { return try read(json) } catch {
            throw NodeError(.badAnswer, "the answer cannot be read: \(error)", cause: error)
        }
    }

    private static func uint256(_ json: JSON, _ method: String) throws(NodeError) -> UInt256 {
        guard let text = json.string, let value = try? UInt256(hexQuantity: text) else {
            throw NodeError(.badAnswer, "\(method) did not answer a quantity")
        }
        return value
    }

    private static func uint64(_ json: JSON, _ method: String) throws(NodeError) -> UInt64 {
        guard let value = try uint256(json, method).uint64 else {
            throw NodeError(.badAnswer, "\(method) answered more than 64 bits")
        }
        return value
    }

    private static func bytes(_ json: JSON, _ method: String) throws(NodeError) -> [UInt8] {
        guard let text = json.string, let bytes = try? Hex.decodePrefixed(text) else {
            throw NodeError(.badAnswer, "\(method) did not answer bytes")
        }
        return bytes
    }
}

extension BlockTag {
    /// The block parameter of questions about the state; a hash in the form of EIP-1898, and only while it is canonical.
    fileprivate var json: JSON {
        guard case .hash(let hash) = self else { return plainJSON }
        return .object([
            JSONMember(name: "blockHash", value: hash.json), JSONMember(name: "requireCanonical", value: true),
        ])
    }

    /// The name, number or hash alone.
    fileprivate var plainJSON: JSON {
        switch self {
        case .latest: "latest"
        case .pending: "pending"
        case .safe: "safe"
        case .finalized: "finalized"
        case .earliest: "earliest"
        case .number(let number): .string(UInt256(number).hexQuantity)
        case .hash(let hash): hash.json
        }
    }
}

extension Hash32 {
    fileprivate var json: JSON { .string(description) }
}

extension Address {
    fileprivate var json: JSON { .string(lowercased) }
}
