import Synchronization

/// Makes identifiers that only grow, whatever the clock does.
///
/// A new millisecond begins at 80 fresh random bits. Within one, and while the clock stands behind the last
/// identifier, each is the one before plus a random step of 1 to 2^32, so that a neighbour is not guessed. When the
/// 80 bits run out, the next millisecond is taken early.
public final class IDGenerator: Sendable {
    private let clock: WallClock
    private let random: RandomSource
    private let state = Mutex(State())

    /// A generator with its own sequence; two generators may interleave.
    public init(clock: WallClock, random: RandomSource) {
        self.clock = clock
        self.random = random
    }

    /// An identifier above all this generator made before.
    public func next() -> SortableID {
        state.withLock { state in
            // Read under the lock: a thread that read earlier must not come later with an older moment.
            state.next(at: clock.now, random)
        }
    }
}

private struct State {
    // Before the first identifier: a millisecond no clock gives.
    private var milliseconds: Int64 = -1
    private var tail: UInt128 = 0
    private var pool: [UInt8] = []
    private var used = 0

    // Leaves 2^32 milliseconds, 49 days, to run ahead into; a clock beyond it, in the year 10889, is wrong anyway.
    private static let latest = Int64(SortableID.millisecondsLimit) - Int64(UInt32.max)
    private static let tailLimit: UInt128 = 1 &<< 80

    mutating func next(at moment: Timestamp, _ random: RandomSource) -> SortableID {
        let now = min(max(moment.milliseconds, 0), Self.latest)
        if now > milliseconds {
            milliseconds = now
            tail = number(bytes: 10, random)
        } else {
            tail += number(bytes: 4, random) + 1
            if tail >= Self.tailLimit {
                milliseconds += 1
                tail = number(bytes: 10, random)
            }
        }
        let value = UInt128(UInt64(milliseconds)) &<< 80 | tail
        return SortableID(high: UInt64(truncatingIfNeeded: value &>> 64), low: UInt64(truncatingIfNeeded: value))
    }

    // Drawn 256 bytes at a time: the kernel is asked once in 25 to 64 identifiers.
    private mutating func number(bytes count: Int, _ random: RandomSource) -> UInt128 {
        if pool.count - used < count {
            pool = random.bytes(256)
            used = 0
        }
        var value: UInt128 = 0
        for index in used..<(used + count) { value = value &<< 8 | UInt128(pool[index]) }
        used += count
        return value
    }
}
