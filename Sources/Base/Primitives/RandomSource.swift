import Glibc
import Synchronization

/// Where random bytes come from: the kernel, or a seed in tests.
public struct RandomSource: Sendable {
    private let fill: @Sendable (Int) -> [UInt8]

    /// A source that answers with exactly as many bytes as asked.
    public init(_ fill: @escaping @Sendable (Int) -> [UInt8]) {
        self.fill = fill
    }

    /// `count` bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        let bytes = fill(count)
        precondition(bytes.count == count, "a random source gives as many bytes as asked")
        return bytes
    }

    /// Sixty-four bits.
    public func uint64() -> UInt64 {
        bytes(8).reduce(0) { $0 &<< 8 | UInt64($1) }
    }

    /// A number below `bound`, each equally likely; a bound of zero is the caller's mistake.
    public func uint64(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "there is no number below zero")
        // The lowest 2^64 mod bound values would make the small results likelier: they are drawn again.
        let unfair = (0 &- bound) % bound
        while true {
            let value = uint64()
            if value >= unfair { return value % bound }
        }
    }

    /// The kernel's generator, getrandom(2): fit for keys.
    public static let system = RandomSource { count in
        unsafe [UInt8](unsafeUninitializedCapacity: count) { target, written in
            let wanted = unsafe UnsafeMutableBufferPointer(rebasing: target[..<count])
            unsafe SystemRandom.fill(UnsafeMutableRawBufferPointer(wanted))
            written = count
        }
    }

    /// The same bytes for the same seed: for tests and simulation, never for keys.
    ///
    /// The stream is one, however it is cut: two reads of 4 bytes give what one of 8 gives.
    public static func seeded(_ seed: UInt64) -> RandomSource {
        let state = Mutex(SeededState(seed: seed))
        let shared = SeededStream(state)
        return RandomSource { shared.bytes($0) }
    }
}

/// The kernel's random generator.
enum SystemRandom {
    /// Fills all of `buffer`.
    static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var filled = 0
        while filled < buffer.count {
            guard let address = buffer.baseAddress else { return }
            // getentropy(3) is getrandom(2) without partial reads, in pieces of at most 256 bytes.
            let piece = min(256, buffer.count - filled)
            let result = unsafe getentropy(address + filled, piece)
            precondition(result == 0, "the kernel gives random bytes")
            filled += piece
        }
    }
}

private final class SeededStream: Sendable {
    private let state: Mutex<SeededState>

    init(_ state: consuming Mutex<SeededState>) {
        self.state = state
    }

    func bytes(_ count: Int) -> [UInt8] {
        state.withLock { state in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            while bytes.count < count { bytes.append(state.nextByte()) }
            return bytes
        }
    }
}

/// The generator xoshiro256** seeded by splitmix64, as its authors advise.
///
/// The [description of both](https://prng.di.unimi.it) is theirs.
private struct SeededState {
    private var a: UInt64
    private var b: UInt64
    private var c: UInt64
    private var d: UInt64
    private var word: UInt64 = 0
    private var left = 0

    init(seed: UInt64) {
        var mixer = seed
        func next() -> UInt64 {
            mixer &+= 0x9E37_79B9_7F4A_7C15
            var mixed = mixer
            mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed &>> 31)
        }
        a = next()
        b = next()
        c = next()
        d = next()
    }

    mutating func nextByte() -> UInt8 {
        if left == 0 {
            word = nextWord()
            left = 8
        }
        left -= 1
        return UInt8(truncatingIfNeeded: word &>> UInt64(left &* 8))
    }

    private mutating func nextWord() -> UInt64 {
        let result = Self.rotate(b &* 5, 7) &* 9
        let shifted = b &<< 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = Self.rotate(d, 45)
        return result
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value &<< count) | (value &>> (64 &- count))
    }
}
