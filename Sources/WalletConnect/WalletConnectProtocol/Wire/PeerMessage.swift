public import Primitives

/// What a peer says inside an envelope: a call, or the answer to one.
///
/// ```swift
/// let message = try PeerMessage(plaintext: opened.plaintext)
/// if case .request(let id, let method, let params) = message { … }
/// ```
///
/// Whoever needs a hash of the message takes it over the plaintext bytes that were opened, or over those that `encoded()`
/// returned and that are sent: this value does not remember them, and writing it again may give others.
///
/// Standard: [JSON-RPC 2.0](https://www.jsonrpc.org/specification), read as leniently as clients in use require.
public enum PeerMessage: Sendable, Hashable {
    /// A call; `params` is `.null` when there was none.
    case request(id: RPCID, method: String, params: JSON)
    /// A call that wants no answer, since it has no id; some clients send updates and deletions so.
    case notification(method: String, params: JSON)
    /// The result of a call; `null` is one.
    case result(id: RPCID, JSON)
    /// A call failed.
    case failure(id: RPCID, PeerError)

    /// What is read of a plaintext: 512 KiB, 64 levels.
    ///
    /// Relays carry less than 100 KiB a message; link mode and private relays may carry more.
    public static let limits = JSONLimits(
        bytesMax: 512 << 10, depthMax: 64, keysPerObjectMax: 1_024, valuesMax: 20_000, stringBytesMax: 512 << 10)
    /// The longest method name, in bytes.
    public static let methodBytesMax = 256

    /// Reads the plaintext of an envelope.
    ///
    /// - Throws: `FrameError`.
    public init(plaintext: [UInt8]) throws(FrameError) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(plaintext, limits: Self.limits)
        } catch {
            throw .json(error)
        }
        try self.init(json: json)
    }

    /// Reads a message that is JSON already.
    ///
    /// - Throws: `FrameError`.
    public init(json: JSON) throws(FrameError) {
        guard json.members != nil else { throw .notAnObject }
        guard let version = json["jsonrpc"] else { throw .missingVersion }
        guard version.string == "2.0" else { throw .wrongVersion }
        let id = try Self.id(of: json)
        if let method = json["method"] {
            let name = try Self.method(method)
            let params = try Self.params(of: json)
            self =
                id.map { .request(id: $0, method: name, params: params) } ?? .notification(method: name, params: params)
            return
        }
        guard let id else { throw .missingID }
        switch (json["result"], json["error"]) {
        case (let result?, nil): self = .result(id: id, result)
        case (nil, let error?): self = .failure(id: id, PeerError(json: error))
        case (nil, nil): throw .neitherResultNorError
        // Some clients write both members, the one that does not apply as null.
        case (let result?, let error?) where error.isNull: self = .result(id: id, result)
        case (let result?, let error?) where result.isNull: self = .failure(id: id, PeerError(json: error))
        case (.some, .some): throw .resultAndError
        }
    }

    /// The id of the call; nil for a notification.
    public var id: RPCID? {
        switch self {
        case .request(let id, _, _), .result(let id, _), .failure(let id, _): id
        case .notification: nil
        }
    }

    /// The message as JSON: `id`, `jsonrpc`, then the rest, as JavaScript clients write it.
    public var json: JSON {
        switch self {
        case .request(let id, let method, let params): Self.call(id, method, params)
        case .notification(let method, let params): Self.call(nil, method, params)
        case .result(let id, let result): ["id": id.json, "jsonrpc": "2.0", "result": result]
        case .failure(let id, let error): ["id": id.json, "jsonrpc": "2.0", "error": error.json]
        }
    }

    private static func call(_ id: RPCID?, _ method: String, _ params: JSON) -> JSON {
        // A bare `nil` here would be JSON's null, which is a member.
        let present: JSON? = params.isNull ? JSON?.none : .some(params)
        return .object(omittingNil: [
            "id": id.map { $0.json }, "jsonrpc": "2.0", "method": .string(method), "params": present,
        ])
    }

    /// The plaintext to seal.
    public func encoded() -> [UInt8] {
        json.serialized()
    }

    private static func id(of json: JSON) throws(FrameError) -> RPCID? {
        guard let member = json["id"], !member.isNull else { return nil }
        guard let id = RPCID(json: member) else { throw .invalidID }
        return id
    }

    private static func method(_ json: JSON) throws(FrameError) -> String {
        guard let name = json.string, (1...methodBytesMax).contains(name.utf8.count) else { throw .invalidMethod }
        return name
    }

    private static func params(of json: JSON) throws(FrameError) -> JSON {
        switch json["params"] {
        case nil: return .null
        case .some(let params):
            guard params.isNull || params.array != nil || params.members != nil else { throw .invalidParams }
            return params
        }
    }
}

/// Why a plaintext is no message of a peer.
public enum FrameError: Error, Equatable, Sendable {
    /// No JSON, or more of it than is read.
    case json(JSONError)
    /// JSON, but no object; batches are not in use.
    case notAnObject
    /// No `jsonrpc` member; other clients drop such a message too.
    case missingVersion
    /// Another version than `"2.0"`.
    case wrongVersion
    /// A response without an id, or with `null`.
    case missingID
    /// An id that is neither an integer below 2^63 nor a text of 1 to 128 bytes.
    case invalidID
    /// A method that is no text of 1 to 256 bytes.
    case invalidMethod
    /// Parameters that are neither object nor array.
    case invalidParams
    /// No method, no result and no error.
    case neitherResultNorError
    /// A response that says both.
    case resultAndError
}
