import AsyncHTTPClient
import ChainEVM
import ChainNode
import ChainNodeHTTP
import CoreMetrics
import Primitives
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10)))
struct HTTPNodeTests {
    let alice = TestAccount(1)
    let bob = TestAccount(2)

    private func code(_ script: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer) async throws -> NodeError.Code?
    {
        try await withScriptedNode(script: script) { (node, _) async throws in
            await nodeError { try await node.transactionCount(of: bob.address, at: .latest) }?.code
        }
    }

    @Test func `a question is one JSON-RPC call`() async throws {
        try await withScriptedNode(script: { .results($0) { _ in "0x1a" } }) { (node, server) async throws in
            #expect(try await node.transactionCount(of: bob.address, at: .finalized) == 26)
            let request = try #require(server.requests.withLock { $0 }.first)
            #expect(request.head.hasPrefix("POST / HTTP/1.1\r\n"))
            #expect(request.json["method"] == "eth_getTransactionCount" && request.json["jsonrpc"] == "2.0")
            #expect(request.json["params"] == [.string(bob.address.lowercased), "finalized"])
        }
    }

    @Test func `block tags are written as the standard says`() async throws {
        let hash = Hash32(repeating: 0xAB)
        try await withScriptedNode(script: { .results($0) { _ in "0x0" } }) { (node, server) async throws in
            for tag in [BlockTag.latest, .pending, .safe, .finalized, .earliest, .number(255), .hash(hash)] {
                _ = try await node.balance(of: bob.address, at: tag)
            }
            let tags = server.requests.withLock { $0 }.map { $0.json["params"]?[1] ?? .null }
            #expect(
                tags == [
                    "latest", "pending", "safe", "finalized", "earliest", "0xff",
                    ["blockHash": .string(hash.description), "requireCanonical": true],
                ])
        }
    }

    // MARK: Answers that must be refused

    @Test(arguments: [
        "26", "-1", "null", "true", "[]", "{}", "1.5", "\"\"", "\"26\"", "\"0x\"", "\"-0x1\"", "\"0x-1\"", "\"0xzz\"",
        "\"0x1 \"",
        "\"0x10000000000000000\"", "\"0x" + String(repeating: "f", count: 65) + "\"",
        "\"0x" + String(repeating: "f", count: 100_000) + "\"",
        "\"NaN\"",
    ])
    func `a result of the wrong type or size is a bad answer`(result: String) async throws {
        let code = try await code { request in
            .body(#"{"jsonrpc":"2.0","id":\#(request.json["id"]!.text),"result":\#(result)}"#)
        }
        #expect(code == .badAnswer)
    }

    @Test(arguments: [
        "", "garbage", "<html>", "{", "[]", "null", "7", "\"x\"", #"{"jsonrpc":"2.0","result":"0x1"}"#,
        #"{"jsonrpc":"2.0","id":ID}"#, #"{"jsonrpc":"2.0","id":"ID","result":"0x1"}"#,
        #"{"jsonrpc":"2.0","id":ID.0,"result":"0x1"}"#,
        #"{"jsonrpc":"2.0","id":ID0,"result":"0x1"}"#, #"{"jsonrpc":"2.0","id":null,"result":"0x1"}"#,
        #"{"jsonrpc":"1.0","id":ID,"result":"0x1"}"#, #"{"id":ID,"result":"0x1"}"#,
        #"{"jsonrpc":"2.0","id":ID,"result":"0x1","error":{"code":-32000,"message":"both"}}"#,
        #"{"jsonrpc":"2.0","id":ID,"error":"no"}"#, #"{"jsonrpc":"2.0","id":ID,"error":{"message":"no code"}}"#,
        #"{"jsonrpc":"2.0","id":ID,"error":{"code":"x","message":"no"}}"#,
        #"{"jsonrpc":"2.0","id":ID,"result":"0x1"} {}"#,
        #"{"jsonrpc":"2.0","id":ID,"id":ID,"result":"0x1"}"#, #"[{"jsonrpc":"2.0","id":ID,"result":"0x1"}]"#,
        #"{"jsonrpc":"2.0","id":ID,"result":"0x\ud800"}"#,
    ])
    func `what is not an answer to this question is a bad answer`(body: String) async throws {
        let code = try await code { request in
            .body(body.replacing("ID", with: request.json["id"]!.text))
        }
        #expect(code == .badAnswer)
    }

    @Test func `an error of null beside a result is no error`() async throws {
        let code = try await code { request in
            .body(#"{"jsonrpc":"2.0","id":\#(request.json["id"]!.text),"result":"0x1","error":null}"#)
        }
        #expect(code == nil)
    }

    @Test func `deep nesting and endless bytes do no harm`() async throws {
        #expect(try await code { _ in .body(String(repeating: "[", count: 1_000_000)) } == .badAnswer)
        let limits = HTTPNode.Limits(total: .seconds(30), answerBytesMax: 1_000)
        try await withScriptedNode(limits: limits, script: { _ in .body(String(repeating: " ", count: 1_001)) }) {
            (node, _) async throws in
            let error = await nodeError { try await node.reportedChainID() }
            #expect(error?.code == .badAnswer && error?.message.contains("1000") == true)
        }
        // No length is named and the bytes never end: the cap still holds.
        let endless = "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 50_000)
        try await withScriptedNode(limits: limits, script: { _ in .bytes(Array(endless.utf8)) }) {
            (node, _) async throws in
            #expect(await nodeError { try await node.reportedChainID() }?.code == .badAnswer)
        }
    }

    // MARK: Connections

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"jsonrpc\":\"2.0\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
        "no HTTP at all",
    ])
    func `a truncated answer is a broken connection`(wire: String) async throws {
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        try await withScriptedNode(script: { _ in .bytes(Array(wire.utf8)) }) { (node, _) async throws in
            let error = await nodeError { try await node.reportedChainID() }
            #expect(error?.code == .transport && error?.isRetryable == true)
            #expect(await node.broadcast(signed.raw).isUnknown)
        }
    }

    @Test(arguments: [
        ("429 Too Many Requests", NodeError.Code.rateLimited), ("500 Internal Server Error", .busy),
        ("502 Bad Gateway", .busy),
        ("503 Service Unavailable", .busy), ("504 Gateway Timeout", .busy), ("401 Unauthorized", .badAnswer),
        ("404 Not Found", .badAnswer),
        ("200 OK", .badAnswer),
    ])
    func `a status is read before the body`(status: String, expected: NodeError.Code) async throws {
        #expect(try await code { _ in .status(status) } == expected)
    }

    @Test func `a redirect is not followed`() async throws {
        try await withScriptedNode(
            script: { _ in .http(status: "307 Temporary Redirect", headers: ["Location: /other"], body: []) }
        ) { (node, server) async throws in
            #expect(await node.broadcast([1]).isUnknown)
            #expect(await nodeError { try await node.reportedChainID() }?.code == .badAnswer)
            #expect(server.requests.withLock { $0 }.count == 2)
        }
    }

    @Test func `a silent node ends at the deadline`() async throws {
        let limits = HTTPNode.Limits(total: .milliseconds(50))
        let signed = alice.pay(bob.address, wei: 1, nonce: 0)
        try await withScriptedNode(limits: limits, script: { _ in .silence }) { (node, _) async throws in
            #expect(await nodeError { try await node.reportedChainID() }?.code == .timeout)
            #expect(await node.broadcast(signed.raw).isUnknown)
        }
        // The deadline covers the body too.
        let half = Array("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{".utf8)
        try await withScriptedNode(limits: limits, script: { _ in .hanging(half) }) { (node, _) async throws in
            #expect(await nodeError { try await node.reportedChainID() }?.code == .timeout)
        }
    }

    @Test func `nobody listens`() async throws {
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: HTTPNode.clientConfiguration())
        let node = HTTPNode(
            chain: try ChainID("eip155:1"),
            endpoint: try HTTPEndpoint(name: "none", url: "http://127.0.0.1:1/secret-key"),
            client: client, limits: .init(total: .milliseconds(500)))
        let error = try #require(await nodeError { try await node.reportedChainID() })
        #expect(error.isRetryable && !error.description.contains("secret-key"))
        #expect(await node.broadcast([1, 2]).isUnknown)
        try await client.shutdown()
    }

    // MARK: Batches

    private static func receipt(_ hash: JSON, block: String = "0x5") -> JSON {
        [
            "transactionHash": hash, "transactionIndex": "0x0", "blockHash": .string(Hash32(repeating: 9).description),
            "blockNumber": .string(block), "from": .string("0x" + String(repeating: "11", count: 20)),
            "to": .string("0x" + String(repeating: "22", count: 20)), "status": "0x1", "gasUsed": "0x5208",
            "cumulativeGasUsed": "0x5208", "effectiveGasPrice": "0x3b9aca00", "type": "0x2", "logs": [],
        ]
    }

    private var hashes: [Hash32] { (0..<5).map { Hash32(repeating: UInt8($0 + 1)) } }

    @Test func `receipts travel in one batch and come back in any order`() async throws {
        let script: @Sendable (ScriptedRequest) -> ScriptedAnswer = { request in
            guard case .http(_, _, let body) = ScriptedAnswer.results(request, { Self.receipt($0["params"]![0]!) }),
                let answers = (try? JSON.parse(body))?.array
            else { return .silence }
            return .json(.array(answers.reversed()))
        }
        try await withScriptedNode(script: script) { (node, server) async throws in
            let receipts = try await node.receipts(hashes)
            #expect(receipts.compactMap { $0?.transactionHash } == hashes)
            #expect(server.requests.withLock { $0 }.count == 1)
        }
    }

    @Test func `null is no receipt and another's receipt is a bad answer`() async throws {
        try await withScriptedNode(script: { .results($0) { _ in .null } }) { (node, _) async throws in
            #expect(try await node.receipts(hashes) == Array(repeating: nil, count: 5))
            #expect(try await node.transactions(hashes) == Array(repeating: nil, count: 5))
            #expect(try await node.receipts([]) == [])
            #expect(try await node.header(.finalized) == nil)
        }
        let other = JSON.string(Hash32(repeating: 77).description)
        try await withScriptedNode(script: { .results($0) { _ in Self.receipt(other) } }) { (node, _) async throws in
            #expect(await nodeError { try await node.receipts(hashes) }?.code == .badAnswer)
        }
    }

    @Test(arguments: 0..<5)
    func `a batch with a missing, foreign or repeated id is refused whole`(place: Int) async throws {
        let changes: [@Sendable (inout [JSON]) -> Void] = [
            { $0.remove(at: place) }, { $0[place] = $0[(place + 1) % 5] }, { $0.append($0[place]) },
            { $0[place] = ["jsonrpc": "2.0", "id": 999_999, "result": .null] },
            { $0[place] = ["jsonrpc": "2.0", "id": .null, "error": ["code": -32600, "message": "invalid request"]] },
            { $0[place] = 7 },
        ]
        for change in changes {
            let script: @Sendable (ScriptedRequest) -> ScriptedAnswer = { request in
                guard case .http(_, _, let body) = ScriptedAnswer.results(request, { Self.receipt($0["params"]![0]!) }),
                    var answers = (try? JSON.parse(body))?.array
                else { return .silence }
                change(&answers)
                return .json(.array(answers))
            }
            try await withScriptedNode(script: script) { (node, _) async throws in
                #expect(await nodeError { try await node.receipts(hashes) }?.code == .badAnswer)
            }
        }
    }

    @Test func `an error for one receipt is never read as no receipt`() async throws {
        let script: @Sendable (ScriptedRequest) -> ScriptedAnswer = { request in
            .errors(request, code: -32000, "transaction indexing is in progress")
        }
        try await withScriptedNode(script: script) { (node, _) async throws in
            let error = await nodeError { try await node.receipts(hashes) }
            #expect(error?.code == .busy && error?.isRetryable == true)
        }
    }

    @Test func `one error object for a whole batch counts for all of it`() async throws {
        let answer = ScriptedAnswer.body(
            #"{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"rate limit exceeded"}}"#)
        try await withScriptedNode(script: { _ in answer }) { (node, _) async throws in
            #expect(await nodeError { try await node.receipts(hashes) }?.code == .rateLimited)
            let outcomes = await node.broadcast([[1], [2]])
            #expect(outcomes.map(\.rejection) == [.busy, .busy])
        }
    }

    @Test func `more than a hundred are split`() async throws {
        let many = (0..<250).map { number in
            Hash32([UInt8](repeating: 0, count: 30) + [UInt8(number / 256), UInt8(number % 256)])!
        }
        try await withScriptedNode(script: { .results($0) { Self.receipt($0["params"]![0]!) } }) {
            (node, server) async throws in
            #expect(try await node.receipts(many).compactMap { $0?.transactionHash } == many)
            let requests = server.requests.withLock { $0 }
            #expect(requests.map(\.calls.count) == [100, 100, 50])
            #expect(Set(requests.flatMap { $0.calls.compactMap { $0["id"]?.uint64 } }).count == 250)
        }
    }

    @Test func `four hundred damaged answers never pass for another transaction's receipt`() async throws {
        let seed: UInt64 = 4_242
        print("seed \(seed)")
        let random = RandomSource.seeded(seed)
        let script: @Sendable (ScriptedRequest) -> ScriptedAnswer = { request in
            guard
                case .http(let status, _, var body) = ScriptedAnswer.results(
                    request, { Self.receipt($0["params"]![0]!) })
            else { return .silence }
            for _ in 0...random.uint64(below: 3) {
                let place = Int(random.uint64(below: UInt64(body.count)))
                switch random.uint64(below: 4) {
                case 0: body[place] ^= 1 << UInt8(random.uint64(below: 8))
                case 1: body.remove(at: place)
                case 2: body.insert(UInt8(random.uint64(below: 256)), at: place)
                default: body.removeSubrange(place..<min(body.count, place + 40))
                }
            }
            return .http(status: status, headers: [], body: body)
        }
        try await withScriptedNode(script: script) { (node, _) async throws in
            var refused = 0
            for _ in 0..<400 {
                do {
                    let receipts = try await node.receipts(hashes)
                    #expect(receipts.count == 5)
                    for (receipt, hash) in zip(receipts, hashes) {
                        #expect(receipt == nil || receipt?.transactionHash == hash)
                    }
                } catch {
                    #expect((error as? NodeError)?.code == .badAnswer)
                    refused += 1
                }
            }
            #expect(refused > 200)
        }
    }

    // MARK: Broadcast

    @Test func `accepted means this very hash`() async throws {
        let signed = (0..<3).map { alice.pay(bob.address, wei: 1, nonce: UInt64($0)) }
        let hashes = signed.map { JSON.string($0.hash.description) }
        let raws = signed.map { JSON.string(Hex.encodePrefixed($0.raw)) }
        try await withScriptedNode(
            script: { request in .results(request) { call in hashes[raws.firstIndex(of: call["params"]![0]!)!] } }
        ) { (node, server) async throws in
            #expect(await node.broadcast(signed.map(\.raw)) == signed.map { .accepted($0.hash) })
            #expect(server.requests.withLock { $0 }.count == 1)
        }
        try await withScriptedNode(script: { request in .results(request) { _ in hashes[1] } }) {
            (node, _) async throws in
            let outcomes = await node.broadcast(signed.map(\.raw))
            #expect(outcomes.map(\.isUnknown) == [true, false, true])
        }
        for odd in [JSON.null, "0x12", 7, "", .bool(true)] {
            try await withScriptedNode(script: { .results($0) { _ in odd } }) { (node, _) async throws in
                #expect(await node.broadcast(signed[0].raw).isUnknown)
            }
        }
    }

    @Test func `refusals are read and everything else is unknown`() async throws {
        let raw = alice.pay(bob.address, wei: 1, nonce: 0).raw
        func outcome(_ script: @escaping @Sendable (ScriptedRequest) -> ScriptedAnswer) async throws -> BroadcastOutcome
        {
            try await withScriptedNode(script: script) { node, _ in await node.broadcast(raw) }
        }
        #expect(try await outcome { .errors($0, code: -32000, "nonce too low") }.rejection == .nonceTooLow)
        #expect(try await outcome { .errors($0, code: -32000, "already known") } == .known)
        #expect(try await outcome { .errors($0, code: -32603, "internal error") }.isUnknown)
        #expect(try await outcome { _ in .status("429 Too Many Requests") }.rejection == .busy)
        #expect(try await outcome { _ in .status("503 Service Unavailable") }.isUnknown)
        #expect(try await outcome { _ in .body("garbage") }.isUnknown)
        #expect(try await outcome { _ in .body("[]") }.isUnknown)
    }

    // MARK: Errors of nodes

    @Test func `a revert carries its bytes`() async throws {
        let data =
            "0x08c379a0" + String(repeating: "0", count: 62) + "20" + String(repeating: "0", count: 63) + "2"
            + "6e6f" + String(repeating: "0", count: 60)
        try await withScriptedNode(
            script: { .errors($0, code: 3, "execution reverted: no", data: .string(data)) }
        ) { (node, _) async throws in
            let error = try #require(await nodeError { try await node.call(CallRequest(to: bob.address), at: .latest) })
            #expect(error.code == .reverted && !error.isRetryable)
            #expect(RevertReason.decode(try #require(error.revertData)) == .error("no"))
        }
    }

    @Test(arguments: [
        (-39001, "unknown block", NodeError.Code.unknownBlock), (-32000, "header not found", .unknownBlock),
        (-32000, "missing trie node abc", .unknownBlock), (-32005, "limit exceeded", .rateLimited),
        (-32601, "the method does not exist", .rpc(-32601)), (-32000, "execution reverted", .reverted),
        (-32000, "insufficient funds for transfer", .rpc(-32000)),
    ])
    func `a node's error has one meaning`(number: Int, message: String, expected: NodeError.Code) async throws {
        #expect(try await code { .errors($0, code: number, message) } == expected)
    }

    @Test func `a foreign chain is noticed`() async throws {
        try await withScriptedNode(script: { .results($0) { _ in "0x1" } }) { (node, _) async throws in
            #expect(await nodeError { try await node.requireConfiguredChain() }?.code == .wrongChain)
            let pool = NodePool(chain: node.chain, nodes: [node])
            #expect(await nodeError { try await pool.balance(of: bob.address, at: .latest) }?.code == .wrongChain)
            #expect(await pool.broadcast([1, 2, 3]).isUnknown)
        }
    }

    @Test func `a header of another height is refused`() async throws {
        let header: JSON = [
            "number": "0x5", "hash": .string(Hash32(repeating: 1).description),
            "parentHash": .string(Hash32(repeating: 2).description),
            "timestamp": "0x65", "gasLimit": "0x1c9c380", "gasUsed": "0x0", "baseFeePerGas": "0x7",
        ]
        try await withScriptedNode(script: { .results($0) { _ in header } }) { (node, server) async throws in
            #expect(try await node.header(.latest)?.number == 5)
            #expect(try await node.header(.hash(Hash32(repeating: 1)))?.number == 5)
            #expect(await nodeError { try await node.header(.number(6)) }?.code == .badAnswer)
            #expect(await nodeError { try await node.header(.hash(Hash32(repeating: 3))) }?.code == .badAnswer)
            #expect(server.requests.withLock { $0 }[1].json["method"] == "eth_getBlockByHash")
        }
    }

    @Test func `a fee history is asked with numbers and read back`() async throws {
        let history: JSON = [
            "oldestBlock": "0x5", "baseFeePerGas": ["0x7", "0x8", "0x9"], "gasUsedRatio": [.number("0.5"), 1],
            "reward": [["0x1", "0x2"], ["0x1", "0x2"]],
        ]
        try await withScriptedNode(script: { .results($0) { _ in history } }) { (node, server) async throws in
            let fees = try await node.feeHistory(blockCount: 2, newest: .latest, percentiles: [25, 75.5])
            #expect(fees.nextBaseFee == 9 && fees.reward.count == 2)
            #expect(server.requests.withLock { $0 }[0].json["params"]?.text == #"["0x2","latest",[25.0,75.5]]"#)
            #expect(
                await nodeError { try await node.feeHistory(blockCount: 1, newest: .latest, percentiles: [1, 2]) }?.code
                    == .badAnswer)
            #expect(
                await nodeError { try await node.feeHistory(blockCount: 2, newest: .latest, percentiles: [1]) }?.code
                    == .badAnswer)
        }
    }

    // MARK: Metrics

    @Test func `every question is counted by outcome and timed`() async throws {
        let metrics = RecordingMetrics()
        let answers = Mutex<[@Sendable (ScriptedRequest) -> ScriptedAnswer]>([
            { .results($0) { _ in "0x7a69" } }, { .results($0) { _ in "0x7a69" } }, { .errors($0, code: -32601, "no") },
            { _ in .status("429 Too Many Requests") }, { _ in .body("garbage") },
        ])
        try await withScriptedNode(metrics: metrics, script: { answers.withLock { $0.removeFirst() }($0) }) {
            (node, _) async throws in
            for _ in 0..<5 { _ = try? await node.reportedChainID() }
        }
        let place = "chain=eip155:31337,endpoint=scripted"
        #expect(
            metrics.counts.withLock { $0 } == [
                "coffer_rpc_requests_total{\(place),outcome=ok}": 2,
                "coffer_rpc_requests_total{\(place),outcome=rpc}": 1,
                "coffer_rpc_requests_total{\(place),outcome=rate-limited}": 1,
                "coffer_rpc_requests_total{\(place),outcome=bad-answer}": 1,
                "coffer_rpc_request_duration_seconds{\(place)}": 5,
            ])
    }

    // MARK: Endpoint

    @Test(arguments: [
        ("HTTP://Node.Example:8545/x?y", "n (http://node.example:8545)"), ("https://[::1]:1/", "n (https://[::1]:1)"),
        ("https://u:p@a@host", "n (https://host)"),
    ])
    func `an endpoint shows its origin`(url: String, shown: String) throws {
        #expect(try HTTPEndpoint(name: "n", url: url).description == shown)
    }

    @Test func `user, password and headers are sent and never shown`() async throws {
        try await withScriptedNode(
            userInfo: "me:s%40cret@", path: "/v3/api-key?x=1", headers: [(name: "X-Key", value: "hidden")],
            script: { .results($0) { _ in "0x7a69" } }
        ) { (node, server) async throws in
            #expect(try await node.reportedChainID() == 31337)
            let head = server.requests.withLock { $0 }[0].head
            #expect(head.hasPrefix("POST /v3/api-key?x=1 HTTP/1.1"))
            #expect(head.contains("Authorization: Basic " + Base64.encode(Array("me:s@cret".utf8))))
            #expect(head.contains("X-Key: hidden"))
            var dumped = ""
            dump(node.endpoint, to: &dumped)
            for text in [node.endpoint.description, String(reflecting: node.endpoint), dumped] {
                for secret in ["s%40cret", "s@cret", "api-key", "hidden", "Basic"] { #expect(!text.contains(secret)) }
            }
        }
    }

    @Test(arguments: [
        ("ftp://node", HTTPEndpointError.unsupportedScheme), ("node:8545", .unsupportedScheme),
        ("", .unsupportedScheme),
        ("http://", .missingHost), ("http://:80", .missingHost), ("http://a:0", .invalidPort),
        ("http://a:65536", .invalidPort),
        ("http://a:x", .invalidPort), ("http://a b", .invalidCharacter), ("http://a/\r\nX: y", .invalidCharacter),
        ("http://u:%zz@a", .invalidCharacter), ("http://u:%4@a", .invalidCharacter), ("http://[::1", .missingHost),
    ])
    func `a text that is no endpoint is refused`(url: String, expected: HTTPEndpointError) {
        #expect(throws: expected) { try HTTPEndpoint(name: "n", url: url) }
    }

    @Test func `development methods go through`() async throws {
        try await withScriptedNode(script: { .results($0) { $0["params"] ?? .null } }) { (node, _) async throws in
            #expect(try await node.raw(method: "evm_increaseTime", params: [5]) == [5])
        }
    }
}

/// Counts increments and recordings by label.
private final class RecordingMetrics: MetricsFactory {
    let counts = Mutex<[String: Int64]>([:])

    final class Handler: CounterHandler, TimerHandler, RecorderHandler {
        let key: String
        let owner: RecordingMetrics

        init(_ label: String, _ dimensions: [(String, String)], _ owner: RecordingMetrics) {
            key = label + "{" + dimensions.map { "\($0)=\($1)" }.joined(separator: ",") + "}"
            self.owner = owner
        }

        func increment(by amount: Int64) { owner.counts.withLock { $0[key, default: 0] += amount } }
        func reset() {}
        func recordNanoseconds(_ duration: Int64) { if duration > 0 { increment(by: 1) } }
        func record(_ value: Int64) {}
        func record(_ value: Double) {}
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(label, dimensions, self)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Handler(label, dimensions, self)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        Handler(label, dimensions, self)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
}
