extension Timestamp {
    /// The moment as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) text in UTC, always with milliseconds.
    ///
    /// The format has years 0000 to 9999; a moment outside is written as the nearest one inside.
    public var rfc3339: String {
        let inside = min(max(milliseconds, Self.first), Self.last)
        let days = Self.floorDivide(inside, Self.millisecondsPerDay)
        var rest = inside - days * Self.millisecondsPerDay
        let (year, month, day) = Self.civil(fromDays: days)
        let millisecond = rest % 1000
        rest /= 1000
        return unsafe String(unsafeUninitializedCapacity: 24) { target in
            unsafe Self.write(year, digits: 4, to: target, at: 0)
            unsafe target[4] = UInt8(ascii: "-")
            unsafe Self.write(month, digits: 2, to: target, at: 5)
            unsafe target[7] = UInt8(ascii: "-")
            unsafe Self.write(day, digits: 2, to: target, at: 8)
            unsafe target[10] = UInt8(ascii: "T")
            unsafe Self.write(rest / 3600, digits: 2, to: target, at: 11)
            unsafe target[13] = UInt8(ascii: ":")
            unsafe Self.write(rest / 60 % 60, digits: 2, to: target, at: 14)
            unsafe target[16] = UInt8(ascii: ":")
            unsafe Self.write(rest % 60, digits: 2, to: target, at: 17)
            unsafe target[19] = UInt8(ascii: ".")
            unsafe Self.write(millisecond, digits: 3, to: target, at: 20)
            unsafe target[23] = UInt8(ascii: "Z")
            return 24
        }
    }

    /// The moment written as RFC 3339: `2026-11-20T12:00:00Z`, a fraction of 1 to 9 digits, any offset.
    ///
    /// Digits after the milliseconds are dropped. A leap second (`:60`) is refused, for Unix time has none.
    ///
    /// - Throws: ``TimestampError/malformed(at:)`` or ``TimestampError/outOfRange(at:)``.
    public init(rfc3339: String) throws(TimestampError) {
        var parser = Parser(text: Array(rfc3339.utf8.prefix(Self.longestText + 1)))
        let year = try parser.number(4, in: 0...9999)
        try parser.expect("-")
        let month = try parser.number(2, in: 1...12)
        try parser.expect("-")
        let day = try parser.number(2, in: 1...Self.daysInMonth(month, of: year))
        try parser.expect("T", or: "t")
        let hour = try parser.number(2, in: 0...23)
        try parser.expect(":")
        let minute = try parser.number(2, in: 0...59)
        try parser.expect(":")
        let second = try parser.number(2, in: 0...59)
        let millisecond = try parser.fraction()
        let offset = try parser.offset()
        guard parser.position == parser.text.count else { throw .malformed(at: parser.position) }

        let minutes = hour * 60 + minute - offset
        milliseconds =
            Self.days(fromCivil: year, month, day) * Self.millisecondsPerDay + (minutes * 60 + second) * 1000
            + millisecond
    }

    private static let millisecondsPerDay: Int64 = 86_400_000
    // 2026-11-20T12:00:00.123456789+01:00
    private static let longestText = 35
    private static let first = days(fromCivil: 0, 1, 1) * millisecondsPerDay
    private static let last = days(fromCivil: 10_000, 1, 1) * millisecondsPerDay - 1

    /// Days from the epoch to a date of the proleptic Gregorian calendar.
    ///
    /// Years are counted from March, so that the leap day is a year's last day, in eras of 400 years = 146,097 days.
    private static func days(fromCivil year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let era = floorDivide(marchYear, 400)
        let yearOfEra = marchYear - era * 400
        // Months from March have 31, 30, 31, 30, 31 days over and over: 153 days in five.
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        // Takes out the leap days: one in 1,460 days, not in 36,524, again in 146,096.
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func write(
        _ value: Int64, digits: Int, to target: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        var rest = value
        var position = start + digits - 1
        while position >= start {
            unsafe target[position] = UInt8(truncatingIfNeeded: rest % 10) &+ 48
            rest /= 10
            position -= 1
        }
    }
}

private struct Parser {
    let text: [UInt8]
    var position = 0

    mutating func number(_ digits: Int, in range: ClosedRange<Int64>) throws(TimestampError) -> Int64 {
        let start = position
        var value: Int64 = 0
        for _ in 0..<digits { value = value * 10 + (try digit()) }
        guard range.contains(value) else { throw .outOfRange(at: start) }
        return value
    }

    mutating func expect(_ character: Unicode.Scalar, or other: Unicode.Scalar? = nil) throws(TimestampError) {
        guard position < text.count else { throw .malformed(at: position) }
        let found = Unicode.Scalar(text[position])
        guard found == character || found == other else { throw .malformed(at: position) }
        position += 1
    }

    /// Milliseconds; none without a dot.
    mutating func fraction() throws(TimestampError) -> Int64 {
        guard position < text.count, text[position] == UInt8(ascii: ".") else { return 0 }
        position += 1
        var value = try digit() * 100
        var place: Int64 = 10
        for _ in 0..<8 {
            guard position < text.count, text[position] &- 48 < 10 else { break }
            value += try digit() * place
            place /= 10
        }
        return value
    }

    /// Minutes east of UTC.
    mutating func offset() throws(TimestampError) -> Int64 {
        guard position < text.count else { throw .malformed(at: position) }
        let sign: Int64
        switch text[position] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            position += 1
            return 0
        case UInt8(ascii: "+"): sign = 1
        case UInt8(ascii: "-"): sign = -1
        default: throw .malformed(at: position)
        }
        position += 1
        let hours = try number(2, in: 0...23)
        try expect(":")
        let minutes = try number(2, in: 0...59)
        return sign * (hours * 60 + minutes)
    }

    private mutating func digit() throws(TimestampError) -> Int64 {
        guard position < text.count, text[position] &- 48 < 10 else { throw .malformed(at: position) }
        defer { position += 1 }
        return Int64(text[position] &- 48)
    }
}
