import ChainEVM
import Cryptography
import Primitives
import Testing

struct AddressTests {
    // https://eips.ethereum.org/EIPS/eip-55, "Test Cases"
    @Test(arguments: [
        "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ])
    func `the published checksums are read and written`(text: String) throws {
        #expect(try Address(checksummed: text).description == text)
        #expect(try Address(checksummed: text.lowercased()).description == text)
        #expect(try Address(checksummed: "0x" + text.dropFirst(2).uppercased()).description == text)
        #expect(try Address(checksummed: text).lowercased == text.lowercased())
    }

    @Test func `each letter in the wrong case breaks the checksum`() throws {
        let text = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
        var seen = 0
        for index in text.indices.dropFirst(2) where text[index].isLetter {
            var wrong = text
            let letter = text[index]
            wrong.replaceSubrange(index...index, with: letter.isUppercase ? letter.lowercased() : letter.uppercased())
            #expect(throws: AddressError.checksum) { try Address(checksummed: wrong) }
            #expect(try Address(ignoringChecksum: wrong).description == text)
            seen += 1
        }
        #expect(seen == 18)
    }

    @Test func `an error says what is wrong and where`() {
        #expect(throws: AddressError.missingPrefix) { try Address(checksummed: "") }
        #expect(throws: AddressError.missingPrefix) {
            try Address(checksummed: "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
        }
        #expect(throws: AddressError.missingPrefix) {
            try Address(checksummed: "0X52908400098527886E0F7030069857D2E4169EE7")
        }
        #expect(throws: AddressError.wrongLength(digits: 0)) { try Address(checksummed: "0x") }
        #expect(throws: AddressError.wrongLength(digits: 39)) {
            try Address(checksummed: "0x" + String(repeating: "1", count: 39))
        }
        #expect(throws: AddressError.wrongLength(digits: 64)) {
            try Address(checksummed: "0x" + String(repeating: "1", count: 64))
        }
        #expect(throws: AddressError.invalidDigit(at: 41)) {
            try Address(checksummed: "0x" + String(repeating: "1", count: 39) + "g")
        }
        #expect(throws: AddressError.invalidDigit(at: 2)) {
            try Address(checksummed: "0x 5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
        }
    }

    @Test func `bytes give the address back and order it`() {
        var random = Random(seed: 1)
        for _ in 0..<500 {
            let left = random.bytes(20)
            let right = random.bool() ? random.bytes(20) : Array(left[..<12]) + random.bytes(8)
            let (first, second) = (Address(bytes: left)!, Address(bytes: right)!)
            #expect(first.bytes == left)
            #expect((first < second) == left.lexicographicallyPrecedes(right))
            #expect((first == second) == (left == right))
            #expect(Address(topic: first.topic) == first)
        }
        #expect(Address(bytes: [UInt8](repeating: 0, count: 19)) == nil)
        #expect(Address(bytes: [UInt8](repeating: 0, count: 21)) == nil)
        #expect(Address.zero.bytes == [UInt8](repeating: 0, count: 20))
    }

    @Test func `a key has its address`() {
        #expect(Address(publicKey: exampleKey.publicKey).description == "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F")
    }

    @Test func `a contract's address follows from its creator`() throws {
        // The first contracts of a well-known account.
        let creator = address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
        #expect(
            Address.contract(creator: creator, nonce: 0) == address("0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"))
        #expect(
            Address.contract(creator: creator, nonce: 1) == address("0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"))
        #expect(
            Address.contract(creator: creator, nonce: 2) == address("0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91"))
        // https://eips.ethereum.org/EIPS/eip-1014, examples 0 and 1
        let initCodeHash = Keccak256.hash([0x00])
        #expect(
            Address.contract(creator: .zero, salt: .zero, initCodeHash: initCodeHash)
                == (try Address(checksummed: "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38")))
        #expect(
            Address.contract(
                creator: address("0xdeadbeef00000000000000000000000000000000"), salt: .zero, initCodeHash: initCodeHash)
                == (try Address(checksummed: "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3")))
    }
}
