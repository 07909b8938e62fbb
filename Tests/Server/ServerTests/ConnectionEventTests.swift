import HTTPTypes
import Hummingbird
import NIOCore
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectBackend
import WalletConnectProtocol

@testable import API

/// What happened to connections: written, paged, streamed to its end, and forgotten.
@Suite struct ConnectionEventTests {
    private static let start = Timestamp(milliseconds: 1_795_176_000_000)

    /// Under which a connection's events are kept.
    private static func subject(_ topic: String) throws -> SortableID {
        try #require(SortableID(Array(Topic(hex: topic).bytes.prefix(16))))
    }

    private static func append(
        _ type: String, _ subject: SortableID, at time: Timestamp = start, to store: any Store
    ) async throws {
        try await store.write { tx in
            try EventLog.append(type: type, subject: subject, payload: "{}", at: time, in: tx)
        }
    }

    private static func types(_ store: any Store) async throws -> [String] {
        try await store.read { tx in try EventLog.after(0, limit: 10_000, in: tx).map(\.type) }
    }

    @Test func `events that come during a commit share the next one`() async throws {
        try await ConnectionRouteTests.withServices(keepsEvents: false) { server, services in
            let backend = try #require(services.connections)
            let topic = try Topic(hex: try await ConnectionRouteTests.connect(server))
            let (free, release) = AsyncStream.makeStream(of: Void.self)
            let store = HeldStore(base: services.store, until: free)
            let left = Mutex(300)
            // When the last one is asked for, all others were put in.
            let events = AsyncStream<BackendEvent> {
                let isLast = left.withLock { left in
                    left -= 1
                    return left < 0
                }
                if isLast { release.finish() }
                return isLast
                    ? nil
                    : BackendEvent(
                        .error, userID: "alice", topic: topic, at: Self.start,
                        detail: .failure(BackendError(.peerError, "no")))
            }
            await ConnectionEvents.keep(backend, events, in: store) { error, _ in Issue.record(error) }
            #expect(try await Self.types(store) == Array(repeating: "connection.error", count: 300))
            // One with what came first, two with at most 256 of the rest each.
            #expect(store.writes <= 3, "\(store.writes) units of work")
        }
    }

    @Test func `pages of events follow one another`() async throws {
        try await ConnectionRouteTests.withServices(keepsEvents: false) { server, services in
            let topic = try await ConnectionRouteTests.connect(server)
            let subject = try Self.subject(topic)
            for number in 0..<5 { try await Self.append("connection.n\(number)", subject, to: services.store) }
            var (found, sizes, path) = ([String](), [Int](), "/v1/connections/\(topic)/events?limit=2" as String?)
            while let next = path {
                let answer = try await server.send(.get, next, key: "one")
                let page = try #require(answer.json)
                let types = page["data"]?.array?.compactMap { $0["type"]?.string } ?? []
                found += types
                sizes.append(types.count)
                path = page["next_cursor"]?.string.map { "/v1/connections/\(topic)/events?limit=2&cursor=\($0)" }
                #expect(page["has_more"]?.bool == (path != nil), "\(answer.text)")
            }
            #expect(found == (0..<5).map { "connection.n\($0)" })
            #expect(sizes == [2, 2, 1])
            let wrong = try await server.send(.get, "/v1/connections/\(topic)/events?cursor=x", key: "one")
            #expect(wrong.code == "invalid_cursor", "\(wrong.text)")
        }
    }

    @Test func `a stream ends with the end that is written after the connection has ended`() async throws {
        try await ConnectionRouteTests.withServices(keepsEvents: false) { server, services in
            let topic = try await ConnectionRouteTests.connect(server)
            #expect(try await server.send(.delete, "/v1/connections/\(topic)", key: "one").status == 204)
            let head = HTTPRequest(
                method: .get, scheme: nil, authority: nil, path: "/v1/connections/\(topic)/events",
                headerFields: [.authorization: "Bearer one", .accept: "text/event-stream"])
            let collector = BodyCollector()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let response = try await server.responder.respond(
                        to: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
                        context: APIContext(clientAddress: nil))
                    try await response.body.write(collector)
                }
                // It has looked at the log, found nothing and said so, or has ended too early.
                while collector.bytes.isEmpty, !collector.isFinished { await Task.yield() }
                try await Self.append("connection.session_disconnect", Self.subject(topic), to: services.store)
                try await group.waitForAll()
            }
            #expect(String(decoding: collector.bytes, as: UTF8.self).contains("event: connection.session_disconnect"))
            // Whoever has seen the end and comes back waits for nothing.
            let again = try await server.send(
                .get, "/v1/connections/\(topic)/events", key: "one",
                headers: [("Accept", "text/event-stream"), ("Last-Event-ID", "1")])
            #expect(again.status == 200 && !again.text.contains("event:"), "\(again.text)")
        }
    }

    @Test func `an end that was never written is waited for a while only`() {
        let wait = ConnectionEvents.endWaitSeconds
        func isOver(_ state: Connection.State?, _ endIsSent: Bool, after seconds: Int64) -> Bool {
            ConnectionEvents.isOver(
                state, since: state.map { _ in Self.start }, endIsSent: endIsSent,
                at: Self.start.adding(seconds: seconds))
        }
        for state in [Connection.State.expired, .disconnected] {
            #expect(isOver(state, true, after: 0))
            #expect(!isOver(state, false, after: wait - 1))
            #expect(isOver(state, false, after: wait))
        }
        for state in [Connection.State.pending, .active] { #expect(!isOver(state, true, after: wait)) }
        #expect(isOver(nil, false, after: 0))
    }

    @Test func `old events of connections are forgotten batch by batch, and nothing else is`() async throws {
        let (store, clock) = (MemoryStore(), ManualClock(Self.start))
        try await store.migrate(StorageSchema.migrations + APISchema.migrations)
        let ids = IDGenerator(clock: clock.clock, random: .seeded(1))
        let subject = ids.next()
        for number in 0..<1_200 {
            try await Self.append(number % 2 == 0 ? "connection.error" : "withdrawal.sent", subject, to: store)
        }
        clock.advance(seconds: 50)
        for type in ["connection.session_connect", "withdrawal.sent"] {
            try await Self.append(type, subject, at: clock.clock.now, to: store)
        }
        let cleanup = ConnectionCleanup(
            store: store, keys: WalletRequestKeys(store: store, clock: clock.clock), eventSeconds: 100,
            clock: clock.clock)
        try await cleanup.run()
        #expect(try await Self.types(store).count == 1_202)
        clock.advance(seconds: 51)
        try await cleanup.run()
        let left = try await Self.types(store)
        #expect(left.count { $0 == "withdrawal.sent" } == 601)
        #expect(left.filter { $0 != "withdrawal.sent" } == ["connection.session_connect"])
        // The newest stays, old or not: its number says where the log ends.
        try await Self.append("connection.error", subject, at: Self.start, to: store)
        clock.advance(seconds: 100)
        try await cleanup.run()
        #expect(try await Self.types(store).filter { $0 != "withdrawal.sent" } == ["connection.error"])
    }
}

/// A store whose first unit of work waits, and that counts them.
private final class HeldStore: Store {
    private let base: any Store
    private let until: AsyncStream<Void>
    private let count = Mutex(0)

    init(base: any Store, until: AsyncStream<Void>) {
        self.base = base
        self.until = until
    }

    var writes: Int { count.withLock { $0 } }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        let isFirst = count.withLock { count in
            count += 1
            return count == 1
        }
        if isFirst { for await _ in until {} }
        return try await base.write(body)
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result {
        try await base.read(body)
    }

    func migrate(_ migrations: [Migration]) async throws { try await base.migrate(migrations) }
    func backup(to path: String) async throws { try await base.backup(to: path) }
    func close() async { await base.close() }
}
