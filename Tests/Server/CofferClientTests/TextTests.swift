import CofferClient
import Testing

struct TextTableTests {
    private func sample() -> TextTable {
        var table = TextTable([
            .init("ID"), .init("AMOUNT", .right), .init("ADDRESS", shrinks: true), .init("NOTE", shrinks: true),
        ])
        table.add(["wd_1", "5", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "rent"])
        table.add(["wd_22", "1234567", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "a much longer note than that"])
        return table
    }

    @Test func `columns are aligned and nothing is cut where there is no terminal`() {
        #expect(
            sample().lines() == [
                "ID      AMOUNT  ADDRESS                                     NOTE",
                "wd_1         5  0x70997970C51812dc3A010C7d01b50e0d17dc79C8  rent",
                "wd_22  1234567  0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266  a much longer note than that",
            ])
    }

    @Test func `a narrow terminal shortens the middle of what may shrink`() {
        #expect(
            sample().lines(width: 50) == [
                "ID      AMOUNT  ADDRESS           NOTE",
                "wd_1         5  0x709979…7dc79C8  rent",
                "wd_22  1234567  0xf39Fd6…Fb92266  a much l…an that",
            ])
    }

    @Test(arguments: 40...120) func `no line is wider than the terminal as long as the ids fit`(width: Int) {
        for line in sample().lines(width: width) { #expect(SafeText.columns(line) <= width) }
    }

    @Test func `a table that is drawn over loses its rightmost columns instead of wrapping`() {
        #expect(sample().fitting(200).columns.map(\.title) == ["ID", "AMOUNT", "ADDRESS", "NOTE"])
        #expect(sample().fitting(30).columns.map(\.title) == ["ID", "AMOUNT", "ADDRESS"])
        #expect(sample().fitting(20).lines(width: 20) == ["ID      AMOUNT", "wd_1         5", "wd_22  1234567"])
        for width in 14...100 {
            for line in sample().fitting(width).lines(width: width) { #expect(SafeText.columns(line) <= width) }
        }
    }

    @Test func `ids and amounts are never shortened`() {
        let text = sample().lines(width: 1).joined(separator: "\n")
        #expect(text.contains("wd_22  1234567"))
    }

    @Test func `paint does not disturb the alignment`() {
        let lines = sample().lines(
            heading: { "<\($0)>" }, paint: { _, column, text in column == 0 ? "[\(text)]" : text })
        #expect(lines[0].hasPrefix("<ID      AMOUNT"))
        #expect(lines[1].hasPrefix("[wd_1 ]        5"))
    }

    @Test func `wide letters count twice and marks not at all`() {
        #expect(SafeText.columns("漢字") == 4)
        #expect(SafeText.columns("e\u{301}") == 1)
        #expect(SafeText.columns("🙂") == 2)
        var table = TextTable([.init("NAME"), .init("X")])
        table.add(["漢字", "1"])
        table.add(["abcd", "2"])
        #expect(table.lines() == ["NAME  X", "漢字  1", "abcd  2"])
    }

    @Test func `plain lines have tabs and no headings`() {
        var table = TextTable([.init("A"), .init("B")])
        table.add(["1\t2", "3\n4"])
        #expect(table.plainLines == ["1 2\t3 4"])
    }

    @Test func `escape sequences and direction changes from a server are harmless`() {
        #expect(SafeText.line("a\u{1B}[2Jb\u{202E}c\u{7F}\u{9B}\r\nd") == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}\u{FFFD}  d")
    }

    @Test(arguments: 0...12) func `shortened text has exactly the room it is given`(width: Int) {
        #expect(SafeText.columns(SafeText.shortened("0123456789abcdef", to: width)) == width)
        #expect(SafeText.columns(SafeText.shortened("漢字漢字漢字漢字", to: width)) <= width)
    }
}

struct AmountTextTests {
    @Test(arguments: [
        ("0", 18, "0"), ("1", 18, "0.000000000000000001"), ("1500000000000000000", 18, "1.5"),
        ("1000000000000000000", 18, "1"), ("123", 2, "1.23"), ("12", 2, "0.12"), ("-150", 2, "-1.5"), ("7", 0, "7"),
        ("abc", 2, "abc"), ("", 2, ""),
    ])
    func `the point moves`(base: String, decimals: Int, expected: String) {
        #expect(AmountText.units(base, decimals: decimals) == expected)
    }

    @Test(arguments: [
        ("0", true), ("10", true), ("01", false), ("1.5", false), ("-1", false), ("", false), ("1e18", false),
    ])
    func `only base units are taken`(text: String, expected: Bool) {
        #expect(AmountText.isBaseUnits(text) == expected)
        #expect(!AmountText.isBaseUnits(String(repeating: "9", count: 79)))
    }

    @Test(
        arguments: [
            ("45", 45), ("45s", 45), ("10m", 600), ("2h", 7200), ("1d", 86_400), ("", nil), ("m", nil), ("-5s", nil),
            ("1w", nil),
            ("99999999999999999999d", nil), ("9223372036854775807d", nil),
        ] as [(String, Int64?)])
    func `times are read`(text: String, expected: Int64?) {
        #expect(DurationText.seconds(text) == expected)
    }

    @Test func `times are written`() {
        #expect(
            [950, 12_000, 185_000, 7_800_000, 356_400_000, -1500].map { DurationText.short(milliseconds: $0) } == [
                "950 ms", "12 s", "3 min 5 s", "2 h 10 min", "4 d 3 h", "-1 s",
            ])
    }
}
