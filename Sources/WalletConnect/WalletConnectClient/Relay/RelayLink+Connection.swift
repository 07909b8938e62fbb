package import Primitives
import WalletConnectProtocol

/// Connecting, losing the connection, and trying again.
extension RelayLink {
    /// The connection is open: all topics are subscribed first.
    package mutating func opened(_ number: Int, at now: Timestamp) {
        guard number == connection, case .opening = phase else { return }
        openedAt = now
        lastSeen = now
        phase = .restoring
        // In order, so that two runs do the same.
        unsubscribedYet = topics.sorted()
        unannounced = farewells.sorted()
        unfetched = fetchesOnConnect ? unsubscribedYet : []
        requeue()
        proceed(at: now)
    }

    /// The connection did not come to be.
    package mutating func failed(_ number: Int, _ error: TransportError, at now: Timestamp) {
        guard number == connection, case .opening = phase else { return }
        switch error.httpStatus {
        case 401 where !triedFreshToken:
            // Every attempt signs a new token; one more, for a clock that was just corrected.
            triedFreshToken = true
            retry(error.message, at: now)
        case 401, 403: refuse(RelayClose(code: Self.authError, reason: error.message), at: now)
        case 429: retry(error.message, atLeast: pace.rateLimitDelayMilliseconds, at: now)
        default: retry(error.message, at: now)
        }
    }

    /// The connection ended.
    package mutating func closed(_ number: Int, _ close: RelayClose, at now: Timestamp) {
        guard number == connection, isOpen else { return }
        lose(close, at: now)
    }

    /// The relay closes with it when the project, the token or the origin is not accepted.
    static let authError: UInt16 = 3000
    /// Nothing was subscribed and nothing was said for long.
    static let stale: UInt16 = 4008
    static let tryAgainLater: UInt16 = 1013
    static let goingAway: UInt16 = 1001
    static let rebalancing: UInt16 = 4010

    mutating func lose(_ close: RelayClose, at now: Timestamp) {
        effects.notes.append(.closed(close))
        let wasStable = now.milliseconds(since: openedAt) >= pace.stableMilliseconds
        if wasStable {
            failures = 0
            failuresHere = 0
            triedFreshToken = false
        }
        forgetConnection()
        switch close.code {
        case Self.authError:
            if !triedFreshToken, close.reason.utf8.contains(Array("JWT".utf8)) {
                triedFreshToken = true
                retry(close.reason, at: now)
            } else {
                refuse(close, at: now)
            }
        case Self.stale where topics.isEmpty && entries.isEmpty:
            phase = .idle
        case Self.tryAgainLater:
            retry("the relay is busy", atLeast: pace.rateLimitDelayMilliseconds, at: now)
        case Self.goingAway, Self.rebalancing:
            // Not a failure, but all of its clients were told at the same moment.
            wait(Int64(random.uint64(below: UInt64(max(1, pace.firstDelayMilliseconds * 4)))), "the relay moves", now)
        default:
            retry("closed with \(close.code)", at: now)
        }
    }

    /// Everything that belongs to one connection.
    mutating func forgetConnection() {
        for case .publish(let id) in calls.values { entries[id]?.mayBeThere = true }
        calls.removeAll(keepingCapacity: true)
        callDeadlines.removeAll()
        batchesInFlight = 0
        unanswered = 0
        pausedUntil = nil
        pauses = 0
        knowsNoCompound = false
        knowsNoBatch = false
        effects.frames = []
        // Its pushes are not acknowledged any more: the relay delivers them again.
    }

    /// All messages wait again, in the order they were made.
    private mutating func requeue() {
        queue.removeAll()
        for id in entries.keys.sorted() { queue.append(id) }
    }

    private mutating func retry(_ why: String, atLeast floor: Int64 = 0, at now: Timestamp) {
        failures += 1
        failuresHere += 1
        if failuresHere >= pace.attemptsPerURL { nextURL() }
        // Half of the wait is certain, half is chance: clients that lost one relay together come back one by one.
        let doubled = pace.firstDelayMilliseconds << Int64(min(failures - 1, 20))
        let cap = max(1, floor, min(doubled, pace.lastDelayMilliseconds))
        wait(cap / 2 + Int64(random.uint64(below: UInt64(cap - cap / 2 + 1))), why, now)
    }

    private mutating func wait(_ milliseconds: Int64, _ why: String, _ now: Timestamp) {
        guard hasWork else {
            phase = .idle
            return
        }
        phase = .waiting(until: now.adding(milliseconds: milliseconds))
        effects.notes.append(.failed(why, retryMilliseconds: milliseconds))
    }

    /// This address will not have us; when none will, whoever awaits an answer is told.
    ///
    /// What nobody awaits (answers, approvals, events, deletions) stays until its own time is over: whoever mends the
    /// project's settings finds nothing lost. So does what the relay may have already: its answer may still come.
    private mutating func refuse(_ close: RelayClose, at now: Timestamp) {
        refusedURLs.insert(urlIndex)
        triedFreshToken = false
        guard refusedURLs.count >= urls.count else {
            nextURL()
            wait(0, close.reason, now)
            return
        }
        phase = .refused(close, until: now.adding(milliseconds: pace.refusedDelayMilliseconds))
        effects.notes.append(.refused(close))
        for (id, entry) in entries.sorted(by: { $0.key < $1.key })
        where entry.message.isAwaited && !entry.mayBeThere {
            entries[id] = nil
            effects.outcomes.append((id, .refused(Self.refusal(close))))
        }
        queue.removeAll()
        nextExpiry = entries.values.map(\.deadline).min()
    }

    private mutating func nextURL() {
        failuresHere = 0
        for _ in urls.indices {
            urlIndex = (urlIndex + 1) % urls.count
            if !refusedURLs.contains(urlIndex) { return }
        }
    }

    var hasWork: Bool { !topics.isEmpty || !entries.isEmpty || !farewells.isEmpty }

    /// Does what can be done now: connects when there is work, sends when there is a connection.
    mutating func proceed(at now: Timestamp) {
        switch phase {
        case .idle where hasWork: open(at: now)
        case .restoring, .online: flush(at: now)
        default: break
        }
    }

    private mutating func open(at now: Timestamp) {
        connection += 1
        phase = .opening
        effects.open = Effects.Opening(connection: connection, url: urls[urlIndex])
    }

    // MARK: Time

    /// When ``tick(at:)`` has something to do next.
    package var nextDeadline: Timestamp? {
        var next = nextExpiry
        func note(_ moment: Timestamp?) {
            if let moment { next = min(next ?? moment, moment) }
        }
        switch phase {
        case .waiting(let until), .refused(_, let until): note(until)
        case .restoring, .online:
            note(lastSeen.adding(milliseconds: pace.silenceMilliseconds))
            note(callDeadlines.first?.at)
            note(pausedUntil)
        case .idle, .opening: break
        }
        return next
    }

    /// Time has passed.
    package mutating func tick(at now: Timestamp) {
        expireMessages(at: now)
        switch phase {
        case .waiting(let until) where until <= now:
            phase = .idle
            proceed(at: now)
        case .refused(_, let until) where until <= now:
            reconnect(at: now)
        case .restoring, .online:
            if now.milliseconds(since: lastSeen) >= pace.silenceMilliseconds {
                give(up: "silent for too long", at: now)
                return
            }
            guard expireCalls(at: now) else { return }
            if let until = pausedUntil, until <= now { pausedUntil = nil }
            flush(at: now)
        default: break
        }
    }

    private mutating func give(up reason: String, at now: Timestamp) {
        let close = RelayClose(code: RelayClose.abnormal, reason: reason)
        lose(close, at: now)
        effects.close = close
    }

    private mutating func expireMessages(at now: Timestamp) {
        guard let expiry = nextExpiry, expiry <= now else { return }
        nextExpiry = nil
        for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
            if entry.deadline <= now {
                entries[id] = nil
                effects.outcomes.append((id, .undeliverable))
            } else {
                nextExpiry = min(nextExpiry ?? entry.deadline, entry.deadline)
            }
        }
    }

    /// Asks again what was not answered; false when that led to the end of the connection.
    private mutating func expireCalls(at now: Timestamp) -> Bool {
        while let due = callDeadlines.first, due.at <= now {
            _ = callDeadlines.popFirst()
            guard let call = calls.removeValue(forKey: due.id) else { continue }
            unanswered += 1
            if case .restoring = phase { unanswered = pace.unansweredMax }
            guard unanswered < pace.unansweredMax else {
                give(up: "calls are not answered", at: now)
                return false
            }
            effects.notes.append(.retried)
            again(call)
        }
        return true
    }

    /// The call goes out again, in its turn.
    mutating func again(_ call: Call) {
        switch call {
        case .publish(let id):
            guard entries[id] != nil else { return }
            entries[id]?.mayBeThere = true
            queue.append(id)
        case .subscribe(let missed):
            batchesInFlight -= 1
            unsubscribedYet.append(contentsOf: missed)
        case .unsubscribe(let missed): unannounced.append(contentsOf: missed)
        case .fetch(let missed): unfetched.append(contentsOf: missed)
        }
    }
}
