import Foundation
import Primitives
import Storage
import StorageSQLite
import Testing
import WalletConnectProtocol
import WalletConnectRelay

struct MailboxTests {
    @Test func `a message waits for the first who subscribes, but not for its publisher`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            try await alice.publish(.test(1), "early")
            try await alice.subscribe(.test(1))
            try await alice.settle()
            #expect(alice.pushes.isEmpty)
            try await bob.subscribe(.test(1))
            #expect(try await bob.pushes(1)[0].message == "early")
            // It has found its reader: nobody else gets it.
            let carol = try await TestClient.connect(relay)
            try await carol.subscribe(.test(1))
            try await carol.settle()
            try await bob.settle()
            #expect(carol.pushes.isEmpty && bob.pushes.count == 1)
        }
    }

    @Test func `a client that was away gets its messages in order when it subscribes again`() async throws {
        try await RunningRelay.with { relay in
            let alice = try await TestClient.connect(relay)
            let key = TestClient.key()
            let before = try await TestClient.connect(relay, key: key)
            try await before.subscribe(.test(1))
            await before.socket.close()
            for index in 0..<200 { try await alice.publish(.test(1), "message \(index)") }
            let after = try await TestClient.connect(relay, key: key)
            try await after.subscribe(.test(1))
            #expect(try await after.pushes(200).map { $0.message } == (0..<200).map { "message \($0)" })
            try await alice.publish(.test(1), "live")
            #expect(try await after.pushes(201)[200].message == "live")
        }
    }

    @Test func `what is not acknowledged comes again on the next connection, and not on this one`() async throws {
        // The time stands still: after a quiet while it would come again here, too.
        let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000))
        try await RunningRelay.with(clock: clock.clock) { relay in
            let alice = try await TestClient.connect(relay)
            let key = TestClient.key()
            let first = try await TestClient.connect(relay, key: key)
            first.acknowledges = false
            try await first.subscribe(.test(1))
            try await alice.publish(.test(1), "one")
            try await alice.publish(.test(1), "two")
            try await first.pushes(2)
            let topics: JSON = ["topics": [.string(Topic.test(1).hex)]]
            for _ in 0..<5 { try await first.call("irn_batchSubscribe", topics) }
            try await first.settle()
            #expect(first.pushes.count == 2)
            try await first.acknowledge(first.pushIDs[0])
            try await first.settle()
            await first.socket.close()
            let second = try await TestClient.connect(relay, key: key)
            try await second.subscribe(.test(1))
            #expect(try await second.pushes(1)[0].message == "two")
            #expect(second.pushIDs[0] == first.pushIDs[1])
            try await second.settle()
            #expect(second.pushes.count == 1)
        }
    }

    @Test func `a push is taken back after a quiet while when its client subscribes again`() async throws {
        let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000))
        try await RunningRelay.with(clock: clock.clock) { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            bob.acknowledges = false
            try await bob.subscribe(.test(1))
            // Its answer says that the message is in the store.
            try await alice.publish(.test(1), "m")
            try await bob.pushes(1)
            clock.advance(seconds: 6)
            try await bob.subscribe(.test(1))
            #expect(try await bob.pushes(2).map { $0.message } == ["m", "m"])
            #expect(bob.pushIDs[0] == bob.pushIDs[1])
        }
    }

    @Test func `acknowledgements in every form are understood`() async throws {
        try await RunningRelay.with { relay in
            let alice = try await TestClient.connect(relay)
            let key = TestClient.key()
            let bob = try await TestClient.connect(relay, key: key)
            bob.acknowledges = false
            try await bob.subscribe(.test(1))
            for index in 0..<4 { try await alice.publish(.test(1), "m\(index)") }
            try await bob.pushes(4)
            let ids = bob.pushIDs.map { $0.int64! }
            try await bob.socket.send(#"{"id":\#(ids[0]),"jsonrpc":"2.0","result":true}"#)
            try await bob.socket.send(#"{"id":"\#(ids[1])","jsonrpc":"2.0","result":true}"#)
            try await bob.socket.send(#"{ "result": true, "jsonrpc": "2.0", "id": "\#(ids[2])n" }"#)
            try await bob.settle()
            await bob.socket.close()
            let again = try await TestClient.connect(relay, key: key)
            try await again.subscribe(.test(1))
            #expect(try await again.pushes(1)[0].message == "m3")
            try await again.settle()
            #expect(again.pushes.count == 1)
        }
    }

    @Test func `the same message again is answered and not delivered`() async throws {
        try await RunningRelay.with { relay in
            let (alice, bob) = (try await TestClient.connect(relay), try await TestClient.connect(relay))
            try await bob.subscribe(.test(1))
            for _ in 0..<3 { try await alice.publish(.test(1), "same") }
            try await alice.publish(.test(2), "same")
            try await bob.subscribe(.test(2))
            try await bob.pushes(2)
            try await bob.settle()
            #expect(bob.pushes.map { $0.topic } == [.test(1), .test(2)])
        }
    }

    @Test func `nobody hears himself, on whatever socket`() async throws {
        try await RunningRelay.with { relay in
            let key = TestClient.key()
            let first = try await TestClient.connect(relay, key: key)
            let second = try await TestClient.connect(relay, key: key)
            try await first.subscribe(.test(1))
            try await second.subscribe(.test(1))
            try await first.publish(.test(1), "mine")
            try await first.settle()
            try await second.settle()
            #expect(first.pushes.isEmpty && second.pushes.isEmpty)
        }
    }

    @Test func `of several sockets the newest that subscribed gets the push, and the other when it goes`() async throws
    {
        try await RunningRelay.with { relay in
            let alice = try await TestClient.connect(relay)
            let key = TestClient.key()
            let old = try await TestClient.connect(relay, key: key)
            try await old.subscribe(.test(1))
            let new = try await TestClient.connect(relay, key: key)
            new.acknowledges = false
            try await alice.publish(.test(1), "to old")
            #expect(try await old.pushes(1)[0].message == "to old")
            // Until the relay has the acknowledgement, what was not acknowledged goes to the newest.
            try await old.settle()
            try await new.subscribe(.test(1))
            try await alice.publish(.test(1), "to new")
            #expect(try await new.pushes(1)[0].message == "to new")
            try await old.settle()
            #expect(old.pushes.count == 1)
            await new.socket.close()
            #expect(try await old.pushes(2)[1].message == "to new")
            try await alice.publish(.test(1), "to old again")
            #expect(try await old.pushes(3)[2].message == "to old again")
        }
    }

    @Test func `time to live ends at the moment it says`() async throws {
        let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000))
        try await RunningRelay.with(clock: clock.clock) { relay in
            let alice = try await TestClient.connect(relay)
            try await alice.publish(.test(1), "short", ttl: 10)
            try await alice.publish(.test(1), "long", ttl: 604_800)
            clock.advance(milliseconds: 9_999)
            let early = try await TestClient.connect(relay)
            try await early.publish(.test(2), "other", ttl: 1)
            clock.advance(milliseconds: 1)
            let bob = try await TestClient.connect(relay)
            try await bob.subscribe(.test(1))
            #expect(try await bob.pushes(1)[0].message == "long")
            try await bob.settle()
            #expect(bob.pushes.count == 1)
            // Over: the same message is a new one.
            try await alice.publish(.test(1), "short", ttl: 10)
            #expect(try await bob.pushes(2)[1].message == "short")
        }
    }

    @Test func `a client that connects and only listens gets what it was subscribed to`() async throws {
        var settings = RelaySettings()
        settings.limits.resubscribeGraceMilliseconds = 50
        try await RunningRelay.with(settings: settings) { relay in
            let alice = try await TestClient.connect(relay)
            let key = TestClient.key()
            let before = try await TestClient.connect(relay, key: key)
            try await before.subscribe(.test(1))
            await before.socket.close()
            try await alice.publish(.test(1), "waiting")
            let after = try await TestClient.connect(relay, key: key)
            #expect(try await after.pushes(1)[0].message == "waiting")
            try await alice.publish(.test(1), "live")
            #expect(try await after.pushes(2)[1].message == "live")
        }
    }

    #if SQLite
        @Test func `messages and subscriptions are there after a restart on the same file`() async throws {
            let path = FileManager.default.temporaryDirectory.appending(path: "relay-\(UUID()).db").path
            defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
            let (key, other) = (TestClient.key(), TestClient.key())
            let store: any Store = try await SQLite.open(path: path)
            try await RunningRelay.with(store: store) { relay in
                let bob = try await TestClient.connect(relay, key: key)
                try await bob.subscribe(.test(1))
                await bob.socket.close()
                let alice = try await TestClient.connect(relay, key: other)
                try await alice.publish(.test(1), "for bob")
                try await alice.publish(.test(2), "for anybody")
                relay.server.kill()
            }
            await store.close()
            let reopened: any Store = try await SQLite.open(path: path)
            try await RunningRelay.with(store: reopened) { relay in
                let alice = try await TestClient.connect(relay, key: other)
                // Known from the rows that came back: not delivered twice.
                try await alice.publish(.test(1), "for bob")
                // The subscription came back too: this is no message for anybody.
                try await alice.publish(.test(1), "for bob as well")
                let carol = try await TestClient.connect(relay)
                try await carol.subscribe(.test(1))
                try await carol.subscribe(.test(2))
                #expect(try await carol.pushes(1)[0].message == "for anybody")
                let bob = try await TestClient.connect(relay, key: key)
                try await bob.subscribe(.test(1))
                #expect(try await bob.pushes(2).map { $0.message } == ["for bob", "for bob as well"])
                try await bob.settle()
                try await carol.settle()
                #expect(bob.pushes.count == 2 && carol.pushes.count == 1)
            }
            await reopened.close()
        }
    #endif
}
