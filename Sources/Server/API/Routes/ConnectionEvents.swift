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

    /// Writes every event of a backend into the log, until the backend ends or the task is cancelled.
    ///
    /// - Parameter onFailure: told when an event could not be written; the next one is tried all the same.
    public static func keep(
        _ backend: WalletConnectBackend, _ events: AsyncStream<BackendEvent>, in store: any Store,
        onFailure: @Sendable (any Error) -> Void
    ) async {
        for await event in events {
            guard let topic = event.topic else { continue }
            do {
                guard let connection = connection(of: event, topic, backend) else { continue }
                let payload = json(event, connection).text
                try await store.write { tx in
                    try EventLog.append(
                        type: prefix + event.kind.rawValue, subject: subject(of: connection), payload: payload,
                        at: event.at,
                        in: tx)
                }
            } catch {
                onFailure(error)
            }
        }
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
            problems: [.connectionsDisabled]
        ) { request in
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
                "A list, or with `Accept: text/event-stream` a live stream that ends after the connection's end. A stream that broke is continued with `Last-Event-ID`.",
            permission: .scope("connections:read"), pathParameters: [ConnectionRoutes.topic],
            responses: [
                RouteResponse(200, "Oldest first.", .object([.required("data", .array(of: .reference("Event")))]))
            ], problems: [.connectionNotFound]
        ) { request in
            let (backend, connection) = try ConnectionRoutes.find(request, services)
            let (subject, topic) = (subject(of: connection), connection.pairingTopic)
            @Sendable func read(_ sequence: Int64) async throws -> [Event] {
                try await services.store.read { tx in
                    try EventLog.of(subject, after: sequence, limit: EventRoutes.pageEvents, in: tx)
                }
            }
            guard EventRoutes.wantsStream(request) else {
                return .json(["data": .array(try await read(0).map(\.json))])
            }
            return try EventRoutes.stream(services, from: EventRoutes.lastEventID(request) ?? 0) { sequence in
                // Asked before the events are: see `EventRoutes.ofWithdrawal`.
                let state = backend.connection(topic)?.state
                let events = try await read(sequence)
                let hasEnd = events.contains { event in
                    event.type.hasSuffix("session_disconnect") || event.type.hasSuffix("session_expire")
                }
                let isOver = state != .active && state != .pending && events.isEmpty
                return EventRoutes.StreamPage(events, isLast: hasEnd || isOver)
            }
        }
    }
}
