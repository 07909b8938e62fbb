import ChainNode
import Primitives
import Storage
import Wallets

@testable import Withdrawals

extension Simulation {
    func storm(_ tick: Int) async throws {
        ground.clock.advance(milliseconds: Int64(300 + below(14_000)))
        nature()
        if chance(45) { await ask(below(promises.count)) }
        if chance(6) { await cancel(below(promises.count)) }
        if chance(12) {
            let places = 1 + below(30)
            let victim = below(2)
            processes[victim].crash.arm(after: places)
            say("\(processes[victim].name) will die in \(places) places")
        }
        if chance(5) { deposit(into: wallets[below(wallets.count)]) }
        if chance(15) { await sweep() }
        for wallet in wallets {
            await step(below(2), wallet)
            if chance(40) { await step(below(2), wallet) }
        }
    }

    /// What the chain and the network do by themselves.
    private func nature() {
        let chain = ground.chain
        switch below(100) {
        case ..<48: for _ in 0..<1 + below(3) { chain.mine(at: ground.clock.now) }
        case ..<54:
            chain.mine(at: ground.clock.now, including: [])
            say("an empty block")
        case ..<62: reorganise()
        case ..<66:
            chain.dropFromPool()
            say("the pool is lost")
        case ..<70:
            let fee = Ground.gwei * UInt256(chance(70) ? 1 + below(40) : 1 + below(400))
            chain.setNextBaseFee(fee)
            say("the base fee jumps to \(fee)")
        case ..<73:
            let stalls = chance(50)
            chain.stallFinality(stalls)
            say(stalls ? "finality stands still" : "finality goes on")
        case ..<76:
            let isDown = chance(40)
            for node in nodes { node.faults.dropsRequest = isDown ? 1 : 0.02 }
            say(isDown ? "the node is down" : "the node is up")
        case ..<80:
            let pauses = chance(50)
            chain.updateToken(at: ground.token) { $0.isPaused = pauses }
            say(pauses ? "the token is paused" : "the token moves again")
        case ..<82:
            vault.isSealed = chance(40)
            say(vault.isSealed ? "the vault is sealed" : "the vault is open")
        default: break
        }
        highest = max(highest, chain.headNumber)
    }

    private func reorganise() {
        // Nothing at or below `highest - 12` is ever replaced: that is what final depth 13 means.
        let room = Int(ground.chain.headNumber) - Int(highest) + 12
        guard room > 0 else { return }
        let depth = 1 + below(room)
        let drop = Set(ground.chain.transactionHashes(inBlock: ground.chain.headNumber) ?? [])
        do {
            let back = try ground.chain.reorg(depth: depth, drop: chance(50) ? drop : [], requeue: chance(70))
            say("\(depth) blocks are replaced, \(back.count) transactions out")
            // The new branch grows at once, as it must to win.
            for _ in 0..<below(depth + 2) { ground.chain.mine(at: ground.clock.now, including: chance(50) ? [] : nil) }
        } catch {
            say("no reorganisation: \(error)")
        }
        highest = max(highest, ground.chain.headNumber)
    }

    /// Something happens elsewhere while a process waits for its node.
    func interlude() async {
        guard hasInterludes, !isInInterlude, chance(5) else { return }
        isInInterlude = true
        defer { isInInterlude = false }
        switch below(4) {
        case 0: nature()
        case 1: ground.clock.advance(seconds: 11)
        default:
            // The other process believes that this one is dead.
            ground.clock.advance(seconds: Int64(6 + below(8)))
            for wallet in wallets { for index in 0..<2 { await step(index, wallet) } }
        }
    }

    // MARK: Clients and servers

    private func restartIfDead(_ index: Int) {
        guard processes[index].crash.isDead else { return }
        say("\(processes[index].name) died")
        processes[index] = start(index == 0 ? "A" : "B")
        // The lease of the dead one runs out.
        ground.clock.advance(seconds: Int64(below(12)))
    }

    func ask(_ number: Int) async {
        let process = below(2)
        do {
            let acceptance = try await processes[process].bank.withdrawals.accept(promises[number].request())
            if let first = promises[number].answer, first != acceptance.withdrawal {
                breaches.append("I8: \(promises[number].key) is answered in another way")
            }
            if promises[number].answer == nil, acceptance.withdrawal.state != .accepted {
                breaches.append("I8: \(promises[number].key) is answered with \(acceptance.withdrawal.state)")
            }
            promises[number].answer = acceptance.withdrawal
            say("\(promises[number].key) asked, replay \(acceptance.isReplay)")
        } catch {
            say("\(promises[number].key) asked: \(error)")
        }
        restartIfDead(process)
    }

    private func cancel(_ number: Int) async {
        guard let id = promises[number].answer?.id else { return }
        let process = below(2)
        do {
            let now = try await processes[process].bank.withdrawals.cancel(id, actor: "client")
            say("\(promises[number].key) cancelled: \(now.state.rawValue)")
        } catch {
            say("\(promises[number].key) cancelled: \(error)")
        }
        restartIfDead(process)
    }

    /// Somebody sends coins or tokens.
    private func deposit(into wallet: Wallet) {
        let amount = UInt256(1 + below(500))
        let asset = chance(50) ? Ground.native : ground.coin
        switch asset.kind {
        case .native: ground.chain.fund(wallet.address, wei: amount)
        case .erc20(let token): ground.chain.mint(token: token, to: wallet.address, amount: amount)
        }
        deposits[wallet.ledgerOwner + asset.key, default: .zero] =
            deposits[wallet.ledgerOwner + asset.key, default: .zero] + amount
        say("\(amount) of \(asset.symbol ?? "") come in")
    }

    private func sweep() async {
        let process = below(2)
        do {
            let count = try await processes[process].bank.watcher.sweep()
            if count > 0 { say("\(count) deposits credited") }
        } catch {
            say("no sweep: \(error)")
        }
        restartIfDead(process)
    }

    /// The main database is gone and an older copy takes its place; clients ask for everything once more.
    ///
    /// - Parameter guardStore: a guard that takes the old one's place; only a mutation does that.
    func restore(_ copy: any Store, guardStore: (any Store)? = nil) async {
        say("an old database is restored")
        hasForgotten = true
        ground = ground.with(store: copy, guardStore: guardStore)
        witness = BroadcastWitness(store: copy, settings: promised)
        processes = [start("A"), start("B")]
        ground.clock.advance(seconds: 11)
        for number in promises.indices {
            promises[number].answer = nil
            await ask(number)
        }
    }

    func step(_ index: Int, _ wallet: Wallet) async {
        let process = processes[index]
        do {
            let worked = try await process.bank.engine.step(wallet.lane, max: 3)
            if worked { say("\(process.name) worked") }
        } catch {
            say("\(process.name): \(error)")
        }
        // A nested step may have replaced it already.
        if processes[index].name == process.name { restartIfDead(index) }
    }
}
