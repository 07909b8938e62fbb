public import Primitives
import Synchronization
public import WalletConnectProtocol

/// Counts what went wrong for whoever runs a collector; nothing is collected unless one is named.
///
/// An event is a name, a topic and the steps before the failure: never a message, a key or an account. Events wait in
/// memory, bounded, until ``send()``.
public final class Telemetry: Sendable {
    /// Events that wait; the oldest beyond it are forgotten.
    public static let eventsMax = 100
    /// Steps in one event.
    public static let traceMax = 32
    /// Milliseconds after which an event is of no use any more: a day.
    public static let ageMillisecondsMax: Int64 = 86_400_000

    private struct Event: Sendable {
        let id: String
        let name: String
        let topic: Topic?
        let trace: [String]
        let at: Timestamp
    }

    private let endpoint: String
    private let projectID: String
    private let domain: String?
    private let http: any HTTPExchange
    private let clock: WallClock
    private let random: RandomSource
    private let events = Mutex<[Event]>([])

    /// A collector, such as `https://pulse.walletconnect.org/batch`.
    ///
    /// - Parameter domain: the app's, when it has one.
    public init(
        endpoint: String, projectID: String, domain: String? = nil, http: any HTTPExchange, clock: WallClock = .system,
        random: RandomSource = .system
    ) {
        self.endpoint = endpoint
        self.projectID = projectID
        self.domain = domain
        self.http = http
        self.clock = clock
        self.random = random
    }

    /// How many events wait.
    public var count: Int { events.withLock(\.count) }

    /// Notes a failure by its code.
    ///
    /// - Parameter trace: the steps that went before, such as `pairing_started`.
    public func note(_ code: SignError.Code, topic: Topic? = nil, trace: [String] = []) {
        let event = Event(
            id: uuid(), name: code.rawValue, topic: topic, trace: Array(trace.prefix(Self.traceMax)), at: clock.now)
        events.withLock { events in
            events.append(event)
            if events.count > Self.eventsMax { events.removeFirst(events.count - Self.eventsMax) }
        }
    }

    /// Sends what waits; what is not taken waits on, for a day at most.
    ///
    /// - Returns: whether nothing waits any more.
    @discardableResult
    public func send() async -> Bool {
        let now = clock.now
        let batch = events.withLock { events in
            events.removeAll { now.milliseconds(since: $0.at) > Self.ageMillisecondsMax }
            return events
        }
        guard !batch.isEmpty else { return true }
        let question = HTTPQuestion(
            method: "POST", url: url, headers: [HTTPField("Content-Type", "application/json")],
            body: JSON.array(batch.map(json)).serialized(), deadline: .seconds(5))
        guard let answer = try? await http.send(question), (200...299).contains(answer.status) else { return false }
        let sent = Set(batch.map(\.id))
        return events.withLock { events in
            events.removeAll { sent.contains($0.id) }
            return events.isEmpty
        }
    }

    private var url: String {
        "\(endpoint)?projectId=\(projectID)&st=events_sdk&sv=swift-1.0.0\(domain == nil ? "&sp=desktop" : "")"
    }

    private func json(_ event: Event) -> JSON {
        let properties = JSON.object(omittingNil: [
            "topic": event.topic.map { .string($0.hex) }, "trace": .array(event.trace.map { .string($0) }),
        ])
        return [
            "eventId": .string(event.id), "bundleId": .string(projectID), "timestamp": JSON(event.at.milliseconds),
            "domain": .string(domain ?? ""),
            "props": ["event": "ERROR", "type": .string(event.name), "properties": properties],
        ]
    }

    /// A random UUID: [RFC 9562 section 5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4).
    private func uuid() -> String {
        var bytes = random.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let text = Hex.encode(bytes)
        let ends = [8, 12, 16, 20, 32]
        var start = text.startIndex
        return ends.map { end in
            let next = text.index(text.startIndex, offsetBy: end)
            defer { start = next }
            return String(text[start..<next])
        }
        .joined(separator: "-")
    }
}
