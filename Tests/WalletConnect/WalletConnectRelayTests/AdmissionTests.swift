import Cryptography
import Foundation
import Primitives
import Testing
import WalletConnectProtocol
import WalletConnectRelay

struct AdmissionTests {
    private static let start = Timestamp(milliseconds: 1_800_000_000_000)

    private func refusal(_ relay: RunningRelay, _ target: String, _ headers: [String] = []) async throws
        -> RawSocket.Refused
    {
        try await #require(throws: RawSocket.Refused.self) {
            _ = try await RawSocket.open(port: relay.port, target: target, headers: headers)
        }
    }

    @Test func `a token is taken from the query and from the header`() async throws {
        try await RunningRelay.with { relay in
            let token = TestClient.token(TestClient.key(), at: relay.clock.now)
            for (target, headers) in [
                ("/?auth=\(token)", []), ("/relay?projectId=x&auth=\(token)&ua=wc-2%2Fjs&unknown", []),
                ("/", ["Authorization: Bearer \(token)"]), ("/?auth=\(token)", ["Origin: https://example.com"]),
            ] {
                let socket = try await RawSocket.open(port: relay.port, target: target, headers: headers)
                let client = TestClient(key: TestClient.key(), socket: socket)
                try await client.settle()
            }
        }
    }

    @Test func `a token that is missing, wrong, expired or altered is refused with a status`() async throws {
        let clock = ManualClock(Self.start)
        try await RunningRelay.with(clock: clock.clock) { relay in
            let key = TestClient.key()
            let token = TestClient.token(key, at: Self.start)
            let missing = try await refusal(relay, "/")
            #expect(missing.status == 401 && missing.body.contains("MissingJwt"))
            #expect(missing.head.lowercased().contains("application/problem+json"))
            var altered = Array(token)
            altered[altered.count - 20] = altered[altered.count - 20] == "A" ? "B" : "A"
            for wrong in ["x", "a.b.c", String(altered), String(token.dropLast())] {
                #expect(try await refusal(relay, "/?auth=\(wrong)").status == 401)
            }
            clock.set(Self.start.adding(seconds: 86_400 + 120))
            let last = try await RawSocket.open(port: relay.port, target: "/?auth=\(token)")
            await last.close()
            clock.advance(seconds: 1)
            #expect(try await refusal(relay, "/?auth=\(token)").body.contains("expired"))
            clock.set(Self.start.adding(seconds: -120))
            let first = try await RawSocket.open(port: relay.port, target: "/?auth=\(token)")
            await first.close()
            clock.advance(seconds: -1)
            #expect(try await refusal(relay, "/?auth=\(token)").status == 401)
        }
    }

    @Test func `browsers are told why by a close frame`() async throws {
        let settings = RelaySettings(projects: [RelayProject(id: "known", origins: ["app.example", "*.wild.example"])])
        try await RunningRelay.with(settings: settings) { relay in
            let token = TestClient.token(TestClient.key(), at: relay.clock.now)
            let cases: [(String, [String], String)] = [
                ("auth=\(token)&projectId=other", [], "Project not found"),
                ("auth=\(token)", [], "Project ID not specified"),
                ("projectId=known", [], "Missing JWT"),
                ("auth=a.b.c&projectId=known", [], "Invalid JWT: malformed"),
                ("auth=\(token)&projectId=known", ["Origin: https://evil.example"], "Origin not allowed"),
                ("auth=\(token)&projectId=known", ["Origin: https://a.b.wild.example"], "Origin not allowed"),
            ]
            for (query, headers, reason) in cases {
                let socket = try await RawSocket.open(
                    port: relay.port, target: "/?\(query)&useOnCloseEvent=true", headers: headers)
                let incoming = try await socket.next()
                #expect(incoming == .close(code: 3_000, reason: reason), "\(query)")
                let status = try await refusal(relay, "/?\(query)", headers).status
                #expect(status == (reason == "Origin not allowed" ? 403 : 401), "\(query)")
            }
            for origin in [
                "https://app.example:8443", "app.example", "https://x.wild.example", "http://localhost:3000",
            ] {
                let socket = try await RawSocket.open(
                    port: relay.port, target: "/?auth=\(token)&projectId=known", headers: ["Origin: \(origin)"])
                await socket.close()
            }
        }
    }

    @Test(arguments: [false, true]) func `the audience is one of our own addresses`(isStrict: Bool) async throws {
        let settings = RelaySettings(
            audiences: ["wss://relay.example", "ws://127.0.0.1:5555/relay/"], hasStrictAudience: isStrict)
        try await RunningRelay.with(settings: settings) { relay in
            let open = { (audience: String) in
                let token = TestClient.token(TestClient.key(), audience: audience, at: relay.clock.now)
                let socket = try await RawSocket.open(port: relay.port, target: "/?auth=\(token)")
                await socket.close()
            }
            for audience in [
                "wss://relay.example", "wss://relay.example/", "ws://127.0.0.1:5555/relay",
                "ws://127.0.0.1:5555/relay/",
            ] { try await open(audience) }
            await #expect(throws: RawSocket.Refused.self) { try await open("wss://other.example") }
            if isStrict {
                await #expect(throws: RawSocket.Refused.self) { try await open("wss://relay.walletconnect.com") }
            } else {
                try await open("wss://relay.walletconnect.com")
                try await open("wss://relay.walletconnect.org/")
            }
        }
    }

    @Test func `a storm of one client is turned away cheaply, and others come in`() async throws {
        let clock = ManualClock(Self.start)
        var settings = RelaySettings()
        settings.limits.connectsBurst = 5
        settings.limits.connectsPerSecond = 1
        settings.limits.socketsPerClientMax = 100
        try await RunningRelay.with(settings: settings, clock: clock.clock) { relay in
            let key = TestClient.key()
            for _ in 0..<5 { _ = try await TestClient.connect(relay, key: key) }
            let refused = try await refusal(
                relay, "/?auth=\(TestClient.token(key, at: Self.start))&useOnCloseEvent=true")
            #expect(refused.status == 429 && refused.head.lowercased().contains("retry-after"))
            try await TestClient.connect(relay).settle()
            clock.advance(seconds: 1)
            try await TestClient.connect(relay, key: key).settle()
        }
    }

    @Test func `of too many sockets of one client the oldest goes`() async throws {
        var settings = RelaySettings()
        settings.limits.socketsPerClientMax = 3
        try await RunningRelay.with(settings: settings) { relay in
            let key = TestClient.key()
            var clients: [TestClient] = []
            for _ in 0..<4 { clients.append(try await TestClient.connect(relay, key: key)) }
            let incoming = try await clients[0].socket.next()
            #expect(incoming == .close(code: 4_010, reason: "Replaced by a newer connection"))
            for client in clients[1...] { try await client.settle() }
        }
    }
}

struct AdmissionVectorTests {
    @Test(.enabled(if: Vectors.exist, "no published vectors beside this checkout"))
    func `published tokens open the door in their time`() async throws {
        let vectors = try Vectors.read("relay_auth_jwt.json")
        for vector in vectors["sign"]!.array! {
            let seconds = vector["iat"]!.int!
            let clock = ManualClock(Timestamp(milliseconds: seconds * 1_000))
            let settings = RelaySettings(audiences: [vector["aud"]!.string!], hasStrictAudience: true)
            try await RunningRelay.with(settings: settings, clock: clock.clock) { relay in
                let target = "/?auth=\(vector["jwt"]!.string!)"
                let socket = try await RawSocket.open(port: relay.port, target: target)
                let client = TestClient(key: TestClient.key(), socket: socket)
                let id = try await client.subscribe(.test(1))
                let did = try DIDKey(vector["iss"]!.string!)
                #expect(id == SubscriptionID(topic: .test(1), client: did).hex)
                clock.set(Timestamp(milliseconds: (vector["exp"]!.int! + 121) * 1_000))
                await #expect(throws: RawSocket.Refused.self) {
                    _ = try await RawSocket.open(port: relay.port, target: target)
                }
            }
        }
        for vector in vectors["verify_invalid"]!.array! {
            let clock = ManualClock(Timestamp(milliseconds: 1_656_910_097_000))
            try await RunningRelay.with(clock: clock.clock) { relay in
                await #expect(throws: RawSocket.Refused.self, "\(vector["reason"]!)") {
                    _ = try await RawSocket.open(port: relay.port, target: "/?auth=\(vector["jwt"]!.string!)")
                }
            }
        }
    }
}

enum Vectors {
    static let folder =
        ProcessInfo.processInfo.environment["COFFER_VECTORS"]
        ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../shared/vectors")
        .standardizedFileURL.path

    static var exist: Bool { FileManager.default.fileExists(atPath: folder + "/walletconnect") }

    static func read(_ name: String) throws -> JSON {
        let data = try Data(contentsOf: URL(filePath: "\(folder)/walletconnect/\(name)"))
        return try JSON.parse(Array(data))
    }
}
