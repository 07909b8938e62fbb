import QRCode
import Testing

@Suite struct QRCodeTests {
    /// The shape of a pairing URI.
    static let uri =
        "wc:7f6e504bfad60b485450578e05678ed3e8e8c4751d3c6160be17160d63ec90f9@2?expiryTimestamp=1705934757"
        + "&relay-protocol=irn&symKey=587d5484ce2a2a6ee3ba1962fdd7e8588e06200c46823bd18fbd67def96ad303"

    /// Byte mode, medium: the longest text of a version, ISO/IEC 18004 table 7, and one byte more.
    @Test(arguments: [(14, 21), (15, 25), (26, 25), (27, 29), (213, 57), (214, 61), (2_331, 177)])
    func `the smallest version that holds the text is taken`(bytes: Int, size: Int) throws {
        #expect(try QRCode(String(repeating: "a", count: bytes)).size == size)
    }

    @Test func `what does not fit is refused`() throws {
        #expect(throws: QRCodeError.empty) { try QRCode("") }
        for correction in QRCode.Correction.allCases {
            let longest = String(repeating: "x", count: correction.bytesMax)
            #expect(try QRCode(longest, correction: correction).size == 177)
            #expect(throws: QRCodeError.tooLong(bytes: correction.bytesMax + 1, bytesMax: correction.bytesMax)) {
                try QRCode(longest + "x", correction: correction)
            }
        }
        // Letters are counted as bytes.
        #expect(throws: QRCodeError.tooLong(bytes: 2_400, bytesMax: 2_331)) {
            try QRCode(String(repeating: "€", count: 800))
        }
    }

    @Test func `the corners hold the finder patterns`() throws {
        let code = try QRCode(Self.uri)
        let finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
        for (top, left) in [(0, 0), (0, code.size - 7), (code.size - 7, 0)] {
            for (row, line) in finder.enumerated() {
                for (column, module) in line.enumerated() {
                    #expect(code.isDark(top + row, left + column) == (module == "1"))
                }
            }
        }
        // Table 7 again: 187 bytes need version 10 at medium, 17 + 4 · 10 modules.
        #expect(code.size == 57)
        #expect(!code.isDark(-1, 0) && !code.isDark(0, -1) && !code.isDark(code.size, 0) && !code.isDark(0, code.size))
    }

    @Test(arguments: [false, true]) func `a quiet zone of four modules is on every side`(inverted: Bool) throws {
        let code = try QRCode("coffer")
        let text = code.terminalText(inverted: inverted)
        let lines = text.split(separator: "\n")
        #expect(text.hasSuffix("\n") && lines.count == (code.size + 9) / 2)
        #expect(lines.allSatisfy { $0.count == code.size + 8 })
        let rows = Reader.modules(inText: text, darkIsBlock: inverted).prefix(code.size + 8)
        for (row, modules) in rows.enumerated() {
            for (column, isDark) in modules.enumerated() { #expect(isDark == code.isDark(row - 4, column - 4)) }
        }
        let (edge, end) = (4, code.size + 4)
        #expect(rows.prefix(edge).allSatisfy { !$0.contains(true) })
        #expect(rows[end...].allSatisfy { !$0.contains(true) })
        #expect(rows.allSatisfy { !$0.prefix(edge).contains(true) && !$0[end...].contains(true) })
    }

    @Test func `an SVG is one light square and one path, with crisp edges`() throws {
        let code = try QRCode("coffer", correction: .low)
        let svg = code.svg(moduleSize: 5)
        #expect(svg.hasPrefix(#"<svg xmlns="http://www.w3.org/2000/svg" width="145" height="145" viewBox="0 0 29 29""#))
        #expect(svg.contains(#"shape-rendering="crispEdges""#) && svg.hasSuffix("</svg>"))
        #expect(svg.matches(of: /<path\s/).count == 2)
        let rows = try Reader.modules(inSVG: svg)
        for row in 0..<29 {
            for column in 0..<29 { #expect(rows[row][column] == code.isDark(row - 4, column - 4)) }
        }
    }

    @Test(
        .enabled(if: Reader.path != nil, Comment(rawValue: Reader.without)),
        arguments: [
            uri, "a", "coffer", "HTTPS://EXAMPLE.COM/123", "Grüße, 世界 🔑", String(repeating: "long ", count: 150),
        ])
    func `another program reads what was drawn`(text: String) throws {
        for correction in QRCode.Correction.allCases {
            let code = try QRCode(text, correction: correction)
            let light = Reader.modules(inText: code.terminalText(), darkIsBlock: false).prefix(code.size + 8)
            #expect(try Reader.read(Array(light)) == text)
            let dark = Reader.modules(inText: code.terminalText(inverted: true), darkIsBlock: true)
            #expect(try Reader.read(Array(dark.prefix(code.size + 8))) == text)
            #expect(try Reader.read(try Reader.modules(inSVG: code.svg())) == text)
        }
    }

    @Test(.enabled(if: Reader.path != nil, Comment(rawValue: Reader.without)))
    func `another text gives another picture, and a damaged picture is not read as it`() throws {
        let (one, other) = (try QRCode("coffer 1"), try QRCode("coffer 2"))
        #expect(one != other)
        #expect(try Reader.read(try Reader.modules(inSVG: other.svg())) == "coffer 2")
        var rows = try Reader.modules(inSVG: one.svg())
        // The middle third: more than any correction mends.
        for row in 10..<20 { for column in 8..<20 { rows[row][column].toggle() } }
        #expect(try Reader.read(rows) != "coffer 1")
    }
}
