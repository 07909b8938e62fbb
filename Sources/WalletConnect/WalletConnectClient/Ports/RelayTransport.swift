/// Opens connections to a relay.
///
/// An adapter knows sockets and TLS, and nothing of WalletConnect: texts go out, texts come in, a close has a code.
public protocol RelayTransport: Sendable {
    /// Opens one connection.
    ///
    /// - Throws: `TransportError` within the request's deadline: `refused` with the HTTP status when the server did not
    ///   upgrade.
    func open(_ request: RelayOpening) async throws(TransportError) -> any RelayConnection
}

/// What a transport needs to open a connection.
public struct RelayOpening: Sendable {
    /// `ws://` or `wss://` with the query; it holds the client's token, so it is never logged.
    public let url: String
    /// Sent with the upgrade, such as `Origin`.
    public let headers: [HTTPField]
    /// For name, connect, TLS and upgrade together.
    public let deadline: Duration
    /// Bytes that one incoming message may have; a longer one closes the connection with code 1009.
    public let messageBytesMax: Int

    /// A request.
    public init(url: String, headers: [HTTPField] = [], deadline: Duration, messageBytesMax: Int) {
        self.url = url
        self.headers = headers
        self.deadline = deadline
        self.messageBytesMax = messageBytesMax
    }
}

/// One open connection to a relay.
///
/// It has one reader: ``receive()`` is not called twice at once. Whoever opened it closes it.
public protocol RelayConnection: Sendable {
    /// Queues texts (UTF-8) for sending; all of one call go out together.
    ///
    /// After the connection has ended they are dropped: ``receive()`` tells.
    func send(_ texts: [[UInt8]])

    /// Waits for what the relay sends, and returns all that has come since the last call.
    ///
    /// After the end it answers the same close each time. A cancelled wait answers no texts.
    func receive() async -> RelayInbound

    /// Ends the connection; what was queued is sent before.
    func close(code: UInt16, reason: String)
}

/// What came from the relay.
public enum RelayInbound: Sendable {
    /// Whole text messages, oldest first.
    ///
    /// None when there was only a sign of life, or when the wait was cancelled.
    case texts([[UInt8]])
    /// The connection has ended.
    case closed(RelayClose)
}

/// How a connection ended.
public struct RelayClose: Sendable, Hashable {
    /// The code of the close frame, or 1006 when there was none
    /// ([RFC 6455 section 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4)).
    public let code: UInt16
    /// The reason the peer gave, at most 123 bytes.
    public let reason: String

    /// An end.
    public init(code: UInt16, reason: String) {
        self.code = code
        self.reason = reason
    }

    /// No close frame came: the socket broke, or was silent for too long.
    public static let abnormal: UInt16 = 1006
    /// The peer sent what the protocol does not allow.
    public static let protocolError: UInt16 = 1002
    /// A message was longer than agreed.
    public static let messageTooBig: UInt16 = 1009
    /// The end was wanted.
    public static let normal: UInt16 = 1000
}

/// One header of an HTTP message.
public struct HTTPField: Sendable, Hashable {
    /// Compared without case.
    public let name: String
    /// Its value.
    public let value: String

    /// A header.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
