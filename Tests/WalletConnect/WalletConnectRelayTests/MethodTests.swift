import Foundation
import Primitives
import Testing
import WalletConnectProtocol
import WalletConnectRelay

struct MethodTests {
    @Test func `a message reaches its subscriber, and its publisher is answered`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (
                try await TestClient.connect(relay), try await TestClient.connect(relay, path: "/relay")
            )
            let topic = Topic.test(1)
            let id = try await bob.subscribe(topic)
            #expect(id == SubscriptionID(topic: topic, client: bob.did).hex)
            async let published: Void = alice.publish(topic, "hello")
            let push = try await bob.pushes(1)[0]
            try await published
            #expect(push.message == "hello")
            #expect(push.topic == topic)
            #expect(push.tag == 1_100)
            #expect(push.subscription.hex == id)
        }
    }
}
