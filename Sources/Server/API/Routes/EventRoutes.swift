import HTTPTypes
import Primitives
import Storage
import Withdrawals

/// What happened, as a list and as a live stream.
enum EventRoutes {
    static let pageEvents = 200

    static func routes(_ services: APIServices) -> [Route] {
        [all(services)]
    }

    /// The timeline of one withdrawal; as a stream it ends after the final state.
    static func ofWithdrawal(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/withdrawals/{id}/events", "listWithdrawalEvents", tag: "Withdrawals",
            summary: "What happened to it",
            description:
                "A list, or with `Accept: text/event-stream` a live stream that ends after the final state. A stream that broke is continued with `Last-Event-ID`.",
            permission: .scope("withdrawals:read"), pathParameters: [WithdrawalRoutes.withdrawalID],
            responses: [
                RouteResponse(200, "Oldest first.", .object([.required("data", .array(of: .reference("Event")))]))
            ], problems: [.withdrawalNotFound]
        ) { request in
            let id = try request.id("id", prefix: Withdrawal.idPrefix, notFound: .withdrawalNotFound)
            _ = try await services.withdrawals.get(id, client: try WithdrawalRoutes.visibility(request))
            guard wantsStream(request) else {
                let events = try await services.withdrawals.events(of: id, limit: pageEvents)
                return .json(["data": .array(events.map(\.json))])
            }
            return try stream(services, from: lastEventID(request) ?? 0) { sequence in
                // Asked before the events are: then its last one is among them. A client that has seen the end and
                // comes back is told so, instead of waiting for what never comes.
                let isOver = try await services.withdrawals.get(id).state.isFinal
                let events = try await services.withdrawals.events(of: id, after: sequence, limit: pageEvents)
                return StreamPage(
                    events, isLast: (isOver && events.count < pageEvents) || events.contains { isFinal($0) })
            }
        }
    }

    private static func all(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/events", "streamEvents", tag: "Events", summary: "Everything that happens, live",
            description:
                "A stream of server-sent events from now on, or from `Last-Event-ID`. For administrators, because it shows every tenant's.",
            permission: .scope("admin"),
            responses: [RouteResponse(200, "A stream.", .string(), contentType: "text/event-stream")]
        ) { request in
            let head = try await services.store.read { tx in try EventLog.head(in: tx) }
            // A number beyond the head is from another database; waiting for it would be silence.
            let start = min(lastEventID(request) ?? head, head)
            return try stream(services, from: start) { sequence in
                let events = try await services.store.read { tx in
                    try EventLog.after(sequence, limit: pageEvents, in: tx)
                }
                return StreamPage(events)
            }
        }
    }

    /// What a look at the log has found.
    struct StreamPage {
        /// What the reader gets, oldest first.
        let events: [Event]
        /// Where the next look begins, when that is beyond the last of `events`: the rest is not for this reader.
        let readThrough: Int64?
        /// Whether the stream ends here.
        let isLast: Bool

        init(_ events: [Event], readThrough: Int64? = nil, isLast: Bool = false) {
            self.events = events
            self.readThrough = readThrough
            self.isLast = isLast
        }
    }

    /// Events from the log as they come: `next` looks for those after a number, and is asked again when there may be more.
    static func stream(
        _ services: APIServices, from start: Int64,
        next: @escaping @Sendable (_ after: Int64) async throws -> StreamPage
    ) throws -> APIResponse {
        guard services.feed.hasRoom else {
            throw Problem(.overloaded, "too many streams are open", retryAfterSeconds: 5)
        }
        return .events { writer in
            services.feed.open()
            defer { services.feed.close() }
            var sequence = start
            while !Task.isCancelled, !services.isDraining() {
                // The head first: what is written after it is read wakes the wait below.
                let head = try await services.store.read { tx in try EventLog.head(in: tx) }
                let page = try await next(sequence)
                for event in page.events {
                    try await writer.event(event.type, data: event.data, id: "\(event.sequence)")
                    sequence = event.sequence
                }
                if page.isLast { return }
                if let readThrough = page.readThrough, readThrough > sequence {
                    sequence = readThrough
                } else if page.events.isEmpty {
                    try await writer.keepAlive()
                    await services.feed.wait(beyond: max(sequence, head))
                }
            }
        }
    }

    private static func isFinal(_ event: Event) -> Bool {
        let name = event.type.split(separator: ".").last.map(String.init) ?? ""
        return Withdrawal.State(rawValue: name)?.isFinal ?? false
    }

    static func wantsStream(_ request: APIRequest) -> Bool {
        request.headers[.accept]?.contains("text/event-stream") ?? false
    }

    static func lastEventID(_ request: APIRequest) -> Int64? {
        HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }.flatMap { Int64($0) }.map { max(0, $0) }
    }
}
