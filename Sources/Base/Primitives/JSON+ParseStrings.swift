extension JSONParser {
    /// Reads a string whose opening quote is at the position.
    mutating func string(_ text: Span<UInt8>) throws(JSONError) -> (text: String, isASCII: Bool) {
        at &+= 1
        let start = at
        var isASCII = true
        while true {
            skipPlain(text)
            let byte = try next(text)
            switch byte {
            case .quote:
                guard at &- start <= limits.stringBytesMax else { throw JSONError(.stringTooLong, offset: start) }
                let value = copy(text, start..<at)
                at &+= 1
                return (value, isASCII)
            case .backslash: return (try escapedString(text, from: start), false)
            case 0..<0x20: throw fault(.controlCharacter)
            default:
                at = try endOfCharacter(text)
                isASCII = false
            }
        }
    }

    /// Reads the rest of a string that has escapes; the position is at the first backslash.
    private mutating func escapedString(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> String {
        guard at &- start <= limits.stringBytesMax else { throw JSONError(.stringTooLong, offset: start) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(at &- start &+ 16)
        var runStart = start
        while true {
            skipPlain(text)
            let byte = try next(text)
            switch byte {
            case .quote, .backslash:
                guard bytes.count &+ at &- runStart <= limits.stringBytesMax else {
                    throw JSONError(.stringTooLong, offset: start)
                }
                for index in runStart..<at { bytes.append(text[index]) }
                at &+= 1
                guard byte == .backslash else { return String(decoding: bytes, as: UTF8.self) }
                try escape(text, into: &bytes)
                runStart = at
            case 0..<0x20: throw fault(.controlCharacter)
            default: at = try endOfCharacter(text)
            }
        }
    }

    /// Resolves one escape; the position is after the backslash.
    private mutating func escape(_ text: Span<UInt8>, into bytes: inout [UInt8]) throws(JSONError) {
        let byte = try next(text)
        switch byte {
        case .quote, .backslash, 0x2F: bytes.append(byte)
        case 0x62: bytes.append(0x08)
        case 0x66: bytes.append(0x0C)
        case 0x6E: bytes.append(0x0A)
        case 0x72: bytes.append(0x0D)
        case 0x74: bytes.append(0x09)
        case 0x75:
            at &+= 1
            let scalar = try escapedScalar(text)
            bytes.append(contentsOf: String(scalar).utf8)
            return
        default: throw fault(.invalidEscape)
        }
        at &+= 1
    }

    /// Reads four hex digits, and the second half of a surrogate pair when they are the first.
    private mutating func escapedScalar(_ text: Span<UInt8>) throws(JSONError) -> Unicode.Scalar {
        let start = at &- 2
        let first = try fourHexDigits(text)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, at &+ 1 < text.count, text[at] == .backslash, text[at &+ 1] == 0x75 else {
            throw JSONError(.loneSurrogate, offset: start)
        }
        at &+= 2
        let second = try fourHexDigits(text)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 &+ (first &- 0xD800) << 10 &+ (second &- 0xDC00))
        else { throw JSONError(.loneSurrogate, offset: start) }
        return scalar
    }

    private mutating func fourHexDigits(_ text: Span<UInt8>) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try next(text)
            let digit: UInt8
            switch byte {
            case .zero ... .nine: digit = byte &- .zero
            case 0x61...0x66: digit = byte &- 0x61 &+ 10
            case 0x41...0x46: digit = byte &- 0x41 &+ 10
            default: throw fault(.invalidEscape)
            }
            value = value << 4 | UInt32(digit)
            at &+= 1
        }
        return value
    }

    /// Steps over printable ASCII that is neither quote nor backslash, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlain(_ text: Span<UInt8>) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        // A UInt8 has no padding, so its raw bytes are all there is.
        let bytes = unsafe text.bytes
        while at &+ 8 <= text.count {
            // `at + 8 <= count` was checked; the load needs no alignment and every bit pattern is a UInt64.
            let word = unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let slashes = word ^ (ones &* 0x5C)
            // In each term a byte's high bit is set when the byte is below 0x20, a quote or a backslash. A borrow can
            // set bits above a true hit only, and the lowest hit is the one used.
            let controls = (word &- (ones &* 0x20)) & ~word
            let found =
                (controls | ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | word) & highs
            if found != 0 {
                at &+= found.trailingZeroBitCount >> 3
                return
            }
            at &+= 8
        }
        while at < text.count {
            switch text[at] {
            case 0..<0x20, .quote, .backslash, 0x80...: return
            default: at &+= 1
            }
        }
    }

    /// The end of the multi-byte character at the position, if it is well formed.
    ///
    /// Unicode 16.0, table 3-7; overlong forms, surrogates and values above U+10FFFF have no row there.
    private func endOfCharacter(_ text: Span<UInt8>) throws(JSONError) -> Int {
        let length: Int
        let second: ClosedRange<UInt8>
        switch text[at] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw fault(.invalidUTF8)
        }
        guard length <= text.count &- at else { throw fault(.invalidUTF8) }
        guard second.contains(text[at &+ 1]) else { throw fault(.invalidUTF8) }
        for offset in 2..<max(2, length) where text[at &+ offset] & 0xC0 != 0x80 { throw fault(.invalidUTF8) }
        return at &+ length
    }
}

/// The names of one object so far.
///
/// Few names are compared one by one, which needs no memory; many go into a set, so that an object of `n` names costs
/// `n` steps and not `n` squared.
struct SeenNames {
    private static let comparedMax = 8
    private var allASCII = true
    private var set: Set<String> = []

    /// Takes `name` in; false when it is already among `members`.
    @inline(__always)
    mutating func insert(_ name: String, isASCII: Bool, after members: [JSONMember]) -> Bool {
        allASCII = allASCII && isASCII
        if members.count < Self.comparedMax {
            let length = name.utf8.count
            for member in members {
                // Different ASCII lengths are different names; other names may be equal at different lengths.
                if allASCII, member.name.utf8.count != length { continue }
                if member.name == name { return false }
            }
            return true
        }
        if set.isEmpty { set = Set(members.map(\.name)) }
        return set.insert(name).inserted
    }
}
