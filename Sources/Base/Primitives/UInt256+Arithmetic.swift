extension UInt256 {
    // MARK: Throwing

    /// The sum.
    ///
    /// - Throws: ``NumberError/overflow``.
    public func adding(_ other: Self) throws(NumberError) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        guard !overflow else { throw .overflow }
        return sum
    }

    /// The difference.
    ///
    /// - Throws: ``NumberError/underflow`` when `other` is larger.
    public func subtracting(_ other: Self) throws(NumberError) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard !overflow else { throw .underflow }
        return difference
    }

    /// The product.
    ///
    /// - Throws: ``NumberError/overflow``.
    public func multiplied(by other: Self) throws(NumberError) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        guard !overflow else { throw .overflow }
        return product
    }

    // MARK: Reporting

    /// The sum modulo 2^256, and whether it was larger.
    public func addingReportingOverflow(_ other: Self) -> (partialValue: Self, overflow: Bool) {
        let sum0 = UInt128(word0) &+ UInt128(other.word0)
        let sum1 = UInt128(word1) &+ UInt128(other.word1) &+ (sum0 &>> 64)
        let sum2 = UInt128(word2) &+ UInt128(other.word2) &+ (sum1 &>> 64)
        let sum3 = UInt128(word3) &+ UInt128(other.word3) &+ (sum2 &>> 64)
        let sum = Self(
            UInt64(truncatingIfNeeded: sum0), UInt64(truncatingIfNeeded: sum1),
            UInt64(truncatingIfNeeded: sum2), UInt64(truncatingIfNeeded: sum3))
        return (sum, (sum3 &>> 64) != 0)
    }

    /// The difference modulo 2^256, and whether it was below zero.
    public func subtractingReportingOverflow(_ other: Self) -> (partialValue: Self, overflow: Bool) {
        let (difference0, borrow0) = word0.subtractingReportingOverflow(other.word0)
        let (difference1, borrow1) = Self.subtract(word1, other.word1, borrow: borrow0)
        let (difference2, borrow2) = Self.subtract(word2, other.word2, borrow: borrow1)
        let (difference3, borrow3) = Self.subtract(word3, other.word3, borrow: borrow2)
        return (Self(difference0, difference1, difference2, difference3), borrow3)
    }

    /// The product modulo 2^256, and whether it was larger.
    public func multipliedReportingOverflow(by other: Self) -> (partialValue: Self, overflow: Bool) {
        if (word1 | word2 | word3 | other.word1 | other.word2 | other.word3) == 0 {
            let (high, low) = word0.multipliedFullWidth(by: other.word0)
            return (Self(low, high, 0, 0), false)
        }
        let (high, low) = multipliedFullWidth(by: other)
        return (low, !high.isZero)
    }

    // MARK: Saturating

    /// The sum, or the maximum when that is smaller.
    public func addingSaturating(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The difference, or zero when `other` is larger.
    public func subtractingSaturating(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? .zero : difference
    }

    /// The product, or the maximum when that is smaller.
    public func multipliedSaturating(by other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }

    // MARK: 512 bits

    /// The whole product: `high · 2^256 + low`.
    public func multipliedFullWidth(by other: Self) -> (high: Self, low: Self) {
        var product = InlineArray<8, UInt64>(repeating: 0)
        for row in 0..<4 {
            let factor = UInt128(other.word(row))
            if factor == 0 { continue }
            // word · factor + digit + carry is at most 2^128 − 1: nothing is lost.
            var carry: UInt128 = 0
            for column in 0..<4 {
                let sum = UInt128(word(column)) &* factor &+ UInt128(product[row &+ column]) &+ carry
                product[row &+ column] = UInt64(truncatingIfNeeded: sum)
                carry = sum &>> 64
            }
            product[row &+ 4] = UInt64(truncatingIfNeeded: carry)
        }
        return (
            Self(product[4], product[5], product[6], product[7]),
            Self(product[0], product[1], product[2], product[3])
        )
    }

    private static func subtract(_ left: UInt64, _ right: UInt64, borrow: Bool) -> (UInt64, Bool) {
        let (first, firstBorrow) = left.subtractingReportingOverflow(right)
        let (second, secondBorrow) = first.subtractingReportingOverflow(borrow ? 1 : 0)
        return (second, firstBorrow || secondBorrow)
    }
}
