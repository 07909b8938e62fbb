import Foundation
import Primitives
import Storage
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

/// The test relay: it serves, stops and starts, and does wrong what it is told to.
struct TestRelayTests {
    @Test func `it is on a free port, and keeps it over a stop`() async throws {
        try await withTestRelay { relay in
            let url = relay.url
            #expect(relay.port > 0)
            #expect(relay.isRunning)
            await relay.stop()
            #expect(!relay.isRunning)
            #expect(relay.figures == nil)
            try await relay.start()
            #expect(relay.url == url)
            #expect(relay.isRunning)
        }
    }

    @Test func `a session outlives a relay that stops and starts`() async throws {
        try await Pair.with { pair in
            await pair.relay.stop()
            async let signer = pair.dApp.personalSign("while the relay is away", in: pair.session)
            try await pair.relay.start()
            let signed = try await signer
            #expect(signed == pair.wallet.keys.evm().address)
        }
    }

    @Test func `a session outlives a relay that is killed`() async throws {
        try await Pair.with { pair in
            await pair.relay.kill()
            try await pair.relay.start()
            try await pair.dApp.personalSign("after the kill", in: pair.session)
        }
    }

    @Test func `messages that come twice are answered once`() async throws {
        try await Pair.with { pair in
            pair.relay.inject(RelayFault(.duplicate, next: nil))
            for turn in 0..<5 { try await pair.dApp.personalSign("turn \(turn)", in: pair.session) }
            #expect(pair.wallet.requestCount() == 5)
        }
    }

    @Test func `an answer that is lost never comes, and the next one does`() async throws {
        try await Pair.with { pair in
            pair.relay.inject(RelayFault(.lose) { $0.isAnswer })
            let lost = Task { try await pair.dApp.personalSign("lost", in: pair.session) }
            _ = try await pair.wallet.request(1)
            try await pair.dApp.personalSign("not lost", in: pair.session)
            #expect(pair.wallet.requestCount() == 2)
            lost.cancel()
            await #expect(throws: (any Error).self) { try await lost.value }
        }
    }

    @Test func `what was dropped comes when its reader connects again`() async throws {
        try await Pair.with { pair in
            pair.relay.inject(RelayFault(.drop) { $0.isRequest })
            async let signer = pair.dApp.personalSign("dropped", in: pair.session)
            try await eventually("the request at the relay") { pair.relay.messages.contains { $0.isRequest } }
            #expect(pair.wallet.requestCount() == 0)
            pair.relay.disconnectAll()
            let signed = try await signer
            #expect(signed == pair.wallet.keys.evm().address)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `the condition of a fault may ask the relay`() async throws {
        try await Pair.with { pair in
            pair.relay.inject(
                RelayFault(.duplicate, next: nil) { [relay = pair.relay] message in
                    message.isRequest && relay.messageCount > 0 && relay.heldCount == 0
                })
            let signed = try await pair.dApp.personalSign("asked", in: pair.session)
            #expect(signed == pair.wallet.keys.evm().address)
            #expect(pair.wallet.requestCount() == 1, "a duplicate is shown once")
        }
    }

    @Test func `what is held comes when it is let go`() async throws {
        try await Pair.with { pair in
            pair.relay.inject(RelayFault(.hold) { $0.isRequest })
            async let signer = pair.dApp.personalSign("held", in: pair.session)
            try await eventually("a held message") { pair.relay.heldCount == 1 }
            #expect(pair.wallet.requestCount() == 0)
            pair.relay.clearFaults()
            let signed = try await signer
            #expect(signed == pair.wallet.keys.evm().address)
            #expect(pair.relay.heldCount == 0)
        }
    }

    @Test func `what is late comes when its time has come`() async throws {
        let time = TestTime()
        try await Pair.with(relayPace: time) { pair in
            pair.relay.inject(RelayFault(.delay(milliseconds: 60_000)) { $0.isRequest })
            async let signer = pair.dApp.personalSign("late", in: pair.session)
            try await eventually("a late message") { time.sleeperCount == 1 }
            time.advance(milliseconds: 59_999)
            #expect(time.sleeperCount == 1)
            #expect(pair.wallet.requestCount() == 0)
            time.advance(milliseconds: 1)
            let signed = try await signer
            #expect(signed == pair.wallet.keys.evm().address)
        }
    }

    @Test func `messages are counted by what they are`() async throws {
        try await Pair.with { pair in
            let before = pair.relay.messageCount
            try await pair.dApp.personalSign("one", in: pair.session)
            #expect(pair.relay.messages.count { $0.isRequest } == 1)
            #expect(pair.relay.messages.count { $0.isAnswer } == 1)
            #expect(pair.relay.messageCount == before + 2)
            #expect(pair.relay.messages.contains { $0.method == .sessionSettle && $0.isCall })
        }
    }

    @Test func `a mailbox outlives the relay that was killed`() async throws {
        // The wallet asks nothing of the relay before it has one of these.
        let store = MemoryStore()
        try await withTestRelay(store: store) { relay in
            try await withScriptedDApp(relay: relay.url) { dApp in
                let invitation = try await dApp.invite()
                try await eventually("the proposal at the relay") { dApp.client.counts.outbox == 0 }
                await relay.kill()
                try await relay.start()
                try await withScriptedWallet(relay: relay.url) { wallet in
                    let session = try await wallet.connect(invitation.uri)
                    #expect(try await invitation.session().topic == session.topic)
                }
            }
        }
    }

    #if SQLite
        @Test func `a relay in a folder goes on where the last one was`() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.path(percentEncoded: false)
            let records = MemoryKeyValueStore()
            let uri = try await withTestRelay(folder: path) { relay in
                try await withScriptedDApp(relay: relay.url, records: records) { dApp in
                    let uri = try await dApp.invite().uri
                    try await eventually("the proposal at the relay") { dApp.client.counts.outbox == 0 }
                    return uri
                }
            }
            // Another relay, on another port; the proposal waits in the folder.
            try await withTestRelay(folder: path) { relay in
                try await withScriptedWallet(relay: relay.url) { wallet in
                    try await wallet.client.pair(uri)
                    try await eventually("the proposal") { wallet.proposals.count == 1 }
                }
            }
        }
    #endif
}
