import Cryptography
import Foundation
import NIOCore
import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectProtocol

@testable import WalletConnectRelay

/// A connection that writes down what it is told.
private final class Ear: RelayPeer {
    private let heard = Mutex<(texts: [String], close: RelayClose?)>(([], nil))
    var takesPushes: Bool { true }
    func put(_ text: ByteBuffer) { heard.withLock { $0.texts.append(String(buffer: text)) } }
    func putClose(_ reason: RelayClose) { heard.withLock { $0.close = reason } }
    func deliver() {}

    /// What was said since the last look.
    func take() -> [RelayFrame] {
        let texts = heard.withLock { heard in
            defer { heard.texts = [] }
            return heard.texts
        }
        return texts.map { try! RelayFrame.parse(Array($0.utf8)) }
    }
}

/// A core, a store and the time, driven by hand.
private struct Bench {
    var core: RelayCore
    let store = MemoryStore()
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    var lastID: Int64 = 1_800_000_000_000_000

    init(limits: RelayLimits = RelayLimits()) async throws {
        core = RelayCore(limits: limits)
        try await store.migrate(RelaySchema.migrations)
    }

    mutating func enter<Result>(_ body: (inout RelayCore, Timestamp, inout RelayOutput) -> Result) -> Result {
        var out = RelayOutput()
        core.uptime = now.milliseconds
        return body(&core, now, &out)
    }

    mutating func open(_ key: DIDKey, subject: String? = nil) -> (Ear, ConnectionID) {
        let ear = Ear()
        return (ear, enter { core, now, out in core.open(ear, client: key, subject: subject, at: now, &out) })
    }

    @discardableResult
    mutating func call(_ call: RelayCall, _ connection: ConnectionID) -> RPCID {
        lastID += 1
        let id = RPCID.number(lastID)
        enter { core, now, out in core.receive(.call(id: id, call), from: connection, at: now, &out) }
        return id
    }

    mutating func publish(_ topic: Topic, _ text: String, ttl: UInt32 = 300, _ connection: ConnectionID) -> RPCID {
        call(.publish(RelayPublish(topic: topic, message: text, ttlSeconds: ttl, tag: 1)), connection)
    }

    /// Units of work until there are none; `fails` decides about each.
    mutating func store(fails: () -> Bool = { false }) async throws {
        while let batch = enter({ core, _, _ in core.takeBatch() }).batch {
            if fails() {
                enter { core, now, out in core.notStored(batch, at: now, &out) }
            } else {
                let outcome = try await store.write { try batch.apply(to: $0) }
                enter { core, now, out in core.stored(outcome, at: now, &out) }
            }
        }
    }

    func rows() async throws -> Int {
        try await store.read { try $0.count(MailboxTable.table, where: []) }
    }
}

struct CoreTests {
    private static func key() -> DIDKey { DIDKey(TestClient.key().publicKey) }

    @Test func `what its reader took within the linger is never written`() async throws {
        var bench = try await Bench()
        let ((alice, a), (bob, b)) = (bench.open(Self.key()), bench.open(Self.key()))
        bench.call(.subscribe(.test(1), blocking: false), b)
        try await bench.store()
        _ = bob.take()
        let id = bench.publish(.test(1), "m", a)
        guard case .push(let push, _)? = bob.take().first else {
            Issue.record("no push")
            return
        }
        #expect(alice.take().isEmpty)
        try await bench.store()
        #expect(alice.take().isEmpty, "neither written nor acknowledged yet")
        bench.enter { core, now, out in core.acknowledge(push.int64!, by: b, at: now, &out) }
        #expect(alice.take() == [.answer(id: id, true)])
        bench.now = bench.now.adding(seconds: 1)
        try await bench.store()
        let rows = try await bench.rows()
        #expect(rows == 0 && bench.core.counts.written == 0 && bench.core.counts.elided == 1)
    }

    @Test func `without acknowledgement the publisher waits for the linger and the disk`() async throws {
        var bench = try await Bench()
        let ((alice, a), (_, b)) = (bench.open(Self.key()), bench.open(Self.key()))
        bench.call(.subscribe(.test(1), blocking: false), b)
        try await bench.store()
        let id = bench.publish(.test(1), "m", a)
        bench.now = bench.now.adding(milliseconds: 1)
        try await bench.store()
        #expect(alice.take().isEmpty)
        bench.now = bench.now.adding(milliseconds: 1)
        try await bench.store()
        #expect(alice.take() == [.answer(id: id, true)])
        let rows = try await bench.rows()
        #expect(rows == 1)
    }

    @Test(arguments: ["program", "another program"])
    func `a program's new socket takes over what its older one was to get, and nobody else's`(subject: String)
        async throws
    {
        var bench = try await Bench()
        let key = Self.key()
        let ((_, a), (older, b)) = (bench.open(Self.key()), bench.open(key, subject: "program"))
        bench.call(.subscribe(.test(1), blocking: false), b)
        try await bench.store()
        _ = bench.publish(.test(1), "first", a)
        bench.now = bench.now.adding(milliseconds: 10)
        try await bench.store()
        #expect(older.take().pushed == ["first"])
        let (newer, c) = bench.open(key, subject: subject)
        try await bench.store()
        _ = bench.publish(.test(1), "second", a)
        bench.now = bench.now.adding(milliseconds: 10)
        try await bench.store()
        guard subject == "program" else {
            #expect(older.take().pushed == ["second"] && newer.take().isEmpty)
            return
        }
        let frames = newer.take()
        #expect(frames.pushed == ["first", "second"], "in order, and each once")
        #expect(older.take().isEmpty)
        for case .push(let id, _) in frames {
            bench.enter { core, now, out in core.acknowledge(id.int64!, by: c, at: now, &out) }
        }
        bench.now = bench.now.adding(seconds: 1)
        try await bench.store()
        let rows = try await bench.rows()
        #expect(rows == 0)
        // The older one is used again when the newer has gone.
        bench.enter { core, now, out in core.close(c, at: now, &out) }
        _ = bench.publish(.test(1), "third", a)
        #expect(older.take().pushed == ["third"])
    }

    @Test func `a repetition is answered with the first, not before`() async throws {
        var bench = try await Bench()
        let (alice, a) = bench.open(Self.key())
        let first = bench.publish(.test(1), "m", a)
        let second = bench.publish(.test(1), "m", a)
        #expect(alice.take().isEmpty)
        try await bench.store()
        #expect(alice.take() == [.answer(id: first, true), .answer(id: second, true)])
        let third = bench.publish(.test(1), "m", a)
        #expect(alice.take() == [.answer(id: third, true)])
        let rows = try await bench.rows()
        #expect(rows == 1)
    }

    @Test func `what could not be stored is refused, and a new try is delivered`() async throws {
        var bench = try await Bench()
        let (alice, a) = bench.open(Self.key())
        let id = bench.publish(.test(1), "m", a)
        try await bench.store(fails: { true })
        #expect(alice.take() == [.refusal(id: id, RelayError(.storageError))])
        let again = bench.publish(.test(1), "m", a)
        try await bench.store()
        #expect(alice.take() == [.answer(id: again, true)])
        let (bob, b) = bench.open(Self.key())
        bench.call(.subscribe(.test(1), blocking: false), b)
        try await bench.store()
        #expect(bob.take().count == 2)
    }

    @Test func `expired messages leave the store, a thousand and more in a sweep`() async throws {
        var bench = try await Bench(
            limits: {
                var limits = RelayLimits(); limits.mailboxPerTopicMax = 10_000; return limits
            }())
        let (_, a) = bench.open(Self.key())
        for number in 0..<2_500 { _ = bench.publish(.test(1), "m\(number)", ttl: 10, a) }
        _ = bench.publish(.test(1), "stays", ttl: 100, a)
        try await bench.store()
        bench.now = bench.now.adding(seconds: 10)
        bench.enter { core, now, out in core.tick(at: now, &out) }
        try await bench.store()
        bench.now = bench.now.adding(seconds: 1)
        try await bench.store()
        let rows = try await bench.rows()
        #expect(rows == 1 && bench.core.topics[.test(1)]?.held == 1 && bench.core.mailboxBytes == 5)
    }

    @Test func `a subscription ends thirty days after its client was last seen`() async throws {
        var bench = try await Bench()
        let (_, b) = bench.open(Self.key())
        bench.call(.subscribe(.test(1), blocking: true), b)
        try await bench.store()
        bench.enter { core, now, out in core.close(b, at: now, &out) }
        bench.now = bench.now.adding(seconds: 30 * 86_400 - 1)
        bench.enter { core, now, out in core.tick(at: now, &out) }
        #expect(bench.core.topics.count == 1)
        bench.now = bench.now.adding(seconds: 3_601)
        bench.enter { core, now, out in core.tick(at: now, &out) }
        try await bench.store()
        let rows = try await bench.store.read { try $0.count(SubscriptionTable.table, where: []) }
        #expect(bench.core.topics.isEmpty && bench.core.clients.isEmpty && rows == 0)
    }

    @Test(arguments: 0..<30) func `a random life keeps its promises and leaves nothing behind`(round: Int) async throws
    {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(state: seed)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        var bench = try await Bench()
        let keys = (0..<4).map { _ in Self.key() }
        var open: [(ear: Ear, id: ConnectionID, owner: Int)] = []
        var waiting: [RPCID: String] = [:]
        var promised: Set<String> = []
        var seen: [String: Set<Int>] = [:]
        var published = 0
        func listen(acknowledging: Bool) {
            for (ear, id, owner) in open {
                for frame in ear.take() {
                    switch frame {
                    case .push(let push, let message):
                        #expect(!message.message.hasPrefix("\(owner) "), "its own message; seed \(seed)")
                        seen[message.message, default: []].insert(owner)
                        guard acknowledging || below(3) > 0 else { continue }
                        bench.enter { core, now, out in core.acknowledge(push.int64!, by: id, at: now, &out) }
                    case .answer(let request, _): waiting.removeValue(forKey: request).map { _ = promised.insert($0) }
                    case .refusal(let request?, _): waiting.removeValue(forKey: request)
                    default: Issue.record("\(frame)")
                    }
                }
            }
        }
        for _ in 0..<600 {
            switch below(10) {
            case 0:
                let owner = below(4)
                let (ear, id) = bench.open(keys[owner])
                open.append((ear, id, owner))
            case 1 where !open.isEmpty:
                listen(acknowledging: false)
                let gone = open.remove(at: below(open.count))
                bench.enter { core, now, out in core.close(gone.id, at: now, &out) }
            case 2, 3:
                guard let connection = open.randomElement(using: &random) else { continue }
                bench.call(.batchSubscribe([.test(below(3)), .test(below(3))], blocking: below(2) == 0), connection.id)
            case 4, 5, 6:
                guard let connection = open.randomElement(using: &random) else { continue }
                published += 1
                let text = "\(connection.owner) message \(published)"
                waiting[bench.publish(.test(below(3)), text, connection.id)] = text
            case 7: try await bench.store(fails: { below(6) == 0 })
            case 8:
                bench.now = bench.now.adding(milliseconds: Int64(below(50)))
                bench.enter { core, now, out in core.tick(at: now, &out) }
                if let connection = open.randomElement(using: &random) {
                    bench.enter { core, _, out in core.writability(connection.id, below(3) > 0, &out) }
                }
            default: listen(acknowledging: false)
            }
        }
        // Everybody comes back, subscribes to everything and takes what there is.
        listen(acknowledging: true)
        for connection in open { bench.enter { core, now, out in core.close(connection.id, at: now, &out) } }
        open = []
        for owner in 0..<4 {
            let (ear, id) = bench.open(keys[owner])
            open.append((ear, id, owner))
            bench.call(.batchSubscribe([.test(0), .test(1), .test(2)], blocking: false), id)
        }
        for _ in 0..<20 {
            bench.now = bench.now.adding(milliseconds: 1_100)
            bench.enter { core, now, out in core.tick(at: now, &out) }
            try await bench.store()
            listen(acknowledging: true)
        }
        let lost = promised.filter { seen[$0] == nil }
        #expect(lost.isEmpty, "promised and never pushed; seed \(seed)")
        let rows = try await bench.rows()
        let core = bench.core
        #expect(rows == 0, "seed \(seed)")
        #expect(core.mailboxBytes == 0 && core.unwrittenBytes == 0, "seed \(seed)")
        #expect(core.topics.values.allSatisfy { $0.held == 0 }, "seed \(seed)")
        #expect(core.connections.values.allSatisfy { $0.inFlight.isEmpty && $0.backlog.isEmpty }, "seed \(seed)")
        #expect(core.unsettled.isEmpty && core.claimed.isEmpty && core.removed.isEmpty, "seed \(seed)")
    }

    struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}

extension [RelayFrame] {
    /// The messages among them.
    fileprivate var pushed: [String] {
        compactMap { frame in
            if case .push(_, let push) = frame { push.message } else { nil }
        }
    }
}
