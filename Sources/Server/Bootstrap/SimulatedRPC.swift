import API
import ChainEVM
import ChainNode
import HTTPTypes
import Primitives

/// The simulated chain as a JSON-RPC node, for scripts that look at balances or fund a wallet: development only.
struct SimulatedRPC: Sendable {
    static let path = "/dev/chain"
    private static let callsMax = 100

    let host: SimulatedChainHost

    var route: Route {
        Route(
            .post, Self.path, "simulatedChain", tag: "Development", summary: "JSON-RPC of the simulated chain",
            permission: .everyone, request: .any("JSON-RPC 2.0."),
            responses: [RouteResponse(200, "JSON-RPC 2.0.", .any())], isDocumented: false
        ) { request in
            let body = try request.json(limits: .rpc)
            guard case .array(let calls) = body else { return .json(await answer(body)) }
            var answers: [JSON] = []
            for call in calls.prefix(Self.callsMax) { answers.append(await answer(call)) }
            return .json(.array(answers))
        }
    }

    private struct Refusal: Error {
        let code: Int
        let message: String
    }

    private func answer(_ call: JSON) async -> JSON {
        let id = call["id"] ?? .null
        do {
            guard let method = call["method"]?.string else { throw Refusal(code: -32600, message: "no method") }
            let result = try await result(method, call["params"]?.array ?? [])
            return ["jsonrpc": "2.0", "id": id, "result": result]
        } catch let error as Refusal {
            return failure(id, error.code, error.message)
        } catch let error as SimulatedRefusal {
            return failure(id, error.code, error.message)
        } catch let error as NodeError {
            return failure(id, error.code == .reverted ? 3 : -32000, error.message)
        } catch {
            return failure(id, -32602, "\(error)")
        }
    }

    private func failure(_ id: JSON, _ code: Int, _ message: String) -> JSON {
        ["jsonrpc": "2.0", "id": id, "error": ["code": JSON(code), "message": .string(message)]]
    }

    private func result(_ method: String, _ parameters: [JSON]) async throws -> JSON {
        let chain = host.chain
        switch method {
        case "eth_chainId": return quantity(UInt256(try await chain.reportedChainID()))
        case "net_version": return .string("\(try await chain.reportedChainID())")
        case "web3_clientVersion": return "coffer/simulated"
        case "eth_blockNumber": return quantity(UInt256(chain.headNumber))
        case "eth_getBalance":
            return quantity(try await chain.balance(of: address(parameters, 0), at: tag(parameters, 1)))
        case "eth_getTransactionCount":
            let count = try await chain.transactionCount(of: address(parameters, 0), at: tag(parameters, 1))
            return quantity(UInt256(count))
        case "eth_getCode":
            return bytes(try await chain.code(at: address(parameters, 0), tag: tag(parameters, 1)))
        case "eth_call":
            return bytes(try await chain.call(CallRequest(json: value(parameters, 0)), at: tag(parameters, 1)))
        case "eth_estimateGas":
            return quantity(UInt256(try await chain.estimateGas(CallRequest(json: value(parameters, 0)))))
        case "eth_gasPrice":
            let history = try await chain.feeHistory(blockCount: 1, newest: .latest, percentiles: [])
            return quantity(history.nextBaseFee.addingSaturating(1_000_000_000))
        case "eth_sendRawTransaction":
            let raw = try Hex.decodePrefixed(text(parameters, 0))
            return .string("\(try host.submit(raw))")
        case "eth_getTransactionReceipt":
            let hash = try Hash32(hex: text(parameters, 0))
            return try await chain.receipt(hash).map(receipt) ?? .null
        case "eth_getBlockByNumber":
            return try await chain.header(tag(parameters, 0)).map(block) ?? .null
        case "eth_getBlockByHash":
            return try await chain.header(.hash(Hash32(hex: text(parameters, 0)))).map(block) ?? .null
        case "eth_getTransactionByHash":
            let known = try await chain.transactions([Hash32(hex: text(parameters, 0))])
            return known.first.flatMap { $0 }.map(transaction) ?? .null
        case "eth_feeHistory": return try await feeHistory(parameters)
        case "devnet_fund", "devnet_fundToken":
            let amount = try UInt256(hexQuantity: text(parameters, 1))
            host.fund(try address(parameters, 0), amount: amount, isToken: method == "devnet_fundToken")
            return true
        case "evm_mine":
            host.mine(at: WallClock.system.now)
            return "0x0"
        default: throw Refusal(code: -32601, message: "the method \(method.prefix(64)) does not exist/is not available")
        }
    }

    // MARK: Values

    private func value(_ parameters: [JSON], _ index: Int) throws -> JSON {
        guard parameters.indices.contains(index) else {
            throw Refusal(code: -32602, message: "missing value for required argument \(index)")
        }
        return parameters[index]
    }

    private func text(_ parameters: [JSON], _ index: Int) throws -> String {
        guard let text = try value(parameters, index).string else {
            throw Refusal(code: -32602, message: "argument \(index) must be a string")
        }
        return text
    }

    private func address(_ parameters: [JSON], _ index: Int) throws -> Address {
        try Address(checksummed: text(parameters, index))
    }

    private func tag(_ parameters: [JSON], _ index: Int) throws -> BlockTag {
        guard parameters.indices.contains(index), let text = parameters[index].string else { return .latest }
        switch text {
        case "latest": return .latest
        case "pending": return .pending
        case "safe": return .safe
        case "finalized": return .finalized
        case "earliest": return .earliest
        default:
            guard let number = try UInt256(hexQuantity: text).uint64 else {
                throw Refusal(code: -32602, message: "argument \(index) is no block")
            }
            return .number(number)
        }
    }

    private func feeHistory(_ parameters: [JSON]) async throws -> JSON {
        guard let count = try UInt256(hexQuantity: text(parameters, 0)).uint64, (1...1_024).contains(count) else {
            throw Refusal(code: -32602, message: "1 to 1024 blocks")
        }
        let asked = parameters.indices.contains(2) ? parameters[2].array ?? [] : []
        let percentiles = asked.compactMap { $0.number.flatMap { Double($0) } }
        guard percentiles.count == asked.count else {
            throw Refusal(code: -32602, message: "argument 2 is no list of numbers")
        }
        let history = try await host.chain.feeHistory(
            blockCount: Int(count), newest: tag(parameters, 1), percentiles: percentiles)
        return [
            "oldestBlock": quantity(UInt256(history.oldestBlock)),
            "baseFeePerGas": .array(history.baseFeePerGas.map(quantity)),
            "gasUsedRatio": .array(try history.gasUsedRatio.map { try JSON.checkedNumber("\($0)") }),
            "reward": .array(history.reward.map { .array($0.map(quantity)) }),
        ]
    }

    private func transaction(_ known: KnownTransaction) -> JSON {
        [
            "hash": .string("\(known.hash)"), "from": .string("\(known.from)"),
            "to": known.to.map { .string("\($0)") } ?? .null, "nonce": quantity(UInt256(known.nonce)),
            "value": quantity(known.value), "input": bytes(known.data), "gas": quantity(UInt256(known.gasLimit)),
            "type": quantity(UInt256(UInt64(known.type))), "gasPrice": known.gasPrice.map(quantity) ?? .null,
            "maxFeePerGas": known.maxFeePerGas.map(quantity) ?? .null,
            "maxPriorityFeePerGas": known.maxPriorityFeePerGas.map(quantity) ?? .null,
            "blockNumber": known.inclusion.map { quantity(UInt256($0.blockNumber)) } ?? .null,
            "blockHash": known.inclusion.map { .string("\($0.blockHash)") } ?? .null,
            "transactionIndex": known.inclusion.map { quantity(UInt256($0.transactionIndex)) } ?? .null,
        ]
    }

    private func quantity(_ number: UInt256) -> JSON { .string(number.hexQuantity) }
    private func bytes(_ bytes: [UInt8]) -> JSON { .string(Hex.encodePrefixed(bytes)) }

    private func block(_ header: BlockHeader) -> JSON {
        [
            "number": quantity(UInt256(header.number)), "hash": .string("\(header.hash)"),
            "parentHash": .string("\(header.parentHash)"), "timestamp": quantity(UInt256(header.timestamp)),
            "gasLimit": quantity(UInt256(header.gasLimit)), "gasUsed": quantity(UInt256(header.gasUsed)),
            "baseFeePerGas": quantity(header.baseFeePerGas ?? .zero),
            "transactions": .array(
                (host.chain.transactionHashes(inBlock: header.number) ?? []).map { .string("\($0)") }),
        ]
    }

    private func receipt(_ receipt: Receipt) -> JSON {
        [
            "transactionHash": .string("\(receipt.transactionHash)"),
            "transactionIndex": quantity(UInt256(receipt.transactionIndex)),
            "blockHash": .string("\(receipt.blockHash)"), "blockNumber": quantity(UInt256(receipt.blockNumber)),
            "from": .string("\(receipt.from)"), "to": receipt.to.map { .string("\($0)") } ?? .null,
            "status": receipt.succeeded ? "0x1" : "0x0", "gasUsed": quantity(UInt256(receipt.gasUsed)),
            "cumulativeGasUsed": quantity(UInt256(receipt.cumulativeGasUsed)),
            "effectiveGasPrice": quantity(receipt.effectiveGasPrice), "type": quantity(UInt256(UInt64(receipt.type))),
            "logs": .array(
                receipt.logs.map { log in
                    [
                        "address": .string("\(log.address)"),
                        "topics": .array(log.topics.map { .string("\($0)") }), "data": bytes(log.data),
                        "blockNumber": quantity(UInt256(log.blockNumber)), "blockHash": .string("\(log.blockHash)"),
                        "transactionHash": .string("\(log.transactionHash)"),
                        "transactionIndex": quantity(UInt256(log.transactionIndex)),
                        "logIndex": quantity(UInt256(log.logIndex)), "removed": false,
                    ]
                }),
        ]
    }
}
