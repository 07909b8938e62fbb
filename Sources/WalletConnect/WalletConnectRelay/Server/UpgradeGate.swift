import NIOCore
import NIOHTTP1
import WalletConnectProtocol

/// Looks at the first request of a connection before anything upgrades it.
///
/// NIO's upgrade handler drops a request whose upgrade is refused, or names another protocol, without an answer
/// ([swift-nio#2632](https://github.com/apple/swift-nio/issues/2632)); so requests that are not to be upgraded lose the
/// header here and are answered as plain ones, and refusals are answered at once.
///
/// Until the first request is known nobody else stands behind the decoder: what is not HTTP, a peer that sends nothing
/// and a server that stops are the gate's to answer.
final class UpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waiting
        /// Everything goes by unread: behind an upgrade these are not HTTP parts any more.
        case passing
        /// The request was refused; its rest is of no interest.
        case swallowing
    }

    private let hub: RelayHub
    private let paths: Set<String>
    /// How long a peer may take to its first request.
    private let patience: TimeAmount?
    private var deadline: Scheduled<Void>?
    private var state = State.waiting
    /// Who comes in, or why not; set when the request is upgraded.
    private(set) var verdict: Result<RelayToken.Claims, Refusal>?
    /// Whether it calls itself a JavaScript client; set with the verdict.
    private(set) var isJavaScript = false

    init(hub: RelayHub, paths: Set<String>, patience: TimeAmount?) {
        self.hub = hub
        self.paths = paths
        self.patience = patience
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard let patience else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: patience) {
            let (gate, context) = bound.value
            if gate.state == .waiting { context.close(promise: nil) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .passing: context.fireChannelRead(data)
        case .swallowing: return
        case .waiting:
            guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
            guard isUpgrade(head) else {
                state = .passing
                strip(&head)
                return context.fireChannelRead(wrapInboundOut(.head(head)))
            }
            if let refusal = refusal(of: head, context) {
                state = .swallowing
                return answer(refusal, context)
            }
            state = .passing
            context.fireChannelRead(data)
        }
    }

    private func isUpgrade(_ head: HTTPRequestHead) -> Bool {
        let path = head.uri.prefix { $0 != "?" }
        return head.method == .GET && paths.contains(String(path))
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    }

    private func strip(_ head: inout HTTPRequestHead) {
        guard head.headers.contains(name: "upgrade") else { return }
        head.headers.remove(name: "upgrade")
        let rest = head.headers[canonicalForm: "connection"].filter {
            let name = $0.lowercased()
            return name != "upgrade" && name != "http2-settings"
        }
        head.headers.remove(name: "connection")
        if !rest.isEmpty { head.headers.add(name: "connection", value: rest.joined(separator: ", ")) }
    }

    /// Notes who comes in; a refusal when the request is not to be upgraded at all.
    private func refusal(of head: HTTPRequestHead, _ context: ChannelHandlerContext) -> Refusal? {
        guard head.headers["sec-websocket-key"].count == 1, head.headers["sec-websocket-version"] == ["13"] else {
            return Refusal(error: RelayError(.invalidParams, "WebSocket version 13 is spoken"), status: 426)
        }
        let admission = Admission(
            query: RelayQuery(target: head.uri), authorization: head.headers.first(name: "authorization"),
            origin: head.headers.first(name: "origin"), address: context.channel.remoteAddress?.ipAddress ?? "")
        let verdict = admission.check(hub)
        if case .failure(let refusal) = verdict, !admission.wantsCloseEvent || refusal.status >= 429 {
            return refusal
        }
        self.verdict = verdict
        isJavaScript = admission.query["ua"]?.hasPrefix("wc-2/js") == true
        return nil
    }

    private func answer(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        let body = ByteBuffer(bytes: refusal.problem)
        var headers: HTTPHeaders = [
            "content-type": "application/problem+json", "content-length": "\(body.readableBytes)",
            "connection": "close",
        ]
        if refusal.status == 426 { headers.add(name: "sec-websocket-version", value: "13") }
        if refusal.status == 429 || refusal.status == 503 { headers.add(name: "retry-after", value: "5") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: refusal.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .passing: context.fireErrorCaught(error)
        case .swallowing: context.close(promise: nil)
        case .waiting where error is HTTPParserError:
            state = .swallowing
            let headers: HTTPHeaders = ["content-length": "0", "connection": "close"]
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers))),
                promise: nil)
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
        case .waiting: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A peer that half-closes without a request, or behind a refused one, has nothing more to say; and a server that
        // stops waits for no first request.
        let isInputClosed = (event as? ChannelEvent) == .inputClosed
        if state != .passing && isInputClosed || state == .waiting && event is ChannelShouldQuiesceEvent {
            return context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }
}
