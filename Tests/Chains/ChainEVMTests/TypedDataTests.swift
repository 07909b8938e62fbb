import ChainEVM
import Cryptography
import Foundation
import Primitives
import Testing

struct TypedDataTests {
    private let mail = #"""
        {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},
        {"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],
        "Person":[{"name":"name","type":"string"},{"name":"wallet","type":"address"}],
        "Mail":[{"name":"from","type":"Person"},{"name":"to","type":"Person"},{"name":"contents","type":"string"}]},
        "primaryType":"Mail","domain":{"name":"Ether Mail","version":"1","chainId":1,
        "verifyingContract":"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
        "message":{"from":{"name":"Cow","wallet":"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to":{"name":"Bob","wallet":"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},"contents":"Hello, Bob!"}}
        """#

    private func parse(_ text: String) throws -> TypedData {
        try TypedData(json: JSON.parse(Array(text.utf8)))
    }

    /// A message of one member `v` of a type, with that value.
    private func parse(_ type: String, _ value: String, types: String = "") throws -> TypedData {
        try parse(
            #"{"types":{"T":[{"name":"v","type":"\#(type)"}]\#(types)},"primaryType":"T","domain":{},"#
                + #""message":{"v":\#(value)}}"#
        )
    }

    // https://eips.ethereum.org/assets/eip-712/Example.js
    @Test func `the published mail`() throws {
        let typed = try parse(mail)
        #expect(typed.encodedType == "Mail(Person from,Person to,string contents)Person(string name,address wallet)")
        #expect(
            Keccak256.hash(Array(typed.encodedType.utf8))
                == hash("a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2"))
        #expect(
            typed.domainSeparator == hash("f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"))
        #expect(typed.structHash == hash("c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"))
        #expect(typed.digest == hash("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"))
        // The key of the example is the Keccak-256 of "cow".
        let cow = key(Keccak256.hash(Array("cow".utf8)).bytes)
        let signature = TransactionSignature(cow.sign(digest: typed.digest))
        #expect(
            Hex.encode(signature.bytes65)
                == "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff0"
                + "07d72911b6f72307f996231605b915621c")
        #expect(try signature.recoverAddress(digest: typed.digest) == Address(publicKey: cow.publicKey))
        #expect(Address(publicKey: cow.publicKey).description == "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")
    }

    @Test func `the domain's type is made of what the domain has`() throws {
        let text = mail.filter { $0 != "\n" }
        let start = try #require(text.range(of: #""EIP712Domain""#))
        let end = try #require(text.range(of: #""Person":"#))
        var short = text
        short.removeSubrange(start.lowerBound..<end.lowerBound)
        #expect(try parse(short).digest == parse(mail).digest)
        let domain = EIP712.Domain(
            name: "Ether Mail", version: "1", chainID: 1,
            verifyingContract: address("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"))
        #expect(domain.separator == (try parse(mail)).domainSeparator)
        #expect(throws: TypedDataError.unknownMember("domain.extra")) {
            try parse(short.replacing(#""chainId":1"#, with: #""chainId":1,"extra":1"#))
        }
    }

    @Test func `personal messages`() {
        // https://web3js.readthedocs.io/en/v1.2.11/web3-eth-accounts.html#hashmessage
        #expect(
            EIP191.hash(text: "Hello World")
                == hash("a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2"))
        #expect(EIP191.hash(message: Array("Hello World".utf8)) == EIP191.hash(text: "Hello World"))
        #expect(
            EIP191.hash(message: []) == Keccak256.hash(Array("\u{19}Ethereum Signed Message:\n0".utf8)))
    }

    @Test func `one number has three notations`() throws {
        let digest = try parse("uint256", "1000").digest
        #expect(try parse("uint256", #""1000""#).digest == digest)
        #expect(try parse("uint256", #""0x3e8""#).digest == digest)
        let huge = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        #expect(
            try parse("uint256", huge).digest == parse("uint256", #""0x\#(String(repeating: "f", count: 64))""#).digest)
        #expect(try parse("int8", "-128").digest == parse("int8", #""-128""#).digest)
    }

    @Test(arguments: [
        ("uint8", "256"), ("uint8", "-1"), ("uint8", "1.0"), ("uint8", "1e2"), ("uint8", #""""#), ("uint8", #""0x""#),
        ("uint8", #"" 1""#), ("uint8", #""01""#), ("uint8", #""-0x1""#), ("int8", "128"), ("int8", "-129"),
        ("int8", #""0xff""#),
        ("int256", "57896044618658097711785492504343953926634992332820282019728792003956564819968"),
        ("int256", "-57896044618658097711785492504343953926634992332820282019728792003956564819969"),
        ("int256", "-115792089237316195423570985008687907853269984665640564039457584007913129639935"),
        ("uint256", "115792089237316195423570985008687907853269984665640564039457584007913129639936"),
        ("bytes4", #""0x010203""#), ("bytes4", #""0x0102030405""#), ("bytes4", #""01020304""#), ("bytes", #""0x0""#),
        ("address", #""0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD""#), ("address", #""0x00""#),
        ("uint8[2]", "[1]"), ("uint8[2]", "[1,2,3]"),
    ])
    func `a value that does not fit its type is refused`(type: String, value: String) {
        #expect(throws: TypedDataError.invalidValue("message.v")) { try parse(type, value) }
    }

    @Test(arguments: [
        ("bool", "1"), ("bool", #""true""#), ("string", "1"), ("string", "null"), ("address", "0"), ("uint8", "true"),
        ("uint8[]", "1"), ("bytes", "[]"), ("P", "null"), ("P", "[]"),
    ])
    func `a value of another JSON type is refused`(type: String, value: String) {
        #expect(throws: TypedDataError.malformed("message.v")) {
            try parse(type, value, types: #","P":[{"name":"a","type":"bool"}]"#)
        }
    }

    @Test(arguments: [
        "uint", "int", "uint7", "uint0", "uint264", "uint08", "bytes0", "bytes33", "Nobody", "uint8[", "uint8]",
        "uint8[-1]", "uint8[01]", "uint8[0]", "uint8[2", "uint8[2]x", "uint8[99999]", "", "[]", "EIP712Domain",
    ])
    func `a type that does not exist is refused`(type: String) {
        #expect(throws: TypedDataError.self) { try parse(type, "1") }
    }

    @Test func `a type may not contain itself`() {
        #expect(throws: TypedDataError.cyclicType("T")) { try parse("T", "{}") }
        #expect(throws: TypedDataError.cyclicType("T")) { try parse("T[]", "[]") }
        #expect(throws: TypedDataError.self) { try parse("A", "{}", types: #","A":[{"name":"t","type":"T[3][]"}]"#) }
        // Not even where the message does not reach it.
        #expect(throws: TypedDataError.cyclicType("A")) {
            try parse("bool", "true", types: #","A":[{"name":"t","type":"A"}]"#)
        }
    }

    @Test func `what is not declared is not signed, and what is declared is not left out`() {
        let types = #""types":{"T":[{"name":"v","type":"bool"}]},"primaryType":"T","domain":{}"#
        #expect(throws: TypedDataError.unknownMember("message.w")) {
            try parse("{\(types),\"message\":{\"v\":true,\"w\":1}}")
        }
        #expect(throws: TypedDataError.malformed("message.v")) { try parse("{\(types),\"message\":{}}") }
        #expect(throws: TypedDataError.unknownMember("more")) {
            try parse("{\(types),\"message\":{\"v\":true},\"more\":1}")
        }
        #expect(throws: TypedDataError.malformed("message")) { try parse("{\(types)}") }
        #expect(throws: TypedDataError.malformed("")) { try parse("[]") }
        #expect(throws: TypedDataError.unknownType("U")) {
            try parse(#"{"types":{"T":[]},"primaryType":"U","domain":{},"message":{}}"#)
        }
        #expect(throws: TypedDataError.unknownType("EIP712Domain")) {
            try parse(#"{"types":{"EIP712Domain":[]},"primaryType":"EIP712Domain","domain":{},"message":{}}"#)
        }
    }

    @Test(arguments: [
        #""uint8":[]"#, #""bytes":[]"#, #""1a":[]"#, #""a b":[]"#, #""a(b":[]"#, #""":[]"#,
        #""A":[{"name":"","type":"bool"}]"#,
        #""A":[{"name":"x,uint8 y","type":"bool"}]"#,
        #""A":[{"name":"x","type":"bool"},{"name":"x","type":"bool"}]"#,
    ])
    func `names that would blur a type's text are refused`(type: String) {
        #expect(throws: TypedDataError.self) { try parse("bool", "true", types: "," + type) }
    }

    @Test func `limits`() throws {
        let many = (0..<70).map { #","A\#($0)":[]"# }.joined()
        #expect(throws: TypedDataError.tooLarge) { try parse("bool", "true", types: many) }
        #expect(throws: TypedDataError.tooLarge) { try parse("bool" + String(repeating: "[]", count: 9), "[]") }
        #expect(throws: TypedDataError.tooLarge) { try parse("bool" + String(repeating: "[]", count: 200), "[]") }
        // As many structs inside each other as are allowed, and one more.
        func nested(_ depth: Int) throws -> TypedData {
            func member(_ type: String) -> JSON { [["name": "n", "type": .string(type)]] }
            let types = (1...depth).map { level in
                JSONMember(name: "A\(level)", value: member(level == depth ? "bool" : "A\(level + 1)"))
            }
            var value: JSON = true
            for _ in 0..<depth { value = ["n": value] }
            return try TypedData(
                json: ["types": .object(types), "primaryType": "A1", "domain": .object([]), "message": value])
        }
        #expect(try nested(TypedData.depthMax).encodedType.hasPrefix("A1(A2 n)A10("))
        #expect(throws: TypedDataError.tooLarge) { try nested(TypedData.depthMax + 1) }
        // Sixty types that each reach all later ones, with long names: the text of the types grows with the square.
        let names = (0..<60).map { "A\($0)_" + String(repeating: "x", count: 120) }
        let wide = names.indices.map { index in
            let members = names[(index + 1)...].prefix(8).enumerated().map { member in
                JSON.object(["name": .string("m\(member.offset)"), "type": .string(member.element)])
            }
            return JSONMember(name: names[index], value: .array(members))
        }
        #expect(throws: TypedDataError.tooLarge) {
            try TypedData(
                json: [
                    "types": .object(wide), "primaryType": .string(names[0]), "domain": .object([]),
                    "message": .object([]),
                ])
        }
        let row = JSON.array([JSON](repeating: true, count: 10_000))
        #expect(throws: TypedDataError.tooLarge) {
            try TypedData(
                json: [
                    "types": ["T": [["name": "v", "type": "bool[]"]]], "primaryType": "T", "domain": .object([]),
                    "message": ["v": row],
                ])
        }
    }

    @Test func `nested arrays of structs are hashed inside out`() throws {
        let point = #","P":[{"name":"x","type":"uint8"}]"#
        let typed = try parse("P[][2]", #"[[{"x":1},{"x":2}],[]]"#, types: point)
        let typeHash = Keccak256.hash(Array("P(uint8 x)".utf8)).bytes
        func structHash(_ x: UInt64) -> [UInt8] { Keccak256.hash(typeHash + UInt256(x).bigEndianBytes).bytes }
        let inner = Keccak256.hash(structHash(1) + structHash(2)).bytes
        let outer = Keccak256.hash(inner + Keccak256.hash([]).bytes).bytes
        let root = Keccak256.hash(Array("T(P[][2] v)P(uint8 x)".utf8)).bytes
        #expect(typed.structHash == Keccak256.hash(root + outer))
    }
}
