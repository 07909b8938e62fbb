import Primitives

/// The steps over bytes.
extension FrameScanner {
    /// Steps over a byte; false when another one stands there.
    @inline(__always)
    mutating func take(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
        guard at < text.count, text[at] == byte else { return false }
        at &+= 1
        return true
    }

    /// Steps over a word; false when another one stands there.
    mutating func take(_ word: StaticString, _ text: Span<UInt8>) -> Bool {
        let end = at + word.utf8CodeUnitCount
        guard end <= text.count, Self.isName(word, text, at..<end) else { return false }
        at = end
        return true
    }

    /// Reads the name of a member and steps over its colon.
    @inline(__always)
    mutating func key(_ text: Span<UInt8>) -> Range<Int>? {
        guard let name = plain(text), take(.colon, text) else { return nil }
        return name
    }

    /// Reads a string of printable ASCII without escapes: where its bytes are.
    @inline(__always)
    mutating func plain(_ text: Span<UInt8>) -> Range<Int>? {
        guard take(.quote, text) else { return nil }
        let start = at
        skipPlain(text)
        guard at < text.count, text[at] == .quote else { return nil }
        let range = start..<at
        at &+= 1
        return range
    }

    /// Steps over printable ASCII that is neither quote nor backslash, eight bytes at a time.
    @inline(__always)
    mutating func skipPlain(_ text: Span<UInt8>) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        // A UInt8 has no padding, so its raw bytes are all there is.
        let bytes = unsafe text.bytes
        while at &+ 8 <= text.count {
            // `at + 8 <= count` was checked; the load needs no alignment and every bit pattern is a UInt64.
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
            let quotes = word ^ ones &* 0x22
            let slashes = word ^ ones &* 0x5C
            // The top bit of a byte is set where it is below 0x20, a quote, a backslash or not ASCII; a borrow can set it
            // too high up, never too low, so the lowest one is right.
            let stops =
                ((word &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones) | word) & highs
            if stops != 0 {
                at &+= stops.trailingZeroBitCount >> 3
                break
            }
            at &+= 8
        }
        while at < text.count {
            let byte = text[at]
            guard byte >= 0x20, byte < 0x80, byte != .quote, byte != .backslash else { return }
            at &+= 1
        }
    }

    /// Reads an integer without a sign and without a leading zero that fits into 63 bits.
    mutating func number(_ text: Span<UInt8>) -> Int64? {
        let start = at
        var value: Int64 = 0
        while at < text.count, case let digit = text[at] &- 0x30, digit < 10 {
            let (scaled, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = scaled.addingReportingOverflow(Int64(digit))
            guard !isTooLarge, !overflow else { return nil }
            value = sum
            at &+= 1
        }
        guard at > start, at &- start == 1 || text[start] != 0x30 else { return nil }
        // What follows decides whether the number ended here.
        guard at < text.count, text[at] == .comma || text[at] == .closeBrace else { return nil }
        return value
    }

    /// Reads an array of plain strings.
    mutating func texts(_ text: Span<UInt8>) -> [String]? {
        guard take(.openBracket, text) else { return nil }
        if take(.closeBracket, text) { return [] }
        var elements: [String] = []
        repeat {
            guard let value = plain(text) else { return nil }
            elements.append(Self.copy(text, value))
        } while take(.comma, text)
        return take(.closeBracket, text) ? elements : nil
    }

    /// Whether the bytes of `range` are `name`, which has as many.
    @inline(__always)
    static func isName(_ name: StaticString, _ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard name.utf8CodeUnitCount == range.count else { return false }
        for offset in 0..<range.count {
            // `offset` is below the length of the literal.
            guard unsafe text[range.lowerBound &+ offset] == name.utf8Start[offset] else { return false }
        }
        return true
    }

    /// Copies ASCII out of the text, once.
    @inline(__always)
    static func copy(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        unsafe text.extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

/// The bytes that frames are made of.
extension UInt8 {
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2C
    static let colon: UInt8 = 0x3A
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D
}
