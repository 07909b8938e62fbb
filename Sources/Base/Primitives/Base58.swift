/// Base58 with Bitcoin's alphabet, and Base58Check.
///
/// ```swift
/// Base58.encode([0x61])                       // "2g"
/// try Base58.decode("2g")                     // [0x61]
/// ```
///
/// Leading zero bytes are kept: each is one leading `1`. There are no prefixes or lengths in the format, so the caller
/// checks how many bytes came out.
///
/// Both directions take time in the square of the length; `decode` therefore refuses long texts, and a caller of
/// `encode` passes keys, addresses and transactions, not files.
///
/// Standard: [draft-msporny-base58-03](https://datatracker.ietf.org/doc/html/draft-msporny-base58-03); Base58Check:
/// [BIP-32](https://github.com/bitcoin/bips/blob/master/bip-0032.mediawiki) and the Bitcoin address format.
public enum Base58 {
    /// The longest text that `decode` reads unless told otherwise.
    ///
    /// The longest thing in use is a Solana transaction: 1,232 bytes, 1,683 characters.
    public static let charactersMax = 2_048

    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    /// The value of each ASCII byte; 0xFF where it is no digit.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, byte) in alphabet.enumerated() { table[Int(byte)] = UInt8(value) }
        return table
    }()

    /// 58 to the fifth, the largest power whose limbs fit 32 bits: five digits for one division.
    private static let limbBase: UInt64 = 656_356_768
    private static let limbDigits = 5
    private static let checksumBytes = 4

    /// Writes `bytes` in Base58.
    ///
    /// No bytes give the empty string.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        // One copy into an array: other modules call this generic without specialising it, an element at a time.
        let bytes = Array(bytes)
        let zeros = bytes.prefix(while: { $0 == 0 }).count
        // Little-endian limbs in base 58^5, which holds 29.3 bits: three bytes and more a limb.
        var limbs: [UInt32] = []
        limbs.reserveCapacity((bytes.count - zeros) / 3 + 1)
        for byte in bytes.dropFirst(zeros) {
            var carry = UInt64(byte)
            for index in limbs.indices {
                carry += UInt64(limbs[index]) << 8
                limbs[index] = UInt32(truncatingIfNeeded: carry % limbBase)
                carry /= limbBase
            }
            if carry > 0 { limbs.append(UInt32(truncatingIfNeeded: carry)) }
        }
        // Digits from the lowest; every limb but the highest has all five.
        var digits: [UInt8] = []
        digits.reserveCapacity(limbs.count * limbDigits + zeros)
        for (index, limb) in limbs.enumerated() {
            var rest = limb
            let isHighest = index == limbs.count - 1
            for _ in 0..<limbDigits {
                if isHighest && rest == 0 { break }
                digits.append(alphabet[Int(rest % 58)])
                rest /= 58
            }
        }
        digits.append(contentsOf: repeatElement(alphabet[0], count: zeros))
        return String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Reads a Base58 text.
    ///
    /// White space is not skipped.
    ///
    /// - Parameter charactersMax: the longest text to read, in characters.
    /// - Throws: `Base58Error.tooLong` or `.invalidCharacter(at:)` with the byte position.
    public static func decode(
        _ text: String, charactersMax: Int = Base58.charactersMax
    ) throws(Base58Error) -> [UInt8] {
        let count = text.utf8.count
        guard count <= charactersMax else { throw .tooLong }
        let zeros = text.utf8.prefix(while: { $0 == alphabet[0] }).count
        // Little-endian limbs in base 2^32.
        var limbs: [UInt32] = []
        limbs.reserveCapacity((count - zeros) / 5 + 1)
        for (position, byte) in text.utf8.enumerated() {
            let value = values[Int(byte)]
            guard value != 0xFF else { throw .invalidCharacter(at: position) }
            var carry = UInt64(value)
            for index in limbs.indices {
                carry += UInt64(limbs[index]) * 58
                limbs[index] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            if carry > 0 { limbs.append(UInt32(truncatingIfNeeded: carry)) }
        }
        var bytes = [UInt8](repeating: 0, count: zeros)
        bytes.reserveCapacity(zeros + limbs.count * 4)
        var isLeading = true
        for limb in limbs.reversed() {
            for shift in [24, 16, 8, 0] as [UInt32] {
                let byte = UInt8(truncatingIfNeeded: limb >> shift)
                if isLeading && byte == 0 { continue }
                isLeading = false
                bytes.append(byte)
            }
        }
        return bytes
    }

    /// Writes `payload` with the first four bytes of its double SHA-256 behind it.
    ///
    /// - Parameter sha256d: SHA-256 applied twice; passed in, because this module has no hashes.
    public static func encodeCheck(_ payload: [UInt8], sha256d: ([UInt8]) -> [UInt8]) -> String {
        encode(payload + sha256d(payload).prefix(checksumBytes))
    }

    /// Reads a Base58Check text and returns its payload without the checksum; a version byte stays in it.
    ///
    /// - Parameter sha256d: SHA-256 applied twice.
    /// - Throws: as `decode`, and `Base58Error.tooShort` or `.checksumMismatch`.
    public static func decodeCheck(
        _ text: String, charactersMax: Int = Base58.charactersMax, sha256d: ([UInt8]) -> [UInt8]
    ) throws(Base58Error) -> [UInt8] {
        let bytes = try decode(text, charactersMax: charactersMax)
        guard bytes.count >= checksumBytes else { throw .tooShort }
        let payload = Array(bytes.dropLast(checksumBytes))
        guard sha256d(payload).prefix(checksumBytes).elementsEqual(bytes.suffix(checksumBytes)) else {
            throw .checksumMismatch
        }
        return payload
    }
}

/// Why a Base58 text was refused.
public enum Base58Error: Error, Equatable, Hashable {
    /// A byte outside the alphabet; `0`, `O`, `I` and `l` are outside it on purpose. The position is in bytes.
    case invalidCharacter(at: Int)
    /// Longer than the caller allowed.
    case tooLong
    /// Fewer bytes than a checksum has.
    case tooShort
    /// The checksum does not match: a typing error, or another format.
    case checksumMismatch
}
