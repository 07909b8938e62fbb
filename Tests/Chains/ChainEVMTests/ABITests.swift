import ChainEVM
import Primitives
import Testing

struct ABITests {
    private func words(_ text: String) -> [UInt8] { hex(text.filter { !$0.isWhitespace }) }

    // https://docs.soliditylang.org/en/latest/abi-spec.html#examples and "Use of Dynamic Types"
    @Test func `the published examples`() throws {
        #expect(
            try ABI.call(
                ABI.selector("baz(uint32,bool)"), [.uint(69), .bool(true)], as: [.uint(bits: 32), .bool])
                == words(
                    """
                    cdcd77c0 0000000000000000000000000000000000000000000000000000000000000045
                    0000000000000000000000000000000000000000000000000000000000000001
                    """))
        let three = Array("abc".utf8)
        #expect(
            try ABI.call(
                ABI.selector("bar(bytes3[2])"), [.array([.fixedBytes(three), .fixedBytes(Array("def".utf8))])],
                as: [.fixedArray(.fixedBytes(3), count: 2)])
                == words(
                    """
                    fce353f6 6162630000000000000000000000000000000000000000000000000000000000
                    6465660000000000000000000000000000000000000000000000000000000000
                    """))
        let kinds: [ABI.Kind] = [.bytes, .bool, .array(.uint256)]
        let sam = words(
            """
            a5643bf2
            0000000000000000000000000000000000000000000000000000000000000060
            0000000000000000000000000000000000000000000000000000000000000001
            00000000000000000000000000000000000000000000000000000000000000a0
            0000000000000000000000000000000000000000000000000000000000000004
            6461766500000000000000000000000000000000000000000000000000000000
            0000000000000000000000000000000000000000000000000000000000000003
            0000000000000000000000000000000000000000000000000000000000000001
            0000000000000000000000000000000000000000000000000000000000000002
            0000000000000000000000000000000000000000000000000000000000000003
            """)
        let values: [ABI.Value] = [.bytes(Array("dave".utf8)), .bool(true), .array([.uint(1), .uint(2), .uint(3)])]
        #expect(try ABI.call(ABI.selector("sam(bytes,bool,uint256[])"), values, as: kinds) == sam)
        #expect(try ABI.decodeCall(ABI.selector("sam(bytes,bool,uint256[])"), sam, as: kinds) == values)
        let nested: [ABI.Kind] = [.array(.array(.uint256)), .array(.string)]
        let nestedValues: [ABI.Value] = [
            .array([.array([.uint(1), .uint(2)]), .array([.uint(3)])]),
            .array([.string("one"), .string("two"), .string("three")]),
        ]
        let g = words(
            """
            2289b18c
            0000000000000000000000000000000000000000000000000000000000000040
            0000000000000000000000000000000000000000000000000000000000000140
            0000000000000000000000000000000000000000000000000000000000000002
            0000000000000000000000000000000000000000000000000000000000000040
            00000000000000000000000000000000000000000000000000000000000000a0
            0000000000000000000000000000000000000000000000000000000000000002
            0000000000000000000000000000000000000000000000000000000000000001
            0000000000000000000000000000000000000000000000000000000000000002
            0000000000000000000000000000000000000000000000000000000000000001
            0000000000000000000000000000000000000000000000000000000000000003
            0000000000000000000000000000000000000000000000000000000000000003
            0000000000000000000000000000000000000000000000000000000000000060
            00000000000000000000000000000000000000000000000000000000000000a0
            00000000000000000000000000000000000000000000000000000000000000e0
            0000000000000000000000000000000000000000000000000000000000000003
            6f6e650000000000000000000000000000000000000000000000000000000000
            0000000000000000000000000000000000000000000000000000000000000003
            74776f0000000000000000000000000000000000000000000000000000000000
            0000000000000000000000000000000000000000000000000000000000000005
            7468726565000000000000000000000000000000000000000000000000000000
            """)
        #expect(try ABI.call(ABI.selector("g(uint256[][],string[])"), nestedValues, as: nested) == g)
        #expect(try ABI.decodeCall(ABI.selector("g(uint256[][],string[])"), g, as: nested) == nestedValues)
    }

    @Test(arguments: [
        ("transfer(address,uint256)", "a9059cbb"), ("transferFrom(address,address,uint256)", "23b872dd"),
        ("approve(address,uint256)", "095ea7b3"), ("balanceOf(address)", "70a08231"), ("decimals()", "313ce567"),
        ("paused()", "5c975abb"), ("authorizationState(address,bytes32)", "e94a0102"),
        ("aggregate3((address,bool,bytes)[])", "82ad56cb"), ("Error(string)", "08c379a0"),
        ("Panic(uint256)", "4e487b71"), ("isValidSignature(bytes32,bytes)", "1626ba7e"),
    ])
    func `known selectors`(signature: String, selector: String) {
        #expect(ABI.selector(signature).hex == selector)
    }

    @Test func `signed numbers are sign-extended and stay in their range`() throws {
        let minusOne = ABI.Value.int(.max)
        #expect(try ABI.encode([minusOne], as: [.int(bits: 8)]) == [UInt8](repeating: 0xFF, count: 32))
        #expect(try ABI.decode([UInt8](repeating: 0xFF, count: 32), as: [.int(bits: 8)]) == [minusOne])
        #expect(throws: ABIError.mismatch(expected: "int8", index: 0)) {
            try ABI.encode([.int(128)], as: [.int(bits: 8)])
        }
        #expect(try ABI.encode([.int(127)], as: [.int(bits: 8)]).last == 127)
        #expect(throws: ABIError.invalidValue(at: 0)) {
            try ABI.decode(UInt256(128).bigEndianBytes, as: [.int(bits: 8)])
        }
        #expect(throws: ABIError.mismatch(expected: "uint8", index: 0)) {
            try ABI.encode([.uint(256)], as: [.uint(bits: 8)])
        }
    }

    @Test func `kinds that do not exist are refused`() {
        for kind: ABI.Kind in [
            .uint(bits: 0), .uint(bits: 7), .uint(bits: 264), .int(bits: -8), .fixedBytes(0), .fixedBytes(33),
            .fixedArray(.bool, count: -1), .fixedArray(.bool, count: 10_001),
            .fixedArray(.fixedArray(.bool, count: 200), count: 200),
        ] {
            #expect(throws: ABIError.self, "\(kind)") { try ABI.decode([], as: [kind]) }
            #expect(throws: ABIError.self, "\(kind)") { try ABI.encode([.bool(true)], as: [kind]) }
        }
        var deep = ABI.Kind.bool
        for _ in 0..<17 { deep = .array(deep) }
        #expect(throws: ABIError.invalidKind("nesting")) { try ABI.decode([], as: [deep]) }
    }

    @Test func `words must hold a value of their kind`() {
        let ones = [UInt8](repeating: 0xFF, count: 32)
        for kind: ABI.Kind in [.address, .bool, .uint(bits: 248), .fixedBytes(31)] {
            #expect(throws: ABIError.invalidValue(at: 0), "\(kind)") { try ABI.decode(ones, as: [kind]) }
        }
        #expect(throws: ABIError.truncated(at: 0)) { try ABI.decode([], as: [.bool]) }
        #expect(throws: ABIError.truncated(at: 32)) {
            try ABI.decode([UInt8](repeating: 0, count: 63), as: [.bool, .bool])
        }
    }

    @Test func `offsets and lengths stay inside the data`() {
        let word = { (value: UInt64) in UInt256(value).bigEndianBytes }
        for offset in [UInt64(65), 1 << 32, 1 << 62, .max] {
            #expect(throws: ABIError.self) { try ABI.decode(word(offset) + word(0), as: [.bytes]) }
        }
        #expect(throws: ABIError.offsetOutOfRange(at: 0)) {
            try ABI.decode(UInt256.max.bigEndianBytes + word(0), as: [.bytes])
        }
        #expect(throws: ABIError.self) { try ABI.decode(word(32) + word(1), as: [.bytes]) }
        #expect(throws: ABIError.self) { try ABI.decode(word(32) + word(.max), as: [.bytes]) }
        #expect(throws: ABIError.self) { try ABI.decode(word(32) + word(2) + word(1), as: [.array(.uint256)]) }
        #expect(throws: ABIError.self) { try ABI.decode(word(32) + word(10_001), as: [.array(.tuple([]))]) }
        // Arrays of arrays whose offsets lead back to the same words: thousands of values out of a few words.
        var kind = ABI.Kind.uint256
        for _ in 0..<14 { kind = .array(kind) }
        var levels = word(32)
        for _ in 0..<14 { levels += word(2) + word(64) + word(64) }
        levels += word(0)
        #expect(throws: ABIError.self) { try ABI.decode(levels, as: [kind]) }
        // A thousand elements that share one kilobyte.
        var shared = word(32) + word(1_000)
        for _ in 0..<1_000 { shared += word(32_000) }
        shared += word(1_000) + [UInt8](repeating: 7, count: 1_024)
        #expect(throws: ABIError.self) { try ABI.decode(shared, as: [.array(.bytes)]) }
    }

    @Test func `random values survive the round trip and mutated bytes do not crash`() throws {
        var random = Random(seed: 6)
        func make(_ depth: Int) -> (ABI.Kind, ABI.Value) {
            switch random.below(depth == 0 ? 7 : 10) {
            case 0:
                let bits = 8 * (1 + random.below(32))
                return (.uint(bits: bits), .uint(random.uint256() & UInt256.max.shiftedRight(by: 256 - bits)))
            case 1: return (.int(bits: 256), .int(random.uint256()))
            case 2: return (.address, .address(random.address()))
            case 3: return (.bool, .bool(random.bool()))
            case 4:
                let count = 1 + random.below(32)
                return (.fixedBytes(count), .fixedBytes(random.bytes(count)))
            case 5: return (.bytes, .bytes(random.bytes(random.below(70))))
            case 6: return (.string, .string(String(repeating: "ä", count: random.below(40))))
            case 7:
                let (kind, value) = make(depth - 1)
                return (.array(kind), .array([ABI.Value](repeating: value, count: random.below(4))))
            case 8:
                let (kind, value) = make(depth - 1)
                let count = random.below(4)
                return (.fixedArray(kind, count: count), .array([ABI.Value](repeating: value, count: count)))
            default:
                let members = (0..<random.below(4)).map { _ in make(depth - 1) }
                return (.tuple(members.map(\.0)), .tuple(members.map(\.1)))
            }
        }
        for _ in 0..<500 {
            let members = (0..<1 + random.below(4)).map { _ in make(4) }
            let kinds = members.map(\.0)
            let values = members.map(\.1)
            let data = try ABI.encode(values, as: kinds)
            #expect(data.count.isMultiple(of: 32))
            #expect(try ABI.decode(data, as: kinds) == values)
            guard !data.isEmpty else { continue }
            for _ in 0..<20 {
                var wrong = data
                wrong[random.below(wrong.count)] = UInt8(truncatingIfNeeded: random.next())
                if random.bool() { wrong.removeLast(random.below(wrong.count)) }
                _ = try? ABI.decode(wrong, as: kinds)
            }
        }
    }

    @Test func `a revert has a reason`() throws {
        #expect(RevertReason.decode([]) == .empty)
        let text = try ABI.call(RevertReason.errorSelector, [.string("no money")], as: [.string])
        #expect(RevertReason.decode(text) == .error("no money"))
        let panic = try ABI.call(RevertReason.panicSelector, [.uint(0x11)], as: [.uint256])
        #expect(RevertReason.decode(panic) == .panic(0x11))
        #expect(RevertReason.decode(panic).description == "panicked with code 0x11")
        let custom = ABI.selector("Frozen(address)")
        #expect(RevertReason.decode(custom.bytes + [1, 2]) == .custom(selector: custom, data: [1, 2]))
        #expect(RevertReason.decode([1, 2, 3]) == .unreadable([1, 2, 3]))
        let cut = Array(text.dropLast(40))
        #expect(RevertReason.decode(cut) == .unreadable(cut))
        let hostile = RevertReason.error("a\u{1B}[31m\u{202E}b" + String(repeating: "x", count: 10_000))
        #expect(hostile.description.hasPrefix("reverted: a?[31m?bxx"))
        #expect(hostile.description.count < 250)
    }
}
