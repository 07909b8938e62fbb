import ChainEVM
import Primitives
import Testing

struct RLPTests {
    // https://ethereum.org/en/developers/docs/data-structures-and-encoding/rlp/, "Examples"
    @Test(arguments: [
        (RLP.Item.bytes(Array("dog".utf8)), "83646f67"),
        (.list([.bytes(Array("cat".utf8)), .bytes(Array("dog".utf8))]), "c88363617483646f67"),
        (.bytes([]), "80"), (.list([]), "c0"), (.bytes([0]), "00"), (.bytes([0x0F]), "0f"),
        (.bytes([0x04, 0x00]), "820400"),
        (.bytes([0x80]), "8180"),
        (.list([.list([]), .list([.list([])]), .list([.list([]), .list([.list([])])])]), "c7c0c1c0c3c0c1c0"),
        (
            .bytes(Array("Lorem ipsum dolor sit amet, consectetur adipisicing elit".utf8)),
            "b8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e73656374657475722061646970697369"
                + "63696e6720656c6974"
        ),
    ])
    func `the published examples`(item: RLP.Item, text: String) throws {
        #expect(RLP.encode(item) == hex(text))
        #expect(try RLP.decode(hex(text)) == item)
    }

    @Test(arguments: [
        ("", RLPError.truncated(at: 0)), ("83646f", .truncated(at: 0)), ("c88363617483646f", .truncated(at: 0)),
        ("b838", .truncated(at: 0)), ("b9", .truncated(at: 0)), ("bf", .truncated(at: 0)),
        ("bfffffffffffffffff", .truncated(at: 0)), ("ffffffffffffffffff", .truncated(at: 0)),
        ("8100", .nonCanonical(at: 0)), ("817f", .nonCanonical(at: 0)), ("b800", .nonCanonical(at: 0)),
        ("b80161", .nonCanonical(at: 0)), ("f800", .nonCanonical(at: 0)), ("b90038", .nonCanonical(at: 0)),
        ("c3820102" + "00", .trailingBytes(at: 4)), ("0000", .trailingBytes(at: 1)),
        // The inner string reaches over the end of its list.
        ("c2830102", .truncated(at: 1)), ("c1830102", .truncated(at: 1)),
    ])
    func `anything but the canonical form is refused`(text: String, error: RLPError) {
        #expect(throws: error) { try RLP.decode(hex(text)) }
    }

    @Test func `nesting and number of items have limits`() throws {
        var deep = RLP.Item.bytes([])
        for _ in 0..<32 { deep = .list([deep]) }
        #expect(try RLP.decode(RLP.encode(deep)) == deep)
        #expect(throws: RLPError.self) { try RLP.decode(RLP.encode(.list([deep]))) }
        // A stack's worth of opening brackets, each with the right length.
        var bomb: [UInt8] = [0xC0]
        for _ in 0..<20_000 {
            let length = bomb.count
            let header: [UInt8] =
                length < 56
                ? [0xC0 + UInt8(length)]
                : length < 256 ? [0xF8, UInt8(length)] : [0xF9, UInt8(length >> 8), UInt8(length & 0xFF)]
            bomb = header + bomb
            if bomb.count > 60_000 { break }
        }
        #expect(throws: RLPError.self) { try RLP.decode(bomb) }
        let many = RLP.encode(.list([RLP.Item](repeating: .bytes([1]), count: 16_383)))
        #expect(try RLP.decode(many) == .list([RLP.Item](repeating: .bytes([1]), count: 16_383)))
        #expect(throws: RLPError.tooManyItems(at: 16_386)) {
            try RLP.decode(RLP.encode(.list([RLP.Item](repeating: .bytes([1]), count: 16_384))))
        }
    }

    @Test func `integers are written without leading zeros at every width`() throws {
        for bits in 0...256 {
            for value in [
                bits == 256 ? UInt256.zero : UInt256.one.shiftedLeft(by: bits),
                UInt256.max.shiftedRight(by: 256 - bits),
            ] {
                let expected = RLP.encode(.bytes(value.minimalBigEndianBytes))
                #expect(RLP.size(value) == expected.count)
                #expect(RLPWriter.bytes(count: expected.count) { $0.integer(value) } == expected)
                if let small = value.uint64 {
                    #expect(RLP.size(small) == expected.count)
                    #expect(RLPWriter.bytes(count: expected.count) { $0.integer(small) } == expected)
                }
            }
        }
    }

    @Test func `random items survive the round trip, and random bytes are refused or canonical`() throws {
        var random = Random(seed: 2)
        func item(_ depth: Int) -> RLP.Item {
            if depth == 0 || random.below(3) == 0 {
                return .bytes(random.bytes([0, 1, 2, 55, 56, 57, 300][random.below(7)]))
            }
            return .list((0..<random.below(5)).map { _ in item(depth - 1) })
        }
        for _ in 0..<500 {
            let made = item(4)
            let encoded = RLP.encode(made)
            #expect(try RLP.decode(encoded) == made)
            for _ in 0..<20 {
                var mutated = encoded
                mutated[random.below(mutated.count)] ^= 1 << UInt8(random.below(8))
                if let decoded = try? RLP.decode(mutated) { #expect(RLP.encode(decoded) == mutated) }
            }
        }
    }

    @Test func `a writer refuses a wrong size`() async {
        await #expect(processExitsWith: .failure) { _ = RLPWriter.bytes(count: 1) { $0.integer(UInt64(1_000)) } }
        await #expect(processExitsWith: .failure) { _ = RLPWriter.bytes(count: 9) { $0.integer(UInt64(1_000)) } }
    }
}
