import Audit
import ChainEVM
import Primitives
import Testing
import Wallets

@testable import Withdrawals

struct PolicyTests {
    private static let users = ["alice", "bob"]
    private static let chains = ["eip155:1", "eip155:31337"]
    private static let assets = ["eip155:1/slip44:60", "eip155:31337/slip44:60", "eip155:1/erc20:\(Address.payee(70))"]
    private static let recipients = (0..<3).map { "\(Address.payee($0))" }

    private struct Dice {
        let random: RandomSource
        func below(_ bound: Int) -> Int { Int(random.uint64(below: UInt64(bound))) }
        func maybe<T>(_ values: [T]) -> T? { below(3) == 0 ? values[below(values.count)] : nil }
        func one<T>(_ values: [T]) -> T { values[below(values.count)] }

        func rule(_ id: SortableID) -> PolicyRule {
            let hasWindow = below(3) == 0
            return PolicyRule(
                id: id, action: below(3) == 0 ? .deny : .allow, chain: maybe(chains), asset: maybe(assets),
                userID: maybe(users), to: maybe(recipients), amountMax: maybe([0, 5, 10, .max]),
                windowSeconds: hasWindow ? one([1, 60, 3_600]) : nil,
                windowAmountMax: hasWindow ? one([0, 8, 20, .max]) : nil)
        }
        func subject() -> Policy.Subject {
            Policy.Subject(
                chain: one(chains), asset: one(assets), userID: one(users), to: one(recipients),
                amount: one([1, 5, 6, 10, 11, .max]))
        }
        func spendings() -> [(secondsAgo: Int64, amount: UInt256)] {
            (0..<below(4)).map { _ in (one([0, 30, 600, 86_400]), one([1, 7, 12, .max])) }
        }
    }

    private static func sum(_ spendings: [(secondsAgo: Int64, amount: UInt256)], _ seconds: Int64) -> UInt256 {
        spendings.filter { $0.secondsAgo <= seconds }.reduce(.zero) { $0.addingSaturating($1.amount) }
    }

    /// The rules once more, said in another way: a list of objections to each rule.
    private static func naive(
        _ rules: [PolicyRule], _ s: Policy.Subject, _ spendings: [(secondsAgo: Int64, amount: UInt256)]
    ) -> Bool {
        func names(_ rule: PolicyRule) -> Bool {
            for (wanted, given) in [
                (rule.chain, s.chain), (rule.asset, s.asset), (rule.userID, s.userID), (rule.to, s.to),
            ]
            where wanted != nil && wanted != given { return false }
            return true
        }
        var allowed = false
        for rule in rules where names(rule) {
            switch rule.action {
            case .deny:
                if rule.amountMax == nil || s.amount > rule.amountMax! { return false }
            case .allow:
                var objections = 0
                if rule.amountMax != nil && s.amount > rule.amountMax! { objections += 1 }
                if let seconds = rule.windowSeconds, let max = rule.windowAmountMax {
                    let (total, overflow) = sum(spendings, seconds).addingReportingOverflow(s.amount)
                    if overflow || total > max { objections += 1 }
                }
                if objections == 0 { allowed = true }
            }
        }
        return allowed
    }

    private static func allows(
        _ rules: [PolicyRule], _ subject: Policy.Subject, _ spendings: [(secondsAgo: Int64, amount: UInt256)]
    ) -> Bool {
        let verdict = Policy.evaluate(rules, subject) { (seconds) throws(Never) in sum(spendings, seconds) }
        if case .allowed(let id) = verdict {
            #expect(rules.contains { $0.id == id && $0.action == .allow })
            return true
        }
        return false
    }

    @Test func `a hundred thousand verdicts are those of a naive reading`() {
        let seed: UInt64 = 0xC0FFEE
        let dice = Dice(random: .seeded(seed))
        let ids = IDGenerator(clock: .system, random: .seeded(seed))
        var (allowed, wrong) = (0, 0)
        for round in 0..<100_000 * Campaign.scale {
            let rules = (0..<dice.below(6)).map { _ in dice.rule(ids.next()) }
            let (subject, spendings) = (dice.subject(), dice.spendings())
            let verdict = Self.allows(rules, subject, spendings)
            if verdict { allowed += 1 }
            if verdict != Self.naive(rules, subject, spendings) {
                wrong += 1
                if wrong < 5 { Issue.record("seed \(seed) round \(round): \(rules) \(subject) \(spendings)") }
            }
        }
        #expect(wrong == 0)
        // The dice make both verdicts often enough to mean something.
        #expect(allowed > 10_000 * Campaign.scale)
    }

    @Test func `a deny more or an allow less never allows more`() {
        let seed: UInt64 = 0xBEEF
        let dice = Dice(random: .seeded(seed))
        let ids = IDGenerator(clock: .system, random: .seeded(seed))
        for round in 0..<20_000 * Campaign.scale {
            let rules = (0..<dice.below(6)).map { _ in dice.rule(ids.next()) }
            let (subject, spendings) = (dice.subject(), dice.spendings())
            guard !Self.allows(rules, subject, spendings) else { continue }
            var stricter = rules
            var deny = dice.rule(ids.next())
            deny.action = .deny
            stricter.insert(deny, at: dice.below(rules.count + 1))
            #expect(!Self.allows(stricter, subject, spendings), "seed \(seed) round \(round): a deny more")
            for index in rules.indices where rules[index].action == .allow {
                var fewer = rules
                fewer.remove(at: index)
                #expect(!Self.allows(fewer, subject, spendings), "seed \(seed) round \(round): an allow less")
            }
        }
        #expect(!Self.allows([], dice.subject(), []))
    }

    @Test func `half a window lets nothing through`() {
        let id = IDGenerator(clock: .system, random: .seeded(1)).next()
        let subject = Policy.Subject(
            chain: Self.chains[0], asset: Self.assets[0], userID: "alice", to: Self.recipients[0], amount: 1)
        for rule in [
            PolicyRule(id: id, action: .allow, windowSeconds: 60),
            PolicyRule(id: id, action: .allow, windowAmountMax: 9),
            PolicyRule(id: id, action: .allow, windowSeconds: -1, windowAmountMax: 9),
            PolicyRule(id: id, action: .allow, windowSeconds: .min, windowAmountMax: 9),
        ] {
            #expect(!Self.allows([rule], subject, []))
        }
    }

    @Test func `a rule is kept as withdrawals spell things, or refused`() async throws {
        let bank = Bank(try await Ground.make())
        let wallet = try await bank.openWallet()
        try await bank.allowAll()
        let token = "\(bank.ground.token)".lowercased()
        let denied = "\(Address.payee(1))".lowercased()
        try await bank.policies.add(
            PolicyRule(
                id: bank.ids.next(), action: .deny, chain: "eip155:31337", asset: "eip155:31337/erc20:\(token)",
                to: denied), actor: "test")
        let rule = try await bank.policies.rules()[1]
        #expect(rule.asset == bank.ground.coin.key)
        #expect(rule.to == "\(Address.payee(1))")
        let refused = try await bank.accept(wallet, "a", bank.ground.coin, to: .payee(1), amount: 1)
        try await bank.settle(wallet)
        #expect(try await bank.state(refused) == .rejected)
        for bad in [
            PolicyRule(id: bank.ids.next(), action: .deny, chain: "31337"),
            PolicyRule(id: bank.ids.next(), action: .deny, asset: "ETH"),
            PolicyRule(id: bank.ids.next(), action: .deny, to: "0x1234"),
            PolicyRule(id: bank.ids.next(), action: .deny, windowSeconds: 1, windowAmountMax: 1),
            PolicyRule(id: bank.ids.next(), action: .allow, windowSeconds: 1),
            PolicyRule(id: bank.ids.next(), action: .allow, windowSeconds: 0, windowAmountMax: 1),
            PolicyRule(id: bank.ids.next(), action: .allow, windowAmountMax: 1),
        ] {
            let error = await failure { try await bank.policies.add(bad, actor: "test") } as? WithdrawalError
            #expect(error?.code == .invalidInput)
        }
        #expect(try await bank.policies.rules().count == 2)
        #expect(try await bank.policies.remove(rule.id, actor: "test"))
        #expect(try await bank.policies.remove(rule.id, actor: "test") == false)
        #expect(try await bank.audit().isIntact)
    }
}
