public import Primitives

/// What goes out: sealed once, stored, published until the relay has it or the time is over.
extension SignEngine {
    /// Where messages of a topic go.
    struct Channel {
        var topic: Topic
        var key: SymmetricKey
        /// The peer's app, when messages travel in links.
        var link: String?
    }

    /// The text of a message for a topic.
    ///
    /// - Throws: ``SignError`` of code `payloadTooLarge`: no relay would take it.
    func seal(_ message: PeerMessage, for channel: Channel) throws(SignError) -> String {
        let text = Envelope.seal(
            message.encoded(), key: channel.key, encoding: channel.link == nil ? .base64 : .base64URL, random: random)
        try checkSize(text)
        return text
    }

    func checkSize(_ text: String) throws(SignError) {
        let size = text.utf8.count
        guard size <= settings.limits.messageBytesMax else {
            throw .payloadTooLarge(bytes: size, max: settings.limits.messageBytesMax)
        }
    }

    func checkOutbox() throws(SignError) {
        guard outbox.count < settings.limits.outboxMax else { throw .limit("messages that wait for the relay") }
    }

    /// Sends a sealed message.
    mutating func send(
        _ text: String, over channel: Channel, rule: PublishRule, ttlSeconds: Int64? = nil,
        analytics: RelayAnalytics? = nil, id: Int64, purpose: OutboundPurpose, at now: Timestamp,
        into decision: inout Decision
    ) {
        if let link = channel.link {
            let url = LinkModeURL(universalLink: link, topic: channel.topic, envelope: text).text
            decision.actions.append(.open(OutboundLink(id: id, topic: channel.topic, url: url)))
            return
        }
        let ttl = ttlSeconds.map { UInt32(clamping: $0) } ?? rule.ttlSeconds
        let publish = RelayPublish(
            topic: channel.topic, message: text, ttlSeconds: ttl, tag: rule.tag, prompt: rule.prompt,
            analytics: settings.sendsAnalytics ? analytics : nil)
        post(.plain(publish), seconds: Int64(ttl), purpose: purpose, at: now, into: &decision)
    }

    /// Puts a message into the outbox and on its way.
    mutating func post(
        _ kind: OutboundMessage.Kind, seconds: Int64, purpose: OutboundPurpose, at now: Timestamp,
        into decision: inout Decision
    ) {
        let id = outboundIDs.next(at: now)
        let message = OutboundMessage(id: id, kind: kind, expiresAt: now.adding(seconds: seconds))
        outbox[id] = OutboxRow(purpose: purpose, expiresAt: message.expiresAt, mayBeThere: false)
        decision.changes.append(.put(Self.record(message, purpose: purpose)))
        decision.actions.append(.publish(message))
    }

    /// Answers a request of a peer; an answer that does not fit is replaced by an error that does.
    @discardableResult
    mutating func answer(
        _ message: PeerMessage, over channel: Channel, rule: PublishRule, analytics: RelayAnalytics? = nil,
        at now: Timestamp, into decision: inout Decision
    ) -> String? {
        guard outbox.count < settings.limits.outboxMax, let text = try? seal(message, for: channel) else {
            decision.drop = .limitReached
            return nil
        }
        var analytics = analytics ?? RelayAnalytics()
        analytics.correlationID = analytics.correlationID ?? message.id?.int64
        send(
            text, over: channel, rule: rule, analytics: analytics, id: message.id?.int64 ?? 0, purpose: .answer,
            at: now, into: &decision)
        return text
    }

    /// A message was put on the way to the relay: from now on the peer may have it, whatever is heard of it.
    public mutating func left(_ id: Int64) {
        outbox[id]?.mayBeThere = true
    }

    /// Whether a message still waits for the relay; one that was withdrawn does not.
    public func awaitsRelay(_ id: Int64) -> Bool { outbox[id] != nil }

    /// The relay took a message, or never will.
    ///
    /// An unknown id is no mistake: the message may have been settled by its answer before. A call whose message may be
    /// there goes on until its own time is over, for the peer may still answer.
    public mutating func published(_ id: Int64, _ outcome: PublishOutcome, at now: Timestamp) -> Decision {
        var decision = Decision()
        guard let row = outbox.removeValue(forKey: id) else { return decision }
        decision.changes.append(.delete(RecordKey(.outbox, String(id))))
        let failure: SignError
        switch outcome {
        case .accepted:
            if case .approval(_, _, let proposal) = row.purpose { endApproved(proposal, into: &decision) }
            return decision
        case .refused(let error): failure = .refusedByRelay(error)
        case .undeliverable where row.mayBeThere:
            giveUp(row.purpose, at: now, into: &decision)
            return decision
        case .undeliverable: failure = .undeliverable()
        }
        switch row.purpose {
        case .answer: break
        case .request(let id): endRequest(id, .failed(failure), at: now, into: &decision)
        case .proposal(let id): endSentProposal(id, .failed(failure), at: now, into: &decision)
        case .authentication(let id): endSentAuthentication(id, .failed(failure), at: now, into: &decision)
        case .approval(let id, let session, let proposal):
            takeBackApproval(id, session: session, proposal: proposal, failure: failure, at: now, into: &decision)
        }
        return decision
    }

    /// A message that the relay may have is not sent again.
    private mutating func giveUp(_ purpose: OutboundPurpose, at now: Timestamp, into decision: inout Decision) {
        switch purpose {
        case .answer: break
        case .request(let id): expireSentRequest(id, at: now, into: &decision)
        case .proposal(let id): expireSentProposal(id, at: now, into: &decision)
        case .authentication(let id): expireSentAuthentication(id, at: now, into: &decision)
        case .approval(let id, let session, let proposal):
            takeBackApproval(
                id, session: session, proposal: proposal, failure: .unanswered(), mayBeThere: true, at: now,
                into: &decision)
        }
    }

    /// Removes what waits for the relay on behalf of something that ended.
    ///
    /// - Returns: whether something was removed that surely never left.
    @discardableResult
    mutating func withdraw(_ purpose: OutboundPurpose, into decision: inout Decision) -> Bool {
        var neverLeft = false
        // Few messages wait at a time, and this is rare: when a proposal or a session ends early.
        for (id, row) in outbox where row.purpose == purpose {
            outbox[id] = nil
            decision.withdrawn.append(id)
            decision.changes.append(.delete(RecordKey(.outbox, String(id))))
            if !row.mayBeThere { neverLeft = true }
        }
        return neverLeft
    }

    /// Ends a waiting call.
    mutating func finish(_ call: Int64, _ outcome: SignOutcome, at now: Timestamp, into decision: inout Decision) {
        guard outcomes[call] == nil else { return }
        if outcomes.count >= settings.limits.outcomesMax { forgetOldestOutcome(into: &decision) }
        let expiresAt = now.adding(seconds: settings.lifetimes.outcomeSeconds)
        outcomes[call] = OutcomeRow(outcome: outcome, expiresAt: expiresAt)
        outcomeOrder.append(call)
        deadlines.add(.outcome(call), at: expiresAt)
        decision.changes.append(.put(Self.record(call, outcome, expiresAt: expiresAt)))
        decision.actions.append(.finish(call, outcome))
    }

    /// The caller of a finished call has its outcome: it need not be kept.
    public mutating func handedOver(_ call: Int64) -> Decision {
        var decision = Decision()
        forgetOutcome(call, into: &decision)
        return decision
    }

    mutating func forgetOutcome(_ call: Int64, into decision: inout Decision) {
        guard outcomes.removeValue(forKey: call) != nil else { return }
        decision.changes.append(.delete(RecordKey(.outcomes, String(call))))
        // The order is a hint; names of outcomes that are gone are dropped in one go.
        if outcomeOrder.count > 2 * outcomes.count + 64 { outcomeOrder.removeAll { outcomes[$0] == nil } }
    }

    private mutating func forgetOldestOutcome(into decision: inout Decision) {
        guard let oldest = outcomeOrder.first(where: { outcomes[$0] != nil }) else { return }
        forgetOutcome(oldest, into: &decision)
    }

    /// Leaves topics for good: nothing of them is known any more, and the relay is told until it has understood.
    mutating func leave(_ topics: [Topic], at now: Timestamp, into decision: inout Decision) {
        guard !topics.isEmpty else { return }
        let until = now.adding(seconds: settings.lifetimes.farewellSeconds)
        for topic in topics.prefix(max(0, settings.limits.farewellsMax - farewells.count)) {
            farewells[topic] = until
            deadlines.add(.farewell(topic), at: until)
            decision.changes.append(
                .put(StoredRecord(key: RecordKey(.farewells, topic.hex), value: [], expiresAt: until)))
        }
        decision.actions.append(.unsubscribe(topics))
    }

    /// The relay was told that these topics are left.
    public mutating func unsubscribed(_ topics: [Topic]) -> Decision {
        var decision = Decision()
        for topic in topics where farewells.removeValue(forKey: topic) != nil {
            decision.changes.append(.delete(RecordKey(.farewells, topic.hex)))
        }
        return decision
    }

    /// Subscribes topics, which are not to be left any more.
    mutating func enter(_ topics: [Topic], adopting: Bool = false, into decision: inout Decision) {
        for topic in topics where farewells.removeValue(forKey: topic) != nil {
            decision.changes.append(.delete(RecordKey(.farewells, topic.hex)))
        }
        decision.actions.append(adopting ? .adopt(topics) : .subscribe(topics))
    }
}
