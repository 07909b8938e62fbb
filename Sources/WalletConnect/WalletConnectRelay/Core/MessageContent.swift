import Cryptography
import NIOCore
import Primitives
import WalletConnectProtocol

/// A message as it was published, made ready to be pushed: the text of the push from its `data` on.
///
/// It is written once, and every reader's push gets it behind its own head.
struct MessageContent: Sendable {
    let topic: Topic
    /// The message's own bytes, without JSON's escapes.
    let message: ByteBuffer
    /// `"topic":"…","message":"…","publishedAt":…,"tag":…}}}`.
    let tail: ByteBuffer
    let tag: UInt32
    let attestation: String?
    let publishedAt: Timestamp
    /// The first 16 bytes of the hash of the message.
    let hash: MessageHash
    let isPrompt: Bool

    /// A message out of a frame that was read completely.
    init(_ publish: RelayPublish, publishedAt: Timestamp) {
        let bytes = Array(publish.message.utf8)
        self.init(
            topic: publish.topic, message: bytes, tag: publish.tag, attestation: publish.attestation,
            publishedAt: publishedAt, hash: MessageHash(bytes), isPrompt: publish.prompt)
    }

    /// A message out of the store.
    init(
        topic: Topic, message: [UInt8], tag: UInt32, attestation: String?, publishedAt: Timestamp, hash: MessageHash,
        isPrompt: Bool = false
    ) {
        var text: [UInt8] = []
        text.reserveCapacity(message.count + 256)
        text.append(contentsOf: #""topic":""#.utf8)
        topic.appendHex(to: &text)
        text.append(contentsOf: #"","message":"#.utf8)
        JSON.string(String(decoding: message, as: UTF8.self)).write(into: &text)
        Self.close(&text, publishedAt: publishedAt, tag: tag, attestation: attestation)
        self.topic = topic
        self.message = ByteBuffer(bytes: message)
        tail = ByteBuffer(bytes: text)
        self.tag = tag
        self.attestation = attestation
        self.publishedAt = publishedAt
        self.hash = hash
        self.isPrompt = isPrompt
    }

    /// A message whose JSON text is its own bytes: printable ASCII without escapes.
    init(
        topic: Topic, plain bytes: Span<UInt8>, tag: UInt32, publishedAt: Timestamp, isPrompt: Bool
    ) {
        var text = ByteBuffer()
        text.reserveCapacity(bytes.count + 192)
        text.writeStaticString(#""topic":""#)
        topic.writeHex(to: &text)
        text.writeStaticString(#"","message":""#)
        let start = text.writerIndex
        unsafe bytes.withUnsafeBufferPointer { source in _ = unsafe text.writeBytes(source) }
        let message = text.getSlice(at: start, length: bytes.count)
        text.writeStaticString(#"","publishedAt":"#)
        text.writeDecimal(publishedAt.milliseconds)
        text.writeStaticString(#","tag":"#)
        text.writeDecimal(Int64(tag))
        text.writeStaticString("}}}")
        self.topic = topic
        // The slice was just written; an empty one stands for what cannot be.
        self.message = message ?? ByteBuffer()
        tail = text
        self.tag = tag
        attestation = nil
        self.publishedAt = publishedAt
        hash = MessageHash(bytes)
        self.isPrompt = isPrompt
    }

    private static func close(
        _ text: inout [UInt8], publishedAt: Timestamp, tag: UInt32, attestation: String?
    ) {
        text.append(contentsOf: ",\"publishedAt\":\(publishedAt.milliseconds),\"tag\":\(tag)".utf8)
        if let attestation {
            text.append(contentsOf: #","attestation":"#.utf8)
            JSON.string(attestation).write(into: &text)
        }
        text.append(contentsOf: "}}}".utf8)
    }

    /// The push to one reader.
    ///
    /// - Parameter scratch: any array; it is used again and again.
    func push(sequence: Int64, subscription: SubscriptionID, scratch: inout [UInt8]) -> ByteBuffer {
        var text = ByteBuffer()
        text.reserveCapacity(tail.readableBytes + 176)
        text.writeStaticString(#"{"id":"#)
        text.writeDecimal(sequence)
        text.writeStaticString(#","jsonrpc":"2.0","method":"irn_subscription","params":{"id":""#)
        scratch.removeAll(keepingCapacity: true)
        subscription.appendHex(to: &scratch)
        text.writeBytes(scratch)
        text.writeStaticString(#"","data":{"#)
        text.writeImmutableBuffer(tail)
        return text
    }
}

/// The first half of a message's SHA-256: enough to tell messages of one topic apart.
struct MessageHash: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(_ message: [UInt8]) {
        self.init(message.span)
    }

    init(_ message: Span<UInt8>) {
        // A UInt8 has no padding, so its raw bytes are all there is.
        self.init(digest: SHA2.sha256(unsafe message.bytes))
    }

    init(digest: Hash32) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<8 {
            high = high << 8 | UInt64(digest[index])
            low = low << 8 | UInt64(digest[index + 8])
        }
        self.high = high
        self.low = low
    }

    /// Sixteen bytes as stored; nil for any other number of them.
    init?(stored bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
    }
}

extension ByteBuffer {
    /// Appends a number's digits without making a String of it.
    mutating func writeDecimal(_ value: Int64) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var rest = value.magnitude
        var start = 20
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if value < 0 { writeInteger(UInt8(ascii: "-")) }
        let span = digits.span.extracting(start..<20)
        unsafe span.withUnsafeBufferPointer { source in _ = unsafe writeBytes(source) }
    }
}

extension Topic {
    func writeHex(to buffer: inout ByteBuffer) {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        appendHex(to: &text)
        buffer.writeBytes(text)
    }
}
