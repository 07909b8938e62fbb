extension SortableID {
    /// Twenty-six characters of Crockford's base 32, upper case; they sort as the identifiers do.
    public var text: String {
        unsafe String(unsafeUninitializedCapacity: 26) { target in
            unsafe write(to: target, at: 0)
            return 26
        }
    }

    /// The same as ``text``.
    public var description: String { text }

    /// ``text`` after `prefix` and an underscore: `wd_01JD4Z…`.
    public func text(prefix: String) -> String {
        var prefix = prefix
        return prefix.withUTF8 { letters in
            let start = letters.count + 1
            return unsafe String(unsafeUninitializedCapacity: start + 26) { target in
                for index in letters.indices { unsafe target[index] = unsafe letters[index] }
                unsafe target[start - 1] = UInt8(ascii: "_")
                unsafe write(to: target, at: start)
                return start + 26
            }
        }
    }

    /// The identifier of its 26 characters.
    ///
    /// - Throws: ``IDError``; offsets count UTF-8 bytes.
    public init(text: String) throws(IDError) {
        var text = text
        self = try text.withUTF8 { unsafe Self.parse($0, from: 0) }.get()
    }

    /// The identifier after `prefix` and an underscore.
    ///
    /// - Throws: ``IDError/wrongPrefix(expected:)`` as well as the errors of ``init(text:)``.
    public init(text: String, prefix: String) throws(IDError) {
        var text = text
        var prefix = prefix
        let result = text.withUTF8 { characters in
            prefix.withUTF8 { letters -> Result<SortableID, IDError>? in
                let count = letters.count
                guard unsafe characters.count > count && characters[count] == UInt8(ascii: "_") else { return nil }
                for index in 0..<count where unsafe characters[index] != letters[index] { return nil }
                return unsafe Self.parse(characters, from: count + 1)
            }
        }
        guard let result else { throw .wrongPrefix(expected: prefix) }
        self = try result.get()
    }

    private func write(to target: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        // 26 digits of 5 bits are 130 bits: the first digit holds three, so it is at most 7. The halves of 13 digits
        // overlap in one bit more than a word holds, which the lower half takes from `high`.
        var top = high &>> 1
        var bottom = UInt128(high & 1) &<< 64 | UInt128(low)
        for index in 0..<13 {
            unsafe target[start &+ 25 &- index] = encodingTable[Int(truncatingIfNeeded: bottom & 31)]
            unsafe target[start &+ 12 &- index] = encodingTable[Int(truncatingIfNeeded: top & 31)]
            bottom &>>= 5
            top &>>= 5
        }
    }

    private static func parse(
        _ characters: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Result<SortableID, IDError> {
        let count = characters.count - start
        guard count == 26 else { return .failure(.wrongLength(expected: 26, actual: count)) }
        var value: UInt128 = 0
        for index in start..<(start &+ 26) {
            let digit = unsafe decodingTable[Int(characters[index])]
            guard digit < 32 else { return .failure(.invalidDigit(at: index)) }
            guard index > start || digit < 8 else { return .failure(.overflow) }
            value = value &<< 5 | UInt128(digit)
        }
        return .success(
            SortableID(high: UInt64(truncatingIfNeeded: value &>> 64), low: UInt64(truncatingIfNeeded: value)))
    }
}

/// Why text is not an identifier; offsets count UTF-8 bytes from its start.
public enum IDError: Error, Equatable, Sendable {
    /// Not this many characters, the prefix apart.
    case wrongLength(expected: Int, actual: Int)
    /// Not a digit of Crockford's base 32 in upper case.
    case invalidDigit(at: Int)
    /// More than 128 bits: the first digit is above 7.
    case overflow
    /// Not of the wanted kind.
    case wrongPrefix(expected: String)
}

// 0-9 and A-Z without I, L, O, U: https://www.crockford.com/base32.html
private let encodingTable: InlineArray<32, UInt8> = [
    48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 65, 66, 67, 68, 69, 70,
    71, 72, 74, 75, 77, 78, 80, 81, 82, 83, 84, 86, 87, 88, 89, 90,
]

// 255 marks what is not a digit.
private let decodingTable: InlineArray<256, UInt8> = [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255,
    255, 10, 11, 12, 13, 14, 15, 16, 17, 255, 18, 19, 255, 20, 21, 255,
    22, 23, 24, 25, 26, 255, 27, 28, 29, 30, 31, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
]
