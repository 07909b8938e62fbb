import Cryptography
import HTTPTypes
import Keys
import Primitives
import Storage
import Testing
import WalletConnectBackend

@testable import API

/// One key, one question to the person, and what is said when nobody knows whether it was asked.
@Suite struct WalletRequestKeyTests {
    private static let print = SHA2.sha256([1])

    private static func keys(_ clock: ManualClock) async throws -> (WalletRequestKeys, MemoryStore) {
        let store = MemoryStore()
        try await store.migrate(APISchema.migrations)
        return (WalletRequestKeys(store: store, clock: clock.clock), store)
    }

    private static let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))

    @Test func `a key is in progress while somebody is at it, and stands for the first request's id afterwards`()
        async throws
    {
        let (keys, store) = try await Self.keys(Self.clock)
        func claim(_ keys: WalletRequestKeys, id: Int64) async throws -> WalletRequestKeys.Claim {
            try await keys.claim("k", tenant: "t", fingerprint: Self.print, request: id)
        }
        let now = Self.clock.clock.now
        #expect(try await claim(keys, id: 7) == .new)
        #expect(try await claim(keys, id: 8) == .inProgress)
        #expect(try await keys.claim("k", tenant: "other", fingerprint: Self.print, request: 9) == .new)
        keys.end("k", tenant: "t")
        #expect(try await claim(keys, id: 10) == .request(7, since: now))
        #expect(try await claim(keys, id: 11) == .inProgress)
        // Another process on the same database knows of nobody who is at it.
        #expect(
            try await claim(WalletRequestKeys(store: store, clock: Self.clock.clock), id: 12)
                == .request(7, since: now))
    }

    @Test func `a key that was given back is new, and one that stands for another request is refused`() async throws {
        let (keys, _) = try await Self.keys(Self.clock)
        func claim(_ print: Hash32 = Self.print, id: Int64) async throws -> WalletRequestKeys.Claim {
            defer { keys.end("k", tenant: "t") }
            return try await keys.claim("k", tenant: "t", fingerprint: print, request: id)
        }
        #expect(try await claim(id: 7) == .new)
        try await keys.release("k", tenant: "t")
        #expect(try await claim(id: 8) == .new)
        let reused = await #expect(throws: Problem.self) { _ = try await claim(SHA2.sha256([2]), id: 9) }
        #expect(reused?.code == .idempotencyKeyReused)
        #expect(try await claim(id: 10) == .request(8, since: Self.clock.clock.now))
    }

    @Test func `a key whose request was not made before a crash makes it, unless that is too long ago to know`()
        async throws
    {
        try await ConnectionRouteTests.withServices { server, services in
            let topic = try await ConnectionRouteTests.connect(server)
            func ask() async throws -> String? {
                try await server.send(
                    .post, "/v1/connections/\(topic)/requests", key: "one", headers: [("Idempotency-Key", "k")],
                    body: #"{"chain":"eip155:1","method":"personal_sign","params":[]}"#
                ).code
            }
            func keys() async throws -> [Row] {
                try await services.store.read { tx in try tx.select(Storage.Query(WalletRequestKeyTable.table)) }
            }
            // The key of a process that died before it made the request; the fingerprint is that of the request below.
            let parts = [topic, "eip155:1", "personal_sign", "[]", ""]
            let print = SHA2.sha256(Array(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8))
            func leave(secondsAgo: Int64) async throws {
                let then = services.clock.now.adding(seconds: -secondsAgo)
                let old = WalletRequestKeys(store: services.store, clock: ManualClock(then).clock)
                #expect(try await old.claim("k", tenant: "t1", fingerprint: print, request: 7) == .new)
            }
            try await leave(secondsAgo: 3_600)
            #expect(try await ask() == "connection_pending", "the request is tried")
            #expect(try await keys().isEmpty, "nobody was asked: the key is free")
            try await leave(secondsAgo: 86_400)
            for _ in 0..<2 { #expect(try await ask() == "idempotency_in_doubt") }
            #expect(try await keys().count == 1)
        }
    }

    @Test func `a key is forgotten a week after its request could be answered at the latest`() async throws {
        let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))
        let (keys, _) = try await Self.keys(clock)
        #expect(try await keys.claim("old", tenant: "t", fingerprint: Self.print, request: 7) == .new)
        keys.end("old", tenant: "t")
        clock.advance(seconds: WalletRequestKeys.keptSeconds)
        #expect(try await keys.claim("young", tenant: "t", fingerprint: Self.print, request: 8) == .new)
        #expect(try await keys.prune(limit: 10) == 0)
        clock.advance(milliseconds: 1)
        #expect(try await keys.prune(limit: 10) == 1)
        #expect(try await keys.claim("old", tenant: "t", fingerprint: Self.print, request: 9) == .new)
        #expect(try await keys.claim("young", tenant: "t", fingerprint: Self.print, request: 10) == .inProgress)
        #expect(WalletRequestKeys.keptSeconds == BackendSettings.requestSecondsRange.upperBound + 604_800)
    }

    @Test func `a request that was refused before the wallet was asked leaves its key free`() async throws {
        try await ConnectionRouteTests.with { server in
            let topic = try await ConnectionRouteTests.connect(server)
            for _ in 0..<2 {
                let answer = try await server.send(
                    .post, "/v1/connections/\(topic)/requests", key: "one", headers: [("Idempotency-Key", "k")],
                    body: #"{"chain":"eip155:1","method":"personal_sign","params":[]}"#)
                #expect(answer.code == "connection_pending", "\(answer.text)")
            }
        }
    }

    @Test func `a backend that is not at work is no empty list, and takes no key`() async throws {
        try await ConnectionRouteTests.withServices(isRunning: false) { server, services in
            let topic = String(repeating: "0", count: 64)
            for (method, path, body) in [
                (.get, "/v1/connections", nil), (.get, "/v1/connections/\(topic)", nil),
                (.get, "/v1/connections/events", nil),
                (.get, "/v1/connections/\(topic)/events", nil), (.delete, "/v1/connections/\(topic)", nil),
                (.post, "/v1/connections", ConnectionRouteTests.wish),
                (
                    .post, "/v1/connections/\(topic)/requests",
                    #"{"chain":"eip155:1","method":"personal_sign","params":[]}"#
                ),
            ] as [(HTTPRequest.Method, String, String?)] {
                let answer = try await server.send(
                    method, path, key: "one", headers: path.hasSuffix("requests") ? [("Idempotency-Key", "k")] : [],
                    body: body)
                #expect(answer.status == 503 && answer.code == "closed", "\(method) \(path): \(answer.text)")
                #expect(answer.header("Retry-After") == "2")
            }
            let count = try await services.store.read { tx in try tx.count(WalletRequestKeyTable.table, where: []) }
            #expect(count == 0)
            #expect(services.connections?.state == .restoring)
        }
    }
    @Test func `the server is not ready before sessions are restored`() async throws {
        for (isRunning, reason) in [(false, "restoring"), (true, nil)] as [(Bool, String?)] {
            try await ConnectionRouteTests.withServices(isRunning: isRunning) { server, services in
                let passphrase = SecretBytes(copying: Array("correct horse battery staple".utf8))
                try await services.keystore.initialise(passphrase: passphrase, cost: .interactive)
                let ready = try await server.send(.get, "/ready", key: "one")
                #expect(ready.status == (isRunning ? 200 : 503), "\(ready.text)")
                #expect(ready.json?["reason"]?.string == reason, "\(ready.text)")
            }
        }
    }
}
