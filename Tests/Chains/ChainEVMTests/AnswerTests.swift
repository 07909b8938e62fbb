import ChainEVM
import Cryptography
import Primitives
import Testing

/// Values decoded from the answers of nodes; a bad one names its field.
struct AnswerTests {
    private let blockHash = String(repeating: "ab", count: 32)
    private let transactionHash = String(repeating: "cd", count: 32)

    private var receipt: JSON {
        let log = logObject
        return try! JSON.parse(
            Array(
                """
                {"transactionHash":"0x\(transactionHash)","transactionIndex":"0x1","blockHash":"0x\(blockHash)",
                 "blockNumber":"0x10","from":"0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f",
                 "to":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","contractAddress":null,"status":"0x1",
                 "gasUsed":"0x5208","cumulativeGasUsed":"0xa410","effectiveGasPrice":"0x3b9aca00","type":"0x2",
                 "logsBloom":"0x00","logs":[\(log.text)]}
                """.utf8))
    }

    private var logObject: JSON {
        try! JSON.parse(
            Array(
                """
                {"address":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","topics":["\(ERC20.transferTopic)",
                 "0x0000000000000000000000009d8a62f656a8d1615c1294fd71e9cfb3e4855a4f",
                 "0x0000000000000000000000003535353535353535353535353535353535353535"],
                 "data":"0x000000000000000000000000000000000000000000000000000000000012d687","blockNumber":"0x10",
                 "blockHash":"0x\(blockHash)","transactionHash":"0x\(transactionHash)","transactionIndex":"0x1",
                 "logIndex":"0x2","removed":false}
                """.utf8))
    }

    private func changing(_ json: JSON, _ name: String, _ value: JSON?) -> JSON {
        let kept = (json.members ?? []).filter { $0.name != name }
        return .object(kept + (value.map { [JSONMember(name: name, value: $0)] } ?? []))
    }

    private func error(_ field: String, _ problem: RPCDecodingError.Problem) -> RPCDecodingError {
        RPCDecodingError(field: field, problem: problem)
    }

    @Test func `a receipt with its logs`() throws {
        let decoded = try Receipt(json: receipt)
        #expect(decoded.succeeded && decoded.blockNumber == 16 && decoded.gasUsed == 21_000 && decoded.type == 2)
        #expect(decoded.to == usdc && decoded.contractAddress == nil && decoded.logs.count == 1)
        #expect(try decoded.fee() == 21_000_000_000_000)
        let transfer = ERC20.Transfer(
            token: usdc, from: Address(publicKey: exampleKey.publicKey), to: payee, amount: 1_234_567)
        #expect(decoded.logs[0].matches(transfer))
        #expect(decoded.logs[0].logIndex == 2)

        let failed = try Receipt(json: changing(receipt, "status", "0x0"))
        #expect(!failed.succeeded)
        let layered = try Receipt(json: changing(receipt, "l1Fee", "0x7"))
        #expect(try layered.fee() == 21_000_000_000_007)
    }

    @Test(arguments: [
        "transactionHash", "transactionIndex", "blockHash", "blockNumber", "from", "status", "gasUsed",
        "cumulativeGasUsed", "effectiveGasPrice", "logs",
    ])
    func `a receipt without a field, or with a wrong one, names it`(name: String) {
        #expect(throws: error(name, .missing)) { try Receipt(json: changing(receipt, name, nil)) }
        #expect(throws: error(name, .missing)) { try Receipt(json: changing(receipt, name, .null)) }
        #expect(throws: error(name, .wrongType)) { try Receipt(json: changing(receipt, name, 7)) }
        if name != "logs" {
            #expect(throws: error(name, .malformed)) { try Receipt(json: changing(receipt, name, "0xzz")) }
            #expect(throws: error(name, .malformed)) { try Receipt(json: changing(receipt, name, "")) }
        }
    }

    @Test func `a receipt that contradicts itself is refused`() {
        #expect(throws: error("status", .inconsistent)) { try Receipt(json: changing(receipt, "status", "0x2")) }
        #expect(throws: error("blockNumber", .inconsistent)) {
            try Receipt(json: changing(receipt, "blockNumber", "0x10000000000000000"))
        }
        #expect(throws: error("cumulativeGasUsed", .inconsistent)) {
            try Receipt(json: changing(receipt, "cumulativeGasUsed", "0x1"))
        }
        #expect(throws: error("type", .inconsistent)) { try Receipt(json: changing(receipt, "type", "0x100")) }
        let foreign = changing(logObject, "transactionHash", .string("0x" + blockHash))
        #expect(throws: error("logs[1]", .inconsistent)) {
            try Receipt(json: changing(receipt, "logs", .array([logObject, foreign])))
        }
        let broken = changing(logObject, "topics", .array([.string("0x00")]))
        #expect(throws: error("logs[0].topics[0]", .malformed)) {
            try Receipt(json: changing(receipt, "logs", .array([broken])))
        }
        #expect(throws: error("", .missing)) { try Receipt(json: .null) }
        #expect(throws: error("", .wrongType)) { try Receipt(json: "0x") }
        let five = JSON.array([JSON](repeating: .string("0x" + blockHash), count: 5))
        #expect(throws: error("topics", .inconsistent)) { try Log(json: changing(logObject, "topics", five)) }
        #expect(throws: error("removed", .wrongType)) { try Log(json: changing(logObject, "removed", "no")) }
    }

    @Test func `a block header`() throws {
        let json = try JSON.parse(
            Array(
                """
                {"number":"0x10","hash":"0x\(blockHash)","parentHash":"0x\(transactionHash)","timestamp":"0x65a0b1c2",
                 "gasLimit":"0x1c9c380","gasUsed":"0x5208","baseFeePerGas":"0x7","transactions":[]}
                """.utf8))
        let header = try BlockHeader(json: json)
        #expect(header.number == 16 && header.baseFeePerGas == 7 && header.gasLimit == 30_000_000)
        #expect(try BlockHeader(json: changing(json, "baseFeePerGas", nil)).baseFeePerGas == nil)
        #expect(throws: error("hash", .missing)) { try BlockHeader(json: changing(json, "hash", .null)) }
        #expect(throws: error("gasUsed", .inconsistent)) {
            try BlockHeader(json: changing(json, "gasUsed", "0x1c9c381"))
        }
        #expect(throws: error("hash", .malformed)) { try BlockHeader(json: changing(json, "hash", "0xab")) }
    }

    @Test func `a transaction in the pool and in a block`() throws {
        let json = try JSON.parse(
            Array(
                """
                {"hash":"0x\(transactionHash)","from":"0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f",
                 "to":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","nonce":"0x7","value":"0x0","input":"0xa9059cbb",
                 "gas":"0xfde8","type":"0x2","gasPrice":"0x1","maxFeePerGas":"0x2","maxPriorityFeePerGas":"0x1",
                 "blockNumber":"0x10","blockHash":"0x\(blockHash)","transactionIndex":"0x3"}
                """.utf8))
        let mined = try KnownTransaction(json: json)
        #expect(mined.blockNumber == 16 && mined.inclusion?.transactionIndex == 3 && mined.nonce == 7)
        #expect(mined.gasLimit == 65_000 && mined.maxFeePerGas == 2 && mined.to == usdc)
        var pending = json
        for name in ["blockNumber", "blockHash", "transactionIndex"] { pending = changing(pending, name, .null) }
        #expect(try KnownTransaction(json: pending).inclusion == nil)
        #expect(throws: error("blockHash", .missing)) { try KnownTransaction(json: changing(json, "blockHash", .null)) }
        #expect(throws: error("blockNumber", .missing)) {
            try KnownTransaction(json: changing(json, "blockNumber", .null))
        }
        #expect(throws: error("input", .malformed)) { try KnownTransaction(json: changing(json, "input", "0xa")) }
        #expect(throws: error("from", .malformed)) { try KnownTransaction(json: changing(json, "from", "0x35")) }
    }

    @Test func `a fee history`() throws {
        let json = try JSON.parse(
            Array(
                """
                {"oldestBlock":"0x10","baseFeePerGas":["0x7","0x8","0x9","0xa"],"gasUsedRatio":[0.5,0,1],
                 "reward":[["0x1","0x5"],["0x0","0x0"],["0x3","0x7"]],"baseFeePerBlobGas":["0x1"]}
                """.utf8))
        let history = try FeeHistory(json: json)
        #expect(history.nextBaseFee == 10 && history.gasUsedRatio == [0.5, 0, 1])
        // The empty block in the middle does not count.
        #expect(history.medianTip(column: 0) == 3 && history.medianTip(column: 1) == 7)
        #expect(history.medianTip(column: 2) == nil && history.medianTip(column: -1) == nil)
        let bare = try FeeHistory(json: changing(json, "reward", nil))
        #expect(bare.reward.isEmpty && bare.medianTip(column: 0) == nil)
        #expect(throws: error("baseFeePerGas", .inconsistent)) {
            try FeeHistory(json: changing(json, "baseFeePerGas", ["0x7"]))
        }
        #expect(throws: error("reward", .inconsistent)) { try FeeHistory(json: changing(json, "reward", [["0x7"]])) }
        #expect(throws: error("reward[1]", .inconsistent)) {
            try FeeHistory(json: changing(json, "reward", [["0x7"], ["0x7", "0x8"], ["0x7"]]))
        }
        #expect(throws: error("gasUsedRatio[0]", .inconsistent)) {
            try FeeHistory(json: changing(json, "gasUsedRatio", .array([.number("-1"), 0, 1])))
        }
        #expect(throws: error("gasUsedRatio[2]", .inconsistent)) {
            try FeeHistory(json: changing(json, "gasUsedRatio", .array([0, 0, .number("1e999")])))
        }
        #expect(throws: error("gasUsedRatio", .missing)) { try FeeHistory(json: changing(json, "gasUsedRatio", [])) }
        #expect(throws: error("baseFeePerGas[1]", .malformed)) {
            try FeeHistory(json: changing(json, "baseFeePerGas", ["0x7", "8", "0x9", "0xa"]))
        }
    }

    @Test func `a call is written and read`() throws {
        var random = Random(seed: 11)
        for _ in 0..<200 {
            let call = CallRequest(
                from: random.bool() ? random.address() : nil, to: random.bool() ? random.address() : nil,
                gasLimit: random.bool() ? random.uint64() : nil, gasPrice: random.bool() ? random.uint256() : nil,
                maxFeePerGas: random.bool() ? random.uint256() : nil,
                maxPriorityFeePerGas: random.bool() ? random.uint256() : nil,
                value: random.bool() ? random.uint256() : nil, data: random.bytes(random.below(40)),
                accessList: random.accessList())
            #expect(try CallRequest(json: call.json) == call)
        }
        let simulated = CallRequest(
            from: payee,
            simulating: Transaction(
                chainID: 1, nonce: 3, gasLimit: 21_000, to: usdc, value: 5, data: [0xAB],
                fees: .eip1559(maxPriorityFeePerGas: 1, maxFeePerGas: 2, accessList: [])))
        #expect(
            simulated.json.text
                == #"{"from":"0x3535353535353535353535353535353535353535","to":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606"#
                + #"eb48","gas":"0x5208","value":"0x5","data":"0xab"}"#)
        #expect(try CallRequest(json: ["input": "0xab"]).data == [0xAB])
        #expect(throws: error("input", .inconsistent)) { try CallRequest(json: ["input": "0xab", "data": "0x"]) }
        #expect(throws: error("accessList[0].address", .missing)) {
            try CallRequest(json: ["accessList": [["storageKeys": []]]])
        }
    }
}
