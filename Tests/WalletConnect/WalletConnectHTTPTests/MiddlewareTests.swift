import CoreMetrics
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOPosix
import Primitives
import Storage
import Testing
import WalletConnectBackend
import WalletConnectHTTP
import WalletConnectNetwork
import WalletConnectProtocol
import WalletConnectTesting

/// What a server of somebody else's looks like, with this module's middleware in front.
struct Context: WalletConnectRequestContext {
    var coreContext: CoreRequestContextStorage
    var walletConnect = WalletConnectRequest()
    let remoteAddress: SocketAddress?

    init(source: Source) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}

struct Leak: Error, CustomStringConvertible {
    let description = "password=hunter2 at /var/lib/secret"
}

@Suite struct MiddlewareTests {
    private static let start = Timestamp(milliseconds: 1_795_176_000_000)

    private static func router() -> Router<Context> {
        let router = Router(context: Context.self)
        router.add(middleware: ProblemMiddleware())
        return router
    }

    private static func members(_ response: TestResponse) throws -> JSON {
        #expect(response.headers[.contentType] == "application/problem+json")
        let json = try JSON.parse(Array(response.body.readableBytesView))
        #expect(json["status"]?.int == Int64(response.status.code))
        #expect(json["request_id"]?.string?.isEmpty == false)
        return json
    }

    private static func header(_ name: String) -> HTTPField.Name { HTTPField.Name(name)! }

    private static let user = HTTPField.Name("X-User")!

    /// Signs in whoever names himself; only a test does that.
    private static func signIn(isRequired: Bool = true) -> AuthenticationMiddleware<Context> {
        AuthenticationMiddleware(isRequired: isRequired) { request, _ in request.headers[user] }
    }

    // MARK: Who asks

    @Test func `nobody is let in without a user, and the handler knows who it is`() async throws {
        let router = Self.router()
        router.add(middleware: Self.signIn())
        router.get("me") { _, context in try context.walletConnect.user() }
        try await Application(router: router).test(.router) { client in
            try await client.execute(uri: "/me", method: .get) { response in
                #expect(response.status == .unauthorized)
                let problem = try Self.members(response)
                #expect(problem["code"] == "unauthorized")
            }
            try await client.execute(uri: "/me", method: .get, headers: [Self.user: "alice"]) { response in
                #expect(String(buffer: response.body) == "alice")
            }
        }
    }

    @Test func `a request may go on without a user where that is allowed`() async throws {
        let router = Self.router()
        router.add(middleware: Self.signIn(isRequired: false))
        router.get("me") { _, context in context.walletConnect.userID ?? "nobody" }
        try await Application(router: router).test(.router) { client in
            try await client.execute(uri: "/me", method: .get) { #expect(String(buffer: $0.body) == "nobody") }
        }
    }

    @Test func `who has no wallet connected is told so, and whom to wait for`() async throws {
        let router = Self.router()
        router.add(middleware: Self.signIn())
        router.add(middleware: ConnectionMiddleware { _ in nil })
        router.get("accounts") { _, context in "\(try context.walletConnect.connected().accounts.count)" }
        try await Application(router: router).test(.router) { client in
            try await client.execute(uri: "/accounts", method: .get, headers: [Self.user: "alice"]) { response in
                #expect(response.status == .conflict)
                let problem = try Self.members(response)
                #expect(problem["code"] == "not_connected")
            }
        }
    }

    @Test func `a connection that is not required is not missed`() async throws {
        let router = Self.router()
        router.add(middleware: Self.signIn())
        router.add(middleware: ConnectionMiddleware(isRequired: false) { _ in nil })
        router.get("accounts") { _, context in context.walletConnect.connection == nil ? "none" : "some" }
        try await Application(router: router).test(.router) { client in
            try await client.execute(uri: "/accounts", method: .get, headers: [Self.user: "alice"]) {
                #expect(String(buffer: $0.body) == "none")
            }
        }
    }

    /// A backend whose clock stands until it is moved, with a wallet at the other end.
    private static func withConnectedWorld(
        _ change: @escaping @Sendable (inout BackendSettings) -> Void,
        _ body: @escaping @Sendable (WalletConnectBackend, ScriptedWallet, ManualClock) async throws -> Void
    ) async throws {
        try await withTestRelay { relay in
            try await withScriptedWallet(relay: relay.url) { wallet in
                var settings = BackendSettings(
                    metadata: Metadata(name: "Shop", description: "", url: "https://shop.example", icons: []),
                    relayURLs: [relay.url])
                change(&settings)
                // The relay and the wallet have the time of day.
                let clock = ManualClock(WallClock.system.now)
                let backend = WalletConnectBackend(
                    settings: settings, records: MemoryKeyValueStore(),
                    storeKey: SecretBytes(copying: [UInt8](repeating: 5, count: 32)),
                    transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
                    clock: clock.clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                    metrics: NOOPMetricsHandler.instance)
                try await withBackend(backend) { try await body($0, wallet, clock) }
            }
        }
    }

    @Test func `an active connection passes until it is overdue, whether or not it was cleaned up`() async throws {
        try await Self.withConnectedWorld { settings in
            settings.idleSeconds = 60
        } _: { backend, wallet, clock in
            let router = Self.router()
            router.add(middleware: Self.signIn())
            router.add(middleware: ConnectionMiddleware(backend))
            router.get("account") { _, context in try context.walletConnect.connected().topic.hex }
            let application = Application(router: router)
            func ask() async throws -> (status: Int, text: String) {
                try await application.test(.router) { client in
                    try await client.execute(uri: "/account", method: .get, headers: [Self.user: "alice"]) {
                        (Int($0.status.code), String(buffer: $0.body))
                    }
                }
            }
            func connect() async throws -> Connection {
                let chain = try ChainID("eip155:1")
                let pending = try await backend.connect(ConnectionRequest(userID: "alice", chains: [chain]))
                #expect(try await ask().text.contains("connection_pending"))
                try await wallet.connect(pending.uri)
                return try await pending.connection()
            }
            let first = try await connect()
            #expect(try await ask() == (200, first.topic.hex))
            clock.advance(seconds: 61)
            // Nobody has cleaned up: it is active still.
            #expect(backend.connection(of: "alice")?.state == .active && !backend.isConnected("alice"))
            let late = try await ask()
            #expect(late.status == 409 && late.text.contains("not_connected"), "\(late)")
            // Another one takes its place.
            let second = try await connect()
            #expect(try await ask() == (200, second.topic.hex))
        }
    }

    // MARK: Rates

    @Test func `a burst passes, the next request waits as long as it is told, and others are not harmed`() async throws
    {
        let clock = ManualClock(Self.start)
        let router = Self.router()
        router.add(middleware: Self.signIn(isRequired: false))
        router.add(middleware: RateLimitMiddleware(RequestRate(requests: 1, seconds: 10, burst: 3), clock: clock.clock))
        router.get("x") { _, _ in "ok" }
        try await Application(router: router).test(.router) { client in
            func ask(_ user: String) async throws -> (status: Int, wait: String?) {
                try await client.execute(uri: "/x", method: .get, headers: [Self.user: user]) {
                    (Int($0.status.code), $0.headers[.retryAfter])
                }
            }
            var answers: [(status: Int, wait: String?)] = []
            for _ in 0..<4 { answers.append(try await ask("alice")) }
            #expect(answers.map(\.status) == [200, 200, 200, 429])
            #expect(answers.last?.wait == "10")
            let other = try await ask("bob")
            #expect(other.status == 200)
            clock.advance(seconds: 10)
            let (again, late) = (try await ask("alice"), try await ask("alice"))
            #expect(again.status == 200 && late.status == 429)
        }
    }

    @Test func `requests without a user are counted by address`() async throws {
        let router = Self.router()
        let clock = ManualClock(Self.start)
        router.add(middleware: RateLimitMiddleware(RequestRate(requests: 1, seconds: 60), clock: clock.clock))
        router.get("x") { _, _ in "ok" }
        // Over a socket, so that there is an address.
        try await Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0))).test(
            .live
        ) {
            client in
            try await client.execute(uri: "/x", method: .get) { #expect($0.status == .ok) }
            try await client.execute(uri: "/x", method: .get) { #expect($0.status == .tooManyRequests) }
        }
    }

    @Test func `many names take no memory, and meet a limit together`() {
        let table = RateTable(RequestRate(requests: 1, seconds: 3600), subjectsMax: 100)
        for number in 0..<100 { #expect(table.take("\(number)", at: Self.start) == nil) }
        #expect(table.take("new", at: Self.start) == nil)
        #expect(table.take("newer", at: Self.start) == 3600)
        #expect(table.take("5", at: Self.start) == 3600)
        #expect(table.count == 100)
        // When their time is over they are forgotten, and there is room again.
        #expect(table.take("later", at: Self.start.adding(seconds: 3601)) == nil)
        #expect(table.count == 1)
    }

    @Test(arguments: [1, 7, 1_000, 1_000_000])
    func `in any span no more than the burst and the rate pass`(requests: Int) {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SplitMix(state: seed)
        let rate = RequestRate(requests: requests, seconds: 10, burst: 5)
        let table = RateTable(rate)
        var (now, passed): (Int64, Int64) = (0, 0)
        for _ in 0..<2_000 {
            now += Int64(random.next() % 40)
            if table.take("x", at: Self.start.adding(milliseconds: now)) == nil { passed += 1 }
            #expect(passed <= 5 + now * Int64(requests) / 10_000 + 1, "seed \(seed)")
        }
        #expect(passed >= min(2_000, now * Int64(requests) / 10_000 / 2), "seed \(seed)")
    }

    // MARK: Bodies

    private static func echo(_ limits: BodyLimits = BodyLimits()) -> Router<Context> {
        let router = router()
        router.add(middleware: ValidationMiddleware(limits))
        router.post("echo") { request, context in
            let bytes = try await request.body.collect(upTo: 1 << 20)
            return "\(context.walletConnect.body?.text ?? "none") \(bytes.readableBytes)"
        }
        return router
    }

    @Test func `a body is read once, and is there as value and as bytes`() async throws {
        try await Application(router: Self.echo()).test(.router) { client in
            try await client.execute(
                uri: "/echo", method: .post, headers: [.contentType: "application/json; charset=utf-8"],
                body: ByteBuffer(string: #"{"a": 1}"#)
            ) { #expect(String(buffer: $0.body) == #"{"a":1} 8"#) }
            try await client.execute(uri: "/echo", method: .post) { #expect(String(buffer: $0.body) == "none 0") }
        }
    }

    @Test(arguments: [
        (#"{"a":"#, "application/json", 400, "malformed_json"),
        (#"{"a":1,"a":2}"#, "application/json", 400, "malformed_json"),
        ("a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (
            String(repeating: "[", count: 17) + String(repeating: "]", count: 17), "application/json", 422,
            "json_too_complex"
        ),
        (#""\#(String(repeating: "x", count: 2_000))""#, "application/json", 413, "payload_too_large"),
    ])
    func `a body that is none is refused before the handler sees it`(
        body: String, type: String, status: Int, code: String
    ) async throws {
        let limits = BodyLimits(bytesMax: 1_024)
        try await Application(router: Self.echo(limits)).test(.router) { client in
            try await client.execute(
                uri: "/echo", method: .post, headers: [.contentType: type], body: ByteBuffer(string: body)
            ) { response in
                #expect(response.status.code == status)
                let problem = try Self.members(response)
                #expect(problem["code"]?.string == code)
            }
        }
    }

    // MARK: Errors

    @Test func `an unexpected error says nothing of the inside`() async throws {
        let router = Self.router()
        router.get("fails") { _, _ -> String in throw Leak() }
        try await Application(router: router).test(.router) { client in
            try await client.execute(uri: "/fails", method: .get) { response in
                #expect(response.status == .internalServerError)
                let problem = try Self.members(response)
                #expect(problem["code"] == "internal")
                #expect(!String(buffer: response.body).contains("hunter2"))
            }
            try await client.execute(uri: "/nowhere", method: .get) { response in
                #expect(response.status == .notFound)
                let problem = try Self.members(response)
                #expect(problem["code"] == "not_found")
            }
        }
    }

    @Test(arguments: BackendError.Code.allCases)
    func `each code of the backend keeps its name, and what is underneath stays inside`(code: BackendError.Code) throws
    {
        let refusal = Refusal(BackendError(code, "the words", cause: "postgres://user:hunter2@db"))
        #expect(refusal.code == code.rawValue)
        #expect((400..<600).contains(refusal.status.code))
        #expect((refusal.retryAfterSeconds != nil) == code.isRetryable)
        #expect(!refusal.json(requestID: nil).text.contains("hunter2"))
    }

    @Test func `a refusal is answered as a problem also without the middleware`() async throws {
        let router = Router(context: Context.self)
        router.get("x") { _, _ -> String in throw Refusal(.conflict, "busy", "later", retryAfterSeconds: 3) }
        try await Application(router: router).test(.router) { client in
            try await client.execute(uri: "/x", method: .get) { response in
                #expect(response.status == .conflict && response.headers[.retryAfter] == "3")
                let problem = try Self.members(response)
                #expect(problem["code"] == "busy")
            }
        }
    }
}

/// Numbers from a seed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
