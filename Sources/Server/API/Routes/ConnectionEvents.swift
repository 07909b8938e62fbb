import HTTPTypes
import Primitives
public import Storage
public import WalletConnectBackend
import WalletConnectProtocol

/// What happens to connections, kept among the server's other events so that a stream that broke goes on where it was.
///
/// Answers of wallets, parameters and accounts are not in the events: those are read where they lie, sealed.
public enum ConnectionEvents {
    /// What the names of these events start with.
    static let prefix = "connection."

    /// What the end of a connection is called.
    static let endTypes: Set<String> = [
        prefix + BackendEvent.Kind.disconnect.rawValue, prefix + BackendEvent.Kind.expire.rawValue,
    ]
    /// Seconds for which a stream of a connection that has ended waits for its end in the log.
    ///
    /// The log comes after the records, a moment later; an event that a kill of the process took away never comes.
    static let endWaitSeconds: Int64 = 30

    /// Writes every event of a backend into the log, until the backend ends or the task is cancelled.
    ///
    /// What came while a commit was under way shares the next one.
    ///
    /// - Parameter onLoss: told how many events could not be written, and why; the next ones are tried all the same.
    public static func keep(
        _ backend: WalletConnectBackend, _ events: AsyncStream<BackendEvent>, in store: any Store,
        onLoss: @escaping @Sendable (_ why: any Error, _ count: Int) -> Void
    ) async {
        let queue = ConnectionEventQueue()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in events {
                    guard let entry = entry(event, backend) else { continue }
                    do throws(ConnectionEventQueue.Full) { try queue.put(entry) } catch { onLoss(error, 1) }
                }
                queue.finish()
            }
            group.addTask {
                for await _ in queue.bell { await write(queue.take(), store, onLoss) }
            }
        }
        // What came last, when the task was cancelled meanwhile.
        await write(queue.take(), store, onLoss)
    }

    private static func write(
        _ entries: [ConnectionEventQueue.Entry], _ store: any Store, _ onLoss: (any Error, Int) -> Void
    ) async {
        var rest = entries[...]
        while !rest.isEmpty {
            let batch = rest.prefix(ConnectionEventQueue.batchMax)
            rest = rest.dropFirst(batch.count)
            do {
                try await store.write { tx in
                    for entry in batch {
                        try EventLog.append(
                            type: entry.type, subject: entry.subject, payload: entry.payload, at: entry.at, in: tx)
                    }
                }
            } catch {
                onLoss(error, batch.count)
            }
        }
    }

    private static func entry(_ event: BackendEvent, _ backend: WalletConnectBackend) -> ConnectionEventQueue.Entry? {
        guard let topic = event.topic, let connection = connection(of: event, topic, backend) else { return nil }
        return ConnectionEventQueue.Entry(
            type: prefix + event.kind.rawValue, subject: subject(of: connection), payload: json(event, connection).text,
            at: event.at)
    }

    private static func connection(
        of event: BackendEvent, _ topic: Topic, _ backend: WalletConnectBackend
    ) -> Connection? {
        switch event.detail {
        case .connection(let connection), .walletEvent(let connection, _, _, _): connection
        case .call, .outcome, .failure: backend.connection(topic)
        }
    }

    private static func json(_ event: BackendEvent, _ connection: Connection) -> JSON {
        var members = [
            JSONMember(name: "topic", value: .string(connection.topic.hex)),
            JSONMember(name: "pairing_topic", value: .string(connection.pairingTopic.hex)),
            JSONMember(name: "user_id", value: .string(connection.userID)),
            JSONMember(name: "tenant", value: connection.tenant.map { .string($0) } ?? .null),
            JSONMember(name: "state", value: .string(connection.state.rawValue)),
        ]
        func add(_ name: String, _ value: JSON) { members.append(JSONMember(name: name, value: value)) }
        switch event.detail {
        case .connection(let connection):
            if let end = connection.end { add("end", end.json) }
        case .walletEvent(_, let name, _, let chain):
            add("name", .string(name))
            add("chain", .string(chain))
        case .call(let call): add("request", request(call, "pending"))
        case .outcome(let call, .result): add("request", request(call, "answered"))
        case .outcome(let call, .failure(let error)):
            add("request", request(call, "failed"))
            add("reason", .string(error.code.rawValue))
        case .failure(let error): add("reason", .string(error.code.rawValue))
        }
        return .object(members)
    }

    private static func request(_ call: WalletCall, _ state: String) -> JSON {
        [
            "id": .string(call.id.map { "\($0)" } ?? ""), "state": .string(state), "chain": .string("\(call.chain)"),
            "method": .string(call.method),
        ]
    }

    /// Under which a connection's events are found, from the proposal to the end: 16 bytes of its pairing topic.
    private static func subject(of connection: Connection) -> SortableID {
        // A topic has 32 bytes, so the first is never nil.
        SortableID(Array(connection.pairingTopic.bytes.prefix(16))) ?? .first(at: connection.createdAt)
    }

    // MARK: Routes

    static func routes(_ services: APIServices) -> [Route] { [all(services), ofConnection(services)] }

    private static func all(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/connections/events", "streamConnectionEvents", tag: "Connections",
            summary: "What happens to connections, live",
            description:
                "A stream of server-sent events from now on, or from `Last-Event-ID`: connected, updated, ended, asked and answered. Of the caller's tenant alone.",
            permission: .scope("connections:read"),
            responses: [RouteResponse(200, "A stream.", .string(), contentType: "text/event-stream")],
            problems: [.connectionsDisabled, .walletClosed]
        ) { request in
            _ = try ConnectionRoutes.backend(services)
            let tenant = try WithdrawalRoutes.visibility(request)
            let head = try await services.store.read { tx in try EventLog.head(in: tx) }
            let start = min(EventRoutes.lastEventID(request) ?? head, head)
            return try EventRoutes.stream(services, from: start) { sequence in
                let found = try await services.store.read { tx in
                    try EventLog.after(sequence, limit: EventRoutes.pageEvents, in: tx)
                }
                let own = found.filter { event in
                    event.type.hasPrefix(prefix) && (tenant == nil || event.data["tenant"]?.string == tenant)
                }
                return EventRoutes.StreamPage(own, readThrough: found.last?.sequence)
            }
        }
    }

    private static func ofConnection(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/connections/{topic}/events", "listConnectionEvents", tag: "Connections",
            summary: "What happened to it",
            description:
                "A page, or with `Accept: text/event-stream` a live stream that ends after the connection's end. A stream that broke is continued with `Last-Event-ID`. Events are kept for 30 days unless the server's settings say otherwise.",
            permission: .scope("connections:read"), pathParameters: [ConnectionRoutes.topic], query: [.limit, .cursor],
            responses: [RouteResponse(200, "A page, oldest first.", .page(of: .reference("Event")))],
            problems: [.connectionNotFound, .invalidCursor, .connectionsDisabled, .walletClosed]
        ) { request in
            let (backend, connection) = try ConnectionRoutes.find(request, services)
            let (subject, topic) = (subject(of: connection), connection.pairingTopic)
            guard EventRoutes.wantsStream(request) else { return try await page(subject, request, services) }
            return try EventRoutes.stream(services, from: EventRoutes.lastEventID(request) ?? 0) { sequence in
                // Asked before the events are: see `EventRoutes.ofWithdrawal`.
                let connection = backend.connection(topic)
                let (events, end) = try await services.store.read { tx in
                    (
                        try EventLog.of(subject, after: sequence, limit: EventRoutes.pageEvents, in: tx),
                        try EventLog.first(of: subject, types: endTypes, in: tx)
                    )
                }
                let isOver =
                    events.isEmpty
                    && isOver(
                        connection?.state, since: connection?.updatedAt,
                        endIsSent: end.map { $0.sequence <= sequence } ?? false,
                        at: services.clock.now)
                return EventRoutes.StreamPage(
                    events, isLast: isOver || events.contains { endTypes.contains($0.type) })
            }
        }
    }

    /// Whether there will be no more events for a reader who has read all that are in the log.
    ///
    /// - Parameters:
    ///   - state: of the connection; nil when it ended so long ago that it is forgotten.
    ///   - since: when it last changed.
    ///   - endIsSent: whether its end is in the log, among what was read.
    static func isOver(
        _ state: Connection.State?, since: Timestamp?, endIsSent: Bool, at now: Timestamp
    ) -> Bool {
        switch state {
        case .pending, .active: false
        case .expired, .disconnected:
            endIsSent || (since.map { $0.adding(seconds: endWaitSeconds) <= now } ?? true)
        case nil: true
        }
    }

    private static func page(
        _ subject: SortableID, _ request: APIRequest, _ services: APIServices
    ) async throws -> APIResponse {
        let size = request.query.pageSize
        let start = try Cursor.sequence(in: request, listing: listing) ?? 0
        let found = try await services.store.read { tx in
            try EventLog.of(subject, after: start, limit: size + 1, in: tx)
        }
        let (items, hasMore) = found.page(size)
        return .page(
            items.map(\.json),
            nextCursor: hasMore ? items.last.map { Cursor.text($0.sequence, listing: listing) } : nil, for: request)
    }

    private static let listing = "connection_events"
}
