import Cryptography
public import Primitives

/// Messages from peers: found by topic, opened with its key, given to the life cycle they belong to.
extension SignEngine {
    /// A message on its way through the engine.
    struct Inbound {
        var topic: Topic
        var text: String
        var plaintext: [UInt8]
        var attestation: String?
        var transport: MessageTransport
        var now: Timestamp
    }

    /// Takes a message the relay pushed.
    ///
    /// Once the decision's changes are stored, the push may be acknowledged to the relay. Nothing a peer sends makes this
    /// fail: what cannot be used is dropped, and ``Decision/drop`` says why.
    public mutating func receive(_ message: InboundMessage, at now: Timestamp) -> Decision {
        var decision = Decision()
        receive(message, at: now, into: &decision)
        return decision
    }

    private mutating func receive(_ message: InboundMessage, at now: Timestamp, into decision: inout Decision) {
        guard message.message.utf8.count <= settings.limits.receivedBytesMax else {
            decision.drop = .limitReached
            return
        }
        let topic = message.topic
        let encoding: Envelope.Encoding = message.transport == .linkMode ? .base64URL : .base64
        var inbound = Inbound(
            topic: topic, text: message.message, plaintext: [], attestation: message.attestation,
            transport: message.transport, now: now)

        if let row = sessions[topic] {
            guard row.expiresAt > now else {
                expireSession(topic, at: now, into: &decision)
                return
            }
            guard !hasSeen(row.seen, message.message, into: &decision),
                let peer = open(message.message, key: row.key, encoding, &inbound, into: &decision)
            else { return }
            receiveOnSession(peer, inbound, row: row, into: &decision)
        } else if let id = settling[topic], let row = sentProposals[id], let key = row.sessionKey {
            guard let peer = open(message.message, key: key, encoding, &inbound, into: &decision) else { return }
            receiveOnSettling(peer, inbound, id: id, row: row, key: key, into: &decision)
        } else if let row = pairings[topic] {
            guard row.expiresAt > now else {
                expirePairing(topic, at: now, into: &decision)
                return
            }
            guard !hasSeen(row.seen, message.message, into: &decision), let key = row.key,
                let peer = open(message.message, key: key, encoding, &inbound, into: &decision)
            else { return }
            receiveOnPairing(peer, inbound, row: row, into: &decision)
        } else if let id = responseTopics[topic], let row = sentAuthentications[id] {
            receiveSealedFromSender(message.message, encoding, id: id, row: row, &inbound, into: &decision)
        } else {
            decision.drop = .unknownTopic
        }
    }

    private func open(
        _ text: String, key: SymmetricKey, _ encoding: Envelope.Encoding, _ inbound: inout Inbound,
        into decision: inout Decision
    ) -> PeerMessage? {
        guard let opened = try? Envelope.open(text, key: key, encoding: encoding) else {
            decision.drop = .undecryptable
            return nil
        }
        guard let message = try? PeerMessage(plaintext: opened.plaintext) else {
            decision.drop = .malformed
            return nil
        }
        inbound.plaintext = opened.plaintext
        return message
    }

    private mutating func receiveSealedFromSender(
        _ text: String, _ encoding: Envelope.Encoding, id: Int64, row: SentAuthenticationRow,
        _ inbound: inout Inbound, into decision: inout Decision
    ) {
        guard row.expiresAt > inbound.now else {
            expireSentAuthentication(id, at: inbound.now, into: &decision)
            return
        }
        guard let (opened, key) = try? Envelope.open(text, receiver: row.agreement, encoding: encoding),
            let sender = opened.sender
        else {
            decision.drop = .undecryptable
            return
        }
        guard let message = try? PeerMessage(plaintext: opened.plaintext) else {
            decision.drop = .malformed
            return
        }
        inbound.plaintext = opened.plaintext
        receiveOnResponseTopic(
            message, key: key, sender: sender.description, id: id, row: row, inbound, into: &decision)
    }

    // MARK: Link mode

    /// Takes a message that came in a universal link.
    ///
    /// Sessions that were made in links answer in links: their messages come back as ``SignAction/open(_:)``.
    ///
    /// - Throws: ``SignError`` for a link that carries no message.
    public mutating func dispatchEnvelope(_ url: String, at now: Timestamp) throws(SignError) -> Decision {
        guard url.utf8.count <= 2 * settings.limits.messageBytesMax, let link = LinkModeURL(parsing: url) else {
            throw SignError(.invalidURI, "The link carries no message.")
        }
        var decision = Decision()
        guard let kind = try? Envelope.kind(of: link.envelope, encoding: .base64URL), kind == .plain else {
            receive(
                InboundMessage(
                    topic: link.topic, message: link.envelope, publishedAt: now, transport: .linkMode), at: now,
                into: &decision)
            return decision
        }
        // The first message is not sealed; it may ask for an authentication and nothing else.
        guard let opened = try? Envelope.openPlain(link.envelope),
            case .request(let id, let method, let params)? = try? PeerMessage(plaintext: opened.plaintext),
            WCMethod(rawValue: method) == .sessionAuthenticate, sessions[link.topic] == nil
        else {
            decision.drop = .malformed
            return decision
        }
        guard pairings[link.topic] != nil || pairings.count < settings.limits.pairingsMax else {
            decision.drop = .limitReached
            return decision
        }
        let inbound = Inbound(
            topic: link.topic, text: link.envelope, plaintext: opened.plaintext, attestation: nil,
            transport: .linkMode, now: now)
        let row = pairings[link.topic] ?? linkPairing(link.topic, at: now)
        guard !hasSeen(row.seen, link.envelope, into: &decision) else { return decision }
        if pairings[link.topic] == nil { store(row, into: &decision) }
        receiveAuthentication(params, id: id, inbound, row: row, channel: channel(of: row), into: &decision)
        return decision
    }

    /// A pairing that is a topic and nothing more.
    private func linkPairing(_ topic: Topic, at now: Timestamp) -> PairingRow {
        let expiry = Self.seconds(now.adding(seconds: settings.lifetimes.pairingSeconds))
        return PairingRow(
            pairing: Pairing(topic: topic, expiry: expiry), key: nil, isOurs: false, expiresAt: Self.moment(expiry))
    }

    // MARK: Nothing twice

    /// Whether a message was handled before, where handling it twice would be seen.
    private func hasSeen(_ ring: SeenRing, _ text: String, into decision: inout Decision) -> Bool {
        // Most topics have seen nothing that counts, and need no digest.
        guard !ring.isEmpty, ring.contains(MessageDigest(of: text)) else { return false }
        decision.drop = .duplicate
        return true
    }

    /// Remembers a message that must not be handled twice.
    mutating func rememberSeen(_ inbound: Inbound, into decision: inout Decision) {
        let digest = MessageDigest(of: inbound.text)
        let limit = settings.limits.seenPerTopicMax
        let forgotten: MessageDigest?
        if sessions[inbound.topic] != nil {
            forgotten = sessions[inbound.topic]?.seen.add(digest, max: limit)
        } else {
            forgotten = pairings[inbound.topic]?.seen.add(digest, max: limit)
        }
        if let forgotten { decision.changes.append(.delete(Self.seenKey(forgotten, on: inbound.topic))) }
        let until = inbound.now.adding(seconds: settings.lifetimes.seenSeconds)
        decision.changes.append(
            .put(StoredRecord(key: Self.seenKey(digest, on: inbound.topic), value: [], expiresAt: until)))
    }

    func forgetSeen(_ ring: SeenRing, on topic: Topic, into decision: inout Decision) {
        for digest in ring.all { decision.changes.append(.delete(Self.seenKey(digest, on: topic))) }
    }

    static func seenKey(_ digest: MessageDigest, on topic: Topic) -> RecordKey {
        RecordKey(.seen, "\(topic.hex):\(digest.text)")
    }
}
