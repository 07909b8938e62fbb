import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol

struct RelayLinkReconnectTests {
    /// How long the link waits before it opens the next connection.
    private func delay(_ bench: inout LinkBench, _ lose: (inout LinkBench) -> RelayLink.Effects) -> Int64 {
        _ = lose(&bench)
        let before = bench.now
        #expect(bench.waitForDeadline().open != nil)
        return bench.now.milliseconds(since: before)
    }

    @Test func `waits double up to a minute, with chance in them`() {
        var delays: [[Int64]] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            var bench = LinkBench(seed: seed)
            _ = bench.subscribe([1])
            delays.append((0..<12).map { _ in delay(&bench) { $0.failed(.unreachable) } })
        }
        for attempt in 0..<12 {
            let cap: Int64 = min(60_000, 250 << Int64(attempt))
            let these = delays.map { $0[attempt] }
            #expect(these.allSatisfy { (cap / 2...cap).contains($0) }, "attempt \(attempt): \(these)")
            #expect(Set(these).count > 5, "clients do not come back together")
        }
    }

    @Test func `a connection that lasted makes the next failure the first`() {
        var bench = LinkBench()
        _ = bench.subscribe([1])
        for _ in 0..<8 { _ = delay(&bench) { $0.failed(.timeout) } }
        bench.connect()
        _ = bench.wait(5_000)
        #expect(delay(&bench) { $0.closed(1006) } > 10_000, "it broke at once: that is one more failure")
        bench.connect()
        _ = bench.wait(10_000)
        #expect(delay(&bench) { $0.closed(1006) } <= 250)
    }

    @Test func `after two failures the next address is tried`() {
        var bench = LinkBench(urls: ["wss://a", "wss://b", "wss://c"])
        var urls = [bench.subscribe([1]).open?.url]
        for _ in 0..<6 {
            _ = bench.failed(.unreachable)
            urls.append(bench.waitForDeadline().open?.url)
        }
        #expect(urls == ["wss://a", "wss://a", "wss://b", "wss://b", "wss://c", "wss://c", "wss://a"])
    }

    @Test func `an answer that waits outlives the refusal, until its own time is over`() {
        var bench = LinkBench()
        _ = bench.subscribe([1])
        _ = bench.publish(5, tag: 1109)
        _ = bench.opened()
        let refused = bench.closed(3000, "Project not found")
        #expect(refused.outcomes.isEmpty)
        #expect(bench.publish(6, lasting: 599_000, tag: 1112).outcomes.isEmpty, "and one made meanwhile waits too")
        #expect(bench.publish(7, lasting: 3_600_000, tag: 1109).outcomes.isEmpty)
        let late = bench.wait(599_000)
        #expect(late.outcomes.map(\.id) == [5, 6])
        #expect(late.outcomes.map(\.outcome) == [.undeliverable, .undeliverable])
        #expect(bench.wait(1_000).open != nil)
        #expect(bench.answer(bench.answer(bench.opened())).outcomes.map(\.id) == [7])
    }

    @Test func `3000 is fatal: what waits is told, and nothing is tried for long`() {
        var bench = LinkBench()
        _ = bench.subscribe([1])
        _ = bench.publish(5)
        _ = bench.opened()
        let refused = bench.closed(3000, "Project not found")
        let close = RelayClose(code: 3000, reason: "Project not found")
        #expect(bench.link.status == .refused(close))
        #expect(refused.notes == [.closed(close), .refused(close)])
        #expect(
            refused.outcomes.map(\.outcome) == [.refused(RelayError(code: 3000, message: "Project not found"))])
        #expect(bench.publish(6).outcomes.count == 1, "and what comes later is told at once")
        #expect(bench.wait(599_999).open == nil)
        #expect(bench.wait(1).open != nil, "an operator may have mended it")
    }

    @Test func `a refused token is tried once more, then it is fatal`() {
        var bench = LinkBench()
        _ = bench.subscribe([1])
        _ = bench.opened()
        _ = bench.closed(3000, "Invalid JWT: expired")
        #expect(bench.link.status == .waiting)
        #expect(bench.waitForDeadline().open != nil)
        _ = bench.opened()
        _ = bench.closed(3000, "Invalid JWT: expired")
        #expect(bench.link.status == .refused(RelayClose(code: 3000, reason: "Invalid JWT: expired")))
        var other = LinkBench()
        _ = other.subscribe([1])
        _ = other.failed(.refused, status: 401)
        #expect(other.waitForDeadline().open != nil)
        _ = other.failed(.refused, status: 401)
        guard case .refused = other.link.status else {
            Issue.record("a second 401 is fatal")
            return
        }
    }

    @Test func `an address that refuses is left for the others`() {
        var bench = LinkBench(urls: ["wss://a", "wss://b"])
        _ = bench.subscribe([1])
        _ = bench.failed(.refused, status: 403)
        #expect(bench.waitForDeadline().open?.url == "wss://b")
        _ = bench.failed(.unreachable)
        #expect(bench.waitForDeadline().open?.url == "wss://b")
        _ = bench.failed(.unreachable)
        #expect(bench.waitForDeadline().open?.url == "wss://b", "the one that refuses is not asked again")
        _ = bench.failed(.refused, status: 403)
        guard case .refused = bench.link.status else {
            Issue.record("all addresses refuse")
            return
        }
        let again = bench.act { $0.reconnect(at: $1) }
        #expect(again.open != nil, "until somebody asks for it")
    }

    @Test func `a busy relay gets more time, a moving one is found again soon`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var bench = LinkBench(seed: seed)
            _ = bench.subscribe([1])
            bench.connect()
            #expect(delay(&bench) { $0.closed(1013) } >= 2_500)
            #expect(delay(&bench) { $0.failed(.refused, status: 429) } >= 2_500)
            bench.connect()
            #expect(delay(&bench) { $0.closed(1001) } < 1_000)
            bench.connect()
            #expect(delay(&bench) { $0.closed(4010) } < 1_000)
        }
    }

    @Test func `a stale connection is opened again only when there is work`() {
        var bench = LinkBench()
        _ = bench.publish(5)
        bench.connect()
        _ = bench.closed(4008)
        #expect(bench.link.status == .idle)
        #expect(bench.link.nextDeadline == nil)
        #expect(bench.publish(6).open != nil)
        bench.connect()
        _ = bench.subscribe([1])
        _ = bench.closed(4008)
        #expect(bench.link.status == .waiting)
    }

    @Test func `stopping says goodbye, and old answers find nothing`() {
        var bench = LinkBench()
        _ = bench.publish(5)
        let sent = bench.opened()
        let number = bench.link.connection
        let stopped = bench.act { link, _ in link.stop() }
        #expect(stopped.close == RelayClose(code: RelayClose.normal, reason: ""))
        let late = LinkBench.calls(sent).map { Array("{\"id\":\($0.id),\"jsonrpc\":\"2.0\",\"result\":true}".utf8) }
        #expect(bench.act { $0.received(number, late, at: $1) }.outcomes.isEmpty)
        #expect(bench.act { $0.tick(at: $1) }.open == nil)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `whatever happens, each message ends once`(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        var bench = LinkBench(urls: ["wss://a", "wss://b"], seed: seed)
        var ended: [Int64: Int] = [:]
        var sent: [(id: Int64, call: RelayCall)] = []
        var next: Int64 = 1_000_000_000
        func note(_ effects: RelayLink.Effects) {
            for (id, _) in effects.outcomes { ended[id, default: 0] += 1 }
            sent += LinkBench.calls(effects)
        }
        for _ in 0..<400 {
            switch random.uint64(below: 12) {
            case 0, 1:
                next += 1
                note(bench.publish(next, lasting: Int64(random.uint64(below: 400_000))))
            case 2: note(bench.subscribe([Int(random.uint64(below: 50))]))
            case 3: note(bench.act { $0.unsubscribe([LinkBench.topic(Int(random.uint64(below: 50)))], at: $1) })
            case 4, 5: note(bench.opened())
            case 6: note(bench.failed(.unreachable, status: random.uint64(below: 2) == 0 ? 503 : nil))
            case 7: note(bench.closed([1006, 1001, 1013, 4008, 4010][Int(random.uint64(below: 5))]))
            case 8, 9:
                if !sent.isEmpty {
                    let call = sent[Int(random.uint64(below: UInt64(sent.count)))]
                    let error = [
                        nil, RelayError(.tooManyRequests), RelayError(.ttlTooLong), RelayError(.storageError),
                    ][Int(random.uint64(below: 4))]
                    note(
                        bench.received([
                            error.map { RelayFrame.refusal(id: .number(call.id), $0).text }
                                ?? "{\"id\":\(call.id),\"jsonrpc\":\"2.0\",\"result\":true}"
                        ]))
                }
            case 10: note(bench.wait(Int64(random.uint64(below: 40_000))))
            default: note(bench.waitForDeadline())
            }
        }
        // Long after the last message's time.
        for _ in 0..<20 { note(bench.wait(60_000)) }
        #expect(ended.count == Int(next - 1_000_000_000), "seed \(seed)")
        #expect(ended.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        #expect(bench.link.pendingCount == 0)
    }
}
