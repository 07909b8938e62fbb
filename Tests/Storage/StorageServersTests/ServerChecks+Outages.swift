import Contracts
import Foundation
import Logging
import Primitives
import Storage
import StorageSQL
import TestServers
import Testing

extension ServerChecks {
    /// The server dies several times under load and comes back on the same data.
    static func killedUnderLoad(_ server: some StoreServer) async throws {
        let store = try await server.fresh()
        try await store.migrate(Items.migrations)
        let (deaths, between) = (3, 150)
        let log = Shared(Outcomes())
        // The last writes begin after the last restart.
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in Int64(0)..<16 {
                group.addTask {
                    var number: Int64 = 0
                    while !isOver.withLock({ $0 }) {
                        // Each try has numbers of its own, so that what it left behind is seen.
                        let id = (writer * 1_000_000 + number) * 2
                        number += 1
                        let error = await storageFailure {
                            try await store.write { tx in
                                try tx.insert(into: Items.table, Items.row(id))
                                try tx.insert(into: Items.table, Items.row(id + 1))
                            }
                        }
                        log.withLock { $0.note(id, error) }
                        // A server that is gone refuses at once: no need to ask it a million times.
                        if error != nil { try await Task.sleep(for: .milliseconds(20)) }
                    }
                }
            }
            group.addTask {
                for _ in 0..<deaths {
                    let before = log.withLock { $0.stored.count }
                    #expect(await eventually { log.withLock { $0.stored.count } >= before + between })
                    try await server.process.restart()
                }
                let before = log.withLock { $0.stored.count }
                #expect(await eventually { log.withLock { $0.stored.count } >= before + between })
                isOver.withLock { $0 = true }
            }
            try await group.waitForAll()
        }
        let outcomes = log.withLock { $0 }
        #expect(outcomes.others.isEmpty, "\(outcomes.others.prefix(3))")
        let ids = try await store.read { tx in
            Set(try tx.select(Query(Items.table)).map { try $0.get(Items.id) })
        }
        #expect(ids.allSatisfy { ids.contains($0 ^ 1) }, "no unit of work is half there")
        #expect(outcomes.stored.isSubset(of: ids), "nothing that was acknowledged is lost")
        let unexplained = ids.filter { $0.isMultiple(of: 2) }.subtracting(outcomes.stored)
            .subtracting(outcomes.unknown)
        #expect(unexplained.isEmpty, "nothing is there that was said not to be")
        await store.close()
        try await contracts(server)
    }

    private struct Outcomes: Sendable {
        var stored: Set<Int64> = []
        var unknown: Set<Int64> = []
        var others: [String] = []

        mutating func note(_ id: Int64, _ error: StorageError?) {
            switch error?.code {
            case nil: stored.insert(id)
            case .outcomeUnknown?: unknown.insert(id)
            case .unavailable?, .busy?, .overloaded?: break
            case .some: others.append(error?.description ?? "")
            }
        }
    }

    /// The connection goes away in the middle of a unit of work, which runs again and is stored once.
    static func connectionLost(_ server: some StoreServer) async throws {
        let store = try await server.fresh()
        try await store.migrate(Items.migrations)
        let runs = Shared(0)
        try await store.write { tx in
            try tx.insert(into: Items.table, Items.row(1))
            if runs.withLock({
                $0 += 1; return $0
            }) == 1 {
                try server.disconnectAll()
            }
            try tx.insert(into: Items.table, Items.row(2))
        }
        #expect(runs.withLock { $0 } == 2)
        #expect(try await store.read { try $0.count(Items.table, where: []) } == 2)
        // Idle connections that died are made anew without a word.
        try server.disconnectAll()
        for id in Int64(3)...10 {
            try await store.write { try $0.insert(into: Items.table, Items.row(id)) }
            #expect(try await store.read { try $0.count(Items.table, where: []) } == Int(id))
        }
        await store.close()
    }

    /// The server hangs while it is told to commit: the outcome is unknown, and everything else ends in time.
    static func commitWithoutAnswer(_ server: some StoreServer) async throws {
        let store = try await server.fresh(["statement-timeout-seconds=1", "connect-timeout-seconds=2"])
        try await store.migrate(Items.migrations + TableKeyValueStore.migrations)
        let began = ContinuousClock.now
        let lost = await storageFailure {
            try await store.write { tx in
                try tx.insert(into: Items.table, Items.row(1))
                try tx.insert(into: Items.table, Items.row(2))
                server.process.freeze()
            }
        }
        #expect(lost?.code == .outcomeUnknown, "\(String(describing: lost))")
        #expect(lost?.code.isRetryable == false, "who must know reads it back")
        let health = await recordsFailure(TableKeyValueStore(store: store))
        #expect(health?.code == .unavailable, "\(String(describing: health))")
        #expect(health?.isRetryable == true)
        #expect(ContinuousClock.now - began < .seconds(20), "nobody waits for ever")
        server.process.thaw()
        #expect(await eventually { await recordsFailure(TableKeyValueStore(store: store)) == nil })
        let count = try await store.read { try $0.count(Items.table, where: []) }
        #expect(count == 0 || count == 2)
        await store.close()
    }

    /// While the server is down: clear answers in time; when it is back, no restart of ours.
    static func down(_ server: some StoreServer) async throws {
        let lines = Shared<[String]>([])
        let logger = Logger(label: "test") { _ in KeptLog(lines: lines) }
        let store = try await server.open(server.url(server.makePlace()), logger: logger)
        try await store.migrate(TableKeyValueStore.migrations)
        let records = TableKeyValueStore(store: store)
        let key = KeyValueKey(collection: "c", key: "k")
        try await records.apply([.put(key, [1])])
        #expect(try await records.health() > .zero)
        server.process.kill()
        let began = ContinuousClock.now
        #expect(await recordsFailure(records)?.code == .unavailable)
        #expect(ContinuousClock.now - began < .seconds(15))
        // The second one doesn't wait for the outage to end.
        let again = ContinuousClock.now
        #expect(await recordsFailure(records)?.code == .unavailable)
        #expect(ContinuousClock.now - again < .seconds(5))
        // What the database would refuse, or what it never hears of, is said all the same.
        do throws(KeyValueError) {
            try await records.apply([.put(key, [UInt8](repeating: 7, count: 10 << 20))])
            Issue.record("10 MB are too much")
        } catch {
            #expect(error.code == .valueTooLarge && error.key == key)
        }
        let url = server.url("nowhere")
        let refused = await storageFailure { _ = try await server.open(url) }
        #expect(refused?.code == .unavailable)
        #expect(refused.map { "\($0)" }?.contains("w/rd") == false)
        try await server.process.start()
        #expect(await eventually { await recordsFailure(records) == nil })
        #expect(try await records.read([key])[0]?.value == [1])
        let text = lines.withLock { $0.joined(separator: "\n") }
        #expect(text.contains("connection lost") && text.contains("connection restored"))
        #expect(!text.contains("w/rd") && !text.contains("w%2Frd"), "no password is logged")
        await store.close()
    }

    /// The server takes no changes for a while, as one that is demoted: reads go on, changes may be tried again, and
    /// nothing has to be opened anew when changes are taken again.
    static func switchover(
        _ server: some StoreServer, _ url: String, demote: () async throws -> Void, promote: () async throws -> Void,
        recovered: () throws -> Void = {}
    ) async throws {
        let store = try await server.open(url)
        try await store.migrate(Items.migrations + TableKeyValueStore.migrations)
        let records = TableKeyValueStore(store: store)
        func add(_ id: Int64) async -> StorageError? {
            await storageFailure { try await store.write { try $0.insert(into: Items.table, Items.row(id)) } }
        }
        #expect(await add(1) == nil)
        try await demote()
        let refused = await add(2)
        #expect(refused?.code == .unavailable, "\(String(describing: refused))")
        #expect(refused?.code.isRetryable == true)
        #expect(refused?.message.contains("read-only") == true, "\(refused?.message ?? "")")
        let health = await recordsFailure(records)
        #expect(health?.code == .unavailable)
        #expect(health?.message.contains("read-only") == true, "\(health?.message ?? "")")
        #expect(try await store.read { try $0.count(Items.table, where: []) } == 1, "reading goes on")
        let opened = await storageFailure { _ = try await server.open(url) }
        #expect(opened?.code == .unavailable, "\(String(describing: opened))")
        try await promote()
        #expect(await eventually { await add(3) == nil })
        #expect(await recordsFailure(records) == nil)
        #expect(try await store.read { try $0.count(Items.table, where: []) } == 2)
        try recovered()
        await store.close()
    }

    static func recordsFailure(_ records: TableKeyValueStore) async -> KeyValueError? {
        do throws(KeyValueError) {
            _ = try await records.health()
            return nil
        } catch {
            return error
        }
    }
}
