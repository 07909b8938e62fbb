import ChainEVM
import ChainNode
import Primitives
import Storage
import Testing
import Wallets

@testable import Withdrawals

/// A process that dies at every place where it can, in a day with a bit of everything.
struct CrashPointTests {
    /// Eight withdrawals: coins, tokens, one that policy refuses, one that is taken back before and one after it was
    /// sent, one that reverts, and a fee that has to be raised.
    private final class Day {
        let ground: Ground
        let settings: ChainSettings
        let witness: BroadcastWitness
        var process: Process
        var wallet: Wallet
        var promises: [Promise] = []
        var deaths = 0
        private var starts = 1
        private let second: Int?

        /// - Parameters:
        ///   - fatal: where the first process dies.
        ///   - second: where the one after it dies; `nil` for never.
        init(fatal: Int?, second: Int? = nil) async throws {
            ground = try await Ground.make(seed: 99)
            settings = Bank.settings { $0.finality = .depth(4) }
            witness = BroadcastWitness(store: ground.store, settings: settings)
            self.second = second
            let bank = Bank(ground)
            wallet = try await bank.openWallet(wei: Ground.ether * 10, tokens: 1_000_000)
            try await bank.allowAll()
            try await bank.policies.add(
                PolicyRule(id: bank.ids.next(), action: .deny, to: "\(Address.payee(5))"), actor: "test")
            for number in 0..<8 {
                promises.append(
                    Promise(
                        key: "p\(number)", wallet: wallet,
                        asset: [1, 3, 7].contains(number) ? ground.coin : Ground.native,
                        to: .payee(number), amount: UInt256(100 + number), answer: nil))
            }
            process = Process(
                "first", ground: ground, node: ground.chain, witness: witness, settings: settings, fatal: fatal)
        }

        /// Does it until it is done, by as many processes as that takes.
        private func persist(_ work: (Bank) async throws -> Void) async throws {
            while true {
                do {
                    try await work(process.bank)
                    if !process.crash.isDead { return }
                } catch {
                    guard process.crash.isDead else { throw error }
                }
                deaths += 1
                starts += 1
                ground.clock.advance(milliseconds: Leases.durationMilliseconds)
                process = Process(
                    "process \(starts)", ground: ground, node: ground.chain, witness: witness, settings: settings,
                    fatal: starts == 2 ? second : nil)
            }
        }

        private func work() async throws {
            let lane = wallet.lane
            try await persist { _ = try await $0.engine.step(lane, max: 12) }
        }

        private func cancel(_ number: Int) async throws {
            let id = promises[number].answer!.id
            try await persist { _ = try await $0.withdrawals.cancel(id, actor: "client") }
        }

        func pass() async throws {
            let chain = ground.chain
            for number in promises.indices.dropLast() {
                let request = try promises[number].request()
                var answer: Withdrawal?
                try await persist { answer = try await $0.withdrawals.accept(request).withdrawal }
                promises[number].answer = answer
            }
            try await cancel(6)
            try await work()
            try await cancel(2)
            // A market above the first offers: nothing is mined, and the first in line are raised.
            chain.setNextBaseFee(Ground.gwei * 30)
            try await work()
            for _ in 0..<2 {
                ground.clock.advance(seconds: 46)
                try await work()
            }
            chain.updateToken(at: ground.token) { $0.blocked = [.payee(3)] }
            chain.setNextBaseFee(Ground.gwei)
            let last = try promises[7].request()
            var answer: Withdrawal?
            try await persist { answer = try await $0.withdrawals.accept(last).withdrawal }
            promises[7].answer = answer
            for _ in 0..<9 {
                try await work()
                ground.clock.advance(seconds: 12)
                chain.mine(at: ground.clock.now)
            }
            try await work()
        }

        func breaches() async throws -> [String] {
            let invariants = Invariants(
                ground: ground, settings: settings, promises: promises, wallets: [wallet],
                highest: ground.chain.headNumber)
            return try await witness.violations + invariants.end(Bank(ground, settings: settings))
        }

        func states() async throws -> [Withdrawal.State] {
            var states: [Withdrawal.State] = []
            for promise in promises { states.append(try await process.bank.withdrawals.get(promise.answer!.id).state) }
            return states
        }
    }

    private static let outcome: [Withdrawal.State] = [
        .confirmed, .confirmed, .cancelled, .failed, .confirmed, .rejected, .cancelled, .confirmed,
    ]

    @Test func `a day without a crash ends as planned`() async throws {
        let day = try await Day(fatal: nil)
        try await day.pass()
        #expect(try await day.breaches() == [])
        #expect(try await day.states() == Self.outcome)
        let attempts = try await day.process.bank.withdrawals.attempts(of: day.promises[0].answer!.id)
        #expect(attempts.count > 1)
    }

    @Test(arguments: 0..<4)
    func `a crash at every place changes nothing in the end`(part: Int) async throws {
        let whole = try await Day(fatal: nil)
        try await whole.pass()
        let places = whole.process.crash.passed
        #expect(places > 80)
        for fatal in stride(from: part + 1, through: places, by: 4) {
            let day = try await Day(fatal: fatal)
            try await day.pass()
            #expect(day.deaths == 1, "place \(fatal)")
            let breaches = try await day.breaches()
            #expect(breaches == [], "place \(fatal) of \(places)")
            #expect(try await day.states() == Self.outcome, "place \(fatal) of \(places)")
        }
    }

    @Test func `a second crash soon after the first changes nothing either`() async throws {
        let whole = try await Day(fatal: nil)
        try await whole.pass()
        let random = RandomSource.seeded(7)
        for _ in 0..<40 * Campaign.scale {
            let fatal = 1 + Int(random.uint64(below: UInt64(whole.process.crash.passed)))
            let second = 1 + Int(random.uint64(below: 12))
            let day = try await Day(fatal: fatal, second: second)
            try await day.pass()
            let breaches = try await day.breaches()
            #expect(breaches == [], "places \(fatal) and \(second)")
            #expect(try await day.states() == Self.outcome, "places \(fatal) and \(second)")
        }
    }
}
