extension UInt256 {
    /// The value times 2^`count` modulo 2^256; 256 or more gives zero, a negative count shifts right.
    public func shiftedLeft(by count: Int) -> Self {
        if count < 0 { return count == .min ? .zero : shiftedRight(by: -count) }
        guard count < 256 else { return .zero }
        let moved: Self
        switch count &>> 6 {
        case 0: moved = self
        case 1: moved = Self(0, word0, word1, word2)
        case 2: moved = Self(0, 0, word0, word1)
        default: moved = Self(0, 0, 0, word0)
        }
        let bits = UInt64(count & 63)
        if bits == 0 { return moved }
        let back = 64 &- bits
        return Self(
            moved.word0 &<< bits,
            (moved.word1 &<< bits) | (moved.word0 &>> back),
            (moved.word2 &<< bits) | (moved.word1 &>> back),
            (moved.word3 &<< bits) | (moved.word2 &>> back))
    }

    /// The value divided by 2^`count`, rounded down; 256 or more gives zero, a negative count shifts left.
    public func shiftedRight(by count: Int) -> Self {
        if count < 0 { return count == .min ? .zero : shiftedLeft(by: -count) }
        guard count < 256 else { return .zero }
        let moved: Self
        switch count &>> 6 {
        case 0: moved = self
        case 1: moved = Self(word1, word2, word3, 0)
        case 2: moved = Self(word2, word3, 0, 0)
        default: moved = Self(word3, 0, 0, 0)
        }
        let bits = UInt64(count & 63)
        if bits == 0 { return moved }
        let back = 64 &- bits
        return Self(
            (moved.word0 &>> bits) | (moved.word1 &<< back),
            (moved.word1 &>> bits) | (moved.word2 &<< back),
            (moved.word2 &>> bits) | (moved.word3 &<< back),
            moved.word3 &>> bits)
    }

    /// The bits set in both.
    public static func & (left: Self, right: Self) -> Self {
        Self(
            left.word0 & right.word0, left.word1 & right.word1, left.word2 & right.word2, left.word3 & right.word3)
    }

    /// The bits set in either.
    public static func | (left: Self, right: Self) -> Self {
        Self(
            left.word0 | right.word0, left.word1 | right.word1, left.word2 | right.word2, left.word3 | right.word3)
    }

    /// The bits set in one of the two.
    public static func ^ (left: Self, right: Self) -> Self {
        Self(
            left.word0 ^ right.word0, left.word1 ^ right.word1, left.word2 ^ right.word2, left.word3 ^ right.word3)
    }

    /// The bits not set: 2^256 − 1 − value.
    public static prefix func ~ (value: Self) -> Self {
        Self(~value.word0, ~value.word1, ~value.word2, ~value.word3)
    }
}
