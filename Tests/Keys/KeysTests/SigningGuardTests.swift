import Cryptography
import Keys
import Primitives
import Storage
import Testing

struct SigningGuardTests {
    @Test(arguments: Backing.allCases) func `a first request is signed by the expected key`(_ backing: Backing)
        async throws
    {
        try await withStores { stores in
            let bench = try await Bench.make(stores.open(backing, GuardSchema.migrations))
            let request = bench.request(7)
            let signed = try await bench.sign(request)
            let recovered = try Secp256k1.recover(signed.signature, digest: request.digest)
            #expect(recovered.compressed == bench.key.publicKey)
            let slot = try #require(try await bench.signing.slot(Bench.lane, 7))
            #expect(slot.payloads.map(\.signature) == [signed.signature])
            #expect(slot.intent == request.intent)
            #expect(slot.cancelIntent == nil)
            #expect(try await bench.signing.highest(Bench.lane) == 7)
            #expect(try await bench.signing.highest("elsewhere") == nil)
        }
    }

    @Test(arguments: Backing.allCases) func `the same request gets the same signature`(_ backing: Backing) async throws
    {
        try await withStores { stores in
            let vault = FaultyVault()
            let bench = try await Bench.make(stores.open(backing, GuardSchema.migrations), vault: vault)
            let first = try await bench.sign(bench.request(0))
            vault.fault = .unreachable
            // The vault is gone: the stored one is given.
            #expect(try await bench.sign(bench.request(0)) == first)
        }
    }

    @Test(arguments: Backing.allCases) func `every changed particular is refused`(_ backing: Backing) async throws {
        try await withStores { stores in
            let vault = MemoryVault(clock: .system, random: .seeded(3))
            let bench = try await Bench.make(stores.open(backing, GuardSchema.migrations), vault: vault)
            let other = try await vault.create(.secp256k1, label: "other")
            let good = bench.request(5)
            _ = try await bench.sign(good)
            func changed(
                key: KeyDescription? = nil, lane: String? = nil, position: Int64? = nil,
                purpose: SigningRequest.Purpose? = nil, intent: Hash32? = nil, digest: Hash32? = nil,
                fee: UInt256? = nil, tip: UInt256? = nil
            ) -> SigningRequest {
                SigningRequest(
                    keyID: key?.id ?? good.keyID, lane: lane ?? good.lane, position: position ?? good.position,
                    purpose: purpose ?? good.purpose, intent: intent ?? good.intent, digest: digest ?? good.digest,
                    maxFeePerGas: fee ?? good.maxFeePerGas, maxPriorityFeePerGas: tip ?? good.maxPriorityFeePerGas,
                    expectedSigner: key?.publicKey ?? good.expectedSigner)
            }
            let mutations: [SigningRequest] = [
                changed(key: other), changed(lane: "another lane"), changed(position: 6), changed(position: 4),
                changed(purpose: .cancel), changed(purpose: .message), changed(intent: digest("other")),
                changed(digest: digest("other")), changed(fee: 1_001), changed(fee: 999), changed(fee: 2_000),
                changed(tip: 101), changed(tip: 99), changed(tip: 200), changed(fee: 2_000, tip: 200),
                // New bytes with higher fees, but for somebody else, by another key, or as a message.
                changed(intent: digest("other"), digest: digest("a"), fee: 2_000, tip: 200),
                changed(key: other, digest: digest("b"), fee: 2_000, tip: 200),
                changed(purpose: .message, digest: digest("c"), fee: 2_000, tip: 200),
            ]
            for mutation in mutations {
                #expect(try await bench.refusal(mutation) == .guardConflict, "\(mutation)")
                // For ever: asking again changes nothing.
                #expect(try await bench.refusal(mutation) == .guardConflict, "\(mutation)")
            }
            let refusals = try await bench.signing.refusals(limit: 1_000)
            #expect(refusals.count == 2 * mutations.count)
            #expect(refusals.allSatisfy { $0.code == .guardConflict && $0.at == noon })
            #expect(refusals.map(\.digest) == mutations.flatMap { [$0.digest, $0.digest] })
            #expect(try await bench.signing.slot(Bench.lane, 5)?.payloads.count == 1)
            #expect(try await bench.signing.slot("another lane", 5) == nil)
            #expect(try await bench.sign(good).digest == good.digest)
        }
    }

    @Test func `a request that makes no sense uses no slot up`() async throws {
        let vault = MemoryVault(clock: .system, random: .seeded(3))
        let bench = try await Bench.make(migrated(MemoryStore()), vault: vault)
        let message = try await vault.create(.ed25519, label: "messages")
        let good = bench.request(1)
        func with(key: SortableID? = nil, lane: String? = nil, position: Int64? = nil, signer: [UInt8]? = nil)
            -> SigningRequest
        {
            SigningRequest(
                keyID: key ?? good.keyID, lane: lane ?? good.lane, position: position ?? good.position,
                purpose: good.purpose, intent: good.intent, digest: good.digest, maxFeePerGas: good.maxFeePerGas,
                maxPriorityFeePerGas: good.maxPriorityFeePerGas, expectedSigner: signer ?? good.expectedSigner)
        }
        let unknown = try #require(SortableID([UInt8](repeating: 1, count: 16)))
        #expect(try await bench.refusal(with(key: unknown)) == .unknownKey)
        #expect(try await bench.refusal(with(key: message.id)) == .wrongCurve)
        #expect(try await bench.refusal(with(lane: "")) == .invalidInput)
        #expect(try await bench.refusal(with(lane: String(repeating: "x", count: 257))) == .invalidInput)
        #expect(try await bench.refusal(with(position: -1)) == .invalidInput)
        #expect(try await bench.refusal(with(signer: [])) == .invalidInput)
        #expect(try await bench.refusal(with(signer: [UInt8](repeating: 2, count: 33))) == .invalidInput)
        #expect(try await bench.signing.history(Bench.lane).isEmpty)
        #expect(try await bench.signing.lanes().isEmpty)
        let many = [SigningRequest](repeating: good, count: SigningGuard.requestsMax + 1)
        #expect(await code { _ = try await bench.signing.sign(many) } == .invalidInput)
        #expect(try await bench.signing.sign([]).isEmpty)
    }

    @Test func `one bad request does not hold up its neighbours`() async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        _ = try await bench.sign(bench.request(2))
        let batch = [
            bench.request(1), bench.request(2, "theft", fee: 2_000, tip: 200), bench.request(3), bench.request(3),
            bench.request(3, "theft", fee: 9_000, tip: 900), bench.request(3, fee: 1_100, tip: 110), bench.request(-1),
        ]
        let outcomes = try await bench.signing.sign(batch)
        #expect(
            outcomes.map { outcome -> String in
                switch outcome {
                case .success(let signed): "\(batch.firstIndex { $0.digest == signed.digest }!)"
                case .failure(let error): "\(error.code)"
                }
            } == ["0", "guardConflict", "2", "2", "guardConflict", "5", "invalidInput"])
    }

    // MARK: Fees

    @Test(
        arguments: [
            // old, new, is raised
            (1_000, 1_099, false), (1_000, 1_100, true), (1_001, 1_101, false), (1_001, 1_102, true),
            (9, 9, false), (9, 10, true), (10, 10, false), (10, 11, true), (1, 1, false), (1, 2, true),
            (0, 0, false), (0, 1, true), (100, 99, false), (100, 109, false), (100, 110, true), (105, 115, false),
            (105, 116, true),
        ] as [(UInt64, UInt64, Bool)])
    func `both fees must rise by a tenth, rounded up`(old: UInt64, new: UInt64, isRaised: Bool) async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        _ = try await bench.sign(bench.request(0, fee: old, tip: 50))
        let expected: KeyError.Code? = isRaised ? nil : .guardConflict
        #expect(try await bench.refusal(bench.request(0, fee: new, tip: 55)) == expected)
        _ = try await bench.sign(bench.request(1, fee: 50, tip: old))
        #expect(try await bench.refusal(bench.request(1, fee: 55, tip: new)) == expected)
    }

    @Test func `fees are measured against the highest so far, each by itself`() async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        _ = try await bench.sign(bench.request(0, fee: 1_000, tip: 100))
        _ = try await bench.sign(bench.request(0, fee: 5_000, tip: 110))
        #expect(try await bench.refusal(bench.request(0, fee: 1_200, tip: 200)) == .guardConflict)
        #expect(try await bench.refusal(bench.request(0, fee: 5_499, tip: 121)) == .guardConflict)
        #expect(try await bench.refusal(bench.request(0, fee: 5_500, tip: 120)) == .guardConflict)
        #expect(try await bench.refusal(bench.request(0, fee: 5_500, tip: 121)) == nil)
        // The first one is still given out as it was.
        #expect(try await bench.refusal(bench.request(0, fee: 1_000, tip: 100)) == nil)
    }

    @Test func `fees near the end of the number range do not wrap`() async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        func request(_ fee: UInt256, _ name: String) -> SigningRequest {
            SigningRequest(
                keyID: bench.key.id, lane: Bench.lane, position: 0, purpose: .payout, intent: digest("pay"),
                digest: digest(name), maxFeePerGas: fee, maxPriorityFeePerGas: fee, expectedSigner: bench.key.publicKey)
        }
        let nearly = try UInt256.max.dividing(by: UInt256(110 as UInt64)).multiplied(by: UInt256(100 as UInt64))
        #expect(try await bench.refusal(request(nearly, "a")) == nil)
        #expect(try await bench.refusal(request(.max, "b")) == nil)
        #expect(try await bench.refusal(request(.max, "c")) == .guardConflict)
        #expect(try await bench.refusal(request(.zero, "d")) == .guardConflict)
    }

    // MARK: Cancels and messages

    @Test(arguments: Backing.allCases) func `a cancel needs higher fees and ends the payout`(_ backing: Backing)
        async throws
    {
        try await withStores { stores in
            let bench = try await Bench.make(stores.open(backing, GuardSchema.migrations))
            let payout = bench.request(0)
            _ = try await bench.sign(payout)
            #expect(
                try await bench.refusal(bench.request(0, "null", fee: 1_099, tip: 110, purpose: .cancel))
                    == .guardConflict)
            #expect(
                try await bench.refusal(bench.request(0, "pay", fee: 1_100, tip: 110, purpose: .cancel))
                    == .guardConflict)
            #expect(try await bench.refusal(bench.request(0, "null", fee: 1_100, tip: 110, purpose: .cancel)) == nil)
            // Higher fees do not bring the payout back, and there is one cancel only.
            #expect(try await bench.refusal(bench.request(0, fee: 9_000, tip: 900)) == .guardConflict)
            #expect(
                try await bench.refusal(bench.request(0, "void", fee: 9_000, tip: 900, purpose: .cancel))
                    == .guardConflict)
            #expect(
                try await bench.refusal(bench.request(0, "null", fee: 1_209, tip: 121, purpose: .cancel))
                    == .guardConflict)
            #expect(try await bench.refusal(bench.request(0, "null", fee: 1_210, tip: 121, purpose: .cancel)) == nil)
            // What was signed before is given again.
            #expect(try await bench.refusal(payout) == nil)
            let slot = try #require(try await bench.signing.slot(Bench.lane, 0))
            #expect(slot.payloads.map(\.purpose) == [.payout, .cancel, .cancel])
            #expect(slot.cancelIntent == digest("null"))
        }
    }

    @Test func `a cancel may fill an empty slot, which then takes no payout`() async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        #expect(try await bench.refusal(bench.request(0, "null", purpose: .cancel)) == nil)
        #expect(try await bench.refusal(bench.request(0, fee: 9_000, tip: 900)) == .guardConflict)
        #expect(try await bench.refusal(bench.request(0, fee: 9_000, tip: 900, purpose: .message)) == .guardConflict)
        #expect(try await bench.signing.slot(Bench.lane, 0)?.intent == nil)
    }

    @Test func `a message is answered byte for byte and takes nothing else`() async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        let message = bench.request(0, "hello", fee: 0, tip: 0, purpose: .message)
        let signed = try await bench.sign(message)
        #expect(try await bench.sign(message) == signed)
        #expect(
            try await bench.refusal(bench.request(0, "hello", fee: 10, tip: 10, purpose: .message)) == .guardConflict)
        #expect(try await bench.refusal(bench.request(0, "hello", fee: 10, tip: 10)) == .guardConflict)
        #expect(try await bench.refusal(bench.request(0, "null", fee: 10, tip: 10, purpose: .cancel)) == .guardConflict)
    }

    // MARK: Lanes

    @Test(arguments: Backing.allCases) func `watermarks bound a lane on both sides`(_ backing: Backing) async throws {
        try await withStores { stores in
            let bench = try await Bench.make(stores.open(backing, GuardSchema.migrations))
            _ = try await bench.sign(bench.request(3))
            try await bench.signing.setWatermarks(Bench.lane, low: 3, high: 5)
            #expect(try await bench.refusal(bench.request(2)) == .belowWatermark)
            #expect(try await bench.refusal(bench.request(3)) == .belowWatermark)
            #expect(try await bench.refusal(bench.request(4)) == nil)
            #expect(try await bench.refusal(bench.request(5)) == nil)
            #expect(try await bench.refusal(bench.request(6)) == .aboveWatermark)
            #expect(try await bench.refusal(bench.request(6, lane: "another")) == nil)
            #expect(try await bench.signing.slot(Bench.lane, 6) == nil)
            #expect(
                await code { try await bench.signing.setWatermarks(Bench.lane, low: 2, high: nil) } == .invalidInput)
            #expect(
                await code { try await bench.signing.setWatermarks(Bench.lane, low: nil, high: nil) } == .invalidInput)
            try await bench.signing.setWatermarks(Bench.lane, low: 3, high: nil)
            #expect(try await bench.refusal(bench.request(6)) == nil)
            #expect(
                try await bench.signing.refusals(lane: Bench.lane, limit: 10).map(\.code) == [
                    .belowWatermark, .belowWatermark, .aboveWatermark,
                ])
        }
    }

    @Test func `a disabled lane signs nothing, not even again`() async throws {
        let bench = try await Bench.make(migrated(MemoryStore()))
        _ = try await bench.sign(bench.request(0))
        try await bench.signing.setLaneEnabled(Bench.lane, false)
        #expect(try await bench.refusal(bench.request(0)) == .laneDisabled)
        #expect(try await bench.refusal(bench.request(1)) == .laneDisabled)
        #expect(try await bench.refusal(bench.request(1, lane: "another")) == nil)
        try await bench.signing.setLaneEnabled(Bench.lane, true)
        #expect(try await bench.refusal(bench.request(1)) == nil)
    }
}

func migrated(_ store: any Store, _ migrations: [Migration] = GuardSchema.migrations) async throws -> any Store {
    try await store.migrate(migrations)
    return store
}
