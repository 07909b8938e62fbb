import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// The rules of a relay in memory, without a socket: mailboxes, subscriptions by client, redelivery until acknowledged.
final class LoopbackRelay: RelayTransport {
    struct Behaviour {
        var knowsCompoundCalls = true
        var isReachable = true
        /// Every new connection is closed with it.
        var closesWith: RelayClose?
        /// Publishes are not answered, and not taken.
        var ignoresPublishes = false
        /// Publishes are taken, and not answered.
        var swallowsAnswers = false
        /// Each push comes twice.
        var pushesTwice = false
        /// Answers to publishes are this error.
        var refusesPublishes: RelayError?
    }

    private struct Message {
        let number: Int64
        let publisher: String
        let publish: RelayPublish
    }

    private struct State {
        var behaviour = Behaviour()
        var subscriptions: [String: Set<Topic>] = [:]
        var messages: [Topic: [Message]] = [:]
        var topics: [Int64: Topic] = [:]
        var connections: [Int: LoopbackConnection] = [:]
        var lastConnection = 0
        var lastNumber: Int64 = 1_000_000_000_000
        var calls: [String] = []
        var tags: [UInt32] = []
        var seen: Set<String> = []
    }

    private let state = Mutex(State())

    /// Changes how the relay behaves from now on.
    func behave(_ change: (inout Behaviour) -> Void) {
        state.withLock { change(&$0.behaviour) }
    }

    /// The methods that were called, in order.
    var calls: [String] { state.withLock(\.calls) }
    /// The tags of messages that were published for the first time.
    var tags: [UInt32] { state.withLock(\.tags) }
    var connectionCount: Int { state.withLock(\.connections.count) }
    var openedCount: Int { state.withLock(\.lastConnection) }

    /// Breaks every connection.
    func breakAll(code: UInt16 = RelayClose.abnormal, reason: String = "") {
        let connections = state.withLock { state in
            defer { state.connections = [:] }
            return Array(state.connections.values)
        }
        for connection in connections { connection.end(RelayClose(code: code, reason: reason)) }
    }

    func open(_ request: RelayOpening) async throws(TransportError) -> any RelayConnection {
        guard let token = QueryText.value(of: "auth", in: request.url),
            let claims = try? RelayToken.verify(
                token, audiences: nil, now: WallClock.system.now, leewaySeconds: 1 << 40)
        else { throw TransportError(.refused, "no token", httpStatus: 401) }
        let result = state.withLock { state -> Result<LoopbackConnection, TransportError> in
            guard state.behaviour.isReachable else { return .failure(TransportError(.unreachable, "offline")) }
            state.lastConnection += 1
            let connection = LoopbackConnection(
                relay: self, number: state.lastConnection, client: DIDKey(claims.issuer.publicKey).text)
            state.connections[state.lastConnection] = connection
            return .success(connection)
        }
        let connection = try result.get()
        if let close = state.withLock(\.behaviour.closesWith) { connection.end(close) }
        return connection
    }

    fileprivate func left(_ number: Int) {
        _ = state.withLock { $0.connections.removeValue(forKey: number) }
    }

    fileprivate func take(_ text: [UInt8], from connection: LoopbackConnection) {
        let deliveries = state.withLock { state -> [(LoopbackConnection, RelayFrame)] in
            guard let frame = try? RelayFrame.parse(text) else { return [] }
            switch frame {
            case .answer(let id, _):
                acknowledge(id.int64 ?? 0, by: connection.client, &state)
                return []
            case .call(let id, let call):
                state.calls.append(call.method)
                return answer(id, call, connection, &state)
            default: return []
            }
        }
        for (target, frame) in deliveries { target.deliver(frame.encoded()) }
    }

    private func acknowledge(_ number: Int64, by client: String, _ state: inout State) {
        guard let topic = state.topics.removeValue(forKey: number) else { return }
        // Two clients talk on a topic: who acknowledges is the only one it is for.
        state.messages[topic]?.removeAll { $0.number == number && $0.publisher != client }
    }

    private func answer(
        _ id: RPCID, _ call: RelayCall, _ connection: LoopbackConnection, _ state: inout State
    ) -> [(LoopbackConnection, RelayFrame)] {
        let yes = (connection, RelayFrame.answer(id: id, true))
        switch call {
        case .subscribe(let topic, _): return [yes] + subscribe([topic], connection, &state)
        case .batchSubscribe(let topics, _): return [yes] + subscribe(topics, connection, &state)
        case .unsubscribe(let topic, _):
            state.subscriptions[connection.client]?.remove(topic)
            return [yes]
        case .batchUnsubscribe(let subscriptions):
            for one in subscriptions { state.subscriptions[connection.client]?.remove(one.topic) }
            return [yes]
        case .publish(let publish): return publishAll([publish], id, connection, &state)
        case .propose(let proposal) where state.behaviour.knowsCompoundCalls:
            state.subscriptions[connection.client, default: []].insert(proposal.pairingTopic)
            return publishAll([proposal.publish], id, connection, &state)
        case .approve(let approval) where state.behaviour.knowsCompoundCalls:
            state.subscriptions[connection.client, default: []].insert(approval.sessionTopic)
            return publishAll(approval.publishes, id, connection, &state)
        default: return [(connection, .refusal(id: id, RelayError(code: -32_601, message: "Method not found")))]
        }
    }

    private func subscribe(
        _ topics: [Topic], _ connection: LoopbackConnection, _ state: inout State
    ) -> [(LoopbackConnection, RelayFrame)] {
        var deliveries: [(LoopbackConnection, RelayFrame)] = []
        for topic in topics {
            state.subscriptions[connection.client, default: []].insert(topic)
            for message in state.messages[topic] ?? [] where message.publisher != connection.client {
                deliveries.append((connection, Self.push(message)))
            }
        }
        return deliveries
    }

    private func publishAll(
        _ publishes: [RelayPublish], _ id: RPCID, _ connection: LoopbackConnection, _ state: inout State
    ) -> [(LoopbackConnection, RelayFrame)] {
        if state.behaviour.ignoresPublishes { return [] }
        if let error = state.behaviour.refusesPublishes { return [(connection, .refusal(id: id, error))] }
        var deliveries: [(LoopbackConnection, RelayFrame)] = []
        for publish in publishes {
            // The same message again is the same message.
            guard state.seen.insert(publish.topic.hex + publish.message).inserted else { continue }
            state.tags.append(publish.tag)
            state.lastNumber += 1
            let message = Message(number: state.lastNumber, publisher: connection.client, publish: publish)
            state.messages[publish.topic, default: []].append(message)
            state.topics[message.number] = publish.topic
            for target in state.connections.values
            where target.client != connection.client
                && state.subscriptions[target.client]?.contains(publish.topic) == true
            {
                deliveries.append((target, Self.push(message)))
                if state.behaviour.pushesTwice { deliveries.append((target, Self.push(message))) }
            }
        }
        if !state.behaviour.swallowsAnswers { deliveries.insert((connection, .answer(id: id, true)), at: 0) }
        return deliveries
    }

    private static func push(_ message: Message) -> RelayFrame {
        let publish = message.publish
        return .push(
            id: .number(message.number),
            RelayPush(
                subscription: try! SubscriptionID(hex: publish.topic.hex), topic: publish.topic,
                message: publish.message, publishedAt: WallClock.system.now, tag: publish.tag,
                attestation: publish.attestation))
    }
}

/// One client's end of a ``LoopbackRelay``.
final class LoopbackConnection: RelayConnection {
    private struct State {
        var texts: [[UInt8]] = []
        var end: RelayClose?
        var waiter: CheckedContinuation<RelayInbound, Never>?
        var isCancelled = false
    }

    private let relay: LoopbackRelay
    private let number: Int
    let client: String
    private let state = Mutex(State())

    init(relay: LoopbackRelay, number: Int, client: String) {
        self.relay = relay
        self.number = number
        self.client = client
    }

    func send(_ texts: [[UInt8]]) {
        guard state.withLock({ $0.end == nil }) else { return }
        for text in texts { relay.take(text, from: self) }
    }

    func deliver(_ text: [UInt8]) {
        resume { $0.texts.append(text) }
    }

    func end(_ close: RelayClose) {
        resume { $0.end = $0.end ?? close }
        relay.left(number)
    }

    func close(code: UInt16, reason: String) {
        end(RelayClose(code: code, reason: reason))
    }

    func receive() async -> RelayInbound {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> RelayInbound? in
                    if let ready = Self.take(&state) { return ready }
                    state.waiter = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            resume { $0.isCancelled = true }
        }
    }

    private func resume(_ change: (inout State) -> Void) {
        let (waiter, ready) = state.withLock { state -> (CheckedContinuation<RelayInbound, Never>?, RelayInbound?) in
            change(&state)
            guard let waiter = state.waiter.take() else { return (nil, nil) }
            return (waiter, Self.take(&state))
        }
        waiter?.resume(returning: ready ?? .texts([]))
    }

    private static func take(_ state: inout State) -> RelayInbound? {
        if !state.texts.isEmpty || state.isCancelled {
            defer {
                state.texts = []
                state.isCancelled = false
            }
            return .texts(state.texts)
        }
        return state.end.map { .closed($0) }
    }
}
