import Foundation
import HTTPTypes
import Logging
import Observability
import Primitives
import Testing
import WalletConnectBackend
import WalletConnectClient
import WalletConnectProtocol

@testable import API
@testable import Bootstrap

/// The routes over a backend that runs, whose relay nobody reaches: a proposal is stored and shown all the same.
@Suite struct ConnectionRouteTests {
    /// Two tenants, one key of each, one that may only read, and an administrator.
    struct Keys: Authenticator {
        func authenticate(_ credential: String, at time: Timestamp) async throws -> Principal? {
            let scopes: ScopeSet = ["connections:read", "connections:write"]
            return switch credential {
            case "one": Principal(id: "key_one", kind: .apiKey, tenant: "t1", scopes: scopes)
            case "two": Principal(id: "key_two", kind: .apiKey, tenant: "t2", scopes: scopes)
            case "reader": Principal(id: "key_reader", kind: .apiKey, tenant: "t1", scopes: ["connections:read"])
            case "stranger": Principal(id: "key_stranger", kind: .apiKey, tenant: "t1", scopes: ["wallets:read"])
            case "admin": Principal(id: "key_admin", kind: .apiKey, tenant: "t1", scopes: ["*"])
            default: nil
            }
        }
    }

    /// A whole server without a port, while `body` runs.
    static func with(
        isEnabled: Bool = true, limits: RateLimits = .unlimited, _ change: (inout BackendSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (Server) async throws -> Void
    ) async throws {
        try await withServices(isEnabled: isEnabled, limits: limits, change) { server, _ in try await body(server) }
    }

    /// As above, with what the routes work with.
    ///
    /// - Parameters:
    ///   - isRunning: whether the backend is at work.
    ///   - keepsEvents: whether what happens is written into the log.
    static func withServices(
        isEnabled: Bool = true, isRunning: Bool = true, keepsEvents: Bool = true, limits: RateLimits = .unlimited,
        _ change: (inout BackendSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (Server, APIServices) async throws -> Void
    ) async throws {
        let path = NSTemporaryDirectory() + "coffer-routes-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        var plan = ServerPlan(
            mode: .dev, version: "0", directory: try DataDirectory(path: path), host: "127.0.0.1", port: 0, chains: [],
            rateLimits: limits, log: LogConfiguration(format: .silent))
        if isEnabled {
            var connections = ConnectionPlan.development(projectID: "p")
            connections.recordsURL = "memory:"
            change(&connections.settings)
            plan.connections = connections
        }
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let services = try await CofferServer.make(
            plan, registry: PrometheusRegistry(includesProcess: false), logger: quiet
        ).services
        let server = Server(routes: APIRoutes.documented(services), limits: limits, authenticator: Keys())
        guard isRunning, let backend = services.connections else { return try await body(server, services) }
        let events = backend.events()
        try await withBackend(backend) { backend in
            try await withThrowingTaskGroup(of: Void.self) { group in
                if keepsEvents {
                    group.addTask { await ConnectionEvents.keep(backend, events, in: services.store) { _, _ in } }
                }
                group.addTask { await services.feed.run() }
                try await body(server, services)
                group.cancelAll()
            }
        }
    }

    static let wish = #"{"user_id":"alice","chains":["eip155:1"],"methods":["personal_sign"],"events":[]}"#

    static func connect(_ server: Server, key: String = "one") async throws -> String {
        let answer = try await server.send(.post, "/v1/connections", key: key, body: wish)
        return try #require(answer.json?["pairing_topic"]?.string, "\(answer.text)")
    }

    @Test func `connecting answers at once with what a wallet scans and links`() async throws {
        try await Self.with { server in
            let answer = try await server.send(.post, "/v1/connections", key: "one", body: Self.wish)
            let json = try #require(answer.json)
            let uri = json["uri"]?.string ?? ""
            #expect(answer.status == 201 && uri.hasPrefix("wc:") && uri.contains("symKey="))
            #expect(json["qr_svg"]?.string?.hasPrefix("<svg") == true)
            let topic = json["pairing_topic"]?.string ?? ""
            #expect(topic.count == 64 && answer.header("Location") == "/v1/connections/\(topic)")
            #expect(json["links"]?["any"]?.string == uri)
            #expect(json["links"]?["metamask"]?.string?.hasPrefix("https://metamask.app.link/wc?uri=wc%3A") == true)
            #expect(answer.header("Cache-Control") == "no-store")
            // The address is a key: it is nowhere but in the answer.
            #expect(!server.log.text.contains("symKey"))
            let found = try await server.send(.get, "/v1/connections/\(topic)", key: "reader")
            #expect(found.json?["state"] == "pending" && found.json?["topic"]?.string == topic)
            #expect(found.json?["accounts"] == [] && found.json?["wallet"] == .null)
        }
    }

    @Test func `a key sees the connections of its tenant alone`() async throws {
        try await Self.with { server in
            let topic = try await Self.connect(server)
            func count(_ key: String) async throws -> Int? {
                try await server.send(.get, "/v1/connections", key: key).json?["data"]?.array?.count
            }
            let counts = [try await count("one"), try await count("two"), try await count("admin")]
            #expect(counts == [1, 0, 1])
            for (method, path) in [
                (HTTPRequest.Method.get, ""), (.delete, ""), (.get, "/events"), (.get, "/balances"),
                (.get, "/requests/1"),
            ] {
                let answer = try await server.send(method, "/v1/connections/\(topic)\(path)", key: "two")
                #expect(
                    answer.status == 404 && answer.code == "CONNECTION_NOT_FOUND", "\(method) \(path): \(answer.text)")
            }
            let asked = try await server.send(
                .post, "/v1/connections/\(topic)/requests", key: "two",
                body: #"{"chain":"eip155:1","method":"personal_sign","params":[]}"#)
            #expect(asked.status == 404)
            // It is still there.
            #expect(try await count("one") == 1)
            let state = try await server.send(.get, "/v1/connections/\(topic)", key: "one").json?["state"]
            #expect(state == "pending")
        }
    }

    @Test func `what a key may do is in its scopes`() async throws {
        try await Self.with { server in
            let topic = try await Self.connect(server)
            for (method, path, body, status) in [
                (HTTPRequest.Method.get, "/v1/connections", nil as String?, ["reader": 200, "stranger": 403]),
                (.post, "/v1/connections", Self.wish, ["reader": 403, "stranger": 403]),
                (.delete, "/v1/connections/\(topic)", nil, ["reader": 403, "stranger": 403]),
                (.post, "/v1/connections:cleanup", nil, ["one": 403, "admin": 200]),
            ] {
                for (key, status) in status {
                    let answer = try await server.send(method, path, key: key, body: body)
                    #expect(answer.status == status, "\(key) \(path): \(answer.text)")
                }
                #expect(try await server.send(method, path, key: nil, body: body).status == 401)
            }
        }
    }

    @Test func `all faults of a wish are named at once`() async throws {
        try await Self.with { server in
            let answer = try await server.send(
                .post, "/v1/connections", key: "one",
                body: #"{"user_id":"a b","chains":["1"],"methods":[" "],"events":7,"more":1}"#)
            #expect(answer.status == 422 && answer.code == "validation_failed")
            #expect(
                Set(answer.pointers()) == ["/user_id", "/chains/0", "/methods/0", "/events", "/more"], "\(answer.text)")
            let many = (1...65).map { #""eip155:\#($0)""# }.joined(separator: ",")
            let crowd = try await server.send(
                .post, "/v1/connections", key: "one", body: #"{"user_id":"a","chains":[\#(many)]}"#)
            #expect(crowd.pointers() == ["/chains"])
            let large = try await server.send(
                .post, "/v1/connections", key: "one",
                body: #"{"user_id":"\#(String(repeating: "a", count: 40_000))","chains":["eip155:1"]}"#)
            #expect(large.status == 413)
        }
    }

    @Test func `pages follow one another, and states and users are told apart`() async throws {
        try await Self.with { server in
            var topics: [String] = []
            for _ in 0..<5 { topics.append(try await Self.connect(server)) }
            let ended = try await server.send(.delete, "/v1/connections/\(topics[2])", key: "one")
            #expect(ended.status == 204)
            var (found, path) = ([String](), "/v1/connections?limit=2" as String?)
            while let next = path {
                let page = try #require(try await server.send(.get, next, key: "one").json)
                found += page["data"]?.array?.compactMap { $0["topic"]?.string } ?? []
                path = page["next_cursor"]?.string.map { "/v1/connections?limit=2&cursor=\($0)" }
            }
            #expect(found == topics)
            for (query, count) in [
                ("state=pending", 4), ("state=disconnected", 1), ("state=active", 0), ("user_id=alice", 5),
                ("user_id=bob", 0),
            ] {
                let page = try await server.send(.get, "/v1/connections?\(query)", key: "one")
                #expect(page.json?["data"]?.array?.count == count, "\(query)")
            }
            #expect(try await server.send(.get, "/v1/connections?state=happy", key: "one").status == 400)
            #expect(try await server.send(.get, "/v1/connections?cursor=x", key: "one").code == "invalid_cursor")
        }
    }

    @Test func `a user has as many connections as the settings say, and the next is refused by name`() async throws {
        try await Self.with { settings in
            settings.sessionsPerUserMax = 2
        } _: { server in
            _ = try await Self.connect(server)
            let second = try await Self.connect(server)
            let refused = try await server.send(.post, "/v1/connections", key: "one", body: Self.wish)
            #expect(refused.status == 429 && refused.code == "too_many_sessions", "\(refused.text)")
            #expect(refused.header("Retry-After") != nil)
            _ = try await server.send(.delete, "/v1/connections/\(second)", key: "one")
            _ = try await Self.connect(server)
        }
    }

    @Test func `new connections have a rate of their own`() async throws {
        let limits = RateLimits(
            perPrincipal: nil, perAddress: nil, perClass: ["connections": RatePolicy("connections", quota: 1, burst: 2)]
        )
        try await Self.with(limits: limits) { server in
            var answers: [Int] = []
            for _ in 0..<3 {
                answers.append(try await server.send(.post, "/v1/connections", key: "one", body: Self.wish).status)
            }
            #expect(answers == [201, 201, 429])
        }
    }

    @Test func `a server without a relay says that it connects nobody`() async throws {
        try await Self.with(isEnabled: false) { server in
            let answer = try await server.send(.post, "/v1/connections", key: "one", body: Self.wish)
            #expect(answer.status == 503 && answer.code == "connections_disabled", "\(answer.text)")
            let health = try await server.send(.get, "/health", key: nil)
            #expect(health.json?["components"]?["connections"]?["status"] == "disabled")
        }
    }

    @Test func `a relay that is away makes the whole degraded and not more`() async throws {
        try await Self.with { server in
            _ = try await Self.connect(server)
            let health = try await server.send(.get, "/health", key: nil)
            #expect(health.status == 200)
            #expect(health.json?["components"]?["connections"]?["pending"] == 1, "\(health.text)")
            #expect(health.json?["status"]?.string != "ok")
        }
    }

    @Test(arguments: BackendError.Code.allCases)
    func `each code of the backend is a problem of the same name`(code: BackendError.Code) {
        let problem = BackendError(code, "words", field: "transaction.to", cause: "postgres://user:hunter2@db").problem
        let renamed: [BackendError.Code: String] = [
            .requestTimeout: "timeout", .insufficientFunds: "INSUFFICIENT_FUNDS",
            // Told of in events, and never thrown.
            .pluginFailed: "internal",
        ]
        #expect(problem.code.code == renamed[code] ?? code.rawValue)
        #expect(ProblemCode.all.contains(problem.code))
        #expect(!problem.json(instance: "/", requestID: "r").text.contains("hunter2"))
    }

    @Test(arguments: [
        ("postgresx://a:hunter2@b", "is not known"), ("sqlite:/x", "sqlite:///path"),
    ])
    func `an address of records that is not understood is refused without its password`(
        url: String, words: String
    ) async throws {
        let folder = try DataDirectory(path: NSTemporaryDirectory() + "coffer-records-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let error = await #expect(throws: BootstrapError.self) {
            _ = try await ConnectionRecords.open(
                url, folder, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        #expect(error?.description.contains(words) == true && error?.description.contains("hunter2") == false)
        #expect(error?.code == .configuration)
    }

    @Test func `settings say whose relay it is`() throws {
        func plan(_ yaml: String) throws -> ConnectionPlan? {
            try ConnectionPlan(Settings(file: yaml, environment: [:]))
        }
        #expect(try plan("server:\n  port: 0\n") == nil)
        let own = try #require(try plan("relay:\n  enabled: true\n  audiences: [wss://relay.example]\n"))
        #expect(own.usesOwnRelay && own.settings.client.relay.urls == ["wss://relay.example"])
        let public_ = try #require(
            try plan("walletconnect:\n  relay_urls: [wss://relay.example]\n  project_id: abc\n  sessions_max: 7\n"))
        #expect(!public_.usesOwnRelay && public_.settings.client.relay.projectID == "abc")
        #expect(public_.settings.sessionsMax == 7)
        // What the client refuses by itself is never less than what the settings allow.
        let large = try #require(
            try plan("relay:\n  enabled: true\nwalletconnect:\n  sessions_max: 1000000\n  requests_max: 1000000\n"))
        let held = large.settings.client.sign.limits
        #expect([held.sessionsMax, held.pairingsMax, held.proposalsMax, held.requestsMax].min() == 1_000_000)
        #expect(held.outboxMax >= 2_000_000 && held.outcomesMax >= 2_000_000)
        #expect(throws: BootstrapError.self) { try plan("walletconnect:\n  relay_urls: [https://relay.example]\n") }
    }
}
