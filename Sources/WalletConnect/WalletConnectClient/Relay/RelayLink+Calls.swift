package import Primitives
package import WalletConnectProtocol

/// Calls to the relay and their answers.
extension RelayLink {
    /// Sends what may be sent: subscriptions first, and after a new connection nothing else until they are answered.
    mutating func flush(at now: Timestamp) {
        guard isOpen, pausedUntil == nil else { return }
        sendSubscriptions(at: now)
        if case .restoring = phase {
            guard unsubscribedYet.isEmpty, batchesInFlight == 0 else { return }
            phase = .online
            effects.notes.append(.online(topics: topics.count))
        }
        sendFarewells(at: now)
        sendFetches(at: now)
        while calls.count < pace.callsInFlightMax, let id = queue.popFirst() { send(id, at: now) }
    }

    private mutating func sendSubscriptions(at now: Timestamp) {
        guard !unsubscribedYet.isEmpty else { return }
        let window = pace.batchesInFlightMax
        while !unsubscribedYet.isEmpty, batchesInFlight < window || knowsNoBatch, calls.count < pace.callsInFlightMax {
            let size = knowsNoBatch ? 1 : RelayCall.batchMax
            let batch = unsubscribedYet.prefix(size).filter { topics.contains($0) }
            unsubscribedYet.removeFirst(min(size, unsubscribedYet.count))
            guard let first = batch.first else { continue }
            batchesInFlight += 1
            call(
                freshID(at: now), .subscribe(batch),
                batch.count == 1
                    ? .subscribe(first, blocking: false) : .batchSubscribe(batch, blocking: false), at: now)
        }
    }

    private mutating func sendFarewells(at now: Timestamp) {
        while !unannounced.isEmpty, calls.count < pace.callsInFlightMax {
            let size = knowsNoBatch ? 1 : RelayCall.batchMax
            let batch = unannounced.prefix(size).filter { farewells.contains($0) }
            unannounced.removeFirst(min(size, unannounced.count))
            guard let first = batch.first else { continue }
            call(
                freshID(at: now), .unsubscribe(batch),
                batch.count == 1
                    ? .unsubscribe(first, id: nil)
                    : .batchUnsubscribe(batch.map { RelayUnsubscription(topic: $0) }), at: now)
        }
    }

    private mutating func sendFetches(at now: Timestamp) {
        while !unfetched.isEmpty, calls.count < pace.callsInFlightMax {
            let batch = unfetched.prefix(RelayCall.batchMax).filter { topics.contains($0) }
            unfetched.removeFirst(min(RelayCall.batchMax, unfetched.count))
            guard !batch.isEmpty else { continue }
            call(freshID(at: now), .fetch(batch), .fetch(batch, batch: true), at: now)
        }
    }

    /// Sends a message, or the next step of its fallback.
    private mutating func send(_ id: Int64, at now: Timestamp) {
        guard var entry = entries[id], calls[id] == nil else { return }
        effects.sent.append(id)
        let fallback: RelayFallback
        switch entry.message.kind {
        case .plain(let publish):
            call(id, .publish(id), .publish(publish), at: now)
            return
        case .propose(let proposal, let classic):
            if entry.fallbackStep == nil, !knowsNoCompound {
                call(id, .publish(id), .propose(proposal), at: now)
                return
            }
            fallback = classic
        case .approve(let approval, let classic):
            if entry.fallbackStep == nil, !knowsNoCompound {
                call(id, .publish(id), .approve(approval), at: now)
                return
            }
            fallback = classic
        }
        let step = entry.fallbackStep ?? 0
        while entry.fallbackIDs.count <= fallback.publishes.count { entry.fallbackIDs.append(freshID(at: now)) }
        entry.fallbackStep = step
        entries[id] = entry
        call(
            entry.fallbackIDs[step], .publish(id),
            step == 0 ? .subscribe(fallback.subscribe, blocking: false) : .publish(fallback.publishes[step - 1]),
            at: now)
    }

    private mutating func call(_ id: Int64, _ purpose: Call, _ call: RelayCall, at now: Timestamp) {
        calls[id] = purpose
        callDeadlines.append((id, now.adding(milliseconds: pace.callMilliseconds)))
        effects.frames.append(RelayFrame.call(id: .number(id), call).encoded())
    }

    // MARK: What comes

    /// Texts came; none is a sign of life.
    package mutating func received(_ number: Int, _ texts: [[UInt8]], at now: Timestamp) {
        guard number == connection, isOpen else { return }
        lastSeen = now
        for text in texts {
            let frame: RelayFrame
            do {
                frame = try RelayFrame.parse(text)
            } catch {
                effects.notes.append(.malformed)
                continue
            }
            switch frame {
            case .push(let id, let push): effects.pushes.append((id, push))
            case .answer(let id, let result): answered(id, result, at: now)
            case .refusal(let id, let error): if let id { refused(id, error, at: now) }
            case .call: effects.notes.append(.malformed)
            }
            // A refusal may have ended the connection.
            guard isOpen else { return }
        }
        flush(at: now)
    }

    /// The text that tells the relay that a push was stored; nil when its connection is gone.
    package func acknowledgement(of id: RPCID, from number: Int) -> [UInt8]? {
        guard number == connection, isOpen else { return nil }
        return RelayFrame.answer(id: id, true).encoded()
    }

    private mutating func answered(_ id: RPCID, _ result: JSON, at now: Timestamp) {
        // An answer that comes twice, or late, finds nothing.
        guard let id = id.int64, let call = calls.removeValue(forKey: id) else { return }
        unanswered = 0
        pauses = 0
        switch call {
        case .publish(let message): taken(message, isTaken: result != .bool(false) && result != .null, at: now)
        case .subscribe: batchesInFlight -= 1
        case .unsubscribe(let left):
            for topic in left where farewells.remove(topic) != nil { effects.unsubscribed.append(topic) }
        case .fetch(let asked):
            guard let page = FetchedMessages(result) else { return effects.notes.append(.malformed) }
            effects.fetched.append(contentsOf: page.messages)
            // An empty page that promises more would be asked for without an end.
            if page.hasMore, !page.messages.isEmpty { unfetched.append(contentsOf: asked) }
        }
    }

    private mutating func taken(_ id: Int64, isTaken: Bool, at now: Timestamp) {
        guard var entry = entries[id] else { return }
        guard isTaken else {
            refused(id, entry, RelayError(.publishFailed), at: now)
            return
        }
        if let step = entry.fallbackStep, step < entry.fallbackIDs.count - 1 {
            entry.fallbackStep = step + 1
            entries[id] = entry
            send(id, at: now)
            return
        }
        entries[id] = nil
        if entries.isEmpty { nextExpiry = nil }
        effects.outcomes.append((id, .accepted))
    }

    private mutating func refused(_ id: RPCID, _ error: RelayError, at now: Timestamp) {
        guard let id = id.int64, let call = calls.removeValue(forKey: id) else { return }
        unanswered = 0
        switch call {
        case .publish(let message):
            if let entry = entries[message] { refused(message, entry, error, at: now) }
        case .subscribe(let missed):
            if error.isUnknownMethod, missed.count > 1 {
                knowsNoBatch = true
                again(call)
            } else if error.isPassing {
                again(call)
                pause(for: error, at: now)
            } else {
                batchesInFlight -= 1
                effects.notes.append(.subscriptionRefused(error))
            }
        case .unsubscribe(let missed):
            if error.isUnknownMethod, missed.count > 1 {
                knowsNoBatch = true
                again(call)
            } else if error.isPassing {
                again(call)
                pause(for: error, at: now)
            } else {
                // It has no such subscription, which is what was wanted.
                for topic in missed where farewells.remove(topic) != nil { effects.unsubscribed.append(topic) }
            }
        // What waits comes as a push, or the relay has no such call.
        case .fetch: break
        }
    }

    private mutating func refused(_ id: Int64, _ entry: Entry, _ error: RelayError, at now: Timestamp) {
        if error.isUnknownMethod, entry.fallbackStep == nil, entry.message.isCompound {
            if !knowsNoCompound { effects.notes.append(.classic) }
            knowsNoCompound = true
            send(id, at: now)
        } else if error.isPassing {
            queue.append(id)
            pause(for: error, at: now)
        } else {
            entries[id] = nil
            // What was sent before and not answered may be there all the same: perhaps at another address.
            effects.outcomes.append((id, entry.mayBeThere ? .undeliverable : .refused(error)))
        }
    }

    /// The relay wants to be left alone for a while.
    private mutating func pause(for error: RelayError, at now: Timestamp) {
        if error.isRateLimit { effects.notes.append(.rateLimited) }
        pauses += 1
        let doubled = pace.firstDelayMilliseconds << Int64(min(pauses, 20))
        let cap = max(1, min(doubled, pace.lastDelayMilliseconds))
        let until = now.adding(milliseconds: cap / 2 + Int64(random.uint64(below: UInt64(cap - cap / 2 + 1))))
        pausedUntil = max(pausedUntil ?? until, until)
    }
}

extension OutboundMessage {
    fileprivate var isCompound: Bool {
        if case .plain = kind { false } else { true }
    }
}

extension RelayError {
    /// The relay is of another age.
    fileprivate var isUnknownMethod: Bool { code == -32_601 || tag == Kind.invalidMethod.tag }

    fileprivate var isRateLimit: Bool { code == Kind.tooManyRequests.code || tag == Kind.tooManyRequests.tag }

    /// The same may be taken later.
    ///
    /// So is a failure of the handler that says nothing more: other clients repeat what any error answered, and a message
    /// that is never taken ends by its own time.
    fileprivate var isPassing: Bool {
        isRateLimit || code == Kind.unknown.code || (code == Kind.publishFailed.code && tag == nil)
            || [Kind.publishFailed, .subscribeFailed, .createTopicFailed, .mailboxLimitExceeded, .unknown].contains {
                $0.tag == tag
            }
    }
}
