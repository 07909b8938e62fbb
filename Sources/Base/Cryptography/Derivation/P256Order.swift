import Primitives

/// Arithmetic modulo the order of NIST P-256, as much of it as deriving child keys takes; no branch depends on a secret.
///
/// The order: [SEC 2](https://www.secg.org/sec2-v2.pdf), section 2.4.2.
enum P256Order {
    // Lowest limb first.
    private static let order: InlineArray<4, UInt64> = [
        0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000,
    ]

    /// Whether 32 big-endian bytes are a number from one to the order less one.
    static func isValid(_ bytes: RawSpan) -> Bool {
        let number = limbs(bytes)
        return !isZero(number) && subtractingOrder(number).borrow == 1
    }

    /// The sum of two numbers modulo the order; nil when `tweak` is not below the order or the sum is zero.
    static func sum(_ secret: borrowing SecretBytes, _ tweak: borrowing SecretBytes) -> SecretBytes? {
        let left = secret.withBytes { limbs($0) }
        let right = tweak.withBytes { limbs($0) }
        guard subtractingOrder(right).borrow == 1 else { return nil }
        var total = InlineArray<4, UInt64>(repeating: 0)
        var carry: UInt64 = 0
        for index in 0..<4 {
            let (first, overflowed) = left[index].addingReportingOverflow(right[index])
            let (second, overflowedAgain) = first.addingReportingOverflow(carry)
            total[index] = second
            carry = (overflowed ? 1 : 0) | (overflowedAgain ? 1 : 0)
        }
        // Both were below the order, so one subtraction is enough. It is done either way, and a mask takes its result.
        let (reduced, borrow) = subtractingOrder(total)
        let keepsTotal = 0 &- (borrow & (carry ^ 1))
        for index in 0..<4 {
            total[index] = (total[index] & keepsTotal) | (reduced[index] & ~keepsTotal)
        }
        guard !isZero(total) else { return nil }
        return SecretBytes(count: 32) { out in
            for index in (0..<4).reversed() {
                for shift in stride(from: 56, through: 0, by: -8) {
                    out.append(UInt8(truncatingIfNeeded: total[index] >> UInt64(shift)))
                }
            }
        }
    }

    private static func limbs(_ bytes: RawSpan) -> InlineArray<4, UInt64> {
        precondition(bytes.byteCount == 32, "a number has 32 bytes")
        var limbs = InlineArray<4, UInt64>(repeating: 0)
        for index in 0..<4 {
            // Every bit pattern is an integer, and the load checks the bound.
            limbs[3 - index] = unsafe UInt64(
                bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        return limbs
    }

    private static func subtractingOrder(
        _ number: InlineArray<4, UInt64>
    ) -> (difference: InlineArray<4, UInt64>, borrow: UInt64) {
        var difference = InlineArray<4, UInt64>(repeating: 0)
        var borrow: UInt64 = 0
        for index in 0..<4 {
            let (first, overflowed) = number[index].subtractingReportingOverflow(order[index])
            let (second, overflowedAgain) = first.subtractingReportingOverflow(borrow)
            difference[index] = second
            borrow = (overflowed ? 1 : 0) | (overflowedAgain ? 1 : 0)
        }
        return (difference, borrow)
    }

    private static func isZero(_ number: InlineArray<4, UInt64>) -> Bool {
        number[0] | number[1] | number[2] | number[3] == 0
    }
}
