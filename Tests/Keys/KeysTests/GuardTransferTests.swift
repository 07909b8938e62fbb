import Cryptography
import Foundation
import Keys
import Primitives
import Storage
import Testing

struct GuardTransferTests {
    /// A guard with a bit of everything in two lanes.
    private func filled(_ store: any Store, _ vault: any KeyVault) async throws -> Bench {
        let bench = try await Bench.make(store, vault: vault)
        _ = try await bench.sign(bench.request(1))
        _ = try await bench.sign(bench.request(2))
        _ = try await bench.sign(bench.request(2, fee: 1_100, tip: 110))
        _ = try await bench.sign(bench.request(3))
        _ = try await bench.sign(bench.request(3, "null", fee: 1_100, tip: 110, purpose: .cancel))
        _ = try await bench.sign(bench.request(9, "hello", fee: 0, tip: 0, purpose: .message, lane: "siwe"))
        try await bench.signing.setWatermarks(Bench.lane, low: 0, high: 100)
        try await bench.signing.setLaneEnabled("switched off", false)
        return bench
    }

    private func slotNames(_ bench: Bench) async throws -> [GuardSlot] {
        var slots: [GuardSlot] = []
        for lane in try await bench.signing.lanes() { slots += try await bench.signing.history(lane.lane) }
        return slots
    }

    @Test(arguments: Backing.allCases) func `an empty guard takes a history over and holds to it`(_ backing: Backing)
        async throws
    {
        try await withStores { stores in
            let vault = MemoryVault(clock: .system, random: .seeded(11))
            let old = try await filled(stores.open(backing, GuardSchema.migrations, name: "old"), vault)
            let text = try await old.signing.export().text
            let json = try JSON.parse(text)
            let new = try await Bench.make(stores.open(backing, GuardSchema.migrations, name: "new"), vault: vault)

            let dry = try await new.signing.import(json, dryRun: true)
            #expect(dry.isDryRun)
            #expect((dry.lanes, dry.slots, dry.slotsAdded, dry.payloadsAdded) == (3, 4, 4, 6))
            #expect(try await new.signing.lanes().isEmpty)

            let report = try await new.signing.import(json)
            #expect((report.lanes, report.slots, report.slotsAdded, report.payloadsAdded) == (3, 4, 4, 6))
            #expect(report.frozen.isEmpty)
            #expect(try await new.signing.lanes() == old.signing.lanes())
            #expect(try await slotNames(new) == slotNames(old))
            #expect(try await new.signing.export()["lanes"] == json["lanes"])

            for position in Int64(1)...3 {
                #expect(try await new.refusal(new.request(position, "theft", fee: 9_000, tip: 900)) == .guardConflict)
            }
            #expect(try await new.refusal(new.request(9, "bye", purpose: .message, lane: "siwe")) == .guardConflict)
            #expect(try await new.refusal(new.request(101)) == .aboveWatermark)
            #expect(try await new.refusal(new.request(0, lane: "switched off")) == .laneDisabled)
            #expect(try await new.sign(new.request(1)) == old.sign(old.request(1)))
            #expect(try await new.refusal(new.request(2, fee: 1_210, tip: 121)) == nil)

            // Once more changes nothing.
            let again = try await new.signing.import(json)
            #expect((again.slotsAdded, again.payloadsAdded, again.lanesChanged, again.signaturesAdded) == (0, 0, 0, 0))
        }
    }

    @Test func `the stricter watermark and switch win`() async throws {
        let vault = MemoryVault(clock: .system, random: .seeded(11))
        let one = try await Bench.make(migrated(MemoryStore()), vault: vault)
        let two = try await Bench.make(migrated(MemoryStore()), vault: vault)
        try await one.signing.setWatermarks("a", low: 5, high: 50)
        try await two.signing.setWatermarks("a", low: 7, high: 90)
        try await one.signing.setWatermarks("b", low: nil, high: nil)
        try await two.signing.setWatermarks("b", low: 1, high: 2)
        try await one.signing.setLaneEnabled("c", false)
        try await two.signing.setLaneEnabled("c", true)
        try await one.signing.setLaneEnabled("d", true)
        try await two.signing.setLaneEnabled("d", false)
        let documents = (try await one.signing.export(), try await two.signing.export())
        #expect(try await one.signing.import(documents.1).lanesChanged == 3)
        #expect(try await two.signing.import(documents.0).lanesChanged == 2)
        let expected = [
            "a 7 50 true", "b 1 2 true", "c nil nil false", "d nil nil false",
        ]
        func described(_ bench: Bench) async throws -> [String] {
            try await bench.signing.lanes().map { lane in
                let low = lane.low.map { "\($0)" } ?? "nil"
                let high = lane.high.map { "\($0)" } ?? "nil"
                return "\(lane.lane) \(low) \(high) \(lane.isEnabled)"
            }
        }
        #expect(try await described(one) == expected)
        #expect(try await described(two) == expected)
    }

    @Test(arguments: Backing.allCases) func `a slot about which two histories disagree takes nothing more`(
        _ backing: Backing
    ) async throws {
        try await withStores { stores in
            let vault = MemoryVault(clock: .system, random: .seeded(11))
            let one = try await Bench.make(stores.open(backing, GuardSchema.migrations, name: "one"), vault: vault)
            let two = try await Bench.make(stores.open(backing, GuardSchema.migrations, name: "two"), vault: vault)
            _ = try await one.sign(one.request(1, "to one"))
            _ = try await two.sign(two.request(1, "to two"))
            _ = try await one.sign(one.request(2))
            _ = try await two.sign(two.request(2, fee: 5_000, tip: 500))
            _ = try await two.sign(two.request(3, digest: digest("moved")))
            _ = try await one.sign(one.request(4, digest: digest("moved")))
            let report = try await one.signing.import(two.signing.export())
            #expect(report.frozen == ["\(Bench.lane)#1", "\(Bench.lane)#3", "\(Bench.lane)#4"])
            for position in [Int64(1), 3, 4] {
                #expect(try await one.refusal(one.request(position, fee: 9_000, tip: 900)) == .guardConflict)
                #expect(try await one.refusal(one.request(position, "to one", fee: 9_000, tip: 900)) == .guardConflict)
                #expect(
                    try await one.refusal(one.request(position, "x", fee: 9_000, tip: 900, purpose: .cancel))
                        == .guardConflict)
                #expect(try await one.signing.slot(Bench.lane, position)?.isFrozen == true)
            }
            // Both signatures of the slot are kept as evidence, and given again.
            #expect(try await one.signing.slot(Bench.lane, 1)?.payloads.count == 2)
            #expect(try await one.refusal(one.request(1, "to one")) == nil)
            // The same intent with other fees is no disagreement; the highest fees count.
            #expect(try await one.refusal(one.request(2, fee: 5_499, tip: 550)) == .guardConflict)
            #expect(try await one.refusal(one.request(2, fee: 5_500, tip: 550)) == nil)
        }
    }

    @Test func `an imported cancel ends the payout, and an imported signature is used`() async throws {
        let vault = FaultyVault()
        let one = try await Bench.make(migrated(MemoryStore()), vault: vault)
        let two = try await Bench.make(migrated(MemoryStore()), vault: vault)
        for bench in [one, two] { _ = try await bench.sign(bench.request(1)) }
        _ = try await two.sign(two.request(1, "null", fee: 2_000, tip: 200, purpose: .cancel))
        vault.fault = .unreachable
        #expect(try await one.refusal(one.request(2)) == .unavailable)
        vault.fault = .none
        let signed = try await two.sign(two.request(2))
        let report = try await one.signing.import(two.signing.export())
        #expect((report.payloadsAdded, report.signaturesAdded) == (1, 1))
        #expect(try await one.refusal(one.request(1, fee: 9_000, tip: 900)) == .guardConflict)
        let asked = vault.asked
        #expect(try await one.sign(one.request(2)) == signed)
        #expect(vault.asked == asked)
    }

    @Test func `a history with a mistake is refused whole`() async throws {
        let vault = MemoryVault(clock: .system, random: .seeded(11))
        let old = try await filled(migrated(MemoryStore()), vault)
        let text = try await old.signing.export().text
        let new = try await Bench.make(migrated(MemoryStore()), vault: vault)
        let signature = try await old.sign(old.request(1)).signature
        let other = try await old.sign(old.request(2)).signature
        let mistakes: [(String, String, KeyError.Code)] = [
            ("\"version\":1", "\"version\":2", .invalidInput),
            ("\"position\":1", "\"position\":-1", .invalidInput),
            ("\"position\":1", "\"position\":2", .invalidInput),
            ("\"position\":1", "\"position\":1.0", .invalidInput),
            ("\"purpose\":\"payout\"", "\"purpose\":\"gift\"", .invalidInput),
            ("\"max_fee_per_gas\":\"1000\"", "\"max_fee_per_gas\":\"-1\"", .invalidInput),
            ("\"max_fee_per_gas\":\"1000\"", "\"max_fee_per_gas\":1000", .invalidInput),
            ("\"enabled\":true", "\"enabled\":1", .invalidInput),
            ("\"lane\":\"siwe\"", "\"lane\":\"\"", .invalidInput),
            ("\"lane\":\"siwe\"", "\"lane\":\"switched off\"", .invalidInput),
            ("\"signer\":\"0x", "\"signer\":\"0xff", .invalidInput),
            (Hex.encode(signature.compact), Hex.encode(other.compact), .badSignature),
        ]
        for (from, to, expected) in mistakes {
            let range = try #require(text.range(of: from))
            let changed = try JSON.parse(text.replacingCharacters(in: range, with: to))
            #expect(await code { _ = try await new.signing.import(changed) } == expected, "\(to)")
        }
        #expect(await code { _ = try await new.signing.import(.null) } == .invalidInput)
        #expect(await code { _ = try await new.signing.import(["version": 1, "lanes": 3]) } == .invalidInput)
        #expect(try await new.signing.lanes().isEmpty)
    }
}
