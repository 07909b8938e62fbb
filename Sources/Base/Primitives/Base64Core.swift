/// What Base64 and Base64URL have in common: six bits a character, four characters for three bytes.
enum Base64Core {
    /// Which 64 characters.
    enum Alphabet {
        /// With `+` and `/`.
        case standard
        /// With `-` and `_`.
        case url
    }

    /// What a text may have at its end.
    enum Padding {
        /// `=` up to a multiple of four characters.
        case required
        /// All of that or nothing.
        case optional
        /// Nothing.
        case absent
    }

    /// Writes `bytes`, with `=` up to a multiple of four when `isPadded`.
    static func encode(_ bytes: Span<UInt8>, _ alphabet: Alphabet, isPadded: Bool) -> String {
        unsafe bytes.withUnsafeBufferPointer { source in
            let rest = source.count % 3
            let length = source.count / 3 * 4 + (rest == 0 ? 0 : isPadded ? 4 : rest + 1)
            return unsafe String(unsafeUninitializedCapacity: length) { target in
                switch alphabet {
                case .standard: unsafe write(source, to: target, standardCharacters, isPadded: isPadded)
                case .url: unsafe write(source, to: target, urlCharacters, isPadded: isPadded)
                }
                return length
            }
        }
    }

    /// Reads a text.
    static func decode(_ text: String, _ alphabet: Alphabet, _ padding: Padding) throws(Base64Error) -> [UInt8] {
        var text = text
        // The error leaves the closure as a value: `withUTF8` itself is untyped.
        let result = text.withUTF8 { (source) -> Result<[UInt8], Base64Error> in
            let count: Int
            switch unsafe digits(of: source, padding) {
            case .success(let digits): count = digits
            case .failure(let error): return .failure(error)
            }
            // Six bits left over are no byte.
            guard count % 4 != 1 else { return .failure(.invalidLength(count)) }
            let digits = unsafe UnsafeBufferPointer(rebasing: source[..<count])
            switch alphabet {
            case .standard: return unsafe read(digits, standardValues)
            case .url: return unsafe read(digits, urlValues)
            }
        }
        return try result.get()
    }

    /// How many characters stand before the padding.
    private static func digits(
        of text: UnsafeBufferPointer<UInt8>, _ padding: Padding
    ) -> Result<Int, Base64Error> {
        let count = text.count
        switch padding {
        case .absent: return .success(count)
        case .optional where unsafe text.last != equals: return .success(count)
        case .optional, .required:
            guard count % 4 == 0 else { return .failure(.invalidLength(count)) }
            guard count > 0, unsafe text[count - 1] == equals else { return .success(count) }
            return .success(unsafe text[count - 2] == equals ? count - 2 : count - 1)
        }
    }

    @inline(__always)
    private static func write(
        _ source: UnsafeBufferPointer<UInt8>, to target: UnsafeMutableBufferPointer<UInt8>,
        _ characters: InlineArray<64, UInt8>, isPadded: Bool
    ) {
        let whole = source.count / 3 * 3
        var input = 0
        var output = 0
        while input < whole {
            // `input + 2 < count` and `output + 3 < length`: four characters were made room for every three bytes.
            let bits = unsafe UInt32(source[input]) << 16 | UInt32(source[input &+ 1]) << 8 | UInt32(source[input &+ 2])
            unsafe target[output] = characters[Int(bits >> 18)]
            unsafe target[output &+ 1] = characters[Int(bits >> 12 & 0x3F)]
            unsafe target[output &+ 2] = characters[Int(bits >> 6 & 0x3F)]
            unsafe target[output &+ 3] = characters[Int(bits & 0x3F)]
            input &+= 3
            output &+= 4
        }
        guard input < source.count else { return }
        let hasTwo = input + 1 < source.count
        let bits = unsafe UInt32(source[input]) << 16 | (hasTwo ? UInt32(source[input + 1]) << 8 : 0)
        unsafe target[output] = characters[Int(bits >> 18)]
        unsafe target[output + 1] = characters[Int(bits >> 12 & 0x3F)]
        if hasTwo { unsafe target[output + 2] = characters[Int(bits >> 6 & 0x3F)] }
        guard isPadded else { return }
        if !hasTwo { unsafe target[output + 2] = equals }
        unsafe target[output + 3] = equals
    }

    @inline(__always)
    private static func read(
        _ source: UnsafeBufferPointer<UInt8>, _ values: InlineArray<256, UInt8>
    ) -> Result<[UInt8], Base64Error> {
        let rest = source.count % 4
        let whole = source.count - rest
        let count = whole / 4 * 3 + (rest == 0 ? 0 : rest - 1)
        var failure: Base64Error?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, written in
            var input = 0
            var output = 0
            while input < whole {
                let first = unsafe values[Int(source[input])]
                let second = unsafe values[Int(source[input &+ 1])]
                let third = unsafe values[Int(source[input &+ 2])]
                let fourth = unsafe values[Int(source[input &+ 3])]
                guard first | second | third | fourth < 64 else {
                    failure = unsafe .invalidCharacter(at: firstFault(source, from: input, values))
                    return
                }
                unsafe target[output] = first << 2 | second >> 4
                unsafe target[output &+ 1] = second << 4 | third >> 2
                unsafe target[output &+ 2] = third << 6 | fourth
                input &+= 4
                output &+= 3
            }
            written = count
            guard rest > 0 else { return }
            let first = unsafe values[Int(source[input])]
            let second = unsafe values[Int(source[input + 1])]
            let third = rest == 3 ? unsafe values[Int(source[input + 2])] : 0
            guard first | second | third < 64 else {
                failure = unsafe .invalidCharacter(at: firstFault(source, from: input, values))
                written = 0
                return
            }
            unsafe target[output] = first << 2 | second >> 4
            if rest == 3 { unsafe target[output + 1] = second << 4 | third >> 2 }
            let unused = rest == 3 ? third & 0x03 : second & 0x0F
            if unused != 0 { failure = .nonZeroTrailingBits }
        }
        if let failure { return .failure(failure) }
        return .success(bytes)
    }

    private static func firstFault(
        _ source: UnsafeBufferPointer<UInt8>, from start: Int, _ values: InlineArray<256, UInt8>
    ) -> Int {
        var position = start
        while position < source.count, unsafe values[Int(source[position])] < 64 { position += 1 }
        return position
    }
}

private let equals: UInt8 = 0x3D

private let standardCharacters: InlineArray<64, UInt8> = [
    65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
    81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 97, 98, 99, 100, 101, 102,
    103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118,
    119, 120, 121, 122, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 43, 47,
]

private let urlCharacters: InlineArray<64, UInt8> = [
    65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
    81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 97, 98, 99, 100, 101, 102,
    103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118,
    119, 120, 121, 122, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 45, 95,
]

// 255 marks what is no character of the alphabet.
private let standardValues: InlineArray<256, UInt8> = [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 62, 255, 255, 255, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 255, 255, 255, 255, 255, 255,
    255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 255, 255, 255, 255, 255,
    255, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
]

private let urlValues: InlineArray<256, UInt8> = [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 62, 255, 255,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 255, 255, 255, 255, 255, 255,
    255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 255, 255, 255, 255, 63,
    255, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
]
