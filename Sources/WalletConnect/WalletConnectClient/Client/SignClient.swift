public import Logging
public import Metrics
public import Primitives
public import Storage
import Synchronization
public import WalletConnectProtocol

/// One WalletConnect client, for dApps and wallets alike: it connects, signs, asks and answers over a relay.
///
/// ```swift
/// try await withSignClient(settings, records: store, storeKey: key, transport: transport) { client in
///     let pending = try await client.connect(offer)
///     show(pending.uri)
///     let session = try await pending.session()
///     let signature = try await client.request(SessionRequest(topic: session.topic, …))
/// }
/// ```
///
/// Nothing is told to a peer, to the relay or to the app before it is stored: a client that is started again with the same
/// records goes on where the last one was. One client serves any number of sessions over one connection. It is a class
/// because its state is shared by its callers and its own loops; the state is under one lock, and every rule of the
/// protocol is in ``SignEngine``.
public final class SignClient: Sendable {
    let settings: SignClientSettings
    let transport: any RelayTransport
    let origins: OriginLookup
    let signatures: SignatureChecker
    let clock: WallClock
    let pace: Pace
    let random: RandomSource
    let logger: Logger
    let metrics: ClientMetrics
    private let base: any KeyValueStore
    private let storeKey: SecretBytes

    let core: Mutex<ClientCore>
    private let readiness = Mutex(Readiness())
    let subscribers: Subscribers
    let commits = Wakeup()
    let openings = Wakeup()
    let timer = Wakeup()
    let inquiryQueue = Mutex<[Inquiry]>([])
    let inquiries = Wakeup()

    /// A client that is not running yet.
    ///
    /// - Parameters:
    ///   - records: where everything is kept; no other client may use it at the same time, and one that tries takes over.
    ///   - storeKey: seals the records; at least ``SealedRecords/storeKeyBytesMin`` bytes.
    ///   - contracts: asks chains whether a contract accepts a signature; nil checks signatures of keys only.
    ///   - http: looks up where requests come from; nil looks nothing up.
    ///   - metrics: counts; nil is the program's.
    public init(
        settings: SignClientSettings, records: any KeyValueStore, storeKey: consuming SecretBytes,
        transport: any RelayTransport, contracts: (any ContractCaller)? = nil, http: (any HTTPExchange)? = nil,
        clock: WallClock = .system, pace: Pace = .system, random: RandomSource = .system,
        logger: Logger = Logger(label: "coffer.walletconnect"), metrics: (any MetricsFactory)? = nil
    ) {
        self.settings = settings
        self.transport = transport
        base = records
        self.storeKey = storeKey
        self.clock = clock
        self.pace = pace
        self.random = random
        self.logger = logger
        let counters = ClientMetrics(factory: metrics ?? MetricsSystem.factory)
        self.metrics = counters
        origins = OriginLookup(settings: settings.verify, http: http, clock: clock)
        signatures = SignatureChecker(contracts: contracts, pace: pace)
        subscribers = Subscribers(waitingMax: settings.eventsWaitingMax) { counters.eventDropped() }
        core = Mutex(ClientCore(settings: settings, random: random, now: clock.now))
    }

    // MARK: Life

    /// Works until it is cancelled; once in a client's life.
    ///
    /// At its end the connection is closed, every waiting call is told, and nothing is left running.
    ///
    /// - Throws: ``SignError`` with code `storage_failed` when records could not be stored for
    ///   ``SignClientSettings/storeSecondsMax``, or another client took them over; `record_corrupt` when they cannot be
    ///   read.
    public func run() async throws(SignError) {
        let isFirst = core.withLock { core in
            guard case .created = core.phase else { return false }
            core.phase = .restoring
            return true
        }
        precondition(isFirst, "a client runs once")
        do {
            try await work()
            end(SignError(.cancelled, "the client has ended"))
        } catch {
            logger.error("walletconnect client ends", metadata: ["error": "\(error)"])
            end(error)
            throw error
        }
    }

    private func work() async throws(SignError) {
        let (committer, identity) = try await restore()
        metrics.holds(core.withLock(\.engine.counts))
        readiness.withLock { $0.open(.success(())) }.forEach { $0.resume(returning: .success(())) }
        let failure = await withTaskGroup(of: SignError?.self) { group in
            group.addTask { await self.commitLoop(committer) }
            group.addTask {
                await self.connectionLoop(identity)
                return nil
            }
            group.addTask {
                await self.timerLoop()
                return nil
            }
            group.addTask {
                await self.inquiryLoop()
                return nil
            }
            group.addTask {
                await self.sweepLoop(committer.records)
                return nil
            }
            // Each loop ends by cancellation or by the one failure that ends the client.
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let failure { throw failure }
    }

    /// Waits until the records are read; calls before that throw `not_initialized`.
    ///
    /// - Throws: why the client ended, when it did.
    public func ready() async throws(SignError) {
        let number = readiness.withLock { $0.nextNumber() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = readiness.withLock { $0.wait(number, continuation) }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            readiness.withLock { $0.forget(number) }?.resume(returning: .failure(SignError(.cancelled)))
        }
        try result.get()
    }

    private func end(_ error: SignError) {
        act { core, after in core.end(error, into: &after) }
        subscribers.finish()
        readiness.withLock { $0.open(.failure(error)) }.forEach { $0.resume(returning: .failure(error)) }
    }

    /// Reads everything that the last client left, and takes the records over.
    private func restore() async throws(SignError) -> (Committer, ClientIdentity) {
        let start = ContinuousClock.now
        let patience = StorePatience(settings, pace: pace, random: random)
        let records = try await Committer.retrying(patience) { () throws(KeyValueError) in
            try await SealedRecords.open(base, storeKey: storeKey, random: random)
        }
        var committer = Committer(
            records: records, random: random, patience: patience, metrics: metrics, logger: logger)
        try await committer.begin()
        let identity = try await ClientIdentity.of(committer, random: random)
        var stored: [StoredRecord] = []
        for collection in RecordCollection.allCases where collection != .client {
            try await read(collection, from: committer, into: &stored)
        }
        let count = stored.count
        let result = act { core, after -> Result<Void, SignError> in
            do throws(SignError) {
                let decision = try core.engine.restore(stored, at: clock.now)
                core.clientID = identity.clientID
                core.phase = .running
                core.add(decision, steady: pace.now, into: &after)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        logger.info(
            "walletconnect client restored",
            metadata: [
                "records": "\(count)", "client": "\(identity.clientID)", "took": "\(start.duration(to: .now))",
            ])
        return (committer, identity)
    }

    private func read(
        _ collection: RecordCollection, from committer: Committer, into stored: inout [StoredRecord]
    ) async throws(SignError) {
        var after: String?
        while true {
            let last = after
            let page = try await committer.retrying { () throws(KeyValueError) in
                try await committer.records.list(collection.rawValue, after: last, limit: settings.restorePageSize)
            }
            for record in page {
                stored.append(
                    StoredRecord(
                        key: RecordKey(collection, record.key.key), value: record.value, expiresAt: record.expiresAt))
            }
            guard page.count == settings.restorePageSize, let key = page.last?.key.key else { return }
            after = key
        }
    }

    // MARK: Transitions

    /// Makes a transition under the lock, then does what it led to.
    @discardableResult
    func act<Result, Failure: Error>(
        _ body: (inout ClientCore, inout Afterwards) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        var after = Afterwards()
        let (now, steady) = (clock.now, pace.now)
        let result = try core.withLock { (core) throws(Failure) -> sending Result in
            let result = try body(&core, &after)
            let sleep = core.millisecondsToSleep(
                now: now, steady: steady, lazy: settings.lazyMilliseconds, max: .max)
            if sleep != .max, let until = core.sleepingUntil, steady.adding(milliseconds: sleep) < until {
                core.sleepingUntil = nil
                after.sleepsLess = true
            }
            return result
        }
        carryOut(after)
        return result
    }

    private func carryOut(_ after: Afterwards) {
        if !after.frames.isEmpty { after.connection?.send(after.frames) }
        if let (connection, close) = after.close { connection.close(code: close.code, reason: close.reason) }
        if after.opensConnection { openings.signal() }
        if after.commits { commits.signal() }
        if after.sleepsLess { timer.signal() }
        if !after.inquiries.isEmpty {
            inquiryQueue.withLock { $0.append(contentsOf: after.inquiries) }
            inquiries.signal()
        }
        for (continuation, result) in after.stored { continuation.resume(returning: result) }
        for (continuation, result) in after.finished { continuation.resume(returning: result) }
        if !after.events.isEmpty { subscribers.send(after.events) }
        if !after.links.isEmpty { subscribers.send(after.links) }
        metrics.received(after.received, drops: after.drops)
        for outcome in after.outcomes { metrics.published(outcome) }
        for note in after.notes {
            metrics.noted(note)
            log(note)
        }
    }

    private func log(_ note: RelayLink.Note) {
        switch note {
        case .online(let topics): logger.info("relay connected", metadata: ["topics": "\(topics)"])
        case .closed(let close):
            logger.info("relay connection ended", metadata: ["code": "\(close.code)", "reason": "\(close.reason)"])
        case .failed(let why, let milliseconds):
            logger.info("relay is tried again", metadata: ["why": "\(why)", "milliseconds": "\(milliseconds)"])
        case .refused(let close):
            logger.error(
                "relay refuses this client", metadata: ["code": "\(close.code)", "reason": "\(close.reason)"])
        case .rateLimited: logger.warning("relay asks for fewer requests")
        case .classic: logger.info("relay knows no compound calls")
        case .subscriptionRefused(let error):
            logger.error("relay refused a subscription", metadata: ["error": "\(error.code) \(error.tag ?? "")"])
        case .malformed: logger.warning("relay sent what is no frame")
        case .retried: break
        }
    }
}

/// Who waits for a client to be ready, and what came of it.
private struct Readiness {
    typealias Continuation = CheckedContinuation<Result<Void, SignError>, Never>
    private var known: Result<Void, SignError>?
    private var waiting: [UInt64: Continuation] = [:]
    private var cancelled: Set<UInt64> = []
    private var last: UInt64 = 0

    mutating func nextNumber() -> UInt64 {
        last += 1
        return last
    }

    mutating func wait(_ number: UInt64, _ continuation: Continuation) -> Result<Void, SignError>? {
        if cancelled.remove(number) != nil { return .failure(SignError(.cancelled)) }
        if let known { return known }
        waiting[number] = continuation
        return nil
    }

    mutating func forget(_ number: UInt64) -> Continuation? {
        guard let continuation = waiting.removeValue(forKey: number) else {
            if known == nil { cancelled.insert(number) }
            return nil
        }
        return continuation
    }

    mutating func open(_ result: Result<Void, SignError>) -> [Continuation] {
        known = result
        cancelled = []
        defer { waiting = [:] }
        return Array(waiting.values)
    }
}

/// Runs a client for the time of `body`.
///
/// - Throws: what `body` throws, and ``SignError`` when the client ends by itself.
public func withSignClient<Result: Sendable>(
    _ client: SignClient, _ body: @escaping @Sendable (SignClient) async throws -> Result
) async throws -> Result {
    try await whileRunning(client.run, ended: SignError(.cancelled, "the client has ended")) {
        try await client.ready()
        return try await body(client)
    }
}
