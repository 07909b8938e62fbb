import Logging
import Primitives
import Storage
import Synchronization
import WalletConnectProtocol

/// What a client does by itself; each loop is a child task of ``SignClient/run()``.
extension SignClient {
    /// Stores what waits, one unit after the other, and does what was decided.
    ///
    /// While one unit is being stored, the next collects: the store itself sets the pace.
    ///
    /// - Returns: the failure that ends the client, or nil when it was cancelled.
    func commitLoop(_ committer: Committer) async -> SignError? {
        var committer = committer
        while true {
            await commits.wait()
            while true {
                let (decisions, ticket) = core.withLock { $0.takeWaiting() }
                guard !decisions.isEmpty else { break }
                do {
                    try await committer.commit(decisions)
                } catch {
                    return error
                }
                act { core, after in
                    core.stored(decisions, ticket: ticket, now: clock.now, steady: pace.now, into: &after)
                }
            }
            // What was decided before the end is stored; what it leads to, the next client does.
            if Task.isCancelled { return nil }
        }
    }

    /// Keeps a connection open while the link wants one.
    func connectionLoop(_ identity: ClientIdentity) async {
        while !Task.isCancelled {
            guard let opening = core.withLock({ $0.opening.take() }) else {
                await openings.wait()
                continue
            }
            await serve(opening, identity)
        }
    }

    /// One connection, from the attempt to the end.
    private func serve(_ opening: RelayLink.Effects.Opening, _ identity: ClientIdentity) async {
        let relay = settings.relay
        let skew = core.withLock(\.clockSkewMilliseconds)
        let token = identity.token(
            audience: opening.url, at: clock.now.adding(milliseconds: skew), settings: relay, random: random)
        let url = RelayURL(
            base: opening.url, token: token, projectID: relay.projectID, userAgent: relay.userAgent,
            usesCloseEvent: true)
        let number = opening.connection
        let connection: any RelayConnection
        do {
            connection = try await transport.open(
                RelayOpening(
                    url: url.text, headers: relay.origin.map { [HTTPField("Origin", $0)] } ?? [],
                    deadline: .milliseconds(relay.pace.openMilliseconds), messageBytesMax: relay.frameBytesMax))
        } catch {
            act { core, after in
                if error.httpStatus == 401, let date = error.serverDate.flatMap(HTTPDate.parse) {
                    core.clockSkewMilliseconds = date.milliseconds(since: clock.now)
                }
                core.link.failed(number, error, at: pace.now)
                core.settle(now: clock.now, steady: pace.now, into: &after)
            }
            return
        }
        let isWanted = act { core, after in
            guard core.link.connection == number else { return false }
            core.connection = connection
            core.link.opened(number, at: pace.now)
            core.settle(now: clock.now, steady: pace.now, into: &after)
            return true
        }
        while isWanted, !Task.isCancelled {
            let inbound = await connection.receive()
            let goesOn = act { core, after in
                switch inbound {
                case .texts(let texts): core.link.received(number, texts, at: pace.now)
                case .closed(let close): core.link.closed(number, close, at: pace.now)
                }
                if case .closed = inbound, core.link.connection == number { core.connection = nil }
                core.settle(now: clock.now, steady: pace.now, into: &after)
                if case .closed = inbound { return false }
                return core.link.connection == number && core.connection != nil
            }
            if !goesOn { break }
        }
        connection.close(code: RelayClose.normal, reason: "")
    }

    /// Sleeps until something is due, and lets time pass.
    func timerLoop() async {
        while !Task.isCancelled {
            let milliseconds = core.withLock { core in
                let (now, steady) = (clock.now, pace.now)
                let milliseconds = core.millisecondsToSleep(
                    now: now, steady: steady, lazy: settings.lazyMilliseconds, max: Self.sleepMillisecondsMax)
                core.sleepingUntil = steady.adding(milliseconds: milliseconds)
                return milliseconds
            }
            await pace.sleep(milliseconds: milliseconds, or: timer)
            act { core, after in
                core.sleepingUntil = nil
                core.tick(now: clock.now, steady: pace.now, lazy: settings.lazyMilliseconds, into: &after)
            }
        }
    }

    /// The time of day may be set meanwhile: one look a minute finds out.
    private static let sleepMillisecondsMax: Int64 = 60_000

    /// Asks the outside what the engine wants to know.
    func inquiryLoop() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            while !Task.isCancelled {
                guard let inquiry = inquiryQueue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
                    await inquiries.wait()
                    continue
                }
                if running >= settings.inquiriesMax {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { await self.answer(inquiry) }
            }
            group.cancelAll()
        }
    }

    private func answer(_ inquiry: Inquiry) async {
        switch inquiry {
        case .origin(let query):
            let context = await origins.context(of: query)
            act { core, after in
                core.add(
                    core.engine.verified(query.reference, context, at: clock.now), steady: pace.now, into: &after)
            }
        case .signatures(let query):
            let results = await signatures.check(query.cacaos)
            act { core, after in
                core.add(
                    core.engine.signaturesChecked(query.id, results, at: clock.now), steady: pace.now, into: &after)
            }
        }
    }

    /// Removes records whose time is over, for stores that keep them.
    func sweepLoop(_ records: any KeyValueStore) async {
        while !Task.isCancelled {
            await pace.sleep(milliseconds: settings.sweepMilliseconds)
            guard !Task.isCancelled else { return }
            metrics.holds(core.withLock(\.engine.counts))
            do {
                // Bounded: what is left is for the next time.
                for _ in 0..<100 {
                    guard try await records.removeExpired(before: clock.now, limit: 500) == 500 else { break }
                }
            } catch {
                logger.warning("walletconnect records not swept", metadata: ["error": "\(error)"])
            }
        }
    }
}
