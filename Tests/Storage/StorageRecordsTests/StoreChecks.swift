import Primitives
import Storage
import Synchronization
import Testing

/// What both adapters are put through beyond the contract.
enum StoreChecks {
    static func key(_ name: String) -> KeyValueKey { KeyValueKey(collection: "notes", key: name) }

    /// Two stores count together by compare-and-set, each from several tasks: no step is lost and none is made twice.
    static func checkCounting(_ stores: [any KeyValueStore], tasks: Int, steps: Int) async throws {
        try await stores[0].apply([.put(key("count"), [0])])
        await withTaskGroup { group in
            for store in stores {
                for _ in 0..<tasks {
                    group.addTask {
                        var done = 0
                        while done < steps {
                            do throws(KeyValueError) {
                                guard let record = try await store.read([key("count")])[0] else { return }
                                try await store.apply([
                                    .put(key("count"), record.value, if: .revision(record.revision))
                                ])
                                done += 1
                            } catch {
                                guard error.code == .conflict else {
                                    Issue.record("\(error)")
                                    return
                                }
                            }
                        }
                    }
                }
            }
        }
        let revision = try await stores[0].read([key("count")])[0]?.revision
        #expect(revision == Int64(1 + stores.count * tasks * steps))
    }

    /// Values together larger than any page or batch come back whole and in order.
    static func checkLarge(_ store: any KeyValueStore) async throws {
        let names = (10..<34).map { "large \($0)" }
        for name in names {
            let value = [UInt8](repeating: UInt8(name.utf8.last ?? 0), count: KeyValueLimits.valueBytesMax - 10)
            try await store.apply([.put(key(name), value)])
        }
        let listed = try await store.list("notes", after: nil, limit: 100)
        #expect(listed.map(\.key.key) == names)
        #expect(listed.allSatisfy { $0.value.count == KeyValueLimits.valueBytesMax - 10 })
        let read = try await store.read((names + ["missing"] + names).map(key))
        #expect(read.map { $0?.value.first } == (names.map(\.utf8.last) + [nil] + names.map(\.utf8.last)))
        #expect(try await store.list("notes", after: "large 20", limit: 3).map(\.key.key) == Array(names[11..<14]))
    }

    /// Many small records, listed at once and by pages, and removed when they have expired.
    static func checkMany(_ store: any KeyValueStore) async throws {
        let names = (0..<2_500).map { "many \(10_000 + $0)" }
        for start in stride(from: 0, to: names.count, by: 500) {
            try await store.apply(
                names[start..<start + 500].map {
                    .put(key($0), Array($0.utf8), expiresAt: Timestamp(milliseconds: -5))
                })
        }
        #expect(try await store.list("notes", after: nil, limit: 10_000).map(\.key.key) == names)
        #expect(try await store.list("notes", after: "many 10999", limit: 1_200).count == 1_200)
        #expect(
            try await store.removeExpired(before: Timestamp(milliseconds: -6), limit: 10_000) == 0,
            "an expiry before 1970 is one")
        #expect(try await store.read([key(names[7])])[0]?.expiresAt == Timestamp(milliseconds: -5))
        #expect(try await store.removeExpired(before: Timestamp(milliseconds: -5), limit: 2_100) == 2_100)
        #expect(try await store.removeExpired(before: Timestamp(milliseconds: .max), limit: 10_000) == 400)
        #expect(try await store.list("notes", after: nil, limit: 10).isEmpty)
    }

    /// A value that no store takes, and the bound of a whole unit.
    static func checkTooLarge(_ store: any KeyValueStore, unitBytesMax: Int) async throws {
        let ten = [UInt8](repeating: 1, count: 10_000_000)
        let refused = await failure { () throws(KeyValueError) in try await store.apply([.put(key("ten"), ten)]) }
        #expect(refused?.code.description == "value_too_large")
        #expect(refused?.key == key("ten"))
        #expect(refused?.isRetryable == false)
        let most = [UInt8](repeating: 1, count: KeyValueLimits.valueBytesMax)
        let unit = (0...unitBytesMax / most.count).map { KeyValueChange.put(key("part \($0)"), most) }
        let whole = await failure { () throws(KeyValueError) in try await store.apply(unit) }
        #expect(whole?.code == .valueTooLarge)
        #expect(try await store.list("notes", after: nil, limit: 1).isEmpty)
    }

    /// What is known of units that were under way when a server was killed.
    final class Ledger: Sendable {
        private let state = Mutex((acknowledged: Set<String>(), asked: 0))

        var acknowledged: Set<String> { state.withLock(\.acknowledged) }
        var count: Int { state.withLock(\.acknowledged.count) }

        func note(_ name: String) { state.withLock { _ = $0.acknowledged.insert(name) } }
    }

    /// Stores units of three records until `stop`, from several tasks; notes what was acknowledged.
    static func load(
        _ store: any KeyValueStore, _ ledger: Ledger, round: Int, until stop: @escaping @Sendable () -> Bool
    ) async {
        await withTaskGroup { group in
            for writer in 0..<8 {
                group.addTask {
                    var step = 0
                    while !stop() {
                        let name = "\(round)-\(writer)-\(step)"
                        step += 1
                        let value = Array(name.utf8)
                        do throws(KeyValueError) {
                            try await store.apply([
                                .put(key("\(name)-left"), value, if: .absent), .put(key("\(name)-right"), value),
                                .put(key("\(round)-\(writer)-last"), value),
                            ])
                            ledger.note(name)
                        } catch {
                            #expect(error.code == .unavailable, "\(error)")
                        }
                    }
                }
            }
        }
    }

    /// Nothing acknowledged is lost, and nothing is there by halves.
    static func checkLoad(_ store: any KeyValueStore, _ ledger: Ledger) async throws {
        let records = try await store.list("notes", after: nil, limit: 1_000_000)
        let names = Set(records.map(\.key.key))
        for name in ledger.acknowledged where !names.contains("\(name)-left") || !names.contains("\(name)-right") {
            Issue.record("\(name) was acknowledged and is not there")
        }
        for record in records {
            let name = record.key.key
            if name.hasSuffix("-left") {
                #expect(names.contains(name.dropLast(4) + "right"), "\(name) is alone")
            } else if name.hasSuffix("-right") {
                #expect(names.contains(name.dropLast(5) + "left"), "\(name) is alone")
            } else {
                let last = String(decoding: record.value, as: UTF8.self)
                #expect(names.contains("\(last)-left"), "\(name) names \(last), which is not there")
            }
        }
        #expect(ledger.count > 0)
    }
}
