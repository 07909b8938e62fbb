import Primitives
import Testing

struct CAIPTests {
    private func long(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test func `ids are read into their parts and written back alike`() throws {
        let chain = try ChainID("eip155:31337")
        #expect(chain.namespace == "eip155" && chain.reference == "31337" && chain.description == "eip155:31337")
        let account = try AccountID("hedera:mainnet:0.0.1234567890-zbhlt")
        #expect(account.chain.description == "hedera:mainnet" && account.address == "0.0.1234567890-zbhlt")
        let asset = try AssetID("eip155:1/erc721:0x06012c8cf97BEaD5deAe237070F9587f8E7A266d/771769")
        #expect(asset.assetNamespace == "erc721" && asset.tokenID == "771769" && asset.chain.reference == "1")
        #expect(asset.assetReference == "0x06012c8cf97BEaD5deAe237070F9587f8E7A266d")
        #expect(asset.description == "eip155:1/erc721:0x06012c8cf97BEaD5deAe237070F9587f8E7A266d/771769")
        let coin = try AssetID("eip155:31337/slip44:60")
        #expect(coin.tokenID == nil && coin.description == "eip155:31337/slip44:60")
        #expect(try AssetID(chain: chain, assetNamespace: "slip44", assetReference: "60") == coin)
        #expect(try AccountID(chain: chain, address: "0xAB") != AccountID("eip155:31337:0xab"))
    }

    @Test func `parts at their limits are read, one more is refused`() throws {
        _ = try ChainID("abc:a")
        _ = try ChainID("\(long(8)):\(long(32))")
        _ = try AccountID("abc:a:\(long(128))")
        _ = try AssetID("abc:a/abc:\(long(128))/\(long(78))")
        #expect(throws: CAIPError.tooShort(.namespace)) { try ChainID("ab:a") }
        #expect(throws: CAIPError.tooLong(.namespace)) { try ChainID("\(long(9)):a") }
        #expect(throws: CAIPError.tooLong(.reference)) { try ChainID("abc:\(long(33))") }
        #expect(throws: CAIPError.tooLong(.address)) { try AccountID("abc:a:\(long(129))") }
        #expect(throws: CAIPError.tooShort(.assetNamespace)) { try AssetID("abc:a/ab:a") }
        #expect(throws: CAIPError.tooLong(.assetReference)) { try AssetID("abc:a/abc:\(long(129))") }
        #expect(throws: CAIPError.tooLong(.tokenID)) { try AssetID("abc:a/abc:a/\(long(79))") }
        #expect(throws: CAIPError.tooLong(.namespace)) { try ChainID(long(1_000_000)) }
    }

    @Test func `errors name the part that is wrong`() throws {
        #expect(throws: CAIPError.missing(.namespace)) { try ChainID("") }
        #expect(throws: CAIPError.missing(.namespace)) { try ChainID(":1") }
        #expect(throws: CAIPError.missing(.reference)) { try ChainID("eip155") }
        #expect(throws: CAIPError.missing(.reference)) { try ChainID("eip155:") }
        #expect(throws: CAIPError.trailing(at: 8)) { try ChainID("eip155:1:2") }
        #expect(throws: CAIPError.invalidCharacter(.namespace, at: 0)) { try ChainID("EIP155:1") }
        #expect(throws: CAIPError.invalidCharacter(.namespace, at: 3)) { try ChainID("eip_55:1") }
        #expect(throws: CAIPError.invalidCharacter(.reference, at: 7)) { try ChainID("eip155: 1") }
        #expect(throws: CAIPError.invalidCharacter(.reference, at: 8)) { try ChainID("eip155:1\n") }
        #expect(throws: CAIPError.invalidCharacter(.reference, at: 7)) { try ChainID("eip155:é") }
        #expect(throws: CAIPError.missing(.address)) { try AccountID("eip155:1") }
        #expect(throws: CAIPError.missing(.address)) { try AccountID("eip155:1:") }
        #expect(throws: CAIPError.missing(.address)) { try AccountID("eip155:1/slip44:60") }
        #expect(throws: CAIPError.trailing(at: 11)) { try AccountID("eip155:1:0x:1") }
        #expect(throws: CAIPError.invalidCharacter(.address, at: 10)) { try AccountID("eip155:1:a_b") }
        #expect(throws: CAIPError.missing(.assetNamespace)) { try AssetID("eip155:1") }
        #expect(throws: CAIPError.missing(.assetReference)) { try AssetID("eip155:1/erc20") }
        #expect(throws: CAIPError.missing(.assetReference)) { try AssetID("eip155:1/erc20:") }
        #expect(throws: CAIPError.missing(.tokenID)) { try AssetID("eip155:1/erc20:0x/") }
        #expect(throws: CAIPError.invalidCharacter(.tokenID, at: 18)) { try AssetID("eip155:1/erc20:0x/_") }
        #expect(throws: CAIPError.trailing(at: 19)) { try AssetID("eip155:1/erc20:0x/1/2") }
        let chain = try ChainID("eip155:1")
        #expect(throws: CAIPError.invalidCharacter(.assetReference, at: 16)) {
            try AssetID(chain: chain, assetNamespace: "erc20", assetReference: "a/1")
        }
        #expect(throws: CAIPError.trailing(at: 12)) { try ChainID(namespace: "eip155:31337", reference: "1") }
        #expect("\(CAIPError.tooLong(.namespace))" == "the namespace of the id has more than 8 characters")
    }

    @Test func `nothing but ASCII of the grammar is read`() {
        for value in 0..<0x300 {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            let character = Character(scalar)
            let text = String(character)
            #expect(((try? ChainID("abc:\(text)")) != nil) == (isPlain || "-_".contains(character)))
            #expect(((try? ChainID("ab\(text):1")) != nil) == ((isPlain && !character.isUppercase) || character == "-"))
            #expect(((try? AccountID("abc:1:\(text)")) != nil) == (isPlain || "-.%".contains(character)))
            #expect(((try? AssetID("abc:1/abc:1/\(text)")) != nil) == (isPlain || "-.%".contains(character)))
        }
    }
}

@Suite(.enabled(if: Vectors.arePresent, "\(Vectors.absence)"))
struct CAIPVectorTests {
    /// Valid for the wallets the list was taken from, but not in CAIP-10, whose addresses have no underscore.
    private let outsideTheStandard = "ton:-239:UQBrFyptch_wOvLO1oIkjWTFPUbwTuxpshQ8EWst84JafNo9"

    @Test func `chain ids agree with the list`() throws {
        let list = try #require(Vectors.json("walletconnect/caip.json")["caip2_strict"]?.array)
        #expect(!list.isEmpty)
        for entry in list {
            let text = try #require(entry["v"]?.string)
            #expect(((try? ChainID(text)) != nil) == entry["valid"]?.bool, "\(text)")
            if let chain = try? ChainID(text) { #expect(chain.description == text) }
        }
    }

    @Test func `account ids agree with the list, but for one outside the standard`() throws {
        let list = try #require(Vectors.json("walletconnect/caip.json")["caip10_strict"]?.array)
        #expect(!list.isEmpty)
        for entry in list {
            let text = try #require(entry["v"]?.string)
            guard text != outsideTheStandard else {
                #expect(throws: CAIPError.invalidCharacter(.address, at: 19)) { try AccountID(text) }
                continue
            }
            #expect(((try? AccountID(text)) != nil) == entry["valid"]?.bool, "\(text)")
            if let account = try? AccountID(text) { #expect(account.description == text) }
        }
    }

    @Test func `accounts inside decentralised identifiers give their chain and address`() throws {
        let list = try #require(Vectors.json("walletconnect/caip.json")["did_pkh"]?.array)
        #expect(!list.isEmpty)
        for entry in list {
            let text = String(try #require(entry["iss"]?.string).dropFirst("did:pkh:".count))
            guard entry["error"]?.bool != true else {
                #expect(throws: CAIPError.self) { try AccountID(text) }
                continue
            }
            let account = try AccountID(text)
            #expect(account.chain.description == entry["chain_id"]?.string)
            #expect(account.chain.reference == entry["chain_reference"]?.string)
            #expect(account.address == entry["address"]?.string)
        }
    }
}
