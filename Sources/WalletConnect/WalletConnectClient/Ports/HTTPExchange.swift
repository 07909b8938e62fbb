/// Sends one HTTP request and waits for its answer.
public protocol HTTPExchange: Sendable {
    /// The answer, whatever its status.
    ///
    /// - Throws: `TransportError` when there is none within the request's deadline.
    func send(_ request: HTTPQuestion) async throws(TransportError) -> HTTPAnswer
}

/// A request.
public struct HTTPQuestion: Sendable {
    /// Bytes that an answer may have unless the request says otherwise.
    public static let answerBytesMaxDefault = 256 << 10

    /// The method, such as `GET`, `POST` or `DELETE`.
    public let method: String
    /// `http://` or `https://`.
    public let url: String
    /// Headers beside those that the client adds.
    public let headers: [HTTPField]
    /// The body; nil for none.
    public let body: [UInt8]?
    /// For the whole exchange.
    public let deadline: Duration
    /// Bytes that the answer's body may have.
    public let answerBytesMax: Int

    /// A request.
    public init(
        method: String, url: String, headers: [HTTPField] = [], body: [UInt8]? = nil, deadline: Duration,
        answerBytesMax: Int = answerBytesMaxDefault
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.answerBytesMax = answerBytesMax
    }
}

/// An answer.
public struct HTTPAnswer: Sendable {
    /// The status code.
    public let status: Int
    /// The headers, in their order.
    public let headers: [HTTPField]
    /// The body.
    public let body: [UInt8]

    /// An answer.
    public init(status: Int, headers: [HTTPField], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
