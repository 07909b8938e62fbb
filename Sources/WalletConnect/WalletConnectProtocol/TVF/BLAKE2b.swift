/// The hash BLAKE2b, without a key: [RFC 7693](https://www.rfc-editor.org/rfc/rfc7693).
enum BLAKE2b {
    /// The hash of `message` in `byteCount` bytes: 32 for BLAKE2b-256, 64 for BLAKE2b-512.
    ///
    /// - Precondition: `byteCount` is 1 to 64.
    static func hash(_ message: [UInt8], byteCount: Int) -> [UInt8] {
        precondition((1...64).contains(byteCount), "BLAKE2b makes 1 to 64 bytes")
        var state = initial
        // The parameter block: length of the hash, no key, fan-out 1, depth 1.
        state[0] ^= 0x0101_0000 ^ UInt64(byteCount)
        // The last block is never empty unless the message is, and it is the one that is marked.
        var start = 0
        while message.count - start > blockBytes {
            compress(&state, message[start..<start + blockBytes], total: UInt64(start + blockBytes), isLast: false)
            start += blockBytes
        }
        compress(&state, message[start...], total: UInt64(message.count), isLast: true)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        for word in state {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return Array(bytes.prefix(byteCount))
    }

    private static let blockBytes = 128

    // The first 64 bits of the fractions of the square roots of the first eight primes, as in SHA-512.
    private static let initial: [UInt64] = [
        0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1,
        0x510E_527F_ADE6_82D1, 0x9B05_688C_2B3E_6C1F, 0x1F83_D9AB_FB41_BD6B, 0x5BE0_CD19_137E_2179,
    ]

    // RFC 7693 section 2.7; rounds 10 and 11 use the first two lines again.
    private static let schedule: [[Int]] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ]

    private static func compress(_ state: inout [UInt64], _ block: ArraySlice<UInt8>, total: UInt64, isLast: Bool) {
        var words = [UInt64](repeating: 0, count: 16)
        for (offset, byte) in block.enumerated() { words[offset / 8] |= UInt64(byte) << UInt64(offset % 8 * 8) }
        var v = state + initial
        // The upper half of the counter stays zero: no message here has 2^64 bytes.
        v[12] ^= total
        if isLast { v[14] = ~v[14] }
        func mix(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt64, _ y: UInt64) {
            v[a] = v[a] &+ v[b] &+ x
            v[d] = rotateRight(v[d] ^ v[a], by: 32)
            v[c] = v[c] &+ v[d]
            v[b] = rotateRight(v[b] ^ v[c], by: 24)
            v[a] = v[a] &+ v[b] &+ y
            v[d] = rotateRight(v[d] ^ v[a], by: 16)
            v[c] = v[c] &+ v[d]
            v[b] = rotateRight(v[b] ^ v[c], by: 63)
        }
        for round in 0..<12 {
            let s = schedule[round % 10]
            mix(0, 4, 8, 12, words[s[0]], words[s[1]])
            mix(1, 5, 9, 13, words[s[2]], words[s[3]])
            mix(2, 6, 10, 14, words[s[4]], words[s[5]])
            mix(3, 7, 11, 15, words[s[6]], words[s[7]])
            mix(0, 5, 10, 15, words[s[8]], words[s[9]])
            mix(1, 6, 11, 12, words[s[10]], words[s[11]])
            mix(2, 7, 8, 13, words[s[12]], words[s[13]])
            mix(3, 4, 9, 14, words[s[14]], words[s[15]])
        }
        for index in 0..<8 { state[index] ^= v[index] ^ v[index + 8] }
    }

    private static func rotateRight(_ word: UInt64, by count: UInt64) -> UInt64 {
        word >> count | word << (64 - count)
    }
}
