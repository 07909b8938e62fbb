import HTTPTypes
import HummingbirdCore
import NIOCore
import Primitives
import Synchronization
import WalletConnectProtocol

/// The relay's few HTTP routes: a call without a socket, the relay's key, its health.
struct RelayRoutes: Sendable {
    let hub: RelayHub
    /// What stands before the routes; the empty text where the relay is alone.
    let prefixes: [String]

    /// Wraps a responder: the relay's own routes are answered, the rest goes on.
    func around(_ next: @escaping HTTPChannelHandler.Responder) -> HTTPChannelHandler.Responder {
        { request, writer, channel in
            guard let route = route(request.uri.path) else { return try await next(request, writer, channel) }
            let (response, body) = await answer(route, request, channel)
            try await writer.write(response: response, body: ResponseBody(byteBuffer: body))
        }
    }

    /// Answers the relay's own routes, and 404 to everything else.
    var responder: HTTPChannelHandler.Responder {
        around { _, writer, _ in
            let body = ByteBuffer(string: #"{"type":"about:blank","title":"Not Found","status":404}"#)
            try await writer.write(
                response: Self.head(404, body, type: "application/problem+json"), body: ResponseBody(byteBuffer: body))
        }
    }

    private func route(_ path: String) -> String? {
        for prefix in prefixes where path.hasPrefix(prefix) {
            let rest = String(path.dropFirst(prefix.count))
            if ["/rpc", "/public-key", "/health"].contains(rest) { return rest }
        }
        return nil
    }

    private func answer(
        _ route: String, _ request: Request, _ channel: any Channel
    ) async -> (HTTPResponse, ByteBuffer) {
        let isCall = route == "/rpc"
        guard request.method == (isCall ? .post : .get) || (!isCall && request.method == .head) else {
            let body = ByteBuffer(string: #"{"type":"about:blank","title":"Method Not Allowed","status":405}"#)
            var head = Self.head(405, body, type: "application/problem+json")
            head.headerFields[.allow] = isCall ? "POST" : "GET, HEAD"
            return (head, body)
        }
        switch route {
        case "/rpc": return await call(request, channel)
        case "/public-key":
            let body = ByteBuffer(string: hub.identity.publicKeyHex)
            return (Self.head(200, body, type: "text/plain; charset=utf-8"), body)
        default:
            let isDraining = hub.isDraining
            let body = ByteBuffer(string: #"{"status":"\#(isDraining ? "draining" : "ok")"}"#)
            return (Self.head(isDraining ? 503 : 200, body, type: "application/json"), body)
        }
    }

    /// One call, one answer; the same bodies as on a socket.
    private func call(_ request: Request, _ channel: any Channel) async -> (HTTPResponse, ByteBuffer) {
        let admission = Admission(
            query: RelayQuery(query: request.uri.query ?? ""), authorization: request.headers[.authorization],
            origin: request.headers[.origin], address: channel.remoteAddress?.ipAddress ?? "")
        let client: DIDKey
        switch admission.check(hub) {
        case .failure(let refusal): return Self.refused(refusal)
        case .success(let claims): client = claims.issuer
        }
        var request = request
        guard let body = try? await request.collectBody(upTo: hub.settings.limits.frameBytesMax) else {
            return Self.refused(Refusal(error: RelayError(.payloadSizeExceeded), status: 413))
        }
        let peer = CallPeer()
        let id = hub.open(peer, client: client)
        let text = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                peer.wait(continuation)
                hub.call(body, from: id)
            }
        } onCancel: {
            peer.putClose(.goingAway)
        }
        hub.close(id)
        guard let text else { return Self.refused(Refusal(error: RelayError(.tooManyRequests), status: 503)) }
        return (Self.head(200, text, type: "application/json"), text)
    }

    private static func refused(_ refusal: Refusal) -> (HTTPResponse, ByteBuffer) {
        let body = ByteBuffer(bytes: refusal.problem)
        return (head(refusal.status, body, type: "application/problem+json"), body)
    }

    private static func head(_ status: Int, _ body: ByteBuffer, type: String) -> HTTPResponse {
        HTTPResponse(
            status: HTTPResponse.Status(code: status),
            headerFields: [.contentType: type, .contentLength: "\(body.readableBytes)", .cacheControl: "no-store"])
    }
}

/// Takes the one answer of a call over HTTP.
private final class CallPeer: RelayPeer {
    private enum State {
        case waiting(CheckedContinuation<ByteBuffer?, Never>)
        case idle
        case over
    }

    private let state = Mutex(State.idle)

    var takesPushes: Bool { false }

    func wait(_ continuation: CheckedContinuation<ByteBuffer?, Never>) {
        let isOver = state.withLock { state in
            if case .over = state { return true }
            state = .waiting(continuation)
            return false
        }
        if isOver { continuation.resume(returning: nil) }
    }

    // Resuming a task runs nothing here.
    func put(_ text: ByteBuffer) { end(text) }

    func putClose(_ reason: RelayClose) { end(nil) }

    func deliver() {}

    private func end(_ text: ByteBuffer?) {
        let waiting = state.withLock { state -> CheckedContinuation<ByteBuffer?, Never>? in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(returning: text)
    }
}
