import ChainEVM
import Cryptography
import Primitives
import Testing
import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct SignatureVectorTests {
    private static let file = "siwe_cacao.json"

    @Test(arguments: Vectors.cases(file, "eip191"))
    func `a signature of a key is judged as published`(vector: Vectors.Case) throws {
        let issuer = try Issuer("eip155:1:" + vector.text("address"))
        let signature = Cacao.Signature(type: "eip191", value: vector.text("signature"))
        let verdict = SignatureCheck.verdict(message: vector.text("message"), signature: signature, issuer: issuer)
        if vector["valid"]!.bool! {
            #expect(verdict == .valid)
        } else if vector["note"] != nil {
            // Cut off within a byte or after some: no signature at all.
            #expect(verdict == .invalid(.malformedSignature))
        } else {
            #expect(verdict == .invalid(.wrongSigner))
        }
    }

    @Test(arguments: Vectors.cases(file, "eip191_hash"))
    func `the length in the hash is that of the UTF-8`(vector: Vectors.Case) throws {
        let message = vector.text("message")
        #expect(EIP191.hash(text: message).description == vector.text("hash"))
        guard let wrong = vector["hash_with_js_utf16_length_bug"]?.string else { return }
        #expect(message.utf8.count == vector.int("utf8_length"))
        #expect(message.utf16.count == vector.int("utf16_length"))
        // What a client that counts UTF-16 units signs is another hash, and is not taken for a signature of the text.
        let bytes = Array("\u{19}Ethereum Signed Message:\n\(message.utf16.count)\(message)".utf8)
        let counted = Keccak256.hash(bytes)
        #expect(counted.description == wrong)
        let key = Secp256k1.PrivateKey()
        let issuer = try Issuer("eip155:1:\(Address(publicKey: key.publicKey))")
        for (hash, verdict) in [
            (EIP191.hash(text: message), SignatureVerdict.valid), (counted, .invalid(.wrongSigner)),
        ] {
            let signature = key.sign(digest: hash)
            let value = Hex.encodePrefixed(signature.compact + [27 + signature.recoveryID])
            let found = SignatureCheck.verdict(
                message: message, signature: Cacao.Signature(type: "eip191", value: value), issuer: issuer)
            #expect(found == verdict)
        }
    }

    @Test func `a contract is asked with the published data, padded as the ABI wants it`() throws {
        let vector = try #require(Vectors.cases(Self.file, "eip1271").first)
        let issuer = try Issuer("\(vector.text("chain_id")):\(vector.text("address"))")
        #expect(EIP191.hash(text: vector.text("message")).description == vector.text("message_hash"))
        let signature = Cacao.Signature(type: "eip1271", value: vector.text("signature"))
        guard
            case .needsCall(let call) = SignatureCheck.verdict(
                message: vector.text("message"), signature: signature, issuer: issuer)
        else {
            Issue.record("no call")
            return
        }
        #expect(call.chain.description == "eip155:1")
        #expect(call.to == (try Address(checksummed: vector.text("address"))))
        #expect(call.expects == .magicValue)
        // The JavaScript client stops at the signature's last byte.
        let text = Hex.encodePrefixed(call.data)
        #expect(text.hasPrefix(vector.text("eth_call_data")))
        #expect(text.dropFirst(vector.text("eth_call_data").count).allSatisfy { $0 == "0" })
        #expect(call.data.count % 32 == 4)

        let answer = try Hex.decode(vector.text("expected_result_prefix"))
        #expect(call.verdict(for: answer + [UInt8](repeating: 0, count: 28)) == .valid)
        #expect(call.verdict(for: answer) == .valid)
        for wrong in [[], Array(answer.prefix(3)), [0xFF, 0xFF, 0xFF, 0xFF], [UInt8](repeating: 0, count: 32)] {
            #expect(call.verdict(for: wrong) == .invalid(.refusedByContract))
        }
    }

    @Test func `a chain id that is none is refused`() throws {
        let vector = try #require(Vectors.cases(Self.file, "eip1271").last)
        for chain in vector["bad_chain_ids"]!.array!.compactMap(\.string) {
            #expect(throws: AuthError.self) { try Issuer("\(chain):0x2faf83c542b68f1b4cdc0e770e8cb9f567b08f71") }
        }
    }

    @Test func `the suffix of a counterfactual signature is the published one`() throws {
        let suffix = try Vectors.json(Self.file)["eip6492"]!["magic_suffix"]!.string!
        #expect(Hex.encode(SignatureCheck.counterfactualSuffix) == suffix)
        let issuer = try Issuer("eip155:10:0x2faf83c542b68f1b4cdc0e770e8cb9f567b08f71")
        // Whatever the type says.
        for type in ["eip191", "eip1271", "eip6492", "anything"] {
            let signature = Cacao.Signature(type: type, value: "0x00" + suffix)
            guard
                case .needsCall(let call) = SignatureCheck.verdict(
                    message: "m", signature: signature, issuer: issuer)
            else {
                Issue.record("no call for \(type)")
                continue
            }
            #expect(call.to == nil)
            #expect(call.expects == .one)
            #expect(call.chain.description == "eip155:10")
            #expect(call.verdict(for: [1]) == .valid)
            #expect(call.verdict(for: [0]) == .invalid(.refusedByContract))
            #expect(call.verdict(for: []) == .invalid(.refusedByContract))
        }
    }
}
