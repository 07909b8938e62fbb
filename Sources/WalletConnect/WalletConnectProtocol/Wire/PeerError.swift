public import Primitives

/// What a peer gave as the reason why a call failed; it may have given none.
///
/// JavaScript clients send `"error":{}` for failures of their own, and some send a plain text: both are read, the text as
/// the `message`.
public struct PeerError: Error, Sendable, Hashable {
    /// The code, when it was an integer.
    public var code: Int64?
    /// The text, when there was one.
    public var message: String?
    /// Whatever else the peer added.
    public var data: JSON?

    /// An error to send or compare.
    public init(code: Int64? = nil, message: String? = nil, data: JSON? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// Reads the `error` member of a response; every JSON value is one.
    public init(json: JSON) {
        if let text = json.string {
            self.init(message: text)
        } else {
            self.init(code: json["code"]?.int, message: json["message"]?.string, data: json["data"])
        }
    }

    /// The `error` member of a response.
    public var json: JSON {
        .object(omittingNil: ["code": code.map { JSON($0) }, "message": message.map { .string($0) }, "data": data])
    }
}
