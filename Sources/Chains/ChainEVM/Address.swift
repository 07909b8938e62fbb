public import Cryptography
public import Primitives

/// Why a text is not an address.
public enum AddressError: Error, Equatable {
    /// The text does not start with `0x`.
    case missingPrefix
    /// An address has 40 hexadecimal digits; this text has `digits`.
    case wrongLength(digits: Int)
    /// The character at this offset of the whole text (UTF-8, `0x` included) is no hexadecimal digit.
    case invalidDigit(at: Int)
    /// Upper and lower case are mixed, and not as EIP-55 says: most likely a typing mistake.
    case checksum
}

/// An account or contract on an EVM chain: 20 bytes.
///
/// ```swift
/// let payee = try Address(checksummed: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
/// ```
///
/// Its `description` is the mixed-case text of [EIP-55](https://eips.ethereum.org/EIPS/eip-55). The chain-dependent
/// variant EIP-1191 is not used.
public struct Address: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The length of every address.
    public static let byteCount = 20

    /// Twenty zero bytes; the sender of a token's mint and the receiver of its burn.
    public static let zero = Address(high: 0, middle: 0, low: 0)

    // Big-endian words instead of an array: comparing, hashing and copying an address stays off the heap.
    let high: UInt64
    let middle: UInt64
    let low: UInt32

    init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// The address with these bytes; nil unless there are exactly 20.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Address.byteCount else { return nil }
        var high: UInt64 = 0
        var middle: UInt64 = 0
        var low: UInt32 = 0
        var position = 0
        for byte in bytes {
            switch position {
            case ..<8: high = high << 8 | UInt64(byte)
            case ..<16: middle = middle << 8 | UInt64(byte)
            default: low = low << 8 | UInt32(byte)
            }
            position += 1
        }
        self.init(high: high, middle: middle, low: low)
    }

    /// Reads `0x` and 40 digits.
    ///
    /// All-lower and all-upper case are taken as they are; mixed case must match EIP-55.
    ///
    /// - Throws: ``AddressError``, which says what is wrong and where.
    public init(checksummed text: String) throws(AddressError) {
        let parsed = try Address.parse(text)
        if parsed.isMixedCase, Array(text.utf8.dropFirst(2)) != parsed.address.checksummedDigits {
            throw .checksum
        }
        self = parsed.address
    }

    /// Reads `0x` and 40 digits in any case without looking at the checksum: for answers of nodes, never for a payee.
    ///
    /// - Throws: ``AddressError``, never `.checksum`.
    public init(ignoringChecksum text: String) throws(AddressError) {
        self = try Address.parse(text).address
    }

    /// The account that this key controls: the last 20 bytes of the Keccak-256 of the uncompressed point.
    public init(publicKey: Secp256k1.PublicKey) {
        // The leading 0x04 marks "uncompressed" and is not part of what is hashed.
        self.init(lastBytesOf: Keccak256.hash(Array(publicKey.uncompressed.dropFirst())))
    }

    /// The last 20 bytes of a hash.
    init(lastBytesOf hash: Hash32) {
        var high: UInt64 = 0
        var middle: UInt64 = 0
        var low: UInt32 = 0
        for index in 12..<20 { high = high << 8 | UInt64(hash[index]) }
        for index in 20..<28 { middle = middle << 8 | UInt64(hash[index]) }
        for index in 28..<32 { low = low << 8 | UInt32(hash[index]) }
        self.init(high: high, middle: middle, low: low)
    }

    /// The contract that `creator` deploys with the transaction (or `CREATE`) of this nonce.
    public static func contract(creator: Address, nonce: UInt64) -> Address {
        let payload = RLP.addressSize + RLP.size(nonce)
        let bytes = RLPWriter.bytes(count: RLP.listSize(payload: payload)) { writer in
            writer.listHeader(payload: payload)
            writer.address(creator)
            writer.integer(nonce)
        }
        return Address(lastBytesOf: Keccak256.hash(bytes))
    }

    /// The contract that `creator` deploys with `CREATE2`: [EIP-1014](https://eips.ethereum.org/EIPS/eip-1014).
    public static func contract(creator: Address, salt: Hash32, initCodeHash: Hash32) -> Address {
        var bytes: [UInt8] = [0xFF]
        bytes.reserveCapacity(85)
        creator.append(to: &bytes)
        salt.append(to: &bytes)
        initCodeHash.append(to: &bytes)
        return Address(lastBytesOf: Keccak256.hash(bytes))
    }

    /// The 20 bytes, most significant first.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Address.byteCount)
        append(to: &bytes)
        return bytes
    }

    /// Appends the 20 bytes.
    public func append(to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: high >> shift)) }
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: middle >> shift)) }
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: low >> shift)) }
    }

    /// The EIP-55 text.
    public var description: String {
        "0x" + String(decoding: checksummedDigits, as: UTF8.self)
    }

    /// The text with lower-case digits, as nodes print it: a key for maps, not for people.
    public var lowercased: String {
        "0x" + String(decoding: lowercasedDigits, as: UTF8.self)
    }

    /// Orders by the bytes.
    public static func < (left: Address, right: Address) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }
}

extension Address {
    private static func parse(_ text: String) throws(AddressError) -> (address: Address, isMixedCase: Bool) {
        let utf8 = Array(text.utf8)
        guard utf8.count >= 2, utf8[0] == UInt8(ascii: "0"), utf8[1] == UInt8(ascii: "x") else { throw .missingPrefix }
        // Bad digits are reported before a bad length: "0x12 34…" is one wrong character, not a short address.
        var hasLower = false
        var hasUpper = false
        for index in 2..<utf8.count {
            switch utf8[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): break
            case UInt8(ascii: "a")...UInt8(ascii: "f"): hasLower = true
            case UInt8(ascii: "A")...UInt8(ascii: "F"): hasUpper = true
            default: throw .invalidDigit(at: index)
            }
        }
        guard utf8.count == 42 else { throw .wrongLength(digits: utf8.count - 2) }

        func word(_ range: Range<Int>) -> UInt64 {
            range.reduce(0) { word, index in
                let digit = utf8[index]
                // Digits end at 0x39; letters of either case have 1…6 in their low three bits.
                let nibble = digit <= UInt8(ascii: "9") ? digit & 0x0F : (digit & 0x07) + 9
                return word << 4 | UInt64(nibble)
            }
        }
        let address = Address(
            high: word(2..<18), middle: word(18..<34), low: UInt32(truncatingIfNeeded: word(34..<42)))
        return (address, hasLower && hasUpper)
    }

    private var lowercasedDigits: [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(40)
        func append(_ word: UInt64, from highest: UInt64) {
            for shift in stride(from: highest, through: 0, by: -4) {
                let nibble = UInt8(truncatingIfNeeded: word >> shift) & 0x0F
                digits.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble)
            }
        }
        append(high, from: 60)
        append(middle, from: 60)
        append(UInt64(low), from: 28)
        return digits
    }

    /// A letter is upper-case if the digit at its place in the Keccak-256 of the lower-case text is 8 or more.
    private var checksummedDigits: [UInt8] {
        var digits = lowercasedDigits
        let hash = Keccak256.hash(digits)
        for index in digits.indices where digits[index] >= UInt8(ascii: "a") {
            let byte = hash[index / 2]
            let nibble = index.isMultiple(of: 2) ? byte >> 4 : byte & 0x0F
            if nibble >= 8 { digits[index] -= 0x20 }
        }
        return digits
    }
}
