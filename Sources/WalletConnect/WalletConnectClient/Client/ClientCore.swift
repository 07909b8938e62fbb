import Primitives
import WalletConnectProtocol

/// What happens outside the lock once a transition is made.
struct Afterwards {
    var frames: [[UInt8]] = []
    var connection: (any RelayConnection)?
    var close: (connection: any RelayConnection, close: RelayClose)?
    var opensConnection = false
    var commits = false
    var sleepsLess = false
    var finished: [(CallWaiter.Continuation, Result<SignOutcome, SignError>)] = []
    var stored: [(StoreWaiter.Continuation, Result<Void, SignError>)] = []
    var events: [SignEvent] = []
    var links: [OutboundLink] = []
    var inquiries: [Inquiry] = []
    var notes: [RelayLink.Note] = []
    var drops: [DropReason] = []
    var outcomes: [PublishOutcome] = []
    var received = 0
}

/// A question to the outside.
enum Inquiry: Sendable {
    case origin(VerifyQuery)
    case signatures(SignatureQuery)
}

/// Somebody who waits for the outcome of a call.
struct CallWaiter {
    typealias Continuation = CheckedContinuation<Result<SignOutcome, SignError>, Never>
    let number: UInt64
    /// Whether the outcome stays in the records until it is handed over by name.
    let keeps: Bool
    let continuation: Continuation
}

/// Somebody who waits until a decision is stored.
struct StoreWaiter {
    typealias Continuation = CheckedContinuation<Result<Void, SignError>, Never>
    let ticket: UInt64
    let continuation: Continuation
}

/// A decision that waits to be stored, with the push to acknowledge then.
struct WaitingDecision: Sendable {
    let decision: Decision
    let push: (id: RPCID, connection: Int)?
}

/// Everything of a client that changes, with named transitions; it lives under one lock.
struct ClientCore {
    enum Phase {
        case created
        case restoring
        case running
        case ended(SignError)
    }

    var phase = Phase.created
    var engine: SignEngine
    var link: RelayLink
    var clientID: String?

    // Decisions, and who waits for them.
    private(set) var waiting: [WaitingDecision] = []
    private(set) var lazySince: Timestamp?
    private var lastTicket: UInt64 = 0
    private var storedTicket: UInt64 = 0
    private var storeWaiters: [StoreWaiter] = []
    private var callWaiters: [Int64: [CallWaiter]] = [:]
    private var lastWaiter: UInt64 = 0
    /// Calls whose outcomes are being stored right now.
    private var finishing: Set<Int64> = []

    // The connection.
    var connection: (any RelayConnection)?
    var opening: RelayLink.Effects.Opening?
    var sleepingUntil: Timestamp?
    /// How far the relay's clock is ahead of ours, as far as it was told.
    var clockSkewMilliseconds: Int64 = 0

    /// Lazy decisions that are never held back longer than this, whatever their age.
    static let lazyMax = 512

    init(settings: SignClientSettings, random: RandomSource, now: Timestamp) {
        engine = SignEngine(settings: settings.sign, random: random)
        link = RelayLink(settings: settings.relay, random: random, began: now)
    }

    func requireRunning() throws(SignError) {
        switch phase {
        case .running: return
        case .ended(let error): throw error
        case .created, .restoring: throw SignError(.notInitialized, "the client is not running")
        }
    }

    // MARK: Decisions

    /// Queues a decision; the ticket is stored when everything up to it is.
    @discardableResult
    mutating func add(
        _ decision: Decision, push: (id: RPCID, connection: Int)? = nil, steady: Timestamp,
        into after: inout Afterwards
    ) -> UInt64 {
        if let drop = decision.drop { after.drops.append(drop) }
        // At once, for a message must not go out after its caller was told that it never will.
        for id in decision.withdrawn { link.withdraw(id) }
        guard !decision.isEmpty || push != nil else { return storedTicket }
        waiting.append(WaitingDecision(decision: decision, push: push))
        lastTicket += 1
        // What leads to nothing but a tidier store can wait for company.
        if decision.actions.isEmpty, push == nil, waiting.count < Self.lazyMax {
            lazySince = lazySince ?? steady
        } else {
            after.commits = true
        }
        return lastTicket
    }

    /// Takes everything that waits, as one unit.
    mutating func takeWaiting() -> (decisions: [WaitingDecision], ticket: UInt64) {
        defer {
            waiting.removeAll(keepingCapacity: true)
            lazySince = nil
        }
        for entry in waiting {
            for case .finish(let call, _) in entry.decision.actions { finishing.insert(call) }
        }
        return (waiting, lastTicket)
    }

    /// Carries out what has been stored.
    mutating func stored(
        _ decisions: [WaitingDecision], ticket: UInt64, now: Timestamp, steady: Timestamp,
        into after: inout Afterwards
    ) {
        storedTicket = ticket
        finishing = []
        for waiter in storeWaiters where waiter.ticket <= ticket {
            after.stored.append((waiter.continuation, .success(())))
        }
        storeWaiters.removeAll { $0.ticket <= ticket }
        for entry in decisions {
            if let push = entry.push, let text = link.acknowledgement(of: push.id, from: push.connection) {
                after.frames.append(text)
            }
        }
        for entry in decisions {
            for action in entry.decision.actions { carryOut(action, now: now, steady: steady, into: &after) }
        }
        settle(now: now, steady: steady, into: &after)
    }

    private mutating func carryOut(
        _ action: SignAction, now: Timestamp, steady: Timestamp, into after: inout Afterwards
    ) {
        switch action {
        case .publish(let message):
            // It may have been withdrawn while it was being stored.
            guard engine.awaitsRelay(message.id) else { return }
            link.publish(message, lasting: message.expiresAt.milliseconds(since: now), at: steady)
        case .subscribe(let topics): link.subscribe(topics, at: steady)
        case .unsubscribe(let topics): link.unsubscribe(topics, at: steady)
        case .adopt(let topics): link.adopt(topics, at: steady)
        case .emit(let event): after.events.append(event)
        case .finish(let call, let outcome):
            guard let waiters = callWaiters.removeValue(forKey: call) else { return }
            for waiter in waiters { after.finished.append((waiter.continuation, .success(outcome))) }
            if !waiters.allSatisfy(\.keeps) { add(engine.handedOver(call), steady: steady, into: &after) }
        case .verify(let query): after.inquiries.append(.origin(query))
        case .checkSignatures(let query): after.inquiries.append(.signatures(query))
        case .open(let link): after.links.append(link)
        }
    }

    /// Takes what the link wants done, until it wants nothing more.
    mutating func settle(now: Timestamp, steady: Timestamp, into after: inout Afterwards) {
        while let effects = link.takeWork() {
            if let close = effects.close {
                if let connection { after.close = (connection, close) }
                connection = nil
            }
            if let open = effects.open {
                opening = open
                after.opensConnection = true
            }
            after.frames.append(contentsOf: effects.frames)
            after.notes.append(contentsOf: effects.notes)
            for id in effects.sent { engine.left(id) }
            for (id, outcome) in effects.outcomes {
                after.outcomes.append(outcome)
                add(engine.published(id, outcome, at: now), steady: steady, into: &after)
            }
            if !effects.unsubscribed.isEmpty {
                add(engine.unsubscribed(effects.unsubscribed), steady: steady, into: &after)
            }
            for (id, push) in effects.pushes {
                let message = InboundMessage(
                    topic: push.topic, message: push.message, publishedAt: push.publishedAt, tag: push.tag,
                    attestation: push.attestation)
                receive(message, push: id, now: now, steady: steady, into: &after)
            }
            for message in effects.fetched { receive(message, now: now, steady: steady, into: &after) }
        }
        after.connection = connection
    }

    private mutating func receive(
        _ message: InboundMessage, push: RPCID? = nil, now: Timestamp, steady: Timestamp, into after: inout Afterwards
    ) {
        let decision = engine.receive(message, at: now)
        if decision.drop == .unknownTopic, !link.topics.contains(message.topic) {
            // The relay still holds a subscription that nobody here knows.
            link.unsubscribe([message.topic], at: steady)
        }
        after.received += 1
        add(decision, push: push.map { ($0, link.connection) }, steady: steady, into: &after)
    }

    // MARK: Waiting

    /// Waits until a ticket is stored; nil when it must wait.
    mutating func wait(
        forTicket ticket: UInt64, _ continuation: StoreWaiter.Continuation, into after: inout Afterwards
    ) -> Result<Void, SignError>? {
        if ticket <= storedTicket { return .success(()) }
        if case .ended(let error) = phase { return .failure(error) }
        after.commits = true
        storeWaiters.append(StoreWaiter(ticket: ticket, continuation: continuation))
        return nil
    }

    mutating func nextWaiterNumber() -> UInt64 {
        lastWaiter += 1
        return lastWaiter
    }

    /// Waits for the outcome of a call; nil when it must wait.
    mutating func wait(
        forCall call: Int64, _ waiter: CallWaiter, steady: Timestamp, into after: inout Afterwards
    ) -> Result<SignOutcome, SignError>? {
        if case .ended(let error) = phase { return .failure(error) }
        switch engine.status(of: call) {
        case nil: return .failure(SignError(.requestNotFound, "call \(call)"))
        case .waiting: break
        case .ended(let outcome):
            // Not before it is stored: it is then carried out as an action, which finds this waiter.
            guard !isFinishing(call) else { break }
            if !waiter.keeps { add(engine.handedOver(call), steady: steady, into: &after) }
            return .success(outcome)
        }
        callWaiters[call, default: []].append(waiter)
        return nil
    }

    /// Drops an outcome that somebody has in records of his own.
    mutating func handOver(_ call: Int64, steady: Timestamp, into after: inout Afterwards) {
        guard case .running = phase, case .ended = engine.status(of: call), !isFinishing(call) else { return }
        add(engine.handedOver(call), steady: steady, into: &after)
    }

    /// Whether the outcome of a call is among the decisions that are not stored yet.
    private func isFinishing(_ call: Int64) -> Bool {
        finishing.contains(call)
            || waiting.contains { entry in
                entry.decision.actions.contains { action in
                    if case .finish(call, _) = action { true } else { false }
                }
            }
    }

    /// Ends one wait, and nothing else.
    mutating func forget(call: Int64, number: UInt64) -> CallWaiter.Continuation? {
        guard let index = callWaiters[call]?.firstIndex(where: { $0.number == number }) else { return nil }
        let waiter = callWaiters[call]?.remove(at: index)
        if callWaiters[call]?.isEmpty == true { callWaiters[call] = nil }
        return waiter?.continuation
    }

    /// The client ends: everybody who waits is told.
    mutating func end(_ error: SignError, into after: inout Afterwards) {
        phase = .ended(error)
        for waiter in storeWaiters { after.stored.append((waiter.continuation, .failure(error))) }
        storeWaiters = []
        for waiter in callWaiters.values.joined() {
            after.finished.append((waiter.continuation, .failure(error)))
        }
        callWaiters = [:]
        waiting = []
        if let connection {
            after.close = (connection, RelayClose(code: RelayClose.normal, reason: ""))
        }
        connection = nil
        link.stop()
        _ = link.takeEffects()
    }

    // MARK: Time

    /// Milliseconds until something is due, of whatever clock.
    func millisecondsToSleep(now: Timestamp, steady: Timestamp, lazy: Int64, max: Int64) -> Int64 {
        var least = max
        if let due = engine.nextDeadline { least = min(least, due.milliseconds(since: now)) }
        if let due = link.nextDeadline { least = min(least, due.milliseconds(since: steady)) }
        if let lazySince {
            least = min(least, lazySince.adding(milliseconds: lazy).milliseconds(since: steady))
        }
        // Never nothing: a loop that doesn't sleep at all would keep others from running.
        return Swift.max(least, 1)
    }

    /// Time has passed.
    mutating func tick(now: Timestamp, steady: Timestamp, lazy: Int64, into after: inout Afterwards) {
        if let due = engine.nextDeadline, due <= now {
            add(engine.tick(at: now), steady: steady, into: &after)
        }
        link.tick(at: steady)
        settle(now: now, steady: steady, into: &after)
        if let since = lazySince, since.adding(milliseconds: lazy) <= steady {
            lazySince = nil
            after.commits = true
        }
    }
}
