import ChainNode
import Primitives

/// One call of a batch.
struct RPCCall: Sendable {
    let method: String
    let params: [JSON]
}

/// What a node said to one call: a result, `null` included, or its own error.
typealias RPCReply = Result<JSON, RPCFailure>

/// The `error` member of an answer.
struct RPCFailure: Error, Sendable, Hashable {
    let code: Int
    let message: String
    let data: JSON?
}

/// [JSON-RPC 2.0](https://www.jsonrpc.org/specification), bodies only.
enum JSONRPC {
    /// A request for one call, a batch for more.
    ///
    /// Ids count up from `firstID`.
    static func body(_ calls: [RPCCall], firstID: UInt64) -> [UInt8] {
        let requests = calls.enumerated().map { offset, call in
            JSON.object([
                JSONMember(name: "jsonrpc", value: "2.0"),
                JSONMember(name: "id", value: JSON(firstID + UInt64(offset))),
                JSONMember(name: "method", value: .string(call.method)),
                JSONMember(name: "params", value: .array(call.params)),
            ])
        }
        return requests.count == 1 ? requests[0].serialized() : JSON.array(requests).serialized()
    }

    /// The replies in the order of the calls, matched by id whatever their order in the body.
    ///
    /// A missing, foreign or repeated id spoils the whole answer: nothing says which reply belongs to which question.
    static func replies(_ body: [UInt8], count: Int, firstID: UInt64) throws(NodeError) -> [RPCReply] {
        let json: JSON
        do { json = try JSON.parse(body, limits: .rpc) } catch {
            throw NodeError(.badAnswer, "the answer is not JSON", cause: error)
        }
        if count > 1, let error = json["error"], !error.isNull {
            // A refusal of the whole batch, by the node or by what stands before it.
            let failure = try failure(error)
            return Array(repeating: .failure(failure), count: count)
        }
        let items: [JSON]
        if count == 1 {
            items = [json]
        } else {
            guard let array = json.array else { throw NodeError(.badAnswer, "the answer to a batch is no array") }
            items = array
        }
        var replies = [RPCReply?](repeating: nil, count: count)
        for item in items {
            guard item["jsonrpc"]?.string == "2.0" else {
                throw NodeError(.badAnswer, "the answer is not JSON-RPC 2.0")
            }
            // An error about a request that could not be read has the id null; to a single request it can only be that one.
            let isUnread = count == 1 && item["id"]?.isNull == true && item["error"]?.isNull == false
            guard let id = isUnread ? firstID : item["id"]?.uint64 else {
                throw NodeError(.badAnswer, "an answer has no id of ours")
            }
            let (offset, overflow) = id.subtractingReportingOverflow(firstID)
            guard !overflow, offset < UInt64(count) else { throw NodeError(.badAnswer, "an answer has a foreign id") }
            guard replies[Int(offset)] == nil else { throw NodeError(.badAnswer, "two answers have the same id") }
            replies[Int(offset)] = try reply(item)
        }
        var complete: [RPCReply] = []
        for reply in replies {
            guard let reply else { throw NodeError(.badAnswer, "an answer is missing from the batch") }
            complete.append(reply)
        }
        return complete
    }

    private static func reply(_ item: JSON) throws(NodeError) -> RPCReply {
        // Some servers send "error": null beside a result, some "result": null beside an error.
        if let error = item["error"], !error.isNull {
            guard item["result"]?.isNull != false else {
                throw NodeError(.badAnswer, "an answer has both a result and an error")
            }
            return .failure(try failure(error))
        }
        guard let result = item["result"] else {
            throw NodeError(.badAnswer, "an answer has neither a result nor an error")
        }
        return .success(result)
    }

    private static func failure(_ json: JSON) throws(NodeError) -> RPCFailure {
        guard let code = json["code"]?.int, let message = json["message"]?.string else {
            throw NodeError(.badAnswer, "an error has no code or no message")
        }
        let kept = String(decoding: message.utf8.prefix(BroadcastClassifier.messageBytesMax), as: UTF8.self)
        return RPCFailure(code: Int(truncatingIfNeeded: code), message: kept, data: json["data"])
    }
}

extension RPCFailure {
    /// A node's own error to a read, in the words of the port.
    var nodeError: NodeError {
        let text = message.lowercased()
        func says(_ phrases: String...) -> Bool { phrases.contains { text.contains($0) } }
        if code == 3 || says("execution reverted", "vm execution error", "reverted") {
            return NodeError(.reverted, message, revertData: revertData)
        }
        if code == -39001 || says("unknown block", "header not found", "block not found", "missing trie node") {
            return NodeError(.unknownBlock, message)
        }
        if says("indexing is in progress") { return NodeError(.busy, message) }
        if case .rejected(.busy, _) = BroadcastClassifier.classify(code: code, message: message) {
            return NodeError(.rateLimited, message)
        }
        return NodeError(.rpc(code), message)
    }

    /// The bytes a revert returned: most clients send hex, some an object with hex in it.
    private var revertData: [UInt8] {
        let text = data?.string ?? data?["data"]?.string ?? data?["result"]?.string ?? ""
        return (try? Hex.decodePrefixed(text)) ?? []
    }
}
