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

    @Test func `a key is in progress while somebody is at it, and in doubt when he left it open`() async throws {
        let (keys, store) = try await Self.keys(Self.clock)
        func claim(_ keys: WalletRequestKeys) async throws -> WalletRequestKeys.Claim {
            try await keys.claim("k", tenant: "t", fingerprint: Self.print)
        }
        #expect(try await claim(keys) == .new)
        #expect(try await claim(keys) == .inProgress)
        #expect(try await keys.claim("k", tenant: "other", fingerprint: Self.print) == .new)
        keys.end("k", tenant: "t")
        #expect(try await claim(keys) == .inDoubt)
        #expect(try await claim(keys) == .inDoubt)
        // Another process on the same database knows of nobody who is at it.
        #expect(try await claim(WalletRequestKeys(store: store, clock: Self.clock.clock)) == .inDoubt)
    }

    @Test func `a key that was given back is new, and one whose request was made stands for it`() async throws {
        let (keys, _) = try await Self.keys(Self.clock)
        func claim(_ print: Hash32 = Self.print) async throws -> WalletRequestKeys.Claim {
            try await keys.claim("k", tenant: "t", fingerprint: print)
        }
        #expect(try await claim() == .new)
        try await keys.release("k", tenant: "t")
        keys.end("k", tenant: "t")
        #expect(try await claim() == .new)
        try await keys.complete("k", tenant: "t", request: 7)
        keys.end("k", tenant: "t")
        #expect(try await claim() == .request(7))
        let reused = await #expect(throws: Problem.self) { _ = try await claim(SHA2.sha256([2])) }
        #expect(reused?.code == .idempotencyKeyReused)
        #expect(try await claim() == .request(7))
    }

    @Test func `a key is forgotten a week after its request could be answered at the latest`() async throws {
        let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))
        let (keys, _) = try await Self.keys(clock)
        #expect(try await keys.claim("old", tenant: "t", fingerprint: Self.print) == .new)
        try await keys.complete("old", tenant: "t", request: 7)
        keys.end("old", tenant: "t")
        clock.advance(seconds: WalletRequestKeys.keptSeconds)
        #expect(try await keys.claim("young", tenant: "t", fingerprint: Self.print) == .new)
        #expect(try await keys.prune(limit: 10) == 0)
        clock.advance(milliseconds: 1)
        #expect(try await keys.prune(limit: 10) == 1)
        #expect(try await keys.claim("old", tenant: "t", fingerprint: Self.print) == .new)
        #expect(try await keys.claim("young", tenant: "t", fingerprint: Self.print) == .inProgress)
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
