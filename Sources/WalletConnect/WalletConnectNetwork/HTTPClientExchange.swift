public import AsyncHTTPClient
import NIOCore
import NIOHTTP1
public import WalletConnectClient

/// HTTP exchanges over an `HTTPClient`, whose life is its owner's.
public struct HTTPClientExchange: HTTPExchange {
    private let client: HTTPClient

    /// Exchanges over `client`; give it one that follows no redirects.
    public init(client: HTTPClient) {
        self.client = client
    }

    public func send(_ question: HTTPQuestion) async throws(TransportError) -> HTTPAnswer {
        let scheme = question.url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw TransportError(.badURL, "the scheme is http or https")
        }
        var request = HTTPClientRequest(url: question.url)
        request.method = HTTPMethod(rawValue: question.method)
        for field in question.headers { request.headers.add(name: field.name, value: field.value) }
        if let body = question.body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let (seconds, attoseconds) = question.deadline.components
        let timeout = TimeAmount.nanoseconds(
            max(0, min(seconds, 3600)) * 1_000_000_000 + max(0, attoseconds) / 1_000_000_000)
        do {
            let response = try await client.execute(request, deadline: .now() + timeout)
            let body = try await response.body.collect(upTo: question.answerBytesMax)
            return HTTPAnswer(
                status: Int(response.status.code), headers: response.headers.map { HTTPField($0.name, $0.value) },
                body: Array(buffer: body))
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: any Error) -> TransportError {
        switch error {
        case is CancellationError: TransportError(.cancelled, "the caller gave up", cause: error)
        case is NIOTooManyBytesError: TransportError(.tooLarge, "the answer is too long", cause: error)
        case let error as HTTPClientError: failure(error)
        default: TransportError(.unreachable, "the exchange failed", cause: error)
        }
    }

    private static func failure(_ error: HTTPClientError) -> TransportError {
        switch error {
        case .deadlineExceeded, .readTimeout, .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
            TransportError(.timeout, "no answer in time", cause: error)
        case .invalidURL, .emptyHost, .emptyScheme:
            TransportError(.badURL, "the URL cannot be asked", cause: error)
        case .alreadyShutdown: TransportError(.closed, "the HTTP client is shut down", cause: error)
        case .cancelled: TransportError(.cancelled, "the caller gave up", cause: error)
        default: TransportError(.unreachable, "the exchange failed", cause: error)
        }
    }
}
