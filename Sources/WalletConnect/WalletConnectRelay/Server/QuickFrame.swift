import NIOCore
import Primitives
import WalletConnectProtocol

/// The two frames that make up nearly all traffic, read without making anything of them that is not needed.
///
/// A publish in the order in which clients write it, its message printable ASCII without escapes; and an
/// acknowledgement. Everything else is `nil` and read completely by `RelayFrame`, with the same result.
enum QuickFrame {
    case publish(id: RPCID, MessageContent, ttlSeconds: UInt32)
    case acknowledgement(Int64)

    static func scan(_ text: Span<UInt8>, at now: Timestamp) -> QuickFrame? {
        var scan = QuickScan()
        guard scan.skip(#"{"id":"#, in: text), let id = scan.id(in: text),
            scan.skip(#","jsonrpc":"2.0","#, in: text)
        else { return nil }
        if scan.skip(#""result":true}"#, in: text) {
            guard scan.position == text.count, let sequence = id.int64 else { return nil }
            return .acknowledgement(sequence)
        }
        guard scan.skip(#""method":"irn_publish","params":{"topic":""#, in: text),
            let topic = scan.topic(in: text), scan.skip(#"","message":""#, in: text),
            let message = scan.plainText(in: text), scan.skip(#","ttl":"#, in: text),
            let ttl = scan.number(in: text)
        else { return nil }
        var tag: UInt32?
        var prompt: Bool?
        while !scan.skip("}}", in: text) {
            if tag == nil, scan.skip(#","tag":"#, in: text) {
                guard let number = scan.number(in: text) else { return nil }
                tag = number
            } else if prompt == nil, scan.skip(#","prompt":true"#, in: text) {
                prompt = true
            } else if prompt == nil, scan.skip(#","prompt":false"#, in: text) {
                prompt = false
            } else {
                return nil
            }
        }
        guard scan.position == text.count, let tag else { return nil }
        let content = MessageContent(
            topic: topic, plain: text.extracting(message), tag: tag, publishedAt: now, isPrompt: prompt ?? false)
        return .publish(id: id, content, ttlSeconds: ttl)
    }
}

/// A place in a text; every step says whether it found what it looked for, and moves only then.
private struct QuickScan {
    private(set) var position = 0

    mutating func skip(_ literal: StaticString, in text: Span<UInt8>) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard text.count - position >= count else { return false }
        let start = position
        let isThere = literal.withUTF8Buffer { expected in
            for index in 0..<count where unsafe text[start &+ index] != expected[index] { return false }
            return true
        }
        if isThere { position += count }
        return isThere
    }

    /// A number of up to 18 digits, or up to 20 characters of text without escapes, as requests have them.
    mutating func id(in text: Span<UInt8>) -> RPCID? {
        guard position < text.count else { return nil }
        if text[position] != UInt8(ascii: "\"") { return digits(in: text, max: 18).map { .number($0) } }
        let start = position + 1
        var end = start
        while end < text.count, end - start <= 20, Self.isDigit(text[end]) { end += 1 }
        guard end > start, end < text.count, text[end] == UInt8(ascii: "\"") else { return nil }
        position = end + 1
        let span = text.extracting(start..<end)
        return .text(unsafe span.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
    }

    /// 64 lower-case or upper-case hex digits.
    mutating func topic(in text: Span<UInt8>) -> Topic? {
        guard text.count - position >= 64 else { return nil }
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        var faults: UInt8 = 0
        for index in 0..<32 {
            let high = Self.nibble(text[position &+ 2 &* index])
            let low = Self.nibble(text[position &+ 2 &* index &+ 1])
            faults |= (high | low) & 0xF0
            bytes[index] = high << 4 | low & 0x0F
        }
        guard faults == 0, let hash = Hash32(bytes.span) else { return nil }
        position += 64
        return Topic(hash)
    }

    /// Printable ASCII up to the closing quote, not empty; where it lies.
    mutating func plainText(in text: Span<UInt8>) -> Range<Int>? {
        let start = position
        var end = start
        // A UInt8 has no padding, so its raw bytes are all there is.
        let bytes = unsafe text.bytes
        while end &+ 8 <= text.count {
            // Every bit pattern is a UInt64, and the load checks the bound.
            guard Self.isPlain(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: end, as: UInt64.self)) else { break }
            end &+= 8
        }
        while end < text.count {
            let byte = text[end]
            if byte == UInt8(ascii: "\"") { break }
            guard byte != UInt8(ascii: "\\"), byte >= 0x20, byte < 0x7F else { return nil }
            end += 1
        }
        guard end > start, end < text.count else { return nil }
        position = end + 1
        return start..<end
    }

    mutating func number(in text: Span<UInt8>) -> UInt32? {
        digits(in: text, max: 10).flatMap { UInt32(exactly: $0) }
    }

    /// Decimal digits without a leading zero; nothing that would be another kind of number behind them.
    private mutating func digits(in text: Span<UInt8>, max: Int) -> Int64? {
        var value: Int64 = 0
        var end = position
        while end < text.count, Self.isDigit(text[end]) {
            guard end - position < max else { return nil }
            value = value * 10 + Int64(text[end] - UInt8(ascii: "0"))
            end += 1
        }
        guard end > position, end == position + 1 || text[position] != UInt8(ascii: "0"), end < text.count,
            text[end] == UInt8(ascii: ",") || text[end] == UInt8(ascii: "}")
        else { return nil }
        position = end
        return value
    }

    /// Whether all eight are printable ASCII and neither quote nor backslash.
    private static func isPlain(_ eight: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        // The usual test for a zero byte; a false alarm beside a true one does no harm here.
        let quote = eight ^ (ones &* 0x22)
        let backslash = eight ^ (ones &* 0x5C)
        let delete = eight ^ (ones &* 0x7F)
        let found =
            (eight &- ones &* 0x20) & ~eight | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
            | (delete &- ones) & ~delete | eight
        return found & tops == 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The digit's value; 0xFF for what is none.
    private static func nibble(_ byte: UInt8) -> UInt8 {
        let digit = byte &- 0x30
        if digit < 10 { return digit }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : 0xFF
    }
}
