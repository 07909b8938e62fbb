import Primitives
import Testing

struct Bech32Tests {
    @Test func `random data survives, and one wrong character is found`() throws {
        var random = SplitMix(printingSeedOf: "Bech32")
        let seed = random.seed
        let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l")
        for round in 0..<500 {
            let data = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0..<32, using: &random)
            }
            let variant: Bech32.Variant = round % 2 == 0 ? .bech32 : .bech32m
            let text = try Bech32.encode(hrp: "test1x", data: data, variant: variant)
            let decoded = try Bech32.decode(text)
            #expect(decoded.hrp == "test1x" && decoded.data == data && decoded.variant == variant, "seed \(seed)")
            #expect(try Bech32.decode(text.uppercased()).data == data, "seed \(seed)")
            var characters = Array(text)
            let at = Int.random(in: 7..<characters.count, using: &random)
            let other = alphabet.filter { $0 != characters[at] }
            characters[at] = other.randomElement(using: &random)!
            // Another constant than the text's own is one more way to be wrong, never the same variant.
            #expect((try? Bech32.decode(String(characters)))?.variant != variant, "seed \(seed)")
        }
    }

    @Test func `what cannot be written is refused`() {
        #expect(throws: Bech32Error.emptyPrefix) { try Bech32.encode(hrp: "", data: [], variant: .bech32) }
        #expect(throws: Bech32Error.invalidPrefixCharacter(at: 1)) {
            try Bech32.encode(hrp: "bC", data: [], variant: .bech32)
        }
        #expect(throws: Bech32Error.invalidPrefixCharacter(at: 0)) {
            try Bech32.encode(hrp: " ", data: [], variant: .bech32)
        }
        #expect(throws: Bech32Error.invalidPrefixCharacter(at: 1)) {
            try Bech32.encode(hrp: "bé", data: [], variant: .bech32)
        }
        #expect(throws: Bech32Error.invalidValue(at: 1)) {
            try Bech32.encode(hrp: "a", data: [31, 32], variant: .bech32)
        }
        #expect(throws: Bech32Error.tooLong) {
            try Bech32.encode(hrp: "a", data: [UInt8](repeating: 0, count: 83), variant: .bech32)
        }
        #expect(throws: Bech32Error.tooLong) {
            try Bech32.encode(hrp: String(repeating: "a", count: 84), data: [], variant: .bech32, charactersMax: 900)
        }
    }

    @Test func `a format without the length limit can be read and written`() throws {
        let data = [UInt8](repeating: 7, count: 500)
        let text = try Bech32.encode(hrp: "lnbc", data: data, variant: .bech32, charactersMax: 1_000)
        #expect(try Bech32.decode(text, charactersMax: 1_000).data == data)
        #expect(throws: Bech32Error.tooLong) { try Bech32.decode(text) }
    }

    @Test func `errors name what is wrong`() {
        #expect(throws: Bech32Error.mixedCase) { try Bech32.decode("A12uel5l") }
        #expect(throws: Bech32Error.missingSeparator) { try Bech32.decode("") }
        #expect(throws: Bech32Error.invalidCharacter(at: 2)) { try Bech32.decode("a1é") }
        #expect(throws: Bech32Error.checksumMismatch) { try Bech32.decode("a12uel5q") }
        #expect(throws: Bech32Error.tooShort) { try Bech32.decode("a1") }
    }

    @Test func `bits are regrouped with nothing lost`() throws {
        #expect(try Bech32.convertBits([0xFF], from: 8, to: 5, isPadded: true) == [31, 28])
        #expect(try Bech32.convertBits([31, 28], from: 5, to: 8, isPadded: false) == [0xFF])
        #expect(throws: Bech32Error.invalidPadding) {
            try Bech32.convertBits([31, 29], from: 5, to: 8, isPadded: false)
        }
        #expect(throws: Bech32Error.invalidPadding) {
            try Bech32.convertBits([31, 28, 0], from: 5, to: 8, isPadded: false)
        }
        #expect(throws: Bech32Error.invalidValue(at: 1)) {
            try Bech32.convertBits([0, 32], from: 5, to: 8, isPadded: false)
        }
        for count in 0..<50 {
            let bytes = (0..<count).map { UInt8($0 * 37 % 256) }
            let groups = try Bech32.convertBits(bytes, from: 8, to: 5, isPadded: true)
            #expect(try Bech32.convertBits(groups, from: 5, to: 8, isPadded: false) == bytes)
        }
    }
}

@Suite(.enabled(if: Vectors.arePresent, "\(Vectors.absence)"))
struct Bech32VectorTests {
    private let vectors = try! Vectors.json("bitcoin/bech32_bech32m.json")["vectors"]!

    private func texts(_ name: String) throws -> [String] {
        let list = try #require(vectors[name]?.array)
        #expect(!list.isEmpty)
        return try list.map { entry in
            if let text = entry.string ?? entry["address"]?.string { return text }
            return String(decoding: Vectors.bytes(hex: try #require(entry["hex"]?.string)), as: UTF8.self)
        }
    }

    /// The witness version and program of a segwit address, by the rules of BIP-350; `nil` for anything else.
    private func scriptOfSegwitAddress(_ text: String) -> [UInt8]? {
        guard let (hrp, data, variant) = try? Bech32.decode(text), hrp == "bc" || hrp == "tb", let version = data.first,
            version <= 16, variant == (version == 0 ? .bech32 : .bech32m),
            let program = try? Bech32.convertBits(data.dropFirst(), from: 5, to: 8, isPadded: false),
            (2...40).contains(program.count), version > 0 || program.count == 20 || program.count == 32
        else { return nil }
        return [version == 0 ? 0 : 0x50 + version, UInt8(program.count)] + program
    }

    @Test(arguments: [("valid_bech32", Bech32.Variant.bech32), ("valid_bech32m", .bech32m)])
    func `valid texts are read as their variant and written back alike`(name: String, variant: Bech32.Variant) throws {
        for text in try texts(name) {
            let decoded = try Bech32.decode(text)
            #expect(decoded.variant == variant)
            #expect(try Bech32.encode(hrp: decoded.hrp, data: decoded.data, variant: variant) == text.lowercased())
        }
    }

    @Test(arguments: ["invalid_bech32", "invalid_bech32m"])
    func `invalid texts are refused`(name: String) throws {
        for text in try texts(name) {
            #expect(throws: Bech32Error.self, "\(text)") { try Bech32.decode(text) }
        }
    }

    @Test func `segwit addresses give their scripts and wrong ones none`() throws {
        let valid = try #require(vectors["valid_segwit_address"]?.array)
        #expect(!valid.isEmpty)
        for entry in valid {
            let script = Vectors.bytes(hex: try #require(entry["scriptPubKey"]?.string))
            #expect(scriptOfSegwitAddress(try #require(entry["address"]?.string)) == script)
        }
        for text in try texts("invalid_segwit_address") { #expect(scriptOfSegwitAddress(text) == nil, "\(text)") }
    }
}
