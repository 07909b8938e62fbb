import Primitives
import Storage
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// What an app remembers by itself, from one process to the next.
private final class App: Sendable {
    private let state = Mutex((pending: PendingSession?.none, request: Int64?.none))

    var pending: PendingSession? {
        get { state.withLock(\.pending) }
        set { state.withLock { $0.pending = newValue } }
    }
    var request: Int64? {
        get { state.withLock(\.request) }
        set { state.withLock { $0.request = newValue } }
    }

    /// Goes on from wherever the last process came to, until a request is answered.
    func work(_ dApp: SignClient, _ wallet: SignClient) async throws -> JSON {
        let session = try await session(dApp, wallet)
        if let request, dApp.status(of: request) != nil { return try await dApp.awaitResponse(request) }
        let calling = try await dApp.requestWithoutWaiting(Bench.sign(session.topic))
        request = calling.id
        return try await dApp.awaitResponse(calling.id)
    }

    private func session(_ dApp: SignClient, _ wallet: SignClient) async throws -> Session {
        if let pending, dApp.status(of: pending.id) != nil {
            // The wallet may have been killed before it knew of the pairing, or after it had answered.
            _ = try? await wallet.pair(pending.uri!.text)
            return try await dApp.awaitSession(pending.id)
        }
        if let known = dApp.sessions.first { return known }
        let asked = try await dApp.connect(Bench.offer)
        pending = asked
        try await wallet.pair(asked.uri!.text)
        return try await asked.session()
    }
}

@Suite(.timeLimit(.minutes(10)))
struct SignClientRecoveryTests {
    /// Kills one side after each of its commits, and lets new processes finish.
    private func killEverywhere(_ isDApp: Bool, compound: Bool) async throws {
        var last = 0
        for unit in 0..<60 {
            let relay = LoopbackRelay()
            relay.behave { $0.knowsCompoundCalls = compound }
            let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
            let app = App()
            let mortal = MortalRecords(isDApp ? dStore : wStore, .diesAfter(unit))
            let dApp = Bench.client("dapp", relay, isDApp ? mortal : dStore)
            let wallet = Bench.client("wallet", relay, isDApp ? wStore : mortal)
            var answer: JSON?
            do {
                answer = try await Bench.both(dApp, wallet) { try await app.work(dApp, wallet) }
            } catch {
                #expect((error as? SignError)?.code == .storageFailed, "unit \(unit): \(error)")
            }
            if answer == nil {
                let (second, other) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
                answer = try await Bench.both(second, other) { try await app.work(second, other) }
            }
            #expect(answer?[0]?.string == "signed", "unit \(unit)")
            last = unit
            // It lived to the end: there is nothing more to kill.
            if mortal.count <= unit { break }
        }
        #expect(last > 5, "there were commits to die after")
        #expect(last < 59, "the flow ends")
    }

    @Test(arguments: [true, false])
    func `a dApp killed after any commit goes on`(compound: Bool) async throws {
        try await killEverywhere(true, compound: compound)
    }

    @Test(arguments: [true, false])
    func `a wallet killed after any commit goes on`(compound: Bool) async throws {
        try await killEverywhere(false, compound: compound)
    }

    @Test func `a store that fails for a moment is tried again`() async throws {
        for after in 0..<12 {
            let relay = LoopbackRelay()
            let dStore = MortalRecords(MemoryKeyValueStore(), .fails(times: 3, after: after))
            let wStore = MortalRecords(MemoryKeyValueStore(), .losesAnswers(times: 1, after: after))
            let (dApp, wallet) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
            let app = App()
            let answer = try await Bench.both(dApp, wallet) { try await app.work(dApp, wallet) }
            #expect(answer[0]?.string == "signed")
        }
    }

    @Test func `a store that is away for a minute is tried again all the time`() async throws {
        let (time, relay) = (ManualPace(), LoopbackRelay())
        // With waits of up to 5 seconds, 15 failures take about a minute: nobody gives up before 2.
        let records = MortalRecords(MemoryKeyValueStore(), .fails(times: 15, after: 5))
        let dApp = Bench.client("dapp", relay, records, pace: time.pace)
        try await withSignClient(dApp) { dApp in
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for _ in 0..<10 { _ = try await dApp.connect(Bench.offer) }
                }
                group.addTask {
                    while !Task.isCancelled {
                        time.advance(seconds: 1)
                        await Task.yield()
                    }
                }
                try await group.next()
                group.cancelAll()
            }
            #expect(records.count > 20)
            #expect(time.pace.now >= Timestamp(milliseconds: 10_000), "the waits were waited for")
        }
    }

    @Test func `a store that fails for good is not tried again`() async throws {
        let records = MortalRecords(MemoryKeyValueStore(), .diesAfter(5))
        let dApp = Bench.client("dapp", LoopbackRelay(), records, pace: ManualPace().pace)
        async let run = Result { try await dApp.run() }
        try await dApp.ready()
        var failure: SignError?
        while failure == nil {
            do { _ = try await dApp.connect(Bench.offer) } catch { failure = error }
        }
        #expect(failure?.code == .storageFailed)
        #expect((await run.failure as? SignError)?.code == .storageFailed)
        #expect(records.count == 6)
    }

    @Test func `a store that fails for long ends the client, and everybody who waits is told`() async throws {
        let relay = LoopbackRelay()
        let records = MortalRecords(MemoryKeyValueStore(), .fails(times: 1000, after: 5))
        let dApp = Bench.client("dapp", relay, records) { $0.storeSecondsMax = 0 }
        async let run = Result { try await dApp.run() }
        try await dApp.ready()
        let pending = try await dApp.connect(Bench.offer)
        async let session = Result { try await pending.session() }
        let events = dApp.events()
        var failure: SignError?
        for _ in 0..<10 {
            do {
                _ = try await dApp.connect(Bench.offer)
            } catch {
                failure = error
                break
            }
        }
        #expect(failure?.code == .storageFailed)
        let (ended, told) = await (run.failure, session.failure)
        #expect((ended as? SignError)?.code == .storageFailed)
        #expect((told as? SignError)?.code == .storageFailed)
        for await _ in events {}
        #expect(relay.connectionCount == 0, "the connection is closed")
    }

    @Test func `a second client takes the records over, and the first stores nothing more`() async throws {
        let relay = LoopbackRelay()
        let records = MemoryKeyValueStore()
        let first = Bench.client("dapp", relay, records)
        async let run = Result { try await first.run() }
        try await first.ready()
        let second = Bench.client("dapp", relay, records)
        try await withSignClient(second) { second in
            do {
                _ = try await first.connect(Bench.offer)
                Issue.record("it wrote over its successor")
            } catch let error as SignError {
                #expect(error.code == .storageFailed)
            }
            _ = try await second.connect(Bench.offer)
            #expect(first.clientID == second.clientID, "they are one client to the relay")
        }
        let ended = await run.failure
        #expect((ended as? SignError)?.code == .storageFailed)
    }

    @Test func `a wrong store key ends the run before anything is changed`() async throws {
        let records = MemoryKeyValueStore()
        try await withSignClient(Bench.client("dapp", LoopbackRelay(), records)) { _ in }
        let count = records.count
        do {
            try await Bench.client("dapp", LoopbackRelay(), records, storeKey: 1).run()
            Issue.record("it opened")
        } catch {
            #expect(error.code == .storageFailed)
            #expect(error.cause?.contains("wrong_store_key") == true)
        }
        #expect(records.count == count)
    }

    @Test func `a damaged record is named`() async throws {
        let relay = LoopbackRelay()
        let records = MemoryKeyValueStore()
        try await withSignClient(Bench.client("dapp", relay, records)) { _ = try await $0.connect(Bench.offer) }
        let record = try #require(try await records.list("pairings", after: nil, limit: 1).first)
        var damaged = record.value
        damaged[damaged.count - 1] ^= 1
        try await records.apply([.put(record.key, damaged)])
        do {
            try await Bench.client("dapp", relay, records).run()
            Issue.record("it opened")
        } catch {
            #expect(error.cause?.contains(record.key.description) == true)
        }
    }

    @Test func `after a whole life nothing is left in the store`() async throws {
        let relay = LoopbackRelay()
        let (dStore, wStore) = (MemoryKeyValueStore(), MemoryKeyValueStore())
        let (dApp, wallet) = (Bench.client("dapp", relay, dStore), Bench.client("wallet", relay, wStore))
        try await Bench.both(dApp, wallet) {
            for _ in 0..<5 {
                let session = try await Bench.session(dApp, wallet)
                _ = try await dApp.request(Bench.sign(session.topic))
                try await dApp.disconnect(session.topic)
                await Bench.until { wallet.sessions.isEmpty }
                for pairing in dApp.pairings { try await dApp.disconnect(pairing.topic) }
                await Bench.until { wallet.pairings.isEmpty }
            }
            for client in [dApp, wallet] {
                await Bench.until {
                    let counts = client.counts
                    return counts.outbox == 0 && counts.requests == 0
                }
            }
        }
        for (name, store) in [("dApp", dStore), ("wallet", wStore)] {
            for collection in RecordCollection.allCases where ![.client, .seen, .outcomes].contains(collection) {
                let left = try await store.list(collection.rawValue, after: nil, limit: 100)
                #expect(left.isEmpty, "\(name) keeps \(collection) \(left.map(\.key.key))")
            }
        }
    }
}
