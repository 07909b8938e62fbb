package import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Primitives

/// Talks to a Coffer server.
///
/// ```swift
/// let answer = try await client.send(.get("/v1/status").asAdministrator)
/// ```
/// Each try has a deadline. What cannot do harm twice is tried again after a lost connection: a read once, and a request
/// with an idempotency key up to ``triesMax`` times with the same key and the same bytes.
package struct APIClient: Sendable {
    /// How often a request with an idempotency key is sent at most.
    package static let triesMax = 5
    /// The largest answer that is taken.
    package static let answerBytesMax = 32 << 20

    /// Whom it talks to, with which credentials.
    package let connection: Connection
    /// The deadline of one try.
    package let timeoutSeconds: Double
    let http: HTTPClient
    let backoff: Backoff
    let pause: @Sendable (_ milliseconds: Int64) async throws -> Void
    /// How long the page that explains a refusal may take, in seconds.
    package var explanationSeconds: Double = 2
    /// Tells the person about a try that failed, while the next one is prepared.
    package var notice: @Sendable (String) -> Void

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - connection: whom to talk to.
    ///   - http: sends; its owner shuts it down.
    ///   - timeoutSeconds: the deadline of one try.
    ///   - backoff: how long to wait between tries.
    ///   - pause: waits; tests pass one that does not.
    ///   - notice: tells the person about a try that failed, while the next one is prepared.
    package init(
        connection: Connection, http: HTTPClient, timeoutSeconds: Double, backoff: Backoff = Backoff(),
        pause: @escaping @Sendable (_ milliseconds: Int64) async throws -> Void = {
            try await Task.sleep(for: .milliseconds($0))
        },
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.connection = connection
        self.http = http
        self.timeoutSeconds = timeoutSeconds
        self.backoff = backoff
        self.pause = pause
        self.notice = notice
    }

    /// How the HTTP client should be set up.
    package static func configuration(timeoutSeconds: Double) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .milliseconds(Int64(timeoutSeconds * 1000))
        // Streams carry a sign of life every few seconds; silence for this long means that the connection is dead.
        configuration.timeout.read = .milliseconds(Int64(max(45, timeoutSeconds + 5) * 1000))
        // A refused connection is reported at once and not tried until the deadline.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return configuration
    }

    /// Sends a call and returns its answer.
    ///
    /// - Throws: ``ClientError`` when there is none, or when it is a refusal.
    package func send(_ call: APICall) async throws -> APIAnswer {
        let answer = try await exchange(call)
        guard (200..<300).contains(answer.status) else { throw await refusal(answer) }
        return answer
    }

    /// Sends a call and returns its answer, refusals included.
    package func exchange(_ call: APICall) async throws -> APIAnswer {
        let triesMax = call.idempotencyKey != nil ? Self.triesMax : call.method == .GET ? 2 : 1
        var number = 1
        while true {
            let floor: Int64
            do {
                let answer = try await attempt(call)
                guard number < triesMax, Self.deservesAnotherTry(answer, of: call) else { return answer }
                floor = answer.retryAfterMilliseconds
                notice("the server answered \(answer.status); trying again with the same idempotency key")
            } catch let error as ConnectionLoss {
                // Nothing was sent yet when the very first connection is refused, and a wrong URL should show at once.
                guard number < triesMax, error.wasConnected || number > 1 else {
                    throw failure(error, call: call, tries: number)
                }
                floor = 0
                if call.idempotencyKey != nil {
                    notice("\(error.sentence); trying again with the same idempotency key")
                }
            }
            try await pause(backoff.milliseconds(before: number, atLeast: floor))
            number += 1
        }
    }

    /// Whether the answer is about the moment and not about the request.
    private static func deservesAnotherTry(_ answer: APIAnswer, of call: APICall) -> Bool {
        guard call.idempotencyKey != nil else { return false }
        let code = ProblemText(status: answer.status, body: answer.body).code
        switch answer.status {
        case 409: return code == CommandExit.idempotencyInProgress
        case 502, 503, 504: return code != "sealed"
        default: return false
        }
    }

    private func attempt(_ call: APICall) async throws -> APIAnswer {
        let request = request(call)
        let http = http
        do {
            return try await Deadline.run(seconds: timeoutSeconds) {
                let response = try await http.execute(request, deadline: .distantFuture)
                let body = try await response.body.collect(upTo: Self.answerBytesMax)
                return APIAnswer(
                    status: Int(response.status.code), headers: response.headers, body: Array(body.readableBytesView))
            }
        } catch is NIOTooManyBytesError {
            throw ClientError(.failed, "the answer is larger than \(Self.answerBytesMax >> 20) MiB")
        } catch {
            throw try ConnectionLoss(error, timeoutSeconds: timeoutSeconds)
        }
    }

    func request(_ call: APICall) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: connection.base.text + call.target)
        request.method = call.method
        request.headers.add(name: "Accept", value: "\(call.accept), application/problem+json")
        request.headers.add(name: "User-Agent", value: "coffer/\(CofferVersion.number)")
        if let key = call.credential.flatMap({ connection.key(for: $0) }) {
            request.headers.add(name: "Authorization", value: "Bearer \(key)")
        }
        if let key = call.idempotencyKey { request.headers.add(name: "Idempotency-Key", value: key) }
        if let body = call.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body.serialized())
        }
        return request
    }

    private func failure(_ loss: ConnectionLoss, call: APICall, tries: Int) -> ClientError {
        let place = "\(connection.base.text) (from \(connection.urlSource))"
        guard let key = call.idempotencyKey, loss.wasConnected || tries > 1 else {
            return ClientError(
                .unavailable, "no answer from \(place): \(loss.sentence)",
                fix: loss.wasConnected
                    ? "check the server's log; a longer --timeout helps when it is only slow"
                    : "start the server (`coffer dev`), or name another with --url or COFFER_URL")
        }
        return ClientError(
            .unavailable, "no answer from \(place) after \(tries) tries: \(loss.sentence)",
            fix: "nobody knows yet whether it was done: run the same command again with --idempotency-key \(key)")
    }

    /// The error for an answer that refuses, with the fix from the page that explains its problem.
    package func refusal(_ answer: APIAnswer) async -> ClientError {
        let problem = ProblemText(status: answer.status, body: answer.body)
        var fix: String?
        if let path = problem.explanationPath {
            let page = try? await Deadline.run(seconds: explanationSeconds) { [self] in
                try await attempt(APICall.get(path).asAnyone.accepting("text/html"))
            }
            if let page, page.status == 200 {
                fix = ProblemText.fix(inPage: String(decoding: page.body, as: UTF8.self))
            }
        }
        if answer.status == 401, connection.key(for: .user) == nil {
            fix = "pass --api-key-file, or set COFFER_API_KEY_FILE or COFFER_API_KEY"
        }
        return ClientError(
            CommandExit(httpStatus: answer.status, code: problem.code), problem.title, fix: fix, problem: problem)
    }
}

/// A try that got no answer.
struct ConnectionLoss: Error {
    /// Whether the request may have reached the server.
    let wasConnected: Bool
    /// What happened.
    let sentence: String

    /// Reads the error of a transport.
    ///
    /// - Throws: the error itself when it is the person's wish to stop, or one of ours.
    init(_ error: any Error, timeoutSeconds: Double) throws {
        switch error {
        case is CancellationError: throw error
        case let error as ClientError: throw error
        case is Deadline.Exceeded: self.init(true, "no answer within \(Self.text(timeoutSeconds)) s")
        case let error as HTTPClientError:
            switch error {
            case .cancelled: throw CancellationError()
            case .connectTimeout: self.init(false, "no connection within \(Self.text(timeoutSeconds)) s")
            case .remoteConnectionClosed: self.init(true, "the connection was closed before the answer")
            case .readTimeout, .deadlineExceeded: self.init(true, "the connection fell silent")
            case .tlsHandshakeTimeout: self.init(false, "the TLS handshake took too long")
            default: self.init(true, error.description)
            }
        case is NIOConnectionError: self.init(false, "the connection was refused")
        case let error as IOError where error.errnoCode == ECONNREFUSED: self.init(false, "the connection was refused")
        case let error as IOError: self.init(true, "the connection broke (errno \(error.errnoCode))")
        case let error: self.init(true, "\(error)")
        }
    }

    private init(_ wasConnected: Bool, _ sentence: String) {
        self.wasConnected = wasConnected
        self.sentence = sentence
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? "\(Int64(seconds))" : "\(seconds)"
    }
}
