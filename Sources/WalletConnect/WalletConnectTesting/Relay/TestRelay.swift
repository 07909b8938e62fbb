public import Logging
public import Primitives
public import Storage
import Synchronization
public import WalletConnectClient
public import WalletConnectRelay

/// A WalletConnect relay for tests: on a free loopback port, in memory or on any store, with faults on demand.
///
/// ```swift
/// try await withTestRelay { relay in
///     let client = SignClient(settings: … RelaySettings(urls: [relay.url]) …)
///     try await relay.stop()          // the port refuses
///     try await relay.start()         // the same port, the same mailboxes
/// }
/// ```
/// It is the product's relay with its rates lifted, not an imitation. A class because its state is shared by the test and
/// the relay's own tasks.
public final class TestRelay: Sendable {
    private struct Life {
        var server: RelayServer?
        var task: Task<Void, any Error>?
        var port = 0
    }

    private struct Faults {
        /// By number, in the order they were added.
        var list: [(number: Int, fault: RelayFault)] = []
        var last = 0
        var held: [@Sendable () -> Void] = []
        var messages: [RelayedMessage] = []
        var count = 0
    }

    /// Messages that are remembered; later ones are counted only.
    public static let messagesMax = 100_000

    private let store: any Store
    private let settings: WalletConnectRelay.RelaySettings
    private let identity: RelayIdentity
    private let logger: Logger
    private let clock: WallClock
    private let pace: Pace
    private let life = Mutex(Life())
    private let faults = Mutex(Faults())
    private let late: AsyncStream<Late>
    private let lateInput: AsyncStream<Late>.Continuation

    private struct Late: Sendable {
        let milliseconds: Int64
        let carryOff: @Sendable () -> Void
    }

    init(
        store: any Store, settings: WalletConnectRelay.RelaySettings, clock: WallClock, pace: Pace, logger: Logger
    ) throws {
        self.store = store
        self.settings = settings
        self.clock = clock
        self.pace = pace
        self.logger = logger
        identity = try RelayIdentity.random()
        (late, lateInput) = AsyncStream.makeStream(of: Late.self)
    }

    // MARK: Where it is

    /// The port on 127.0.0.1; the same after ``stop()`` and ``start()``.
    public var port: Int { life.withLock { $0.port } }

    /// What clients are given: `ws://127.0.0.1:…`.
    public var url: String { "ws://127.0.0.1:\(port)" }

    /// Whether it serves.
    public var isRunning: Bool { life.withLock { $0.server != nil } }

    /// Open connections, topics and bytes; nil while it is stopped.
    public var figures: RelayFigures? { life.withLock { $0.server?.figures } }

    // MARK: Stopping and starting

    /// Opens the port, at first a free one, later the one it had; does nothing when it is open.
    ///
    /// - Throws: ``TestingError`` with `relay_not_open`; `StorageError`.
    public func start() async throws {
        guard !isRunning else { return }
        let wanted = port
        var attempt = 1
        while true {
            do {
                return try await open(wanted)
            } catch {
                // While it was free, somebody else may have had the port for a moment.
                guard wanted != 0, attempt < Self.openAttemptsMax else { throw error }
                attempt += 1
                try await Task.sleep(for: .milliseconds(Self.openDelayMilliseconds))
            }
        }
    }

    private static let openAttemptsMax = 50
    private static let openDelayMilliseconds = 100

    private func open(_ wanted: Int) async throws {
        let server = RelayServer(
            settings: settings, store: store, identity: identity, clock: clock, logger: logger)
        server.decideFates { [weak self] topic, tag in
            self?.fate(of: RelayedMessage(topic: topic, tag: tag)) ?? .arrives
        }
        let (ports, opened) = AsyncStream.makeStream(of: Int.self)
        // Ended by `stop`, which `withTestRelay` calls at the latest.
        let task = Task {
            defer { opened.finish() }
            try await server.run(host: "127.0.0.1", port: wanted) { opened.yield($0) }
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            task.cancel()
            try await task.value
            throw TestingError(.relayNotOpen, "the relay ended before its port was open")
        }
        life.withLock { life in
            life.server = server
            life.task = task
            life.port = port
        }
    }

    /// Closes the port and every connection, after what was taken is stored; does nothing when it is stopped.
    public func stop() async {
        let task = life.withLock { life in
            life.server = nil
            return life.task.take()
        }
        task?.cancel()
        // How it ends is not the test's concern: it was told to.
        _ = await task?.result
    }

    /// Ends as if its process were killed: what the store does not have is gone, and nobody is told anything more.
    public func kill() async {
        life.withLock { $0.server }?.kill()
        await stop()
    }

    /// Ends every connection; the port stays open, and clients come back.
    public func disconnectAll() {
        life.withLock { $0.server }?.disconnectAll()
    }

    // MARK: Messages and faults

    /// How many messages were to be pushed so far, those with faults included.
    public var messageCount: Int { faults.withLock { $0.count } }

    /// Those messages in their order, at most the first ``messagesMax``.
    public var messages: [RelayedMessage] { faults.withLock { $0.messages } }

    /// Adds a fault; the first that fits a message decides.
    public func inject(_ fault: RelayFault) {
        faults.withLock { faults in
            faults.last += 1
            faults.list.append((faults.last, fault))
        }
    }

    /// Takes every fault back, and lets go what is held.
    public func clearFaults() {
        faults.withLock { $0.list = [] }
        release()
    }

    /// Lets messages go that ``RelayFault/Effect/hold`` keeps.
    public func release() {
        let held = faults.withLock { faults in
            defer { faults.held = [] }
            return faults.held
        }
        for carryOff in held { carryOff() }
    }

    /// How many messages ``RelayFault/Effect/hold`` keeps.
    public var heldCount: Int { faults.withLock { $0.held.count } }

    private func fate(of message: RelayedMessage) -> PushFate {
        let candidates = faults.withLock { faults in
            faults.count += 1
            if faults.messages.count < Self.messagesMax { faults.messages.append(message) }
            return faults.list.filter { $0.fault.count != 0 }
        }
        // The test's own code runs outside of the lock: it may ask this relay something.
        let chosen = candidates.first { $0.fault.matches(message) && use($0.number) }
        switch chosen?.fault.effect {
        case nil: return .arrives
        case .lose: return .isLost
        case .drop: return .vanishes
        case .duplicate: return .arrivesTwice
        case .delay(let milliseconds):
            return .waits { [lateInput] carryOff in
                lateInput.yield(Late(milliseconds: milliseconds, carryOff: carryOff))
            }
        case .hold:
            return .waits { [weak self] carryOff in
                self?.faults.withLock { $0.held.append(carryOff) }
            }
        }
    }

    /// Counts a fault down; false when another message had the last of it.
    private func use(_ number: Int) -> Bool {
        faults.withLock { faults in
            guard let index = faults.list.firstIndex(where: { $0.number == number }) else { return false }
            guard let count = faults.list[index].fault.count else { return true }
            guard count != 0 else { return false }
            faults.list[index].fault.count = count - 1
            return true
        }
    }

    /// Carries off what is late, each in its time, until it is cancelled.
    func carryOffLate() async {
        await withDiscardingTaskGroup { group in
            for await item in late {
                group.addTask {
                    await self.pace.sleep(milliseconds: item.milliseconds)
                    item.carryOff()
                }
            }
            group.cancelAll()
        }
    }
}

/// Runs a relay for the time of `body`.
///
/// - Parameters:
///   - store: keeps mailboxes and subscriptions, also while the relay is stopped; in memory unless given.
///   - clock: the relay's time of day; that of clients must be near it.
///   - pace: what late messages wait by.
///   - change: settings of the relay, whose rates are lifted already.
/// - Throws: what `body` throws; ``TestingError`` with `relay_not_open`.
@discardableResult
public func withTestRelay<Result: Sendable>(
    store: any Store = MemoryStore(), clock: WallClock = .system, pace: Pace = .system,
    logger: Logger = TestLog.quiet,
    settings change: (inout WalletConnectRelay.RelaySettings) -> Void = { _ in },
    _ body: @escaping @Sendable (TestRelay) async throws -> Result
) async throws -> Result {
    var settings = WalletConnectRelay.RelaySettings()
    settings.limits.liftRates()
    // A test that stops its relay does not want to wait for the clients' convenience.
    settings.limits.drainMilliseconds = drainMilliseconds
    change(&settings)
    let relay = try TestRelay(store: store, settings: settings, clock: clock, pace: pace, logger: logger)
    try await relay.start()
    let result = await withTaskGroup(of: Swift.Result<Result, any Error>?.self) { group in
        group.addTask {
            await relay.carryOffLate()
            return nil
        }
        group.addTask {
            do { return .success(try await body(relay)) } catch { return .failure(error) }
        }
        defer { group.cancelAll() }
        while let ended = await group.next() {
            if let ended { return ended }
        }
        return .failure(CancellationError())
    }
    await relay.stop()
    return try result.get()
}

private let drainMilliseconds: Int64 = 200

/// Loggers for tests.
public enum TestLog {
    /// Says nothing below `critical`: what a test breaks on purpose is no news.
    public static var quiet: Logger {
        var logger = Logger(label: "coffer.testing")
        logger.logLevel = .critical
        return logger
    }
}
