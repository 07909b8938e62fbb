extension UInt256 {
    /// The quotient, rounded down.
    ///
    /// - Throws: ``NumberError/divisionByZero``.
    public func dividing(by divisor: Self) throws(NumberError) -> Self {
        try quotientAndRemainder(dividingBy: divisor).quotient
    }

    /// The quotient rounded down, and what is left over.
    ///
    /// - Throws: ``NumberError/divisionByZero``.
    public func quotientAndRemainder(
        dividingBy divisor: Self
    ) throws(NumberError) -> (quotient: Self, remainder: Self) {
        if let small = divisor.uint64 {
            guard small != 0 else { throw .divisionByZero }
            let (quotient, remainder) = quotientAndRemainder(dividingByWord: small)
            return (quotient, Self(remainder))
        }
        if self < divisor { return (.zero, self) }
        let (_, quotient, remainder) = Self.divide(high: .zero, low: self, by: divisor)
        return (quotient, remainder)
    }

    /// `self · factor / divisor` with a 512-bit product between, rounded down or up.
    ///
    /// - Throws: ``NumberError/divisionByZero``, or ``NumberError/overflow`` when the result is above 2^256 − 1.
    public func multipliedFull(
        by factor: Self, dividedBy divisor: Self, roundingUp: Bool = false
    ) throws(NumberError) -> Self {
        guard !divisor.isZero else { throw .divisionByZero }
        let (high, low) = multipliedFullWidth(by: factor)
        // high ≥ divisor is exactly quotient ≥ 2^256.
        guard high < divisor else { throw .overflow }
        let quotient: Self
        let remainder: Self
        if high.isZero {
            (quotient, remainder) = try low.quotientAndRemainder(dividingBy: divisor)
        } else {
            (_, quotient, remainder) = Self.divide(high: high, low: low, by: divisor)
        }
        return roundingUp && !remainder.isZero ? try quotient.adding(.one) : quotient
    }

    /// Division by one word, which is not zero: one step per word that is not a leading zero.
    func quotientAndRemainder(dividingByWord divisor: UInt64) -> (Self, UInt64) {
        if (word1 | word2 | word3) == 0 {
            let (quotient, remainder) = word0.quotientAndRemainder(dividingBy: divisor)
            return (Self(quotient), remainder)
        }
        let reciprocal = Reciprocal(divisor)
        let shift = UInt64(reciprocal.shift)
        var remainder: UInt64 = 0
        var shifted = self
        if shift != 0 {
            remainder = word3 &>> (64 &- shift)
            shifted = shiftedLeft(by: reciprocal.shift)
        }
        var quotient = Self.zero
        (quotient.word3, remainder) = reciprocal.divide(remainder, shifted.word3)
        (quotient.word2, remainder) = reciprocal.divide(remainder, shifted.word2)
        (quotient.word1, remainder) = reciprocal.divide(remainder, shifted.word1)
        (quotient.word0, remainder) = reciprocal.divide(remainder, shifted.word0)
        return (quotient, remainder &>> shift)
    }

    /// Long division of `high · 2^256 + low` (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D).
    ///
    /// `divisor` is not zero. The quotient has up to 512 bits, so it comes in two halves.
    static func divide(high: Self, low: Self, by divisor: Self) -> (high: Self, low: Self, remainder: Self) {
        let count = (divisor.bitWidth + 63) / 64
        let shift = (64 - divisor.bitWidth % 64) % 64
        // D1: shifted so that the divisor's top bit is set, an estimate is at most two too large.
        let normal = divisor.shiftedLeft(by: shift)
        let top = normal.word(count &- 1)
        let second = count > 1 ? normal.word(count &- 2) : 0
        let reciprocal = Reciprocal(top)

        let shiftedLow = low.shiftedLeft(by: shift)
        let spill = shift == 0 ? .zero : low.shiftedRight(by: 256 &- shift)
        let shiftedHigh = high.shiftedLeft(by: shift) | spill
        var rest = InlineArray<9, UInt64>(repeating: 0)
        for index in 0..<4 {
            rest[index] = shiftedLow.word(index)
            rest[index &+ 4] = shiftedHigh.word(index)
        }
        rest[8] = shift == 0 ? 0 : high.word3 &>> UInt64(64 &- shift)

        var quotient = InlineArray<8, UInt64>(repeating: 0)
        var position = 8 &- count
        while position >= 0 {
            var digit = estimate(
                rest[position &+ count], rest[position &+ count &- 1],
                count > 1 ? rest[position &+ count &- 2] : 0, top: top, second: second, reciprocal: reciprocal)
            if subtract(normal, count: count, times: digit, from: &rest, at: position) {
                // D6: the estimate was one too large.
                digit &-= 1
                add(normal, count: count, to: &rest, at: position)
            }
            quotient[position] = digit
            position &-= 1
        }
        let remainder = Self(
            rest[0], count > 1 ? rest[1] : 0, count > 2 ? rest[2] : 0, count > 3 ? rest[3] : 0)
        return (
            Self(quotient[4], quotient[5], quotient[6], quotient[7]),
            Self(quotient[0], quotient[1], quotient[2], quotient[3]),
            remainder.shiftedRight(by: shift)
        )
    }

    /// D3: the quotient digit of three words by two, right or one too large.
    private static func estimate(
        _ high: UInt64, _ middle: UInt64, _ low: UInt64, top: UInt64, second: UInt64, reciprocal: Reciprocal
    ) -> UInt64 {
        var digit: UInt64
        var remainder: UInt64
        if high >= top {
            // high = top, never more, by the loop's invariant: the digit is capped at 2^64 − 1.
            digit = .max
            let (sum, overflow) = middle.addingReportingOverflow(top)
            if overflow { return digit }
            remainder = sum
        } else {
            (digit, remainder) = reciprocal.divide(high, middle)
        }
        while true {
            let product = digit.multipliedFullWidth(by: second)
            guard product.high > remainder || (product.high == remainder && product.low > low) else { return digit }
            digit &-= 1
            let (sum, overflow) = remainder.addingReportingOverflow(top)
            if overflow { return digit }
            remainder = sum
        }
    }

    /// D4: subtracts `divisor · digit` at `position`; true when it went below zero.
    private static func subtract(
        _ divisor: Self, count: Int, times digit: UInt64, from rest: inout InlineArray<9, UInt64>, at position: Int
    ) -> Bool {
        var carry: UInt64 = 0
        for index in 0..<count {
            let product = UInt128(divisor.word(index)) &* UInt128(digit) &+ UInt128(carry)
            let (difference, borrow) = rest[position &+ index].subtractingReportingOverflow(
                UInt64(truncatingIfNeeded: product))
            rest[position &+ index] = difference
            carry = UInt64(truncatingIfNeeded: product &>> 64) &+ (borrow ? 1 : 0)
        }
        let (difference, borrow) = rest[position &+ count].subtractingReportingOverflow(carry)
        rest[position &+ count] = difference
        return borrow
    }

    private static func add(
        _ divisor: Self, count: Int, to rest: inout InlineArray<9, UInt64>, at position: Int
    ) {
        var carry: UInt128 = 0
        for index in 0..<count {
            let sum = UInt128(rest[position &+ index]) &+ UInt128(divisor.word(index)) &+ carry
            rest[position &+ index] = UInt64(truncatingIfNeeded: sum)
            carry = sum &>> 64
        }
        rest[position &+ count] &+= UInt64(truncatingIfNeeded: carry)
    }
}

/// A divisor of one word prepared so that dividing two words by it costs two multiplications.
///
/// Möller and Granlund, "Improved division by invariant integers", 2011, algorithm 4.
struct Reciprocal {
    /// The divisor with its top bit set.
    let normal: UInt64
    /// How far it was shifted for that.
    let shift: Int
    /// ⌊(2^128 − 1) / normal⌋ − 2^64.
    let inverse: UInt64

    /// `divisor` is not zero.
    init(_ divisor: UInt64) {
        shift = divisor.leadingZeroBitCount
        normal = divisor &<< UInt64(shift)
        inverse = normal.dividingFullWidth((~normal, .max)).quotient
    }

    /// A divisor whose inverse is known.
    init(normal: UInt64, inverse: UInt64) {
        self.normal = normal
        self.inverse = inverse
        shift = 0
    }

    /// Divides `high · 2^64 + low` by `normal`; `high` is below `normal`.
    func divide(_ high: UInt64, _ low: UInt64) -> (quotient: UInt64, remainder: UInt64) {
        let estimate =
            UInt128(inverse) &* UInt128(high) &+ ((UInt128(high) &<< 64) | UInt128(low))
        var quotient = UInt64(truncatingIfNeeded: estimate &>> 64) &+ 1
        var remainder = low &- quotient &* normal
        if remainder > UInt64(truncatingIfNeeded: estimate) {
            quotient &-= 1
            remainder = remainder &+ normal
        }
        if remainder >= normal {
            quotient &+= 1
            remainder &-= normal
        }
        return (quotient, remainder)
    }
}
