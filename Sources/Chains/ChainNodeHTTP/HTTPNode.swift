public import AsyncHTTPClient
public import ChainNode
public import Metrics
import NIOCore
import NIOHTTP1
public import Primitives
import Synchronization

/// A node reached by JSON-RPC over HTTP.
///
/// Questions of one kind travel as one batch, at most `batchMax` calls each. Answers are matched by exact id; what is not valid
/// JSON-RPC 2.0 is refused rather than repaired. The URL, its path and its headers never reach a log or an error.
///
/// ```swift
/// let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: HTTPNode.clientConfiguration())
/// let node = HTTPNode(chain: chain, endpoint: try HTTPEndpoint(name: "primary", url: url), client: client)
/// ```
public final class HTTPNode: Sendable {
    /// Bounds of a conversation.
    public struct Limits: Sendable, Hashable {
        /// From sending a request to the last byte of its answer.
        public var total: Duration
        /// Bytes of one answer.
        public var answerBytesMax: Int
        /// Calls in one request.
        public var batchMax: Int

        /// Ten seconds, 32 MiB, 100 calls.
        public init(total: Duration = .seconds(10), answerBytesMax: Int = 32 << 20, batchMax: Int = 100) {
            precondition(batchMax >= 1 && answerBytesMax >= 1, "a request has a call and an answer")
            self.total = total
            self.answerBytesMax = answerBytesMax
            self.batchMax = batchMax
        }
    }

    public let chain: ChainID
    /// Where the node is; its description may be shown.
    public let endpoint: HTTPEndpoint
    private let client: HTTPClient
    private let limits: Limits
    private let metrics: RPCMetrics
    private let nextID = Atomic<UInt64>(1)

    /// A client's settings as this node needs them: no redirects (a redirected transaction goes to a stranger) and a short
    /// connect time-out.
    public static func clientConfiguration(connectTimeoutSeconds: Int64 = 3) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: .seconds(connectTimeoutSeconds), read: .seconds(30))
        configuration.decompression = .disabled
        return configuration
    }

    /// A node behind a client that the caller owns and shuts down, made with `clientConfiguration`.
    public init(
        chain: ChainID, endpoint: HTTPEndpoint, client: HTTPClient, limits: Limits = Limits(),
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.chain = chain
        self.endpoint = endpoint
        self.client = client
        self.limits = limits
        self.metrics = RPCMetrics(chain: chain, endpoint: endpoint.name, factory: metrics)
    }

    /// Any method, for those that only development chains have.
    ///
    /// `null` is an answer.
    public func raw(method: String, params: [JSON] = []) async throws(NodeError) -> JSON {
        switch try await exchange([RPCCall(method: method, params: params)])[0] {
        case .success(let result): return result
        case .failure(let failure): throw failure.nodeError
        }
    }

    /// Asks in requests of at most `batchMax` calls, one after another.
    func ask(_ calls: [RPCCall]) async throws(NodeError) -> [RPCReply] {
        var replies: [RPCReply] = []
        replies.reserveCapacity(calls.count)
        for part in parts(calls) { replies += try await exchange(part) }
        return replies
    }

    func parts<Element>(_ elements: [Element]) -> [[Element]] {
        stride(from: 0, to: elements.count, by: limits.batchMax).map { start in
            Array(elements[start..<min(start + limits.batchMax, elements.count)])
        }
    }

    /// One HTTP request and its answer, counted and measured.
    func exchange(_ calls: [RPCCall]) async throws(NodeError) -> [RPCReply] {
        precondition(
            !calls.isEmpty && calls.count <= limits.batchMax, "a request has between one call and the batch limit")
        let clock = ContinuousClock()
        let start = clock.now
        let firstID = nextID.wrappingAdd(UInt64(calls.count), ordering: .relaxed).oldValue
        do {
            let answer = try await post(JSONRPC.body(calls, firstID: firstID))
            let replies = try JSONRPC.replies(answer, count: calls.count, firstID: firstID)
            let isGood = replies.contains { reply in if case .success = reply { true } else { false } }
            metrics.note(isGood ? "ok" : "rpc", took: start.duration(to: clock.now))
            return replies
        } catch {
            metrics.note(error.code.description, took: start.duration(to: clock.now))
            throw error
        }
    }

    // MARK: HTTP

    /// Sends a body and reads the answer within the total time, whatever part of it is slow.
    private func post(_ body: [UInt8]) async throws(NodeError) -> [UInt8] {
        var request = HTTPClientRequest(url: endpoint.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        for header in endpoint.headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        let ready = request
        let result = await withTaskGroup(of: Result<[UInt8], NodeError>?.self) { group in
            group.addTask { await self.send(ready) }
            group.addTask { [total = limits.total] in
                // Ends early when the answer is there and the group is cancelled; then it has nothing to say.
                do { try await Task.sleep(for: total) } catch { return nil }
                return .failure(NodeError(.timeout, "no complete answer within \(total)"))
            }
            defer { group.cancelAll() }
            while let next = await group.next() {
                if let next { return next }
            }
            return Result<[UInt8], NodeError>.failure(NodeError(.cancelled, "the question was given up"))
        }
        return try result.get()
    }

    private func send(_ request: HTTPClientRequest) async -> Result<[UInt8], NodeError> {
        do {
            let response = try await client.execute(request, deadline: .distantFuture)
            guard response.history.count <= 1 else {
                return .failure(NodeError(.badAnswer, "the request was redirected"))
            }
            if let error = Self.error(status: Int(response.status.code)) { return .failure(error) }
            let body = try await response.body.collect(upTo: limits.answerBytesMax)
            return .success(Array(body.readableBytesView))
        } catch let error as HTTPClientError where Self.timeouts.contains(error) {
            return .failure(NodeError(.timeout, "no answer in time", cause: error))
        } catch is NIOTooManyBytesError {
            return .failure(NodeError(.badAnswer, "the answer is longer than \(limits.answerBytesMax) bytes"))
        } catch is CancellationError {
            return .failure(NodeError(.cancelled, "the question was given up"))
        } catch {
            return .failure(
                NodeError(Task.isCancelled ? .cancelled : .transport, "the connection failed", cause: error))
        }
    }

    private static let timeouts: [HTTPClientError] = [
        .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
        .tlsHandshakeTimeout,
    ]

    /// What a status says when the body must not be believed; nil when it may hold JSON-RPC.
    private static func error(status: Int) -> NodeError? {
        switch status {
        case 200..<300, 400: nil
        case 429: NodeError(.rateLimited, "HTTP 429")
        case 500...: NodeError(.busy, "HTTP \(status)")
        case 300..<400: NodeError(.badAnswer, "HTTP \(status): redirects are refused")
        default: NodeError(.badAnswer, "HTTP \(status)")
        }
    }
}
