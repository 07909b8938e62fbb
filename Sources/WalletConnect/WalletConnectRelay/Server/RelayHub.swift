import Logging
import NIOCore
import NIOPosix
import Primitives
import Storage
import Synchronization
import WalletConnectProtocol

/// The core with its clock, its store and its lock: what sockets and HTTP calls talk to.
///
/// Called on event loops; nothing here waits. One loop, ``run()``, carries batches to the store and the outcome back.
final class RelayHub: Sendable {
    let settings: RelaySettings
    let clock: WallClock
    let logger: Logger
    let identity: RelayIdentity
    let projects: [String: RelayProject]
    let audiences: Set<String>?
    private let core: Mutex<RelayCore>
    private let store: any Store
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    /// The uptime at which the store's loop is woken next.
    private let nextWake = Atomic<Int64>(.max)
    private let events: AsyncStream<WatchedMessage>
    private let event: AsyncStream<WatchedMessage>.Continuation
    private let webhooks: WebhookCaller

    init(
        settings: RelaySettings, store: any Store, identity: RelayIdentity, webhooks: WebhookCaller,
        clock: WallClock, logger: Logger
    ) {
        self.settings = settings
        self.store = store
        self.identity = identity
        self.webhooks = webhooks
        self.clock = clock
        self.logger = logger
        projects = Dictionary(settings.projects.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        audiences = settings.admittedAudiences
        core = Mutex(RelayCore(limits: settings.limits))
        (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (events, event) = AsyncStream.makeStream(
            of: WatchedMessage.self, bufferingPolicy: .bufferingOldest(settings.limits.webhooksQueuedMax))
    }

    /// Runs one input through the core and carries out what it decides.
    @discardableResult
    private func enter<Result: Sendable>(
        _ body: (inout RelayCore, Timestamp, inout RelayOutput) -> Result
    ) -> Result {
        let now = clock.now
        let (output, result) = core.withLock { core in
            core.uptime = Self.uptime
            var output = RelayOutput()
            let result = body(&core, now, &output)
            return (output, result)
        }
        output.deliver()
        if output.wakesStore { wake.yield() }
        for message in output.watched { event.yield(message) }
        return result
    }

    // MARK: Connections

    func admitsAttempt(client: String, address: String) -> Bool {
        enter { core, now, _ in
            core.admitsAttempt(ConnectAttempt(client: client, address: address), at: now)
        }
    }

    func open(_ peer: any RelayPeer, client: DIDKey, subject: String? = nil) -> ConnectionID {
        enter { core, now, out in core.open(peer, client: client, subject: subject, at: now, &out) }
    }

    func close(_ id: ConnectionID) {
        enter { core, now, out in core.close(id, at: now, &out) }
    }

    func writability(_ id: ConnectionID, _ isWritable: Bool) {
        enter { core, _, out in core.writability(id, isWritable, &out) }
    }

    /// One text frame.
    func receive(_ text: ByteBuffer, from id: ConnectionID) {
        guard let quick = QuickFrame.scan(text.readableBytesUInt8Span, at: clock.now) else {
            return receiveSlowly(text, from: id)
        }
        enter { core, now, out in
            switch quick {
            case .publish(let request, let content, let ttl):
                core.receivePublish(content, ttlSeconds: ttl, id: request, from: id, at: now, &out)
            case .acknowledgement(let sequence): core.acknowledge(sequence, by: id, at: now, &out)
            }
        }
    }

    /// A call over HTTP, which must have an answer.
    func call(_ text: ByteBuffer, from id: ConnectionID) {
        receiveSlowly(text, from: id, isCall: true)
    }

    private func receiveSlowly(_ text: ByteBuffer, from id: ConnectionID, isCall: Bool = false) {
        let frame: RelayFrame
        do throws(RelayFrameError) {
            frame = try RelayFrame.parse(Array(text.readableBytesView))
        } catch {
            enter { core, _, out in core.refuseFrame(id, error, &out) }
            return
        }
        if case .call(let request, let call) = frame, let token = call.watchToken {
            return watch(token, call, request, from: id)
        }
        enter { core, now, out in
            if isCall, !frame.isCall {
                let error = RelayFrameError(id: frame.id, error: RelayError(.invalidMethod))
                return core.refuseFrame(id, error, &out)
            }
            core.receive(frame, from: id, at: now, &out)
        }
    }

    // MARK: Watches

    private func watch(_ token: String, _ call: RelayCall, _ request: RPCID, from id: ConnectionID) {
        let action: WatchToken.Action = if case .watchRegister = call { .register } else { .unregister }
        let verdict: Result<(client: DIDKey, claims: WatchToken.Claims), RelayError>
        do throws(WatchTokenError) {
            verdict = .success(try WatchToken.verify(token, action: action, audiences: audiences, now: clock.now))
        } catch {
            verdict = .failure(error.relayError)
        }
        enter { core, now, out in
            core.watch(verdict, request, from: id, relay: identity.did, at: now, &out)
        }
    }

    // MARK: The store

    /// Reads what was kept, so that nothing acknowledged is forgotten.
    func restore() async throws {
        try await store.migrate(RelaySchema.migrations)
        try await restorePages(SubscriptionTable.table, by: SubscriptionTable.client)
        var after: Int64 = 0
        while true {
            let start = after
            let rows = try await store.read { tx in
                try tx.select(
                    Query(
                        MailboxTable.table, where: [MailboxTable.sequence > start],
                        order: [.ascending(MailboxTable.sequence)], limit: Self.restoredRowsMax)
                ).map { try MailboxRow($0) }
            }
            guard let last = rows.last else { break }
            after = last.sequence
            enter { core, now, _ in for row in rows { core.restore(row, at: now) } }
        }
        let watches = try await store.read { tx in try tx.select(Query(WatchTable.table)) }
        for row in watches {
            guard let watch = try Watch(row) else { continue }
            let client = try row.get(WatchTable.client)
            enter { core, now, _ in core.restore(watch, client: client, at: now) }
        }
    }

    /// Rows read at once at the start.
    private static let restoredRowsMax = 2_000

    private func restorePages(_ table: Table, by column: Column<[UInt8]>) async throws {
        // Pages by client: one client's topics are read together, so a page is never cut inside one.
        let rows = try await store.read { tx in
            try tx.select(Query(table)).map { row in
                (
                    client: try row.get(SubscriptionTable.client), topic: try row.get(SubscriptionTable.topic),
                    seenAt: try row.get(SubscriptionTable.seenAt)
                )
            }
        }
        enter { core, _, _ in
            for row in rows { core.restore(client: row.client, topic: row.topic, seenAt: row.seenAt) }
        }
    }

    /// Carries batches to the store until cancelled; then what is left.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.webhooks.run(self.events, identity: self.identity, clock: self.clock) }
            group.addTask {
                // Looks at the clock, so that it is no one's duty to be punctual.
                while !Task.isCancelled {
                    self.enter { core, now, out in core.tick(at: now, &out) }
                    self.report()
                    try? await Task.sleep(for: .seconds(1))
                }
            }
            for await _ in wakes {
                await writeAll()
                if Task.isCancelled { break }
            }
            event.finish()
            group.cancelAll()
        }
        // This task may be cancelled, and would then wait for nothing; that one ends by itself soon.
        await Task { await self.finish() }.value
    }

    /// Waits for the sockets to go, which were told to when their server stopped, and stores what they leave.
    ///
    /// The server's own service ends with its listening socket; without this the process would end under them.
    private func finish() async {
        enter { core, _, out in core.drain(&out) }
        let end = Self.uptime + settings.limits.drainMilliseconds
        await writeAll()
        while Self.uptime < end, core.withLock({ !$0.connections.isEmpty }) {
            try? await Task.sleep(for: .milliseconds(Self.drainPollMilliseconds))
            await writeAll()
        }
    }

    /// How often a stopping relay looks whether its sockets have gone, in milliseconds.
    private static let drainPollMilliseconds = 10

    private func writeAll() async {
        while true {
            let (batch, due) = enter { core, _, _ in core.takeBatch() }
            guard let batch else {
                if let due { wakeUp(at: due) }
                return
            }
            do {
                let outcome = try await carryOut(batch)
                enter { core, now, out in core.stored(outcome, at: now, &out) }
            } catch {
                logger.error("relay messages were not stored", metadata: ["error": "\(error)"])
                enter { core, now, out in core.notStored(batch, at: now, &out) }
            }
        }
    }

    private func carryOut(_ batch: StoreBatch) async throws -> StoreOutcome {
        guard batch.hasWrites else { return try await store.read { try batch.read(from: $0) } }
        return try await store.write { try batch.apply(to: $0) }
    }

    private static var uptime: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    private func wakeUp(at due: Int64) {
        guard due < nextWake.load(ordering: .relaxed) else { return }
        nextWake.store(due, ordering: .relaxed)
        let delay = min(max(due - Self.uptime, 1), 1_000)
        MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(delay)) {
            // A timer that was overtaken by an earlier one leaves that one's mark.
            _ = self.nextWake.compareExchange(expected: due, desired: .max, ordering: .relaxed)
            self.wake.yield()
        }
    }

    // MARK: Numbers and the end

    /// Who decides what becomes of pushes from now on; nil for nobody.
    func decideFates(_ decide: DecidePushFate?) {
        core.withLock { $0.decideFate = decide }
    }

    /// Every socket is told to go; its client comes back.
    func disconnectAll() {
        enter { core, _, out in
            for connection in core.connections.values { out.close(connection.peer, .goingAway) }
        }
    }

    /// No new connections from now on.
    func drain() {
        enter { core, _, out in core.drain(&out) }
    }

    /// Nothing is promised, stored or said from now on.
    func kill() {
        let peers = core.withLock { core in
            let peers = core.connections.values.map { $0.peer }
            core = RelayCore(limits: settings.limits)
            core.isDraining = true
            return peers
        }
        for peer in peers {
            peer.putClose(.goingAway)
            peer.deliver()
        }
    }

    var isDraining: Bool { core.withLock { $0.isDraining } }

    /// Open connections and what is kept.
    var figures: RelayFigures { core.withLock { RelayFigures($0) } }

    private let meters = RelayMeters()

    private func report() {
        let (counts, figures) = core.withLock { core in
            let counts = core.counts
            core.counts = RelayCounts()
            return (counts, RelayFigures(core))
        }
        meters.report(counts, figures)
    }
}

/// How much there is of everything.
public struct RelayFigures: Sendable, Hashable {
    /// Open connections.
    public var connections: Int
    /// Clients that are connected or have subscriptions.
    public var clients: Int
    /// Topics with readers or messages.
    public var topics: Int
    /// Bytes of messages that wait for their readers.
    public var mailboxBytes: Int

    init(_ core: borrowing RelayCore) {
        connections = core.connections.count
        clients = core.clients.count
        topics = core.topics.count
        mailboxBytes = core.mailboxBytes
    }
}

extension RelayFrame {
    fileprivate var isCall: Bool {
        if case .call = self { true } else { false }
    }
}
