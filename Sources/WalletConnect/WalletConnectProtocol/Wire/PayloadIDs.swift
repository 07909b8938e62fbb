public import Primitives

/// Hands out ids of calls: `milliseconds * 1000 + x`, 16 digits, strictly increasing and below 2^53.
///
/// JavaScript reads a number of 17 and more digits as another type and fails on it, so ids stay below that. `x` is drawn
/// for every id, because two clients that call in the same millisecond must not choose the same one.
///
/// ```swift
/// var ids = PayloadIDs(random: random, after: lastStored)
/// let id = ids.next(at: clock.now)
/// ```
public struct PayloadIDs: Sendable {
    /// Ids are below this: the integers that every JSON reader keeps exactly.
    public static let bound: Int64 = 1 << 53

    /// The id that was handed out last; 0 when none was.
    public private(set) var last: Int64

    private var state: UInt64

    private static let perMillisecond: Int64 = 1000

    /// A source whose ids are all above `last`.
    public init(random: RandomSource, after last: Int64 = 0) {
        self.last = min(max(last, 0), Self.bound - 1)
        state = random.uint64()
    }

    /// The next id.
    ///
    /// It follows the clock, and counts on from the last id when the clock stands still or went back.
    public mutating func next(at now: Timestamp) -> Int64 {
        let milliseconds = min(max(now.milliseconds, 0), Self.bound / Self.perMillisecond - 1)
        let fresh = milliseconds * Self.perMillisecond + Int64(draw() % UInt64(Self.perMillisecond))
        precondition(last < Self.bound - 1, "ids last until the year 2255")
        last = max(fresh, last + 1)
        return last
    }

    /// Sixty-four mixed bits: SplitMix64, which is enough where nothing has to be secret.
    private mutating func draw() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Hands out ids of calls between a client and a relay, by the same rule: relays ask for at least 1,000,000,000.
public typealias RelayIDs = PayloadIDs
