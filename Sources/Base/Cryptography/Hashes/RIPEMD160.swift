import Primitives

/// RIPEMD-160, which Bitcoin's addresses are made of; for nothing new.
///
/// Standard: [RIPEMD-160, a strengthened version of RIPEMD](https://homes.esat.kuleuven.be/~bosselae/ripemd160.html), ISO/IEC 10118-3.
public enum RIPEMD160 {
    /// The digest of a whole message: 20 bytes.
    public static func hash(_ message: [UInt8]) -> [UInt8] {
        var state = State()
        var padded = message
        // One bit, zeros up to 56 bytes modulo 64, and the length in bits as 64 bits, low byte first.
        padded.append(0x80)
        padded.append(contentsOf: repeatElement(0, count: (120 - padded.count % 64) % 64))
        var bits = UInt64(message.count) &* 8
        for _ in 0..<8 {
            padded.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
        }
        for start in stride(from: 0, to: padded.count, by: 64) {
            state.compress(padded[start..<start + 64])
        }
        return state.bytes
    }

    /// RIPEMD-160 of the SHA-256, Bitcoin's hash of a public key or script: 20 bytes.
    public static func hash160(_ message: [UInt8]) -> [UInt8] {
        hash(SHA2.sha256(message).bytes)
    }

    private struct State {
        var h0: UInt32 = 0x6745_2301
        var h1: UInt32 = 0xefcd_ab89
        var h2: UInt32 = 0x98ba_dcfe
        var h3: UInt32 = 0x1032_5476
        var h4: UInt32 = 0xc3d2_e1f0

        mutating func compress(_ block: ArraySlice<UInt8>) {
            var words = InlineArray<16, UInt32>(repeating: 0)
            for (position, byte) in block.enumerated() {
                words[position >> 2] |= UInt32(byte) << UInt32((position & 3) * 8)
            }
            var left = Line(a: h0, b: h1, c: h2, d: h3, e: h4)
            var right = left
            for step in 0..<80 {
                let round = step >> 4
                left.take(
                    mixed(round, left.b, left.c, left.d) &+ words[Int(leftOrder[step])] &+ leftConstants[round],
                    rotation: UInt32(leftRotations[step]))
                right.take(
                    mixed(4 - round, right.b, right.c, right.d) &+ words[Int(rightOrder[step])]
                        &+ rightConstants[round],
                    rotation: UInt32(rightRotations[step]))
            }
            let next = h1 &+ left.c &+ right.d
            h1 = h2 &+ left.d &+ right.e
            h2 = h3 &+ left.e &+ right.a
            h3 = h4 &+ left.a &+ right.b
            h4 = h0 &+ left.b &+ right.c
            h0 = next
        }

        var bytes: [UInt8] {
            [h0, h1, h2, h3, h4].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        }
    }

    /// One of the two parallel lines of five registers.
    private struct Line {
        var a: UInt32
        var b: UInt32
        var c: UInt32
        var d: UInt32
        var e: UInt32

        @inline(__always)
        mutating func take(_ value: UInt32, rotation: UInt32) {
            let sum = rotated(a &+ value, rotation) &+ e
            (a, e, d, c, b) = (e, d, rotated(c, 10), b, sum)
        }
    }
}

@inline(__always)
private func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    (word &<< count) | (word &>> (32 &- count))
}

// The five functions of the standard; the right line takes them in the opposite order.
@inline(__always)
private func mixed(_ round: Int, _ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 {
    switch round {
    case 0: x ^ y ^ z
    case 1: (x & y) | (~x & z)
    case 2: (x | ~y) ^ z
    case 3: (x & z) | (y & ~z)
    default: x ^ (y | ~z)
    }
}

// The tables of the standard, one row per round: which word a step takes and how far it rotates, left and right.
private let leftConstants: InlineArray<5, UInt32> = [0, 0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xa953_fd4e]
private let rightConstants: InlineArray<5, UInt32> = [0x50a2_8be6, 0x5c4d_d124, 0x6d70_3ef3, 0x7a6d_76e9, 0]
private let leftOrder: InlineArray<80, UInt8> = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8,
    3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12,
    1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2,
    4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
]
private let rightOrder: InlineArray<80, UInt8> = [
    5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12,
    6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2,
    15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13,
    8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14,
    12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
]
private let leftRotations: InlineArray<80, UInt8> = [
    11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8,
    7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12,
    11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5,
    11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12,
    9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
]
private let rightRotations: InlineArray<80, UInt8> = [
    8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6,
    9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11,
    9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5,
    15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8,
    8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
]
