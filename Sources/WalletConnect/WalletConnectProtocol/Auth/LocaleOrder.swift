/// The order in which JavaScript's `localeCompare` puts ASCII texts: that of the Unicode collation's root locale.
///
/// ```
/// eth_chainId < eth_sendTransaction < eth_sign < eth_signTypedData_v4 < Eth_upper < eth-dash < personal_sign
/// ```
///
/// Characters are compared first without case: punctuation, then digits, then letters. Only when all are equal does
/// case decide, lower before upper at the first difference. It is written out here because the signed text depends on
/// it, and a system's locale must not. Characters outside ASCII come after all others, by code point; no RPC method or
/// URI has them.
///
/// Standard: [CLDR root collation](https://www.unicode.org/reports/tr35/tr35-collation.html#Root_Collation).
public enum LocaleOrder {
    /// Whether `left` comes before `right`.
    public static func precedes(_ left: String, _ right: String) -> Bool {
        var rest = right.unicodeScalars.makeIterator()
        var caseDecides: Bool?
        for a in left.unicodeScalars {
            guard let b = rest.next() else { return false }
            let (weightA, weightB) = (weight(a), weight(b))
            if weightA != weightB { return weightA < weightB }
            if a != b, caseDecides == nil { caseDecides = isLower(a) }
        }
        if rest.next() != nil { return true }
        return caseDecides ?? false
    }

    private static func isLower(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar)
    }

    private static func weight(_ scalar: Unicode.Scalar) -> UInt32 {
        scalar.value < 128 ? UInt32(weights[Int(scalar.value)]) : scalar.value
    }

    /// The place of each ASCII character; controls, which the collation ignores, come first.
    private static let weights: [UInt8] = {
        var weights = [UInt8](repeating: 0, count: 128)
        var place: UInt8 = 1
        for character in " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789".utf8 {
            weights[Int(character)] = place
            place += 1
        }
        for (lower, upper) in zip(UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z")) {
            weights[Int(lower)] = place
            weights[Int(upper)] = place
            place += 1
        }
        return weights
    }()
}
