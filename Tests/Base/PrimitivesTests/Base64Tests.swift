import Foundation
import Primitives
import Testing

struct Base64Tests {
    /// RFC 4648 section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the standard's examples agree both ways`(plain: String, text: String) throws {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(try Base64.decode(text) == Array(plain.utf8))
        let bare = text.replacingOccurrences(of: "=", with: "")
        #expect(Base64URL.encode(Array(plain.utf8)) == bare)
        #expect(try Base64URL.decode(bare) == Array(plain.utf8))
    }

    @Test func `the two alphabets differ in two characters`() throws {
        #expect(Base64.encode([0xFB, 0xFF, 0xFE]) == "+//+")
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
        #expect(throws: Base64Error.invalidCharacter(at: 0)) { try Base64.decode("-__-") }
        #expect(throws: Base64Error.invalidCharacter(at: 0)) { try Base64URL.decode("+//+") }
    }

    @Test(arguments: [
        ("Zg", Base64Error.invalidLength(2)), ("Zg=", .invalidLength(3)), ("Zg===", .invalidLength(5)),
        ("Z===", .invalidCharacter(at: 1)), ("====", .invalidCharacter(at: 0)), ("Zg==Zg==", .invalidCharacter(at: 2)),
        ("Zh==", .nonZeroTrailingBits), ("Zm9=", .nonZeroTrailingBits), ("Zm9v\n", .invalidLength(5)),
        ("Zm 9", .invalidCharacter(at: 2)), ("=Zg=", .invalidCharacter(at: 0)), ("Zg=a", .invalidCharacter(at: 2)),
        ("Zmé", .invalidCharacter(at: 2)), ("Zm9v====", .invalidCharacter(at: 4)),
    ])
    func `only one spelling of padded Base64 is read`(text: String, error: Base64Error) {
        #expect(throws: error) { try Base64.decode(text) }
    }

    @Test(arguments: [
        ("Zg==", Base64Error.invalidCharacter(at: 2)), ("Z", .invalidLength(1)), ("Zm9vZ", .invalidLength(5)),
        ("Zh", .nonZeroTrailingBits), ("Zm9", .nonZeroTrailingBits), ("Zm\n9", .invalidCharacter(at: 2)),
        ("Zm8=", .invalidCharacter(at: 3)),
    ])
    func `only one spelling of Base64URL is read`(text: String, error: Base64Error) {
        #expect(throws: error) { try Base64URL.decode(text) }
    }

    @Test(arguments: ["Zg", "Zg==", "Zm8", "Zm8=", "Zm9v", ""])
    func `padding may be left out where that is asked for`(text: String) throws {
        let bytes = try Base64.decode(text, paddingIsOptional: true)
        #expect(try Base64URL.decode(text, paddingIsOptional: true) == bytes)
        #expect(Base64URL.encode(bytes) == text.replacingOccurrences(of: "=", with: ""))
    }

    @Test(arguments: [
        ("Zg=", Base64Error.invalidLength(3)), ("Z", .invalidLength(1)), ("Zm8==", .invalidLength(5)),
        ("=", .invalidLength(1)), ("==", .invalidLength(2)), ("====", .invalidCharacter(at: 0)),
        ("Zh", .nonZeroTrailingBits), ("Zm9", .nonZeroTrailingBits), ("Zm9=", .nonZeroTrailingBits),
    ])
    func `half of a padding is refused even where padding is optional`(text: String, error: Base64Error) {
        #expect(throws: error) { try Base64.decode(text, paddingIsOptional: true) }
        #expect(throws: error) { try Base64URL.decode(text, paddingIsOptional: true) }
    }

    @Test func `one wrong character is found wherever it stands`() throws {
        let text = Base64.encode(Array(repeating: UInt8(0xA7), count: 25))
        for position in 0..<text.utf8.count - 2 {
            var wrong = Array(text.utf8)
            wrong[position] = UInt8(ascii: "*")
            #expect(throws: Base64Error.invalidCharacter(at: position)) {
                try Base64.decode(String(decoding: wrong, as: UTF8.self))
            }
        }
    }

    @Test func `random bytes survive, and agree with Foundation`() throws {
        var random = SplitMix(printingSeedOf: "Base64")
        let seed = random.seed
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString(), "seed \(seed)")
            #expect(try Base64.decode(text) == bytes, "seed \(seed)")
            #expect(try Base64URL.decode(Base64URL.encode(bytes)) == bytes, "seed \(seed)")
        }
    }
}
