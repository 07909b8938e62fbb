import Primitives
import Testing

@testable import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct TransactionFieldsVectorTests {
    private static let file = "tvf.json"

    @Test(arguments: Vectors.cases(file, "request_side"))
    func `the contract of a request`(vector: Vectors.Case) {
        let expected = vector["contractAddresses"]?.array?.compactMap(\.string) ?? []
        for rule in [TransactionFields.ContractDataRule.javaScript, .withArguments] {
            let found = TransactionFields.contractAddresses(
                method: vector.text("method"), params: vector["params"] ?? .null, rule: rule)
            #expect(found == expected)
        }
    }

    @Test func `which data is a contract's`() throws {
        let rule = try Vectors.json(Self.file)["contract_data_rule"]!
        for data in rule["swift_valid"]!.array!.compactMap(\.string) {
            #expect(TransactionFields.isContractData(data, rule: .withArguments))
            #expect(TransactionFields.isContractData(data))
        }
        for data in rule["swift_invalid"]!.array!.compactMap(\.string) {
            #expect(!TransactionFields.isContractData(data, rule: .withArguments))
        }
        #expect(TransactionFields.isContractData("0x"))
        for data in ["", "0x1", "1234", "0xzz", "0X12"] { #expect(!TransactionFields.isContractData(data)) }
    }

    @Test(arguments: Vectors.cases(file, "response_side"))
    func `the hashes of an answer`(vector: Vectors.Case) {
        let (method, result) = (vector.text("method"), vector["result"]!)
        let expected = vector["txHashes"]!.array?.compactMap(\.string) ?? []
        #expect(TransactionFields.transactionHashes(method: method, result: result) == expected)
        // One more level, as some clients write it.
        #expect(TransactionFields.transactionHashes(method: method, result: ["result": result]) == expected)
        #expect(TransactionFields.transactionHashes(method: "not_supported", result: result) == [])
    }

    @Test(arguments: Vectors.cases(file, "polkadot_signTransaction"))
    func `a Polkadot extrinsic is put together byte for byte`(vector: Vectors.Case) throws {
        let result: JSON = ["id": 1, "signature": vector["signature"]!]
        let bytes = try #require(PolkadotExtrinsic.bytes(params: vector.json, result: result))
        #expect(Hex.encode(bytes) == vector.text("signed_extrinsic_hex"))
        let hashes = TransactionFields.transactionHashes(
            method: "polkadot_signTransaction", params: vector.json, result: result)
        #expect(hashes == [vector.text("hash")])
    }
}
