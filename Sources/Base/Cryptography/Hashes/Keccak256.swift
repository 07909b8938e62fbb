public import Primitives

/// Keccak-256 as Ethereum uses it: the original Keccak padding (0x01), not that of SHA3-256 (0x06).
///
///     let topic = Keccak256.hash(Array("Transfer(address,address,uint256)".utf8))
///
/// Standard: [The Keccak reference](https://keccak.team/files/Keccak-reference-3.0.pdf), rate 1088, capacity 512.
public enum Keccak256 {
    /// The digest of a whole message.
    public static func hash(_ message: [UInt8]) -> Hash32 {
        unsafe hash(message.span.bytes)
    }

    /// The digest of a whole message that is borrowed.
    public static func hash(_ message: Span<UInt8>) -> Hash32 {
        unsafe hash(message.bytes)
    }

    /// The digest of a whole message that is borrowed.
    public static func hash(_ message: RawSpan) -> Hash32 {
        var hasher = Hasher()
        hasher.update(message)
        return hasher.finalize()
    }

    /// A digest taken over several pieces; the pieces may be split anywhere.
    public struct Hasher: Sendable {
        private var state = KeccakState()
        // How many bytes of the current block are already mixed into the state, 0..<136.
        private var position = 0

        /// A hasher that has seen nothing yet.
        public init() {}

        /// Takes the next bytes of the message.
        public mutating func update(_ bytes: [UInt8]) {
            unsafe update(bytes.span.bytes)
        }

        /// Takes the next bytes of the message.
        public mutating func update(_ bytes: RawSpan) {
            let count = bytes.byteCount
            var offset = 0
            while offset < count {
                if position == 0 {
                    // Whole blocks go in without a look at single bytes.
                    while count - offset >= KeccakState.rate {
                        state.absorbBlock(bytes, at: offset)
                        state.permute()
                        offset += KeccakState.rate
                    }
                }
                if position & 7 == 0 {
                    while count - offset >= 8, position < KeccakState.rate {
                        state.absorbWord(bytes, at: offset, lane: position &>> 3)
                        offset &+= 8
                        position &+= 8
                    }
                }
                if position < KeccakState.rate, offset < count {
                    state.absorbByte(bytes.byte(at: offset), at: position)
                    offset &+= 1
                    position &+= 1
                }
                if position == KeccakState.rate {
                    state.permute()
                    position = 0
                }
            }
        }

        /// The digest of everything taken so far; the hasher can go on afterwards.
        public func finalize() -> Hash32 {
            var last = state
            // pad10*1: one bit after the message and one at the end of the block, which may be the same byte.
            last.absorbByte(0x01, at: position)
            last.absorbByte(0x80, at: KeccakState.rate - 1)
            last.permute()
            return last.digest
        }
    }
}

/// The 1,600 bits of Keccak, as 25 lanes of 64.
struct KeccakState: Sendable {
    /// Bytes taken in per permutation: 200 bytes of state less twice the 32 bytes of output.
    static let rate = 136

    private var lanes = InlineArray<25, UInt64>(repeating: 0)

    @inline(__always)
    mutating func absorbByte(_ byte: UInt8, at position: Int) {
        lanes[position &>> 3] ^= UInt64(byte) &<< UInt64((position & 7) &* 8)
    }

    @inline(__always)
    mutating func absorbWord(_ bytes: RawSpan, at offset: Int, lane: Int) {
        // Every bit pattern is an integer, and the load checks the bound; the input has no alignment.
        lanes[lane] ^= unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    mutating func absorbBlock(_ bytes: RawSpan, at offset: Int) {
        for lane in 0..<17 {
            absorbWord(bytes, at: offset &+ lane &* 8, lane: lane)
        }
    }

    /// The first 32 bytes of the state.
    var digest: Hash32 {
        let bytes = InlineArray<32, UInt8> { index in
            UInt8(truncatingIfNeeded: lanes[index &>> 3] &>> UInt64((index & 7) &* 8))
        }
        guard let digest = Hash32(bytes.span) else {
            preconditionFailure("a 256-bit digest has 32 bytes")
        }
        return digest
    }

    // Straight-line rounds on 25 locals: the compiler keeps them in registers and never looks at the array, which makes
    // this nearly four times as fast as loops over a 5 by 5 array. The number is that of the lane, x + 5y.
    mutating func permute() {
        var a00 = lanes[0], a01 = lanes[1], a02 = lanes[2], a03 = lanes[3], a04 = lanes[4]
        var a05 = lanes[5], a06 = lanes[6], a07 = lanes[7], a08 = lanes[8], a09 = lanes[9]
        var a10 = lanes[10], a11 = lanes[11], a12 = lanes[12], a13 = lanes[13], a14 = lanes[14]
        var a15 = lanes[15], a16 = lanes[16], a17 = lanes[17], a18 = lanes[18], a19 = lanes[19]
        var a20 = lanes[20], a21 = lanes[21], a22 = lanes[22], a23 = lanes[23], a24 = lanes[24]
        for round in 0..<24 {
            // θ: every column takes up the parity of its two neighbours.
            let c0 = a00 ^ a05 ^ a10 ^ a15 ^ a20
            let c1 = a01 ^ a06 ^ a11 ^ a16 ^ a21
            let c2 = a02 ^ a07 ^ a12 ^ a17 ^ a22
            let c3 = a03 ^ a08 ^ a13 ^ a18 ^ a23
            let c4 = a04 ^ a09 ^ a14 ^ a19 ^ a24
            let d0 = c4 ^ rotated(c1, 1)
            let d1 = c0 ^ rotated(c2, 1)
            let d2 = c1 ^ rotated(c3, 1)
            let d3 = c2 ^ rotated(c4, 1)
            let d4 = c3 ^ rotated(c0, 1)
            // ρ and π: each lane is rotated and moves to its new place.
            let b00 = a00 ^ d0
            let b10 = rotated(a01 ^ d1, 1)
            let b20 = rotated(a02 ^ d2, 62)
            let b05 = rotated(a03 ^ d3, 28)
            let b15 = rotated(a04 ^ d4, 27)
            let b16 = rotated(a05 ^ d0, 36)
            let b01 = rotated(a06 ^ d1, 44)
            let b11 = rotated(a07 ^ d2, 6)
            let b21 = rotated(a08 ^ d3, 55)
            let b06 = rotated(a09 ^ d4, 20)
            let b07 = rotated(a10 ^ d0, 3)
            let b17 = rotated(a11 ^ d1, 10)
            let b02 = rotated(a12 ^ d2, 43)
            let b12 = rotated(a13 ^ d3, 25)
            let b22 = rotated(a14 ^ d4, 39)
            let b23 = rotated(a15 ^ d0, 41)
            let b08 = rotated(a16 ^ d1, 45)
            let b18 = rotated(a17 ^ d2, 15)
            let b03 = rotated(a18 ^ d3, 21)
            let b13 = rotated(a19 ^ d4, 8)
            let b14 = rotated(a20 ^ d0, 18)
            let b24 = rotated(a21 ^ d1, 2)
            let b09 = rotated(a22 ^ d2, 61)
            let b19 = rotated(a23 ^ d3, 56)
            let b04 = rotated(a24 ^ d4, 14)
            // χ: the only step that is not linear; ι: the round's constant.
            a00 = b00 ^ (~b01 & b02) ^ roundConstants[round]
            a01 = b01 ^ (~b02 & b03)
            a02 = b02 ^ (~b03 & b04)
            a03 = b03 ^ (~b04 & b00)
            a04 = b04 ^ (~b00 & b01)
            a05 = b05 ^ (~b06 & b07)
            a06 = b06 ^ (~b07 & b08)
            a07 = b07 ^ (~b08 & b09)
            a08 = b08 ^ (~b09 & b05)
            a09 = b09 ^ (~b05 & b06)
            a10 = b10 ^ (~b11 & b12)
            a11 = b11 ^ (~b12 & b13)
            a12 = b12 ^ (~b13 & b14)
            a13 = b13 ^ (~b14 & b10)
            a14 = b14 ^ (~b10 & b11)
            a15 = b15 ^ (~b16 & b17)
            a16 = b16 ^ (~b17 & b18)
            a17 = b17 ^ (~b18 & b19)
            a18 = b18 ^ (~b19 & b15)
            a19 = b19 ^ (~b15 & b16)
            a20 = b20 ^ (~b21 & b22)
            a21 = b21 ^ (~b22 & b23)
            a22 = b22 ^ (~b23 & b24)
            a23 = b23 ^ (~b24 & b20)
            a24 = b24 ^ (~b20 & b21)
        }
        lanes = [
            a00, a01, a02, a03, a04, a05, a06, a07, a08, a09, a10, a11, a12,
            a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24,
        ]
    }
}

@inline(__always)
private func rotated(_ lane: UInt64, _ count: UInt64) -> UInt64 {
    (lane &<< count) | (lane &>> (64 &- count))
}

// The constants of ι, from section 1.2 of the Keccak reference; an inline array is laid out at compile time.
private let roundConstants: InlineArray<24, UInt64> = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
    0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
    0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
    0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
]
