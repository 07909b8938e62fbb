/// Bech32 and Bech32m: a readable prefix, data of five bits a character, and a checksum that finds typing errors.
///
/// ```swift
/// let (hrp, data, variant) = try Bech32.decode("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
/// let program = try Bech32.convertBits(data.dropFirst(), from: 5, to: 8, isPadded: false)
/// ```
///
/// The variant is found from the checksum. Which one is right is the caller's rule: a segwit address of version 0 is
/// Bech32, of a higher version Bech32m.
///
/// Standard: [BIP-173](https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki),
/// [BIP-350](https://github.com/bitcoin/bips/blob/master/bip-0350.mediawiki).
public enum Bech32 {
    /// Which constant the checksum ends in.
    public enum Variant: Sendable, Hashable {
        /// BIP-173.
        case bech32
        /// BIP-350, which mends Bech32's blindness to an inserted or lost `q` before a final `p`.
        case bech32m

        /// What the checksum polynomial must come to.
        fileprivate var constant: UInt32 {
            switch self {
            case .bech32: 1
            case .bech32m: 0x2BC8_30A3
            }
        }
    }

    /// The longest text of the standard.
    ///
    /// The checksum guarantees to find four wrong characters only up to here.
    public static let charactersMax = 90

    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let separator: UInt8 = 0x31
    private static let checksumCharacters = 6
    private static let hrpCharactersMax = 83

    /// The value of each ASCII byte, lower case only; 0xFF where it is no digit.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()

    /// Writes `data`, values of five bits, behind the prefix `hrp`.
    ///
    /// The text is in lower case.
    ///
    /// - Parameters:
    ///   - hrp: 1 to 83 printable ASCII characters, none of them in upper case.
    ///   - data: values from 0 to 31; `convertBits` makes them from bytes.
    ///   - charactersMax: the longest text to write. Only formats that say so go above 90.
    /// - Throws: `Bech32Error` for a prefix, value or length outside the standard.
    public static func encode(
        hrp: String, data: [UInt8], variant: Variant, charactersMax: Int = Bech32.charactersMax
    ) throws(Bech32Error) -> String {
        let prefix = Array(hrp.utf8)
        guard !prefix.isEmpty else { throw .emptyPrefix }
        guard prefix.count <= hrpCharactersMax else { throw .tooLong }
        for (position, byte) in prefix.enumerated() {
            guard (0x21...0x7E).contains(byte), !(0x41...0x5A).contains(byte) else {
                throw .invalidPrefixCharacter(at: position)
            }
        }
        guard data.count <= charactersMax - prefix.count - 1 - checksumCharacters else { throw .tooLong }
        if let position = data.firstIndex(where: { $0 > 31 }) { throw .invalidValue(at: position) }

        let rest = polymod(prefix: prefix, data: data, checksum: [0, 0, 0, 0, 0, 0]) ^ variant.constant
        var text = prefix
        text.append(separator)
        for value in data { text.append(alphabet[Int(value)]) }
        for index in 0..<checksumCharacters {
            text.append(alphabet[Int(rest >> UInt32(5 * (5 - index)) & 31)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads a text in one case, checks its checksum and says which variant it is.
    ///
    /// - Parameter charactersMax: the longest text to read. Only formats that say so go above 90.
    /// - Returns: the prefix in lower case, the values of five bits without the checksum, and the variant.
    /// - Throws: `Bech32Error` with the byte position.
    public static func decode(
        _ text: String, charactersMax: Int = Bech32.charactersMax
    ) throws(Bech32Error) -> (hrp: String, data: [UInt8], variant: Variant) {
        guard text.utf8.count <= charactersMax else { throw .tooLong }
        var bytes = Array(text.utf8)
        var hasLower = false
        var hasUpper = false
        for (position, byte) in bytes.enumerated() {
            switch byte {
            case 0x61...0x7A: hasLower = true
            case 0x41...0x5A:
                hasUpper = true
                bytes[position] = byte | 0x20
            case 0x21...0x7E: break
            default: throw .invalidCharacter(at: position)
            }
        }
        guard !(hasLower && hasUpper) else { throw .mixedCase }
        guard let end = bytes.lastIndex(of: separator) else { throw .missingSeparator }
        guard end > 0 else { throw .emptyPrefix }
        guard end <= hrpCharactersMax else { throw .tooLong }
        var data: [UInt8] = []
        data.reserveCapacity(bytes.count - end - 1)
        for position in (end + 1)..<bytes.count {
            let value = values[Int(bytes[position])]
            guard value != 0xFF else { throw .invalidCharacter(at: position) }
            data.append(value)
        }
        guard data.count >= checksumCharacters else { throw .tooShort }
        let prefix = Array(bytes[..<end])
        let variant: Variant
        switch polymod(prefix: prefix, data: data, checksum: []) {
        case Variant.bech32.constant: variant = .bech32
        case Variant.bech32m.constant: variant = .bech32m
        default: throw .checksumMismatch
        }
        data.removeLast(checksumCharacters)
        return (String(decoding: prefix, as: UTF8.self), data, variant)
    }

    /// Regroups a stream of `from`-bit values into `to`-bit values, most significant bit first.
    ///
    /// - Parameters:
    ///   - from: bits of each value given, 1 to 8.
    ///   - to: bits of each value wanted, 1 to 8.
    ///   - isPadded: whether bits that do not fill a last value are filled up with zeros (towards text), or must be
    ///     zero and fewer than `from` (towards bytes).
    /// - Throws: `Bech32Error.invalidValue(at:)` for a value above `from` bits, `.invalidPadding` for left-over bits.
    public static func convertBits(
        _ values: some Collection<UInt8>, from: Int, to: Int, isPadded: Bool
    ) throws(Bech32Error) -> [UInt8] {
        precondition((1...8).contains(from) && (1...8).contains(to), "Bech32 groups have 1 to 8 bits")
        let values = Array(values)
        var out: [UInt8] = []
        out.reserveCapacity(values.count * from / to + 1)
        var bits: UInt32 = 0
        var bitCount = 0
        for (position, value) in values.enumerated() {
            guard UInt32(value) >> UInt32(from) == 0 else { throw .invalidValue(at: position) }
            bits = bits << UInt32(from) | UInt32(value)
            bitCount += from
            while bitCount >= to {
                bitCount -= to
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount) & (1 << UInt32(to) - 1)))
            }
            bits &= 1 << UInt32(bitCount) - 1
        }
        if isPadded {
            if bitCount > 0 { out.append(UInt8(truncatingIfNeeded: bits << UInt32(to - bitCount))) }
        } else {
            guard bitCount < from, bits == 0 else { throw .invalidPadding }
        }
        return out
    }

    /// The checksum polynomial over the expanded prefix, `data` and `checksum`: a BCH code over GF(32).
    private static func polymod(prefix: [UInt8], data: [UInt8], checksum: [UInt8]) -> UInt32 {
        var state: UInt32 = 1
        for byte in prefix { step(&state, byte >> 5) }
        step(&state, 0)
        for byte in prefix { step(&state, byte & 31) }
        for value in data { step(&state, value) }
        for value in checksum { step(&state, value) }
        return state
    }

    private static func step(_ state: inout UInt32, _ value: UInt8) {
        let top = state >> 25
        state = (state & 0x1FF_FFFF) << 5 ^ UInt32(value)
        for (bit, generator) in generators.enumerated() where top >> UInt32(bit) & 1 == 1 { state ^= generator }
    }

    /// The generator of BIP-173, multiplied by each power of two.
    private static let generators: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
}

/// Why a Bech32 text or its parts were refused.
public enum Bech32Error: Error, Equatable, Hashable {
    /// Longer than allowed, in whole or in the prefix.
    case tooLong
    /// No room for the six characters of the checksum.
    case tooShort
    /// Upper and lower case in one text.
    case mixedCase
    /// No `1` between the prefix and the data.
    case missingSeparator
    /// Nothing before the separator.
    case emptyPrefix
    /// A prefix to be written has something other than printable ASCII without upper case. The position is in bytes.
    case invalidPrefixCharacter(at: Int)
    /// A byte that is not printable ASCII, or a data character outside the alphabet. The position is in bytes.
    case invalidCharacter(at: Int)
    /// A value has more bits than its group.
    case invalidValue(at: Int)
    /// Bits left over after regrouping are not zero, or are a whole group.
    case invalidPadding
    /// The checksum is neither Bech32's nor Bech32m's.
    case checksumMismatch
}
