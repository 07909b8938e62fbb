/// Amounts for people: base units with the point moved to where they expect it.
package enum AmountText {
    /// `"1500000000000000000"` with 18 decimals is `"1.5"`; text that is no amount comes back as it is.
    package static func units(_ base: String, decimals: Int?) -> String {
        guard let decimals, (1...255).contains(decimals) else { return base }
        var digits = Array(base.utf8)
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits.removeFirst() }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return base }
        if digits.count <= decimals {
            digits.insert(contentsOf: [UInt8](repeating: 0x30, count: decimals + 1 - digits.count), at: 0)
        }
        let whole = digits.dropLast(decimals)
        var fraction = digits.suffix(decimals)
        while fraction.last == 0x30 { fraction.removeLast() }
        let text = String(decoding: whole, as: UTF8.self)
        let sign = isNegative ? "-" : ""
        return fraction.isEmpty ? sign + text : "\(sign)\(text).\(String(decoding: fraction, as: UTF8.self))"
    }

    /// Whether `text` is what the API takes as an amount: digits only, no sign, no point, no leading zero.
    package static func isBaseUnits(_ text: String) -> Bool {
        let digits = text.utf8
        guard (1...78).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return digits.count == 1 || digits.first != 0x30
    }
}

/// Spans of time for people.
package enum DurationText {
    /// `"950 ms"`, `"12 s"`, `"3 min 5 s"`, `"2 h 10 min"`, `"4 d 3 h"`.
    package static func short(milliseconds: Int64) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let total = milliseconds.magnitude
        if total < 1000 { return "\(sign)\(total) ms" }
        let seconds = total / 1000
        if seconds < 60 { return "\(sign)\(seconds) s" }
        if seconds < 3600 { return sign + two(seconds / 60, "min", seconds % 60, "s") }
        if seconds < 86_400 { return sign + two(seconds / 3600, "h", seconds % 3600 / 60, "min") }
        return sign + two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
    }

    private static func two(_ large: UInt64, _ unit: String, _ small: UInt64, _ part: String) -> String {
        small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(part)"
    }

    /// The seconds in `45`, `45s`, `10m`, `2h` or `1d`; `nil` for anything else.
    package static func seconds(_ text: String) -> Int64? {
        let factors: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        var digits = Substring(text)
        var factor: Int64 = 1
        if let last = digits.last, let found = factors[last] {
            factor = found
            digits.removeLast()
        }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(digits) else {
            return nil
        }
        let (value, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : value
    }
}
