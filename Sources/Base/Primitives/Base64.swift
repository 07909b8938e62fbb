/// Base64 with `+`, `/` and padding, read strictly.
///
/// There is exactly one text for every byte string: padding must be there, unused bits must be zero, and there is no
/// white space. A signature or token can therefore not be respelled and still pass.
///
/// Standard: [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648) section 4.
public enum Base64 {
    private static let core = Base64Core(
        alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    /// Writes `bytes` in Base64, padded with `=` to a multiple of four characters.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        core.encode(Array(bytes), isPadded: true)
    }

    /// Reads a padded Base64 text.
    ///
    /// - Throws: `Base64Error` with the byte position.
    public static func decode(_ text: String) throws(Base64Error) -> [UInt8] {
        let count = text.utf8.count
        guard count % 4 == 0 else { throw .invalidLength(count) }
        let padding = text.utf8.suffix(2).reversed().prefix(while: { $0 == 0x3D }).count
        return try core.decode(text.utf8.dropLast(padding))
    }
}

/// Why a Base64 or Base64URL text was refused.
public enum Base64Error: Error, Equatable, Hashable {
    /// No number of whole bytes gives this many characters.
    case invalidLength(Int)
    /// A byte outside the alphabet, or padding where none belongs. The position is in bytes.
    case invalidCharacter(at: Int)
    /// The bits of the last character that belong to no byte are not zero.
    case nonZeroTrailingBits
}

/// What Base64 and Base64URL have in common: six bits a character.
struct Base64Core: Sendable {
    private let alphabet: [UInt8]
    /// The value of each byte; 0xFF where it is no digit.
    private let values: [UInt8]

    /// A codec over 64 ASCII characters.
    init(alphabet: StaticString) {
        self.alphabet = Array("\(alphabet)".utf8)
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in self.alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        values = table
    }

    /// Writes `bytes`, with `=` up to a multiple of four when `isPadded`.
    func encode(_ bytes: [UInt8], isPadded: Bool) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                out.append(alphabet[Int(bits >> bitCount & 0x3F)])
            }
            bits &= 0x3F
        }
        if bitCount > 0 { out.append(alphabet[Int(bits << (6 - bitCount) & 0x3F)]) }
        if isPadded {
            while out.count % 4 != 0 { out.append(0x3D) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads characters without padding.
    func decode(_ text: some Collection<UInt8>) throws(Base64Error) -> [UInt8] {
        let count = text.count
        // Six bits left over are no byte.
        guard count % 4 != 1 else { throw .invalidLength(count) }
        var out: [UInt8] = []
        out.reserveCapacity(count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for (position, byte) in text.enumerated() {
            let value = values[Int(byte)]
            guard value != 0xFF else { throw .invalidCharacter(at: position) }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
            bits &= 1 << bitCount - 1
        }
        guard bits == 0 else { throw .nonZeroTrailingBits }
        return out
    }
}
