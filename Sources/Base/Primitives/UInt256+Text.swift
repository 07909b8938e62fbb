extension UInt256: CustomStringConvertible {
    /// The value of decimal digits: no sign, no separators, no leading zeros except `0` itself.
    ///
    /// - Throws: ``NumberError/empty``, ``NumberError/invalidDigit(at:)``, ``NumberError/leadingZero``,
    ///   ``NumberError/tooLong`` above 78 digits, ``NumberError/overflow``.
    public init(decimal: String) throws(NumberError) {
        var text = decimal
        self = try text.withUTF8 { unsafe Self.parse(decimal: $0) }.get()
    }

    /// The value of a JSON-RPC quantity: `0x` and hexadecimal digits of either case.
    ///
    /// Leading zeros are tolerated, because some nodes send them.
    ///
    /// - Throws: ``NumberError/empty`` without digits, ``NumberError/invalidDigit(at:)`` (also without `0x`),
    ///   ``NumberError/overflow``.
    public init(hexQuantity: String) throws(NumberError) {
        var text = hexQuantity
        self = try text.withUTF8 { unsafe Self.parse(hexQuantity: $0) }.get()
    }

    /// Decimal digits.
    public var description: String {
        if let small = uint64 { return String(small) }
        // At most five chunks of 19 digits, least significant first: 10^76 < 2^256 < 10^95.
        var chunks = InlineArray<5, UInt64>(repeating: 0)
        var count = 0
        var rest = self
        while !rest.isZero {
            var remainder: UInt64 = 0
            (rest.word3, remainder) = chunkReciprocal.divide(remainder, rest.word3)
            (rest.word2, remainder) = chunkReciprocal.divide(remainder, rest.word2)
            (rest.word1, remainder) = chunkReciprocal.divide(remainder, rest.word1)
            (rest.word0, remainder) = chunkReciprocal.divide(remainder, rest.word0)
            chunks[count] = remainder
            count &+= 1
        }
        return unsafe String(unsafeUninitializedCapacity: 19 * count) { target in
            var top = chunks[count &- 1]
            var width = 0
            while top != 0 {
                top /= 10
                width &+= 1
            }
            unsafe Self.write(chunks[count &- 1], digits: width, to: target, at: 0)
            var position = width
            var index = count &- 2
            while index >= 0 {
                unsafe Self.write(chunks[index], digits: 19, to: target, at: position)
                position &+= 19
                index &-= 1
            }
            return position
        }
    }

    /// The shortest JSON-RPC quantity: `0x0`, `0x1a`.
    public var hexQuantity: String {
        let digits = Swift.max(1, (bitWidth + 3) / 4)
        return unsafe String(unsafeUninitializedCapacity: digits + 2) { target in
            unsafe target[0] = UInt8(ascii: "0")
            unsafe target[1] = UInt8(ascii: "x")
            for index in 0..<digits {
                let nibble = UInt8(truncatingIfNeeded: word(index &>> 4) &>> UInt64((index & 15) &* 4)) & 15
                unsafe target[digits &+ 1 &- index] = nibble &+ (nibble < 10 ? 48 : 87)
            }
            return digits + 2
        }
    }

    private static func write(
        _ value: UInt64, digits: Int, to target: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        var rest = value
        var position = start &+ digits
        while position > start {
            position &-= 1
            let next = rest / 10
            unsafe target[position] = UInt8(truncatingIfNeeded: rest &- next &* 10) &+ 48
            rest = next
        }
    }

    private static func parse(decimal digits: UnsafeBufferPointer<UInt8>) -> Result<Self, NumberError> {
        let count = digits.count
        guard count > 0 else { return .failure(.empty) }
        guard count <= 78 else { return .failure(.tooLong) }
        var value = Self.zero
        var chunk: UInt64 = 0
        var scale: UInt64 = 1
        for index in 0..<count {
            let digit = unsafe digits[index] &- 48
            guard digit < 10 else { return .failure(.invalidDigit(at: index)) }
            chunk = chunk &* 10 &+ UInt64(digit)
            scale &*= 10
            // Nineteen digits are the most that fit a word.
            if scale == 10_000_000_000_000_000_000 || index == count &- 1 {
                guard value.multiplyAndAdd(scale, chunk) else { return .failure(.overflow) }
                chunk = 0
                scale = 1
            }
        }
        if unsafe count > 1 && digits[0] == 48 { return .failure(.leadingZero) }
        return .success(value)
    }

    private static func parse(hexQuantity digits: UnsafeBufferPointer<UInt8>) -> Result<Self, NumberError> {
        let count = digits.count
        guard count > 0 else { return .failure(.empty) }
        guard unsafe digits[0] == UInt8(ascii: "0") else { return .failure(.invalidDigit(at: 0)) }
        guard unsafe count > 1 && digits[1] == UInt8(ascii: "x") else { return .failure(.invalidDigit(at: 1)) }
        guard count > 2 else { return .failure(.empty) }
        var value = Self.zero
        var overflow = false
        for index in 2..<count {
            guard let digit = unsafe Hex.digit(digits[index]) else { return .failure(.invalidDigit(at: index)) }
            overflow = overflow || value.word3 &>> 60 != 0
            value = value.shiftedLeft(by: 4)
            value.word0 |= UInt64(digit)
        }
        return overflow ? .failure(.overflow) : .success(value)
    }

    /// `self · factor + addend` in place; false when it does not fit.
    private mutating func multiplyAndAdd(_ factor: UInt64, _ addend: UInt64) -> Bool {
        let factor = UInt128(factor)
        let sum0 = UInt128(word0) &* factor &+ UInt128(addend)
        let sum1 = UInt128(word1) &* factor &+ (sum0 &>> 64)
        let sum2 = UInt128(word2) &* factor &+ (sum1 &>> 64)
        let sum3 = UInt128(word3) &* factor &+ (sum2 &>> 64)
        self = Self(
            UInt64(truncatingIfNeeded: sum0), UInt64(truncatingIfNeeded: sum1),
            UInt64(truncatingIfNeeded: sum2), UInt64(truncatingIfNeeded: sum3))
        return (sum3 &>> 64) == 0
    }
}

// 10^19 has its top bit set; ⌊(2^128 − 1) / 10^19⌋ − 2^64 = 15581492618384294730.
private let chunkReciprocal = Reciprocal(
    normal: 10_000_000_000_000_000_000, inverse: 15_581_492_618_384_294_730)
