import AsyncHTTPClient
import CofferClient
import NIOHTTP1
import Primitives
import Synchronization
import Testing

struct APIClientTests {
    private static let created = #"{"id":"wd_1","state":"accepted"}"#
    private static let page = "<dl><dt>What to do</dt><dd>Wait.</dd></dl>"

    /// What a client said and how long it would have waited.
    private final class Journal: Sendable {
        let waits = Mutex<[Int64]>([])
        let notices = Mutex<[String]>([])
    }

    private func client(
        port: Int, timeoutSeconds: Double = 5, _ body: (APIClient, Journal) async throws -> Void
    ) async throws {
        let journal = Journal()
        let http = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: APIClient.configuration(timeoutSeconds: timeoutSeconds))
        let credential = Connection.Credential(key: "k", source: "test", file: nil)
        let admin = Connection.Credential(key: "a", source: "test", file: nil)
        let connection = Connection(
            base: try BaseURL("http://127.0.0.1:\(port)", source: "test"), urlSource: "test", user: credential,
            administrator: admin)
        var client = APIClient(
            connection: connection, http: http, timeoutSeconds: timeoutSeconds, backoff: Backoff(random: .seeded(1)),
            pause: { milliseconds in journal.waits.withLock { $0.append(milliseconds) } },
            notice: { text in journal.notices.withLock { $0.append(text) } })
        client.explanationSeconds = 30
        do {
            try await body(client, journal)
        } catch {
            try? await http.shutdown()
            throw error
        }
        try await http.shutdown()
    }

    @Test func `a lost answer is asked for again with the same key and the same bytes`() async throws {
        try await LoopbackServer.run({ number, _ in number < 3 ? .hangUp : .json(202, Self.created) }) {
            port, requests in
            try await client(port: port) { client, journal in
                let call = APICall.post("/v1/withdrawals", ["amount": "5"], idempotencyKey: "key-1")
                let answer = try await client.send(call)
                #expect(answer.status == 202)
                #expect(requests().map { $0.header("Idempotency-Key") } == ["key-1", "key-1", "key-1", "key-1"])
                #expect(Set(requests().map(\.body)) == [#"{"amount":"5"}"#])
                #expect(journal.waits.withLock { $0.count } == 3)
                #expect(journal.notices.withLock { $0.count } == 3)
            }
        }
    }

    @Test func `the tries are bounded and the error says how to go on`() async throws {
        try await LoopbackServer.run({ _, _ in .hangUp }) { port, requests in
            try await client(port: port) { client, _ in
                let error = await #expect(throws: ClientError.self) {
                    try await client.send(.post("/v1/withdrawals", [:], idempotencyKey: "key-2"))
                }
                #expect(error?.exit == .unavailable)
                #expect(error?.fix?.contains("--idempotency-key key-2") == true)
                #expect(requests().count == APIClient.triesMax)
            }
        }
    }

    @Test func `what has no key is sent once`() async throws {
        try await LoopbackServer.run({ _, _ in .hangUp }) { port, requests in
            try await client(port: port) { client, _ in
                let error = await #expect(throws: ClientError.self) { try await client.send(.post("/v1/wallets", [:])) }
                #expect(error?.exit == .unavailable)
                #expect(requests().count == 1)
            }
        }
    }

    @Test func `a first request that still runs is waited for as long as the server says`() async throws {
        let running = #"{"title":"t","status":409,"code":"idempotency_in_progress"}"#
        try await LoopbackServer.run({ number, _ in
            number == 0 ? .answer(409, ["Retry-After": "3"], running) : .json(202, Self.created)
        }) { port, requests in
            try await client(port: port) { client, journal in
                let answer = try await client.send(.post("/v1/withdrawals", [:], idempotencyKey: "k"))
                #expect(answer.status == 202)
                #expect(journal.waits.withLock { $0 } == [3000])
                #expect(requests().count == 2)
            }
        }
    }

    @Test(arguments: [
        (400, CommandExit.failed), (401, .notAllowed), (403, .notAllowed), (422, .failed), (429, .tryAgain),
    ])
    func `a refusal is not repeated, not even with a key`(status: Int, exit: CommandExit) async throws {
        try await LoopbackServer.run({ _, _ in .json(status, #"{"title":"no","code":"c"}"#) }) { port, requests in
            try await client(port: port) { client, _ in
                let error = await #expect(throws: ClientError.self) {
                    try await client.send(.post("/v1/withdrawals", [:], idempotencyKey: "k"))
                }
                #expect(error?.exit == exit)
                #expect(error?.problem?.code == "c")
                #expect(requests().count == 1)
            }
        }
    }

    @Test func `a sealed keystore is not waited for and its page has the fix`() async throws {
        try await LoopbackServer.run({ _, request in
            request.target == "/problems/sealed"
                ? .answer(200, [:], Self.page)
                : .json(503, #"{"type":"/problems/sealed","title":"The keystore is sealed.","code":"sealed"}"#)
        }) { port, requests in
            try await client(port: port) { client, _ in
                let error = await #expect(throws: ClientError.self) {
                    try await client.send(.post("/v1/withdrawals", [:], idempotencyKey: "k"))
                }
                #expect(error?.exit == .unavailable)
                #expect(error?.fix == "Wait.")
                #expect(requests().map(\.target) == ["/v1/withdrawals", "/problems/sealed"])
                #expect(requests().last?.header("Authorization") == nil)
            }
        }
    }

    @Test func `a silent server is left at the deadline`() async throws {
        try await LoopbackServer.run({ _, _ in .silence }) { port, requests in
            try await client(port: port, timeoutSeconds: 0.2) { client, _ in
                let error = await #expect(throws: ClientError.self) { try await client.send(.post("/x")) }
                #expect(error?.exit == .unavailable)
                #expect(error?.message.contains("within 0.2 s") == true)
                #expect(requests().count == 1)
            }
        }
    }

    @Test func `a refused connection is reported at once, because nothing was sent`() async throws {
        var closedPort = 0
        try await LoopbackServer.run({ _, _ in .hangUp }) { port, _ in closedPort = port }
        try await client(port: closedPort) { client, journal in
            let error = await #expect(throws: ClientError.self) {
                try await client.send(.post("/v1/withdrawals", [:], idempotencyKey: "k"))
            }
            #expect(error?.exit == .unavailable)
            #expect(error?.message.contains("refused") == true)
            #expect(journal.waits.withLock { $0.isEmpty })
        }
    }

    @Test func `the administrator's key is used where it is asked for, and arguments stay in their segment`()
        async throws
    {
        try await LoopbackServer.run({ _, _ in .json(200, "{}") }) { port, requests in
            try await client(port: port) { client, _ in
                _ = try await client.send(
                    .get("/v1/wallets/\(APICall.escaped("../a b?c#d"))", query: ["x": "1&2", "y": nil]))
                _ = try await client.send(APICall.get("/v1/wallets/\(APICall.escaped(".."))").asAdministrator)
                #expect(requests().map(\.target) == ["/v1/wallets/..%2Fa%20b%3Fc%23d?x=1%262", "/v1/wallets/%2E%2E"])
                #expect(requests().map { $0.header("Authorization") } == ["Bearer k", "Bearer a"])
            }
        }
    }

    @Test func `an answer that is no JSON is named as such`() async throws {
        try await LoopbackServer.run({ _, _ in .answer(200, [:], "<html>") }) { port, _ in
            try await client(port: port) { client, _ in
                let answer = try await client.send(.get("/v1/status"))
                #expect(throws: ClientError.self) { try answer.json() }
            }
        }
    }

    // MARK: Events

    private static func event(_ number: Int, _ state: String) -> String {
        "id: \(number)\nevent: withdrawal.\(state)\ndata: {\"state\":\"\(state)\"}\n\n"
    }

    @Test func `a broken stream is taken up where it broke`() async throws {
        try await LoopbackServer.run({ number, _ in
            switch number {
            case 0: .brokenOff(Self.event(1, "accepted") + Self.event(2, "queued") + "id: 3\nevent: withdr")
            case 1: .json(503, "{}")
            case 2: .events(Self.event(3, "signed"))
            default: .events(Self.event(4, "confirmed"))
            }
        }) { port, requests in
            try await client(port: port) { client, journal in
                var states: [String] = []
                var starts = 0
                try await EventFollower(.get("/v1/events"), client: client).follow(
                    atStart: { starts += 1 },
                    take: { event in
                        states.append(event.type)
                        return event.type == "withdrawal.confirmed" ? .stop : .goOn
                    })
                #expect(states == ["accepted", "queued", "signed", "confirmed"].map { "withdrawal.\($0)" })
                #expect(requests().map { $0.header("Last-Event-ID") } == [nil, "2", "2", "3"])
                #expect(starts == 3)
                #expect(journal.waits.withLock { $0.count } == 3)
            }
        }
    }

    @Test func `a stream that ended in good order is not opened again when there is no more to wait for`() async throws
    {
        try await LoopbackServer.run({ _, _ in .events(Self.event(1, "confirmed")) }) { port, requests in
            try await client(port: port) { client, _ in
                var count = 0
                try await EventFollower(.get("/x"), client: client).follow(
                    take: { _ in
                        count += 1
                        return .goOn
                    }, atEnd: { .stop })
                #expect(count == 1)
                #expect(requests().count == 1)
            }
        }
    }

    @Test func `a refused stream is an error, and so is one that never gives anything`() async throws {
        try await LoopbackServer.run({ _, _ in .json(403, #"{"code":"forbidden"}"#) }) { port, requests in
            try await client(port: port) { client, _ in
                let error = await #expect(throws: ClientError.self) {
                    try await EventFollower(.get("/x"), client: client).follow(take: { _ in .goOn })
                }
                #expect(error?.exit == .notAllowed)
                #expect(requests().count == 1)
            }
        }
        try await LoopbackServer.run({ number, _ in number == 0 ? .events("") : .hangUp }) { port, requests in
            try await client(port: port) { client, _ in
                let error = await #expect(throws: ClientError.self) {
                    try await EventFollower(.get("/x"), client: client, failuresMax: 4).follow(take: { _ in .goOn })
                }
                #expect(error?.exit == .unavailable)
                #expect(requests().count == 4)
            }
        }
    }
}

struct BackoffTests {
    @Test func `waits grow, stay under the cap and differ`() {
        let backoff = Backoff(baseMilliseconds: 100, capMilliseconds: 1000, random: .seeded(7))
        var seen: Set<Int64> = []
        for number in 1...40 {
            let ceiling = number > 4 ? 1000 : Int64(100 << (number - 1))
            let wait = backoff.milliseconds(before: number)
            #expect((ceiling / 2...ceiling).contains(wait))
            seen.insert(wait)
        }
        #expect(seen.count > 20)
    }

    @Test func `what the server asks for is kept up to the cap`() {
        let backoff = Backoff(baseMilliseconds: 100, capMilliseconds: 5000, random: .seeded(7))
        #expect(backoff.milliseconds(before: 1, atLeast: 3000) == 3000)
        #expect(backoff.milliseconds(before: 1, atLeast: 3_600_000) == 5000)
    }
}
