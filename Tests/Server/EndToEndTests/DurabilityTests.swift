import Foundation
import Primitives
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// What was answered 202 is there after any kill, once, and is paid once.
    @Suite struct DurabilityTests {
        @Test(.timeLimit(.minutes(10))) func `accepted means durable, however often the server is killed`() async throws
        {
            let seed = UInt64(Places.number("COFFER_SEED", default: Int.random(in: 1...1_000_000)))
            let kills = Places.number("COFFER_KILLS", default: 50)
            print("durability: seed \(seed), \(kills) kills")
            let random = RandomSource.seeded(seed)
            let folder = try Folder()
            let log = try AcceptedLog(path: folder.path("accepted.log"))
            var server = try await Server.dev(folder.path("data"), port: 0)
            let first = server
            let intents = Intents(random: random)
            do {
                var checked = 0
                for kill in 1...kills {
                    let delay = 5 + Int64(random.uint64() % 796)
                    await Self.load(server, intents, log, killAfterMilliseconds: delay)
                    server = try await Self.again(server)
                    #expect(
                        server.url == first.url && server.apiKey == first.apiKey && server.adminKey == first.adminKey)
                    // Each id that was answered since the kill before, by itself.
                    for entry in log.entries[checked...] {
                        let found = try await server.api.get("/v1/withdrawals/\(entry.id)")
                        #expect(
                            found.status == 200 && found["amount"]?.string == entry.amount
                                && found["to"]?.string?.lowercased() == entry.to,
                            "kill \(kill), seed \(seed): \(entry) became \(found)")
                    }
                    checked = log.entries.count
                }
                // What got no answer is asked again with the same key; either it was taken, or it is now.
                for intent in intents.unanswered {
                    let reply = try await Self.ask(server, intent)
                    #expect(reply.status == 202, "\(reply)")
                    if let id = reply["id"]?.string { try log.append(AcceptedLog.Entry(intent, id: id)) }
                    intents.answered(intent)
                }
                try await Self.settle(server, log, seed: seed)
            } catch {
                Issue.record("seed \(seed): the server said: \(server.child.stderr.suffix(2_000))")
                await server.child.end()
                throw error
            }
            await server.child.end()
            let (asked, onDisk) = (intents.count, try log.read())
            #expect(
                onDisk.count == asked && Set(onDisk.map(\.key)).count == asked && Set(onDisk.map(\.id)).count == asked)
            print("durability: \(asked) withdrawals asked for over \(kills) kills, each there once and paid once")
        }

        /// On the same folder; its port may still be held for a moment by a connection of our own that has its number.
        private static func again(_ server: Server) async throws -> Server {
            var last: any Error = Late(what: "a restart", seconds: 0)
            for _ in 0..<5 {
                do { return try await server.again() } catch { last = error }
            }
            throw last
        }

        private static func ask(_ server: Server, _ intent: Intent) async throws -> Reply {
            var api = server.api
            api.timeoutSeconds = 20
            return try await api.post(
                "/v1/withdrawals",
                Server.request(server.wallets[intent.wallet], to: intent.to, amount: intent.amount),
                idempotencyKey: intent.key)
        }

        /// Eight connections ask as fast as they may while a clock runs out and the server is killed.
        private static func load(
            _ server: Server, _ intents: Intents, _ log: AcceptedLog, killAfterMilliseconds delay: Int64
        ) async {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(delay))
                    server.child.send(SIGKILL)
                    _ = try? await server.child.exit()
                }
                for _ in 0..<8 {
                    group.addTask {
                        // A bound, so that the whole run stays one of minutes.
                        for _ in 0..<10 {
                            let intent = intents.next()
                            guard let reply = try? await Self.ask(server, intent) else { return }
                            guard reply.status == 202, let id = reply["id"]?.string else {
                                Issue.record("\(intent) was refused: \(reply)")
                                return
                            }
                            do { try log.append(AcceptedLog.Entry(intent, id: id)) } catch {
                                Issue.record(error)
                                return
                            }
                            intents.answered(intent)
                        }
                    }
                }
                await group.waitForAll()
            }
        }

        /// Waits until everything is confirmed and compares the books with the chain.
        private static func settle(_ server: Server, _ log: AcceptedLog, seed: UInt64) async throws {
            let open = try await eventually(within: 120, "all withdrawals to be settled") { () -> Bool? in
                let summary = try await server.admin.get("/v1/withdrawals/summary")
                return summary["open"]?.int == 0 ? true : nil
            }
            #expect(open)
            let listed = try await server.admin.all("/v1/withdrawals")
            #expect(listed.count == log.entries.count, "the server knows \(listed.count) withdrawals")
            let byID = Dictionary(grouping: listed) { $0["id"]?.string ?? "" }
            for entry in log.entries {
                let found = byID[entry.id] ?? []
                #expect(
                    found.count == 1 && found[0]["state"]?.string == "confirmed", "seed \(seed): \(entry) is \(found)")
            }
            // Every payment has a recipient of its own: what he holds is what he was paid, in all.
            var paid = 0
            for start in stride(from: 0, to: log.entries.count, by: 100) {
                let part = Array(log.entries[start..<min(start + 100, log.entries.count)])
                let calls = part.enumerated().map { index, entry -> JSON in
                    [
                        "jsonrpc": "2.0", "id": JSON(index), "method": "eth_getBalance",
                        "params": [.string(entry.to), "latest"],
                    ]
                }
                let answers =
                    try await Caller(base: server.rpc, key: nil).send("POST", "", .array(calls)).json.array ?? []
                #expect(answers.count == part.count)
                for (answer, entry) in zip(answers, part) {
                    let held = try UInt256(hexQuantity: answer["result"]?.string ?? "")
                    #expect("\(held)" == entry.amount, "seed \(seed): \(entry) was paid \(held)")
                    if "\(held)" == entry.amount { paid += 1 }
                }
            }
            #expect(paid == log.entries.count)
            #expect(try await server.faults() == [])
            let reconciled = try await server.admin.post("/v1/ledger:reconcile")
            #expect(reconciled["matches"]?.bool == true, "\(reconciled)")
        }
    }
}

/// One payment that somebody wants.
struct Intent: Sendable, Hashable {
    let key: String
    let wallet: Int
    let to: String
    let amount: String
}

/// Makes payments, each with a recipient of its own, and knows which got no answer.
private final class Intents: Sendable {
    private let random: RandomSource
    private let state = Mutex<(made: Int, open: [String: Intent])>((0, [:]))

    init(random: RandomSource) { self.random = random }

    func next() -> Intent {
        state.withLock { state in
            state.made += 1
            let intent = Intent(
                key: "intent-\(state.made)", wallet: state.made % 3, to: "0x" + Hex.encode(random.bytes(20)),
                amount: "\(1 + random.uint64() % 1_000_000_000)")
            state.open[intent.key] = intent
            return intent
        }
    }

    func answered(_ intent: Intent) { state.withLock { _ = $0.open.removeValue(forKey: intent.key) } }
    var unanswered: [Intent] { state.withLock { $0.open.values.sorted { $0.key < $1.key } } }
    var count: Int { state.withLock { $0.made } }
}

/// What the server said yes to, on the disk before anything else is done with the answer.
private final class AcceptedLog: Sendable {
    struct Entry: Sendable, CustomStringConvertible {
        let key: String
        let id: String
        let to: String
        let amount: String

        init(_ intent: Intent, id: String) {
            key = intent.key
            self.id = id
            to = intent.to
            amount = intent.amount
        }

        init?(_ line: Substring) {
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 4 else { return nil }
            (key, id, to, amount) = (parts[0], parts[1], parts[2], parts[3])
        }

        var description: String { "\(key) \(id) \(to) \(amount)" }
    }

    private let path: String
    private let handle: FileHandle
    private let list = Mutex<[Entry]>([])

    init(path: String) throws {
        self.path = path
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        handle = try FileHandle(forWritingTo: URL(filePath: path))
    }

    func append(_ entry: Entry) throws {
        try list.withLock { list in
            try handle.write(contentsOf: Data("\(entry)\n".utf8))
            try handle.synchronize()
            list.append(entry)
        }
    }

    var entries: [Entry] { list.withLock { $0 } }

    /// What the file has, rather than what we remember.
    func read() throws -> [Entry] {
        Folder.text(path).split(separator: "\n").compactMap { Entry($0) }
    }
}
