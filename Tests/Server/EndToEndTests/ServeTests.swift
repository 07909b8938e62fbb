import Crypto
import Foundation
import Primitives
import Testing

extension EndToEnd {
    /// `coffer serve`: what a server refuses until somebody has decided.
    struct ServeTests {
        @Test func `sealed means sealed, and a passphrase opens it`() async throws {
            try await ServeWorld.run(isUnsealed: false, isPrepared: false) { world in
                let ready = try await world.server.anybody.get("/ready")
                #expect(ready.status == 503 && ready["reason"]?.string == "sealed", "\(ready)")
                #expect(try await world.server.anybody.get("/live").status == 200)
                let wallet = try await world.server.admin.post(
                    "/v1/wallets", ["user_id": "shop", "chain": "eip155:31337"])
                #expect(wallet.status == 503 && wallet.code == "sealed", "\(wallet)")
                let opened = try await world.server.admin.post(
                    "/v1/seal:unseal", ["passphrase": .string(ServeWorld.passphrase)])
                #expect(opened.status == 200, "\(opened)")
                #expect(try await world.server.anybody.get("/ready").status == 200)
                let wrong = try await world.server.admin.post("/v1/seal:unseal", ["passphrase": "something else"])
                #expect(wrong.status == 403, "\(wrong)")
            }
        }

        @Test func `without a rule nothing leaves, and the hold comes back`() async throws {
            try await ServeWorld.run(isPrepared: false) { world in
                var world = world
                try await world.makeWallet()
                let id = try await world.withdraw("no-rule")
                let ended = try await world.server.waitFor(id, ["rejected"])
                #expect(ended["reason"]?.string?.contains("no rule allows it") == true, "\(ended)")
                let accounts = try await world.server.admin.get("/v1/ledger/accounts?kind=user&owner=shop")
                #expect(accounts.data.first?["held"]?.string == "0", "\(accounts)")
                try await world.allow()
                _ = try await world.server.waitFor(try await world.withdraw("with-rule"))
                #expect(try await world.server.faults() == [])
            }
        }

        @Test func `a limit is kept, said in headers, and passes`() async throws {
            let lines = ["limits:", "  requests_per_second: 5"]
            try await ServeWorld.run(lines: lines, isPrepared: false) { world in
                var refused: Reply?
                for _ in 0..<60 {
                    let reply = try await world.server.admin.get("/v1/policies")
                    #expect(reply.header("RateLimit") != nil && reply.header("RateLimit-Policy") != nil, "\(reply)")
                    if reply.status == 429 {
                        refused = reply
                        break
                    }
                }
                let reply = try #require(refused)
                #expect(reply.isProblem && reply.header("Retry-After") != nil, "\(reply)")
                _ = try await eventually(within: 10, "the limit to pass") {
                    try await world.server.admin.get("/v1/policies").status == 200 ? true : nil
                }
            }
        }

        @Test func `tokens of the named issuer are taken, others are not`() async throws {
            let key = Curve25519.Signing.PrivateKey()
            let folder = try Folder()
            let set = JSON.object([
                "keys": [
                    [
                        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1",
                        "x": .string(Base64URL.encode(Array(key.publicKey.rawRepresentation))),
                    ]
                ]
            ])
            let file = try folder.write(set.text, to: "jwks.json")
            let lines = ["jwt:", "  issuer: https://issuer.test", "  audience: coffer", "  jwks_file: \(file)"]
            try await ServeWorld.run(lines: lines, isPrepared: false) { world in
                func status(_ claims: JSON, kid: String = "k1") async throws -> Int {
                    let header = JSON.object(["alg": "EdDSA", "typ": "at+jwt", "kid": .string(kid)])
                    let text = [header, claims].map { Base64URL.encode($0.serialized()) }.joined(separator: ".")
                    let signature = try key.signature(for: Data(text.utf8))
                    let token = "\(text).\(Base64URL.encode(Array(signature)))"
                    return try await world.server.anybody.with(key: token).get("/v1/policies").status
                }
                func claims(_ issuer: String = "https://issuer.test", scope: String = "policies:read", age: Int64 = 0)
                    -> JSON
                {
                    let now = WallClock.system.now.milliseconds / 1_000 - age
                    return [
                        "iss": .string(issuer), "aud": "coffer", "sub": "alice", "jti": "t1", "tenant": "default",
                        "scope": .string(scope), "iat": JSON(now), "exp": JSON(now + 300),
                    ]
                }
                let good = try await status(claims())
                let narrow = try await status(claims(scope: "wallets:read"))
                let foreign = try await status(claims("https://other.test"))
                let old = try await status(claims(age: 3_600))
                let unknown = try await status(claims(), kid: "k2")
                let expected: [Int] = [200, 403, 401, 401, 401]
                #expect([good, narrow, foreign, old, unknown] == expected)
            }
        }

        @Test func `a revoked key works no more`() async throws {
            try await ServeWorld.run(isPrepared: false) { world in
                let made = try await world.server.admin.post(
                    "/v1/apikeys", ["name": "shop", "scopes": ["policies:read"]])
                let caller = world.server.anybody.with(key: made["secret"]?.string)
                #expect(try await caller.get("/v1/policies").status == 200)
                #expect(try await caller.get("/v1/audit").status == 403)
                let id = made["id"]?.string ?? ""
                let gone = try await world.server.admin.send("DELETE", "/v1/apikeys/\(id)")
                #expect(gone.status == 204, "\(gone)")
                #expect(try await caller.get("/v1/policies").status == 401)
            }
        }

        @Test func `a misspelt setting is named with its line and the nearest word`() async throws {
            let folder = try Folder()
            let file = try folder.write("data_dir: \(folder.path("data"))\nservr:\n  port: 1\n", to: "coffer.yaml")
            let found = try await Child.run(Places.binary, ["serve", "--config", file], within: 30)
            #expect(found.exit == .code(78), "\(found)")
            #expect(found.stderr.contains("line 3") && found.stderr.contains("server.port"), "\(found)")
        }
    }
}
