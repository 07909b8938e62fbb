/// Hexadecimal text: lower case out, either case in.
///
/// ```swift
/// Hex.encodePrefixed([0xDE, 0xAD])        // "0xdead"
/// try Hex.decode("0xDEad")                // [0xDE, 0xAD]
/// ```
public enum Hex {
    /// Two lower-case digits per byte, without a prefix.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        text(of: bytes, prefixed: false)
    }

    /// Two lower-case digits per byte after `0x`; no bytes give `0x`, as JSON-RPC "unformatted data" wants.
    public static func encodePrefixed(_ bytes: some Sequence<UInt8>) -> String {
        text(of: bytes, prefixed: true)
    }

    /// Two lower-case digits per byte, without a prefix.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.withUnsafeBufferPointer { unsafe text(ofContiguous: $0, prefixed: false) }
    }

    /// Two lower-case digits per byte after `0x`.
    public static func encodePrefixed(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.withUnsafeBufferPointer { unsafe text(ofContiguous: $0, prefixed: true) }
    }

    /// The bytes of `text`, which may or may not begin with `0x`.
    ///
    /// - Throws: ``HexError/oddLength`` or ``HexError/invalidDigit(at:)``; offsets count UTF-8 bytes from the start
    ///   of `text`, the prefix included.
    public static func decode(_ text: String) throws(HexError) -> [UInt8] {
        try bytes(of: text, prefixRequired: false)
    }

    /// The bytes of `text`, which begins with `0x`.
    ///
    /// - Throws: ``HexError/missingPrefix`` as well as the errors of ``decode(_:)``.
    public static func decodePrefixed(_ text: String) throws(HexError) -> [UInt8] {
        try bytes(of: text, prefixRequired: true)
    }

    /// Writes two digits per byte of `source` to the front of `target`, which has room for them.
    static func write(_ source: UnsafeBufferPointer<UInt8>, to target: UnsafeMutableBufferPointer<UInt8>) {
        var next = 0
        for index in source.indices {
            let byte = unsafe source[index]
            unsafe target[next] = encodingTable[Int(byte &>> 4)]
            unsafe target[next &+ 1] = encodingTable[Int(byte & 15)]
            next &+= 2
        }
    }

    /// The value of one digit, or nil.
    static func digit(_ character: UInt8) -> UInt8? {
        let value = decodingTable[Int(character)]
        return value < 16 ? value : nil
    }

    private static func text(of bytes: some Sequence<UInt8>, prefixed: Bool) -> String {
        if let text = bytes.withContiguousStorageIfAvailable({ unsafe text(ofContiguous: $0, prefixed: prefixed) }) {
            return text
        }
        return unsafe Array(bytes).withUnsafeBufferPointer { unsafe text(ofContiguous: $0, prefixed: prefixed) }
    }

    private static func text(ofContiguous bytes: UnsafeBufferPointer<UInt8>, prefixed: Bool) -> String {
        let start = prefixed ? 2 : 0
        let length = start + 2 * bytes.count
        return unsafe String(unsafeUninitializedCapacity: length) { target in
            if prefixed {
                unsafe target[0] = UInt8(ascii: "0")
                unsafe target[1] = UInt8(ascii: "x")
            }
            unsafe write(bytes, to: UnsafeMutableBufferPointer(rebasing: target[start...]))
            return length
        }
    }

    private static func bytes(of text: String, prefixRequired: Bool) throws(HexError) -> [UInt8] {
        var text = text
        // The error leaves the closure as a value: `withUTF8` itself is untyped.
        let result = text.withUTF8 { (digits) -> Result<[UInt8], HexError> in
            var start = 0
            if unsafe digits.count >= 2 && digits[0] == UInt8(ascii: "0") && digits[1] == UInt8(ascii: "x") {
                start = 2
            } else if prefixRequired {
                return .failure(.missingPrefix)
            }
            return unsafe bytes(ofDigits: digits, from: start)
        }
        return try result.get()
    }

    private static func bytes(
        ofDigits digits: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> Result<[UInt8], HexError> {
        let length = digits.count - start
        guard length % 2 == 0 else { return .failure(.oddLength) }
        let count = length / 2
        var failure: Int?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, written in
            var position = start
            for index in 0..<count {
                let high = unsafe decodingTable[Int(digits[position])]
                let low = unsafe decodingTable[Int(digits[position &+ 1])]
                if (high | low) > 15 {
                    failure = high > 15 ? position : position + 1
                    return
                }
                unsafe target[index] = (high &<< 4) | low
                position &+= 2
            }
            written = count
        }
        if let failure { return .failure(.invalidDigit(at: failure)) }
        return .success(bytes)
    }
}

/// Why hexadecimal text was refused; offsets count UTF-8 bytes from its start.
public enum HexError: Error, Equatable, Sendable {
    /// A digit without its pair.
    case oddLength
    /// Something other than `0-9`, `a-f`, `A-F`.
    case invalidDigit(at: Int)
    /// The text had to begin with `0x`.
    case missingPrefix
    /// The text is sound but not of the wanted size, in bytes.
    case wrongLength(expected: Int, actual: Int)
}

private let encodingTable: InlineArray<16, UInt8> = [
    48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102,
]

// 255 marks what is not a digit.
private let decodingTable: InlineArray<256, UInt8> = [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 255, 255, 255, 255, 255,
    255, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 10, 11, 12, 13, 14, 15, 255, 255, 255, 255, 255, 255, 255, 255, 255,
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
