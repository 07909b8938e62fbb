/// Why a call of the session protocol failed.
///
/// ```swift
/// do {
///     try await client.request(…)
/// } catch let error as SignError where error.isRetryable {
///     // the relay could not be reached; nothing was decided
/// }
/// ```
///
/// The code decides, the message tells: where JavaScript clients have a text for the failure, the message is that text.
public struct SignError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened.
    public var code: Code
    /// One line for people; never holds a key.
    public var message: String
    /// What lay beneath, for logs.
    public var cause: String?
    /// What the peer said, when it was the peer that refused.
    public var peer: PeerError?

    /// Makes an error with a message of its own.
    public init(_ code: Code, message: String, cause: String? = nil, peer: PeerError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
        self.peer = peer
    }

    /// Makes an error with the code's text, and `context` after it.
    public init(_ code: Code, _ context: String? = nil, cause: String? = nil) {
        self.init(code, message: context.map { "\(code.text) \($0)" } ?? code.text, cause: cause)
    }

    /// The refusal of a peer, in its own words as far as it has any.
    ///
    /// Of the code `peerRejected`; `userDisconnected` when it says that the session is over.
    public init(peer: PeerError) {
        let code: Code = peer.code == SDKError.userDisconnected.code ? .userDisconnected : .peerRejected
        self.init(code, message: peer.message ?? code.text, peer: peer)
    }

    /// What a payload that cannot be read leads to.
    public init(payload error: PayloadError) {
        self.init(.malformedPayload, error.description)
    }

    /// Whether the same call may succeed later without anything else being changed, and surely had no effect this time.
    public var isRetryable: Bool { code.isRetryable }

    /// What a peer is told when this is the answer to its call.
    ///
    /// The text of a failure that has no code of the protocol is kept at home.
    public var peerError: PeerError {
        if let peer { return peer }
        guard let wireCode = code.wireCode else { return PeerError(code: -32000, message: "Internal error") }
        return PeerError(code: wireCode, message: message)
    }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}
