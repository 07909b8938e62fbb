import Primitives
import Testing

struct JSONValueTests {
    @Test func `numbers keep their digits and only integers are read`() throws {
        let huge = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        for text in ["1e400", "-0", "1.0", "1e2", huge, "0.10", "-0.0"] {
            let value = try JSON.parse(text)
            #expect(value == .number(text))
            #expect(value.text == text)
            #expect(value.int == nil && value.uint64 == nil)
        }
        #expect(try JSON.parse("0").int == 0)
        #expect(try JSON.parse("-9223372036854775808").int == .min)
        #expect(try JSON.parse("-9223372036854775809").int == nil)
        #expect(try JSON.parse("18446744073709551615").uint64 == .max)
        #expect(try JSON.parse("18446744073709551616").uint64 == nil)
        #expect(try JSON.parse("18446744073709551615").int == nil)
        #expect(try JSON.parse("-1").uint64 == nil)
        #expect(try JSON.parse("\"1\"").int == nil)
    }

    @Test func `integers are made from digits only`() throws {
        #expect(try JSON.integer("0") == JSON(0))
        #expect(try JSON.integer("-12") == JSON(-12))
        #expect(throws: JSONError(.notAnInteger, offset: 1)) { try JSON.integer("1.0") }
        #expect(throws: JSONError(.notAnInteger, offset: 2)) { try JSON.integer("10e3") }
        #expect(throws: JSONError(.notAnInteger, offset: 0)) { try JSON.integer("-0") }
        for text in ["", "-", "+1", "01", "1 ", " 1", "1,2", "1}", "0x1", "１"] {
            #expect(throws: JSONError.self) { try JSON.integer(text) }
            #expect(throws: JSONError.self) { try JSON.checkedNumber(text) }
        }
        #expect(try JSON.checkedNumber("-1.5e-3") == .number("-1.5e-3"))
        #expect(throws: JSONError(.numberTooLong, offset: 0)) { try JSON.integer(String(repeating: "1", count: 129)) }
    }

    @Test func `writing a number outside the grammar is a programmer error`() async {
        await #expect(processExitsWith: .failure) { _ = JSON.number("1,\"admin\":true").serialized() }
    }

    @Test func `literals and builders keep the order of members`() throws {
        let hash: String? = nil
        let value: JSON = ["z": 1, "a": [true, nil, -2, "x\(1 + 1)"], "m": ["k": "v"], "e": [:]]
        #expect(value.text == "{\"z\":1,\"a\":[true,null,-2,\"x2\"],\"m\":{\"k\":\"v\"},\"e\":{}}")
        #expect(JSON.object(["b": 1, "a": JSON(UInt64.max)]).text == "{\"b\":1,\"a\":18446744073709551615}")
        #expect(
            JSON.object(omittingNil: ["id": "x", "hash": hash.map(JSON.string), "n": .null]).text
                == "{\"id\":\"x\",\"n\":null}")
        #expect(JSON.object([JSONMember(name: "a", value: .array([]))]).text == "{\"a\":[]}")
        #expect(JSON(Int64.min).text == "-9223372036854775808")
        #expect(JSON(true) == true && JSON("a") == "a")
    }

    @Test func `accessors answer nil for another kind`() throws {
        let value = try JSON.parse("{\"s\":\"t\",\"b\":true,\"a\":[1],\"n\":null,\"i\":7}")
        #expect(
            value["s"]?.string == "t" && value["b"]?.bool == true && value["i"]?.int == 7 && value["i"]?.number == "7")
        #expect(value["a"]?.array?.count == 1 && value["a"]?[0] == 1 && value["a"]?[1] == nil && value["a"]?[-1] == nil)
        #expect(
            value["n"]?.isNull == true && value["x"] == nil && value.members?.map(\.name) == ["s", "b", "a", "n", "i"])
        #expect(
            value.string == nil && value.bool == nil && value.array == nil && value[0] == nil && value.number == nil)
        #expect(value["n"] != nil && value["n"] == .some(.null))
        #expect(value["s"]?.members == nil && value["s"]?["s"] == nil && !value.isNull)
    }

    @Test func `strings are compared by their bytes`() throws {
        let kelvin = try JSON.parse("{\"\u{212A}\":1}")
        #expect(kelvin["K"] == nil && kelvin["\u{212A}"] == 1)
        #expect(JSON.string("\u{E9}") != JSON.string("e\u{301}"))
        #expect(Set([JSON.string("\u{E9}"), .string("e\u{301}"), .string("\u{E9}")]).count == 2)
        #expect(try JSON.parse("[1.0]") != JSON.parse("[1]"))
        #expect(try JSON.parse("{\"a\":1,\"b\":2}") != JSON.parse("{\"b\":2,\"a\":1}"))
        #expect(try JSON.parse("{\"a\":1}").hashValue == JSON.parse(" { \"\\u0061\" : 1 } ").hashValue)
    }

    @Test func `a value survives writing and reading`() throws {
        let all = String(String.UnicodeScalarView((0..<0x250).compactMap(Unicode.Scalar.init))) + "\u{FFFD}\u{10FFFF}"
        let value: JSON = [
            "": [[], [:], [[]]], "text": .string(all), "n": .number("-1.5E+10"), "\"\\\n": false, "é😀": .null,
        ]
        #expect(try JSON.parse(value.serialized()) == value)
        #expect(
            JSON.string("\u{0}\u{1F}\u{8}\u{C}\t\n\r\"\\/\u{7F}").text == #""\u0000\u001f\b\f\t\n\r\"\\/"# + "\u{7F}\"")
    }

    @Test func `any collection of bytes is read`() throws {
        let bytes = Array("[1,\"x\"]".utf8)
        let expected: JSON = [1, "x"]
        #expect(try JSON.parse(([0x20] + bytes)[1...]) == expected)
        #expect(try JSON.parse(bytes.lazy.map { $0 }) == expected)
        #expect(try JSON.parse(bytes.span) == expected)
        #expect(try unsafe bytes.withUnsafeBytes { try unsafe JSON.parse($0) } == expected)
        #expect(try JSON.parse("[1,\"x\"]") == expected)
        #expect(throws: JSONError(.unexpectedEnd, offset: 3)) { try JSON.parse(bytes.prefix(3)) }
    }

    // MARK: Canonical form

    @Test func `canonical names are sorted by UTF-16`() throws {
        // RFC 8785 section 3.2.3: the pair D83D DE00 sorts before FB33, though its scalar is greater.
        let value = try JSON.parse(
            #"{"\u20ac":"Euro Sign","\r":"Carriage Return","#
                + #""\ufb33":"Dalet","1":"One","\ud83d\ude00":"Face","\u0080":"Control","\u00f6":"O"}"#
        )
        let order = ["Carriage Return", "One", "Control", "O", "Euro Sign", "Face", "Dalet"]
        let canonical = try JSON.parse(value.canonical())
        #expect(canonical.members?.map(\.value.string) == order)
    }

    @Test func `canonical form is one for all spellings`() throws {
        let first = try JSON.parse(#" { "b" : [ 1 , { "z" : null , "y" : "\u20ac\u0041\/" } ] , "a" : "\u000F\n" } "#)
        let second = try JSON.parse("{\"a\":\"\\u000f\\u000a\",\"b\":[1,{\"y\":\"€A/\",\"z\":null}]}")
        #expect(try first.canonical() == second.canonical())
        #expect(
            try String(decoding: first.canonical(), as: UTF8.self)
                == "{\"a\":\"\\u000f\\n\",\"b\":[1,{\"y\":\"€A/\",\"z\":null}]}")
        #expect(try JSON.parse(first.canonical()).canonical() == first.canonical())
    }

    @Test func `canonical numbers are integers that a double holds`() throws {
        #expect(try JSON(9_007_199_254_740_991).canonical() == Array("9007199254740991".utf8))
        #expect(try JSON(-9_007_199_254_740_991).canonical() == Array("-9007199254740991".utf8))
        for text in ["9007199254740992", "-9007199254740992", "1.0", "1e2", "-0", "1e400", "-9223372036854775808"] {
            #expect(throws: JSONError(.notCanonical, offset: 1)) { try JSON.array([.number(text)]).canonical() }
        }
        #expect(throws: JSONError(.duplicateKey, offset: 6)) {
            try JSON.object([JSONMember(name: "a", value: 1), JSONMember(name: "a", value: 2)]).canonical()
        }
    }
}
