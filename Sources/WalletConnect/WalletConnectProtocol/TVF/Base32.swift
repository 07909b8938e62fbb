/// Base32 without padding: [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648) section 6.
enum Base32 {
    /// Five bits a character, the last filled with zeros.
    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count * 8 + 4) / 5)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 5 {
                bitCount -= 5
                out.append(alphabet[Int(bits >> bitCount & 0x1F)])
            }
            bits &= 0x1F
        }
        if bitCount > 0 { out.append(alphabet[Int(bits << (5 - bitCount) & 0x1F)]) }
        return String(decoding: out, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
}
