import Cryptography
import Foundation
import Primitives
import Testing
import WalletConnectProtocol

/// A client of the relay as simple as can be: calls, and the pushes that came meanwhile.
final class TestClient {
    let key: Ed25519.PrivateKey
    let socket: RawSocket
    private(set) var pushes: [RelayPush] = []
    private(set) var pushIDs: [RPCID] = []
    private var lastID: Int64 = 1_700_000_000_000_000
    /// Whether pushes are acknowledged as they come.
    var acknowledges = true

    init(key: Ed25519.PrivateKey, socket: RawSocket) {
        self.key = key
        self.socket = socket
    }

    static func key() -> Ed25519.PrivateKey {
        try! Ed25519.PrivateKey(seed: .random(count: 32))
    }

    static func token(
        _ key: Ed25519.PrivateKey, audience: String = "wss://relay.walletconnect.com", at now: Timestamp
    ) -> String {
        RelayToken.sign(
            key, audience: audience,
            // One for each socket, as most clients have it: two sockets with one subject are one program.
            subject: Hex.encode(RandomSource.system.bytes(32)), issuedAt: now)
    }

    static func connect(
        _ relay: RunningRelay, key: Ed25519.PrivateKey = TestClient.key(), path: String = "/"
    ) async throws -> TestClient {
        let token = token(key, at: relay.clock.now)
        let socket = try await RawSocket.open(port: relay.port, target: "\(path)?auth=\(token)&projectId=test")
        return TestClient(key: key, socket: socket)
    }

    var did: DIDKey { DIDKey(key.publicKey) }

    /// Sends a call and answers with its result; throws the relay's error.
    @discardableResult
    func call(_ method: String, _ params: JSON, id: RPCID? = nil) async throws -> JSON {
        let id = id ?? nextID()
        try await send(method, params, id: id)
        return try await answer(to: id)
    }

    func nextID() -> RPCID {
        lastID += 1
        return .number(lastID)
    }

    func send(_ method: String, _ params: JSON, id: RPCID) async throws {
        let frame: JSON = ["id": id.json, "jsonrpc": "2.0", "method": .string(method), "params": params]
        try await socket.send(frame.text)
    }

    func answer(to id: RPCID) async throws -> JSON {
        while true {
            switch try await nextFrame() {
            case .answer(let other, let result) where other == id: return result
            case .refusal(let other, let error) where other == id: throw error
            case .refusal(let other, let error):
                Issue.record("refused \(String(describing: other)): \(error)")
            default: continue
            }
        }
    }

    /// The next frame but pings; pushes are noted, and acknowledged when they should be.
    func nextFrame(seconds: Double = 10) async throws -> RelayFrame {
        while true {
            switch try await socket.next(seconds: seconds) {
            case .text(let text):
                let frame = try RelayFrame.parse(Array(text.utf8))
                if case .push(let id, let push) = frame {
                    #expect(text.hasPrefix(#"{""#))
                    pushes.append(push)
                    pushIDs.append(id)
                    if acknowledges { try await acknowledge(id) }
                }
                return frame
            case .ping, .pong: continue
            case let other: throw Unexpected(frame: other)
            }
        }
    }

    struct Unexpected: Error {
        let frame: RawSocket.Incoming
    }

    func acknowledge(_ id: RPCID) async throws {
        try await socket.send(RelayFrame.answer(id: id, true).text)
    }

    /// Waits until so many pushes have come.
    @discardableResult
    func pushes(_ count: Int, seconds: Double = 10) async throws -> [RelayPush] {
        while pushes.count < count { _ = try await nextFrame(seconds: seconds) }
        return pushes
    }

    /// A call that the relay answers behind everything it has pushed by then.
    func settle() async throws {
        try await call("wc_createTopic", ["topic": .string(Topic.test(0).hex)])
    }

    func publish(_ topic: Topic, _ message: String, ttl: Int64 = 300, tag: Int64 = 1_100) async throws {
        try await call(
            "irn_publish",
            ["topic": .string(topic.hex), "message": .string(message), "ttl": JSON(ttl), "tag": JSON(tag)])
    }

    @discardableResult
    func subscribe(_ topic: Topic) async throws -> String? {
        try await call("irn_subscribe", ["topic": .string(topic.hex)]).string
    }
}

extension Topic {
    static func test(_ number: Int) -> Topic {
        Topic(SHA2.sha256(Array("topic \(number)".utf8)))
    }
}
