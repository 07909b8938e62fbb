import Foundation
import Primitives
import Testing

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (2_147_483_647_000, "2038-01-19T03:14:07.000Z"),
            (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
            (1_795_176_000_123, "2026-11-20T12:00:00.123Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func `known moments print and parse`(milliseconds: Int64, text: String) throws {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
        #expect(try Timestamp(rfc3339: text) == Timestamp(milliseconds: milliseconds))
    }

    @Test func `every day of four centuries follows the one before`() throws {
        // An independent calendar: counts up day by day with the months' lengths.
        var (year, month, day) = (1601, 1, 1)
        var milliseconds: Int64 = -11_644_473_600_000
        while year < 2002 {
            let text = String(format: "%04d-%02d-%02dT00:00:00.000Z", year, month, day)
            guard Timestamp(milliseconds: milliseconds).rfc3339 == text else {
                Issue.record("\(milliseconds) is not \(text)")
                return
            }
            #expect(try Timestamp(rfc3339: text).milliseconds == milliseconds)
            let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
            milliseconds += 86_400_000
        }
    }

    @Test func `random moments come back and keep their order`() throws {
        let random = RandomSource.seeded(2038)
        var last: (Timestamp, String)?
        for _ in 0..<20_000 {
            let moment = Timestamp(
                milliseconds: Int64(random.uint64(below: 253_402_300_800_000 + 62_167_219_200_000)) - 62_167_219_200_000
            )
            let text = moment.rfc3339
            #expect(try Timestamp(rfc3339: text) == moment)
            if let last { #expect((last.0 < moment) == (last.1 < text)) }
            last = (moment, text)
        }
    }

    @Test(arguments: [
        ("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"),
        ("1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"),
        ("1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"),
        ("2026-11-20t12:00:00z", "2026-11-20T12:00:00.000Z"),
        ("2026-11-20T12:00:00.123456789+01:00", "2026-11-20T11:00:00.123Z"),
        ("2026-11-20T12:00:00.9999Z", "2026-11-20T12:00:00.999Z"),
        ("2026-11-20T12:00:00-00:00", "2026-11-20T12:00:00.000Z"),
        ("2000-01-01T00:00:00+23:59", "1999-12-31T00:01:00.000Z"),
    ])
    func `offsets and fractions are understood`(text: String, utc: String) throws {
        #expect(try Timestamp(rfc3339: text).rfc3339 == utc)
    }

    @Test(arguments: [
        ("", TimestampError.malformed(at: 0)),
        ("2026-13-01T00:00:00Z", .outOfRange(at: 5)),
        ("2026-00-01T00:00:00Z", .outOfRange(at: 5)),
        ("2026-02-29T00:00:00Z", .outOfRange(at: 8)),
        ("2100-02-29T00:00:00Z", .outOfRange(at: 8)),
        ("2026-04-31T00:00:00Z", .outOfRange(at: 8)),
        ("2026-01-00T00:00:00Z", .outOfRange(at: 8)),
        ("2026-01-01T24:00:00Z", .outOfRange(at: 11)),
        ("2026-01-01T00:60:00Z", .outOfRange(at: 14)),
        ("2016-12-31T23:59:60Z", .outOfRange(at: 17)),
        ("2026-01-01T00:00:00+24:00", .outOfRange(at: 20)),
        ("2026-01-01T00:00:00+00:60", .outOfRange(at: 23)),
        ("2026-01-01T00:00:00", .malformed(at: 19)),
        ("2026-01-01T00:00:00.Z", .malformed(at: 20)),
        ("2026-01-01T00:00:00.1234567890Z", .malformed(at: 29)),
        ("2026-01-01 00:00:00Z", .malformed(at: 10)),
        ("2026-01-01T00:00:00ZZ", .malformed(at: 20)),
        ("2026-01-01T00:00:00+0000", .malformed(at: 22)),
        ("-026-01-01T00:00:00Z", .malformed(at: 0)),
        ("+2026-01-01T00:00:00Z", .malformed(at: 0)),
        ("20261-01-01T00:00:00Z", .malformed(at: 4)),
        ("２026-01-01T00:00:00Z", .malformed(at: 0)),
    ])
    func `what is not RFC 3339 is refused with its place`(text: String, error: TimestampError) {
        #expect(throws: error) { try Timestamp(rfc3339: text) }
    }

    @Test func `truncations, extensions and wrong bits are refused or another moment`() throws {
        let text = "2026-11-20T12:00:00.123Z"
        let moment = try Timestamp(rfc3339: text)
        for count in 0..<text.utf8.count {
            #expect(throws: TimestampError.self) { try Timestamp(rfc3339: String(text.prefix(count))) }
        }
        for extra in ["Z", " ", "0", "\0", "+00:00", String(repeating: "9", count: 100_000)] {
            #expect(throws: TimestampError.self) { try Timestamp(rfc3339: text + extra) }
        }
        for bit in 0..<(text.utf8.count * 8) {
            var bytes = Array(text.utf8)
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let changed = try? Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self))
            // `t` and `z` are the lower-case forms of `T` and `Z`: the same moment.
            if bytes[bit / 8] != UInt8(ascii: "t") && bytes[bit / 8] != UInt8(ascii: "z") {
                #expect(changed != moment)
            }
        }
    }

    @Test func `the ends of the range saturate`() {
        let last = Timestamp(milliseconds: .max)
        let first = Timestamp(milliseconds: .min)
        #expect(last.rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(first.rfc3339 == "0000-01-01T00:00:00.000Z")
        #expect(last.adding(milliseconds: 1) == last)
        #expect(first.adding(milliseconds: -1) == first)
        #expect(last.adding(seconds: .max) == last)
        #expect(Timestamp(milliseconds: 5).adding(seconds: .max) == last)
        #expect(Timestamp(milliseconds: -5).adding(seconds: .min) == first)
        #expect(last.milliseconds(since: first) == .max)
        #expect(first.milliseconds(since: last) == .min)
        #expect(Timestamp(milliseconds: 1500).adding(seconds: -1).milliseconds == 500)
        #expect(Timestamp(milliseconds: 1500).milliseconds(since: Timestamp(milliseconds: 2000)) == -500)
    }

    @Test func `a manual clock moves when told`() {
        let manual = ManualClock(Timestamp(milliseconds: 1000))
        let clock = manual.clock
        #expect(clock.now.milliseconds == 1000)
        #expect(clock.now.milliseconds == 1000)
        manual.advance(milliseconds: 5)
        manual.advance(seconds: 2)
        #expect(clock.now.milliseconds == 3005)
        manual.advance(seconds: -4)
        #expect(clock.now.milliseconds == -995)
        manual.set(Timestamp(milliseconds: 7))
        #expect(manual.now == clock.now && clock.now.milliseconds == 7)
    }

    @Test func `the system clock tells the present`() {
        let now = WallClock.system.now
        let foundation = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        #expect(abs(foundation.milliseconds(since: now)) < 60_000)
    }
}
