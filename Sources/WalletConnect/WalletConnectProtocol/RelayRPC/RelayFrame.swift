public import Primitives

/// One text frame between a client and a relay.
///
/// ```swift
/// switch try RelayFrame.parse(bytes) {
/// case .call(let id, .publish(let message)): …; send(RelayFrame.answer(id: id, true).encoded())
/// case .answer(let id, let result): …
/// default: …
/// }
/// ```
///
/// Ids come back with the same digits in the same JSON type. What is written begins with `{"` and has no spaces, because
/// there is a client that looks for just that.
///
/// Standard: [WalletConnect 2.0 relay RPC](https://specs.walletconnect.com/2.0/specs/servers/relay/relay-server-rpc).
public enum RelayFrame: Sendable, Hashable {
    /// A client asks.
    case call(id: RPCID, RelayCall)
    /// What was asked was done.
    case answer(id: RPCID, JSON)
    /// What was asked was not done; without an id when the frame could not be read.
    case refusal(id: RPCID?, RelayError)
    /// A relay delivers: irn_subscription.
    case push(id: RPCID, RelayPush)

    /// What is read of a frame: 4 MiB, 32 levels.
    public static let limits = JSONLimits(
        bytesMax: 4 << 20, depthMax: 32, keysPerObjectMax: 256, valuesMax: 20_000, stringBytesMax: 1 << 20)

    /// The smallest id that a relay takes in a call.
    public static let requestIDMin: Int64 = 1_000_000_000

    /// Reads one frame.
    ///
    /// Whether an id is large enough for a relay is checked by `requestIDError`, which only relays ask.
    ///
    /// - Throws: `RelayFrameError` with the id as far as it could be read, and the error to answer with.
    public static func parse(_ bytes: [UInt8]) throws(RelayFrameError) -> RelayFrame {
        if let frame = FrameScanner.scan(bytes.span) { return frame }
        return try parseJSON(bytes)
    }

    /// The error for an id that relays refuse, `InvalidRequestId`; nil for a good one.
    ///
    /// It goes before every other error of the frame.
    public static func requestIDError(_ id: RPCID) -> RelayError? {
        guard let number = id.int64, number >= requestIDMin else { return RelayError(.invalidRequestID) }
        return nil
    }

    /// The id of the frame; nil for a refusal of a frame that could not be read.
    public var id: RPCID? {
        switch self {
        case .call(let id, _), .answer(let id, _), .push(let id, _): id
        case .refusal(let id, _): id
        }
    }

    /// The frame as one JSON text.
    public func encoded() -> [UInt8] {
        var out: [UInt8] = []
        write(into: &out)
        return out
    }

    /// `encoded()` as a string.
    public var text: String { String(decoding: encoded(), as: UTF8.self) }
}

/// A frame that could not be read, and what a relay answers to it.
public struct RelayFrameError: Error, Sendable, Hashable {
    /// The id of the frame, when that much could be read; otherwise the answer has id 0.
    public var id: RPCID?
    /// What is answered.
    public var error: RelayError

    /// An error for a frame.
    public init(id: RPCID?, error: RelayError) {
        self.id = id
        self.error = error
    }

    /// The answer.
    public var refusal: RelayFrame { .refusal(id: id, error) }
}
