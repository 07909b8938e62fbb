import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// Follows a stream of events through lost connections and restarts of the server.
///
/// Each reconnection says where the last one stopped, so no event is missed and none comes twice.
package struct EventFollower: Sendable {
    /// What the reader of the events wants.
    package enum Next: Sendable, Equatable {
        /// The next event.
        case goOn
        /// It has seen enough.
        case stop
    }

    private let client: APIClient
    private let call: APICall
    /// How many connections in a row may fail before it gives up.
    private let failuresMax: Int

    /// Makes a follower of `call`, which reads a stream.
    package init(_ call: APICall, client: APIClient, failuresMax: Int = 60) {
        self.call = call.accepting("text/event-stream")
        self.client = client
        self.failuresMax = failuresMax
    }

    /// Hands each event to `take` until it says stop.
    ///
    /// - Parameters:
    ///   - lastEventID: where to begin; `nil` lets the server decide.
    ///   - atStart: called when a connection stands, the first one and each later one.
    ///   - take: takes one event.
    ///   - atEnd: asked when the server has ended the stream in good order: is there more to wait for?
    /// - Throws: ``ClientError`` when the first connection fails, when the server refuses, or after too many failures.
    package func follow(
        after lastEventID: String? = nil, atStart: () async throws -> Void = {},
        take: (ServerEvent) async throws -> Next,
        atEnd: () async throws -> Next = { .goOn }
    ) async throws {
        var lastEventID = lastEventID ?? ""
        var failures = 0
        var hasBeenOpen = false
        // Ends when the reader has enough, the server refuses, or `failuresMax` connections in a row gave nothing.
        while true {
            try Task.checkCancellation()
            var floor: Int64 = 0
            do {
                let response = try await open(after: lastEventID)
                guard response.status == .ok else {
                    let answer = APIAnswer(
                        status: Int(response.status.code), headers: response.headers,
                        body: Array(try await response.body.collect(upTo: 1 << 20).readableBytesView))
                    guard hasBeenOpen, answer.status == 429 || answer.status >= 500 else {
                        throw await client.refusal(answer)
                    }
                    floor = answer.retryAfterMilliseconds
                    throw StreamBreak(sentence: "the server answered \(answer.status)")
                }
                hasBeenOpen = true
                try await atStart()
                var parser = EventParser(lastEventID: lastEventID)
                for try await buffer in response.body {
                    for event in try parser.feed(buffer.readableBytesView) {
                        lastEventID = event.id
                        failures = 0
                        if try await take(event) == .stop { return }
                    }
                    floor = parser.retryMilliseconds ?? 0
                }
                if try await atEnd() == .stop { return }
                failures += 1
            } catch let error as EventStreamError {
                throw ClientError(.failed, "the stream of events is not readable: \(error)")
            } catch {
                let sentence = try Self.sentence(error, timeoutSeconds: client.timeoutSeconds)
                failures += 1
                guard hasBeenOpen, failures < failuresMax else {
                    throw ClientError(
                        .unavailable, "no events from \(client.connection.base.text): \(sentence)",
                        fix: "see `coffer status`")
                }
                client.notice("\(sentence); reconnecting")
            }
            guard failures < failuresMax else {
                throw ClientError(.unavailable, "the server ended the stream of events \(failures) times in a row")
            }
            try await client.pause(client.backoff.milliseconds(before: max(1, failures), atLeast: floor))
        }
    }

    private func open(after lastEventID: String) async throws -> HTTPClientResponse {
        var request = client.request(call)
        if !lastEventID.isEmpty { request.headers.add(name: "Last-Event-ID", value: lastEventID) }
        let deadline = NIODeadline.now() + .milliseconds(Int64(min(client.timeoutSeconds, 86_400) * 1000))
        return try await client.http.execute(request, deadline: deadline)
    }

    private static func sentence(_ error: any Error, timeoutSeconds: Double) throws -> String {
        if let broken = error as? StreamBreak { return broken.sentence }
        return try ConnectionLoss(error, timeoutSeconds: timeoutSeconds).sentence
    }
}

private struct StreamBreak: Error {
    let sentence: String
}
