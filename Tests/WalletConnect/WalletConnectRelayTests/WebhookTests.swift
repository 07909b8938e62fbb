import Cryptography
import Foundation
import Primitives
import Synchronization
import Testing
import WalletConnectProtocol

@testable import WalletConnectRelay

struct WebhookTests {
    /// What was posted, and what is answered to it.
    private final class Receiver: Sendable {
        private let state: Mutex<(posts: [(url: String, token: JSON)], statuses: [Int])>

        init(statuses: [Int] = []) {
            state = Mutex(([], statuses))
        }

        var posts: [(url: String, token: JSON)] { state.withLock { $0.posts } }

        func post(_ url: String, _ body: [UInt8]) throws -> Int {
            let token = try JSON.parse(body)["eventAuth"]![0]!.string!
            let payload = try Base64URL.decode(String(token.split(separator: ".")[1]))
            let claims = try JSON.parse(payload)
            return state.withLock { state in
                state.posts.append((url, claims))
                return state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
            }
        }
    }

    private func claims(_ relay: RunningRelay, _ role: WatchToken.Role, _ statuses: [WatchToken.Status])
        -> WatchToken.Claims
    {
        let now = relay.clock.now.milliseconds / 1_000
        return WatchToken.Claims(
            action: .register, role: role, audience: "wss://relay.walletconnect.com", serviceURL: "https://me.example",
            webhookURL: "http://127.0.0.1:9/hook", tags: [1_108], statuses: statuses, issuedAt: now, expiry: now + 3_600
        )
    }

    @Test func `a watched client's messages are told, signed by the relay`() async throws {
        let receiver = Receiver(statuses: [503])
        let identity = try RelayIdentity.random()
        try await RunningRelay.with(
            settings: RelaySettings(allowsPrivateWebhooks: true), identity: identity, post: receiver.post
        ) { relay in
            let key = TestClient.key()
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay, key: key))
            try await bob.subscribe(.test(1))
            let token = WatchToken.sign(claims(relay, .subscriber, [.accepted, .queued, .delivered]), key: key)
            // Whoever has the token may bring it.
            let answer = try await alice.call("irn_watchRegister", ["registerAuth": .string(token)])
            #expect(answer["relayId"]?.string == DIDKey(identity.key.publicKey).text)
            try await alice.send(
                "irn_publish", ["topic": .string(Topic.test(1).hex), "message": "seen", "ttl": 300, "tag": 1_108],
                id: alice.nextID())
            try await bob.pushes(1)
            await bob.socket.close()
            try await until { relay.server.figures.connections == 1 }
            try await alice.publish(.test(1), "waiting", tag: 1_108)
            try await alice.publish(.test(1), "another tag", tag: 1_110)
            // The first was refused once and is told again.
            try await until { receiver.posts.count >= 5 }
            let events = receiver.posts.map { post in
                "\(post.token["evt"]!["status"]!.string!) \(post.token["evt"]!["message"]!.string!)"
            }
            #expect(Set(events) == ["accepted seen", "delivered seen", "accepted waiting", "queued waiting"])
            #expect(receiver.posts.allSatisfy { $0.url == "http://127.0.0.1:9/hook" })
            #expect(receiver.posts[0].token["sub"]?.string == bob.did.text)
            var end = claims(relay, .subscriber, [])
            end.action = .unregister
            let unregister = WatchToken.sign(end, key: key)
            #expect(try await alice.call("irn_watchUnregister", ["unregisterAuth": .string(unregister)]) == true)
            let before = receiver.posts.count
            try await alice.publish(.test(1), "unwatched", tag: 1_108)
            #expect(receiver.posts.count == before)
        }
    }

    @Test func `nobody is watched with another's key, and inside addresses are not called`() async throws {
        let receiver = Receiver()
        try await RunningRelay.with(post: receiver.post) { relay in
            let client = try await TestClient.connect(relay)
            var wrong = claims(relay, .publisher, [.accepted])
            wrong.action = .unregister
            let error = await #expect(throws: RelayError.self) {
                try await client.call(
                    "irn_watchRegister", ["registerAuth": .string(WatchToken.sign(wrong, key: client.key))])
            }
            #expect(error?.tag == "InvalidAction")
            let token = WatchToken.sign(claims(relay, .publisher, [.accepted]), key: client.key)
            try await client.call("irn_watchRegister", ["registerAuth": .string(token)])
            try await client.publish(.test(1), "m", tag: 1_108)
            try await client.settle()
            #expect(receiver.posts.isEmpty)
        }
    }

    @Test(arguments: [
        "http://127.0.0.1/", "http://localhost:80/x", "http://[::1]/", "http://10.1.2.3", "http://192.168.0.1:8080/",
        "http://172.16.0.1", "http://169.254.169.254/latest", "http://user@127.0.0.1/", "http://2130706433/",
        "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://[fd00::1]/", "http://100.64.0.1", "http://db.internal/",
        "http://router.local", "http://intranet/", "http://[fe80::1]/", "http://0.0.0.0/", "https://a@b@10.0.0.1/",
        "http://127.1/", "http://",
    ])
    func `inside addresses are known as such`(url: String) {
        #expect(WebhookTarget.isPrivate(url))
    }

    @Test(arguments: [
        "https://example.com/hook", "http://8.8.8.8:8080/", "https://[2606:4700::1111]/", "https://a.b.example:443",
        "https://172.15.0.1/", "https://example.com/?at=10.0.0.1",
    ])
    func `outside addresses are called`(url: String) {
        #expect(!WebhookTarget.isPrivate(url))
    }
}
