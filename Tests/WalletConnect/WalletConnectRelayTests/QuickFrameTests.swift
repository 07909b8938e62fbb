import Foundation
import NIOCore
import Primitives
import Testing
import WalletConnectProtocol

@testable import WalletConnectRelay

struct QuickFrameTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func agrees(_ bytes: [UInt8]) -> Bool {
        guard let quick = QuickFrame.scan(bytes.span, at: Self.now) else { return true }
        guard let frame = try? RelayFrame.parse(bytes) else { return false }
        switch (quick, frame) {
        case (.acknowledgement(let sequence), .answer(let id, let result)):
            return id.int64 == sequence && result == true
        case (.publish(let id, let content, let ttl), .call(let other, .publish(let publish))):
            let slow = MessageContent(publish, publishedAt: Self.now)
            return id == other && ttl == publish.ttlSeconds && content.topic == publish.topic
                && content.message == slow.message && content.hash == slow.hash && content.tag == slow.tag
                && content.isPrompt == slow.isPrompt && content.tail == slow.tail && publish.attestation == nil
        default: return false
        }
    }

    @Test func `the usual frames are read quickly, and as the complete reader reads them`() throws {
        let topic = Topic.test(1)
        for id in [RPCID.number(1_795_216_684_473_554), .text("1795216684473554432")] {
            for prompt in [false, true] {
                let publish = RelayPublish(
                    topic: topic, message: "AAEC/+w=", ttlSeconds: 300, tag: 1_108, prompt: prompt)
                let bytes = RelayFrame.call(id: id, .publish(publish)).encoded()
                #expect(QuickFrame.scan(bytes.span, at: Self.now) != nil, "\(String(decoding: bytes, as: UTF8.self))")
                #expect(agrees(bytes))
            }
            let acknowledgement = RelayFrame.answer(id: id, true).encoded()
            #expect(QuickFrame.scan(acknowledgement.span, at: Self.now) != nil)
            #expect(agrees(acknowledgement))
        }
    }

    @Test func `what is unusual is left to the complete reader`() {
        let topic = Topic.test(1).hex
        for text in [
            #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(topic)","message":"a\nb","ttl":1,"tag":1}}"#,
            #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(topic)","message":"é","ttl":1,"tag":1}}"#,
            #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(topic)","message":"","ttl":1,"tag":1}}"#,
            #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(topic)","message":"a","ttl":1}}"#,
            #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(topic)","message":"a","ttl":1.5,"tag":1}}"#,
            #"{"id":1,"jsonrpc":"2.0","method":"irn_publish","params":{"topic":"\#(topic)","message":"a","ttl":01,"tag":1}}"#,
            #"{"id":1,"jsonrpc":"2.0","result":true} "#, #"{"id":1,"jsonrpc":"2.0","result":false}"#,
            #"{"id":01,"jsonrpc":"2.0","result":true}"#, #"{"id":1n,"jsonrpc":"2.0","result":true}"#,
        ] {
            #expect(QuickFrame.scan(Array(text.utf8).span, at: Self.now) == nil, "\(text)")
        }
    }

    @Test func `altered frames are never read differently`() {
        var random = SystemRandomNumberGenerator()
        let publish = RelayPublish(topic: .test(1), message: "AAEC/+w=", ttlSeconds: 300, tag: 1_108, prompt: true)
        let samples = [
            RelayFrame.call(id: 1_795_216_684_473_554, .publish(publish)).encoded(),
            RelayFrame.answer(id: 1_795_216_684_473_554, true).encoded(),
        ]
        for _ in 0..<50_000 {
            var bytes = samples[Int.random(in: 0...1, using: &random)]
            for _ in 0...Int.random(in: 0...1, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: index)
                default: bytes = Array(bytes.prefix(index + 1))
                }
            }
            guard agrees(bytes) else {
                Issue.record("\(String(decoding: bytes, as: UTF8.self))")
                return
            }
        }
    }
}
