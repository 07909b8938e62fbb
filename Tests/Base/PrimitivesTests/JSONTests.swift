import Primitives
import Testing

struct JSONTests {
    private static let sample = """
        {"id":"wd_01J8","amount":"115792089237316195423570985008687907853269984665640564039457584007913129639935",\
        "to":"0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb","fee":{"tip":-1.5e+9,"cap":30},\
        "tags":["a\\n\\u00e9","é😀",[]],\
        "final":false,"memo":null,"ok":true,"\\ud83d\\ude00":{}}
        """

    private func refusal(_ text: String, limits: JSONLimits = .standard) -> JSONError? {
        refusal(Array(text.utf8), limits: limits)
    }

    private func refusal(_ bytes: [UInt8], limits: JSONLimits = .standard) -> JSONError? {
        do throws(JSONError) {
            _ = try JSON.parse(bytes, limits: limits)
            return nil
        } catch { return error }
    }

    // MARK: The grammar

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1e400", "1E+2", "-1.50e-7", "10", "\"\"", "[]", "{}", " \t\r\n[ ] ",
        "[1,2]", "{\"a\":1}", "{ \"a\" : [ { } , null ] }", "\"\\u0000\"", "\"\u{7F}\"",
        "\"\u{2028}\u{FFFF}\u{10FFFF}\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aF\"", "[[[[]]]]", "{\"\":0}", "\"\\uD834\\uDD1E\"", "{\"a\":1,\"A\":1}",
    ])
    func `a text within the grammar is read`(text: String) {
        #expect(refusal(text) == nil)
    }

    @Test(arguments: [
        // Structure
        "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}",
        "{,}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{a:1}", "{1:1}", "{'a':1}", "{\"a\"::1}", "{null:1}", "[}", "{]",
        "[1}",
        "1 2", "[]]", "{}{}", "null,", "[] x", "// c\n1", "[1] // c", "/**/1", "[1]\0", "\0", "\u{0B}1", "\u{A0}1",
        // Words
        "nul", "nulll", "True", "tru", "fals", "NaN", "Infinity", "-Infinity", "undefined", "[nan]",
        // Numbers
        "01", "-01", "00", "1.", "-1.", ".5", "-.5", "+1", "-", "--1", "1e", "1e+", "1.e1", "1.5e", "0x10", "1_000",
        "1 000", "0.1.2", "1e1.5", "１", "-a", "2.e+3", "0e", "1ee2", "0-1",
        // Strings
        "\"", "\"a", "\"\\", "\"\\\"", "'a'", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\U0041\"", "\"\\a\"",
        "\"\\0\"",
        "\"a\nb\"", "\"\t\"", "\"\u{0}\"", "\"\u{1F}\"", "\"a\"b\"", "\"\\u\"", "\"\\u 123\"", "\"\\u+123\"",
    ])
    func `a text outside the grammar is refused`(text: String) {
        #expect(refusal(text) != nil)
    }

    @Test func `errors name the rule and the byte`() {
        #expect(refusal("") == JSONError(.unexpectedEnd, offset: 0))
        #expect(refusal("[1,]") == JSONError(.unexpectedByte(0x5D), offset: 3))
        #expect(refusal("{\"a\":1}x") == JSONError(.trailingBytes, offset: 7))
        #expect(refusal("[01]") == JSONError(.invalidNumber, offset: 2))
        #expect(refusal("[1.]") == JSONError(.invalidNumber, offset: 3))
        #expect(refusal("\"ab\u{1}\"") == JSONError(.controlCharacter, offset: 3))
        #expect(refusal("\"a\\q\"") == JSONError(.invalidEscape, offset: 3))
        #expect(
            "\(JSONError(.duplicateKey, offset: 17))" == "invalid JSON at byte 17: the same name twice in one object")
    }

    // MARK: Traps of other readers

    @Test(arguments: [
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"\\u0061\":3}", "[{\"x\":{\"k\":1,\"k\":2}}]", "{\"\":1,\"\":2}",
        "{\"\u{E9}\":1,\"e\u{301}\":2}", "{\"K\":1,\"\u{212A}\":2}", "{\"\u{212A}\":1,\"K\":2}",
    ])
    func `a name that comes twice is refused`(text: String) {
        #expect(refusal(text)?.kind == .duplicateKey)
    }

    @Test(arguments: [2, 7, 8, 9, 10, 20, 200])
    func `a repeated name is found in an object of any size`(count: Int) throws {
        for repeated in 0..<(count - 1) {
            var names = (0..<count).map { "\"name\($0)\":0" }
            #expect(refusal("{" + names.joined(separator: ",") + "}") == nil)
            names[count - 1] = names[repeated]
            let text = "{" + names.joined(separator: ",") + "}"
            let error = try #require(refusal(text))
            #expect(error.kind == .duplicateKey)
            #expect(error.offset == text.utf8.count - names[repeated].utf8.count - 1)
        }
    }

    @Test func `byte-order marks and other encodings are refused`() {
        let text = "{\"a\":1}"
        #expect(refusal([0xEF, 0xBB, 0xBF] + Array(text.utf8)) == JSONError(.byteOrderMark, offset: 0))
        let little = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        #expect(refusal([0xFF, 0xFE] + little)?.kind == .byteOrderMark)
        #expect(refusal([0xFE, 0xFF] + big)?.kind == .byteOrderMark)
        #expect(refusal(little) == JSONError(.unexpectedByte(0), offset: 1))
        #expect(refusal(big) == JSONError(.unexpectedByte(0), offset: 0))
        #expect(refusal(text.utf8.flatMap { [$0, 0, 0, 0] })?.kind == .unexpectedByte(0))
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x28, 0x80],
            [0xF0, 0x9F, 0x98, 0x28], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        ] as [[UInt8]])
    func `ill-formed UTF-8 is refused in values, in names nobody reads, and next to escapes`(bad: [UInt8]) {
        let places: [(String, String)] = [
            ("\"", "\""), ("{\"a\":1,\"", "\":2}"), ("[\"\\n", "x\"]"), ("[\"abcdefgh", "ijklmnopqrs\"]"), ("\"", ""),
        ]
        for (before, after) in places {
            #expect(
                refusal(Array(before.utf8) + bad + Array(after.utf8))
                    == JSONError(.invalidUTF8, offset: before.utf8.count))
        }
        #expect(refusal(bad) != nil)
    }

    @Test func `every scalar value survives raw and escaped`() throws {
        for value in stride(from: UInt32(0), through: 0x10FFFF, by: 1) where value < 0x3000 || value % 97 == 0 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(Character(scalar))
            let escaped = text.utf16.map {
                "\\u" + String(repeating: "0", count: 4 - String($0, radix: 16).count) + String($0, radix: 16)
            }
            #expect(try JSON.parse("\"\(escaped.joined())\"") == .string(text))
            if value >= 0x20, value != 0x22, value != 0x5C { #expect(try JSON.parse("\"\(text)\"") == .string(text)) }
        }
    }

    @Test(arguments: [
        "\"\\ud800\"", "\"\\udc00\"", "\"\\udfff\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\ud800\\ud800\"",
        "\"\\udc00\\ud800\"", "\"\\ud83d\\u0041\"", "\"\\ud83d\\ue000\"", "{\"\\udead\":1}", "\"\\uDBFF\\uDBFF\"",
    ])
    func `half a surrogate pair is refused`(text: String) {
        #expect(refusal(text)?.kind == .loneSurrogate)
    }

    // MARK: Limits

    @Test func `depth is limited, also for a text that never closes`() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)
        }
        #expect(refusal(nested(32, "[", "]")) == nil)
        #expect(refusal(nested(33, "[", "]")) == JSONError(.tooDeep, offset: 32))
        #expect(refusal(nested(32, "{\"a\":", "}")) == nil)
        #expect(refusal(nested(33, "{\"a\":", "}")) == JSONError(.tooDeep, offset: 160))
        #expect(refusal(String(repeating: "[", count: 1_000_000))?.kind == .tooDeep)
        let deepest = JSONLimits(depthMax: JSONLimits.depthCeiling)
        for text in [nested(128, "[", "]"), nested(128, "{\"a\":", "}")] {
            let value = try JSON.parse(text, limits: deepest)
            #expect(value.text == text)
            #expect(try value == JSON.parse(value.canonical(), limits: deepest))
        }
        #expect(refusal("[]", limits: JSONLimits(depthMax: 0))?.kind == .tooDeep)
    }

    @Test func `members, values, strings, numbers and the whole text are limited`() {
        func object(_ count: Int) -> String {
            "{" + (0..<count).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        }
        #expect(refusal(object(256)) == nil)
        #expect(refusal(object(257))?.kind == .tooManyKeys)

        func array(_ count: Int) -> String { "[" + repeatElement("0", count: count).joined(separator: ",") + "]" }
        #expect(refusal(array(9_999)) == nil)
        #expect(refusal(array(10_000))?.kind == .tooManyValues)
        #expect(refusal(array(10_000), limits: .rpc) == nil)

        let long = String(repeating: "x", count: 65_536)
        #expect(refusal("\"\(long)\"") == nil)
        #expect(refusal("\"\(long)x\"")?.kind == .stringTooLong)
        #expect(refusal("{\"\(long)x\":1}")?.kind == .stringTooLong)
        #expect(refusal("\"\\n\(long)\"")?.kind == .stringTooLong)
        #expect(refusal("\"" + String(repeating: "\\n", count: 65_536) + "\"") == nil)
        #expect(refusal("\"" + String(repeating: "\\n", count: 65_537) + "\"")?.kind == .stringTooLong)

        #expect(refusal(String(repeating: "9", count: 128)) == nil)
        #expect(refusal(String(repeating: "9", count: 129))?.kind == .numberTooLong)
        #expect(refusal(long, limits: JSONLimits(bytesMax: 100)) == JSONError(.textTooLong, offset: 100))
    }

    // MARK: Mutations

    @Test func `every truncation is refused and every extension too`() {
        let bytes = Array(Self.sample.utf8)
        #expect(refusal(bytes) == nil)
        for count in 0..<bytes.count { #expect(refusal(Array(bytes[..<count])) != nil, "after \(count) bytes") }
        for extra in ["x", "}", ",", "\0", "1", "\"", "[]"] { #expect(refusal(bytes + Array(extra.utf8)) != nil) }
    }

    @Test func `random mutations never crash, and what is read is written back alike`() throws {
        var random = SplitMix(printingSeedOf: "JSON mutations")
        let seed = random.seed
        let original = Array(Self.sample.utf8)
        let salt = Array("{}[],:\"\\u0123456789abcdefD8-+.eE \u{0}\u{1F}".utf8) + [0x80, 0xC3, 0xED, 0xF0, 0xFF]
        var readCount = 0
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0...Int.random(in: 0...3, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = salt.randomElement(using: &random)!
                case 1: bytes.insert(salt.randomElement(using: &random)!, at: at)
                case 2: bytes.remove(at: at)
                default: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            guard let value = try? JSON.parse(bytes) else { continue }
            readCount += 1
            let written = value.serialized()
            #expect(try JSON.parse(written) == value, "seed \(seed)")
            #expect(written.count <= bytes.count * 6)
        }
        #expect(readCount > 0 && readCount < 20_000)
    }
}
