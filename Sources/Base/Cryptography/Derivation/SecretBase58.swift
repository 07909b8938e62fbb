import Primitives

/// Base58Check for texts that are secrets, such as xprv: no string and no array holds a part of them.
///
/// The loops take quadratic time; the caller bounds the length.
enum SecretBase58 {
    static let checksumBytes = 4
    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)

    /// The text of the payload with its checksum behind it; the payload begins with a byte other than zero.
    static func encodeCheck(_ payload: borrowing SecretBytes) -> SecretBytes {
        let checked = payload.withBytes { bytes in
            let checksum = Self.checksum(bytes)
            return unsafe SecretBytes(
                count: bytes.byteCount + checksumBytes,
                unsafeFill: { out in
                    unsafe out.copyBytes(from: bytes)
                    for index in 0..<checksumBytes { unsafe out[bytes.byteCount + index] = checksum[index] }
                })
        }
        // log 256 / log 58 is 1.3658: this many digits always suffice.
        let digitsMax = checked.count * 138 / 100 + 1
        var used = 0
        let digits = unsafe SecretBytes(
            count: digitsMax,
            unsafeFill: { digits in
                for position in 0..<checked.count {
                    var carry = UInt32(checked.byte(at: position))
                    var index = 0
                    while index < used || carry > 0 {
                        unsafe carry += UInt32(digits[index]) << 8
                        unsafe digits[index] = UInt8(carry % 58)
                        carry /= 58
                        index += 1
                    }
                    used = index
                }
            })
        return SecretBytes(count: used) { out in
            for index in (0..<used).reversed() { out.append(alphabet[Int(digits.byte(at: index))]) }
        }
    }

    /// The payload of a text, nil when it has other characters, another length or a wrong checksum.
    static func decodeCheck(_ text: borrowing SecretBytes, payloadBytes: Int) -> SecretBytes? {
        let count = payloadBytes + checksumBytes
        guard text.count > 0, text.count <= count * 138 / 100 + 1 else { return nil }
        var isValid = true
        let checked = unsafe SecretBytes(
            count: count,
            unsafeFill: { out in
                for position in 0..<text.count {
                    let character = text.byte(at: position)
                    guard let value = alphabet.firstIndex(of: character) else {
                        isValid = false
                        return
                    }
                    var carry = UInt32(truncatingIfNeeded: value)
                    for index in (0..<count).reversed() {
                        unsafe carry += UInt32(out[index]) * 58
                        unsafe out[index] = UInt8(truncatingIfNeeded: carry)
                        carry >>= 8
                    }
                    if carry != 0 {
                        isValid = false
                        return
                    }
                }
            })
        // A leading `1` would be a second spelling of the same number; what we read begins with a version byte.
        guard isValid, text.byte(at: 0) != alphabet[0] else { return nil }
        let payload = checked.withBytes { SecretBytes(copying: $0.extracting(0..<payloadBytes)) }
        let checksum = payload.withBytes { Self.checksum($0) }
        for index in 0..<checksumBytes where checked.byte(at: payloadBytes + index) != checksum[index] { return nil }
        return payload
    }

    private static func checksum(_ bytes: RawSpan) -> Hash32 {
        SHA2.sha256(SHA2.sha256(bytes).bytes)
    }
}
