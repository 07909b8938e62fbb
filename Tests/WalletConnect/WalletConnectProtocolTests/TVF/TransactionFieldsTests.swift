import Cryptography
import Primitives
import Testing

@testable import WalletConnectProtocol

struct TransactionFieldsTests {
    @Test func `a batch names its transactions when the wallet does`() {
        let result: JSON = [
            "id": "0x01", "capabilities": ["caip345": ["caip2": "eip155:1", "transactionHashes": ["0xa", "0xb"]]],
        ]
        #expect(TransactionFields.transactionHashes(method: "wallet_sendCalls", result: result) == ["0xa", "0xb"])
    }

    @Test func `each of several Solana transactions is named by its first signature`() {
        let signature = (0..<64).map { UInt8($0) }
        let transaction = [1] + signature + [UInt8](repeating: 7, count: 40)
        let texts = [transaction, Array(transaction.prefix(99)), [0] + transaction.dropFirst()].map {
            JSON.string(Base64.encode($0))
        }
        let hashes = TransactionFields.transactionHashes(
            method: "solana_signAllTransactions", result: ["transactions": .array(texts + ["!", 1])])
        #expect(hashes == [Base58.encode(signature)])
    }

    @Test func `NEAR's bytes come in any form of JavaScript`() {
        let bytes: [JSON] = [1, 2, 255]
        let expected = [Base58.encode(SHA2.sha256([1, 2, 255]).bytes)]
        let forms: [JSON] = [
            .array(bytes), ["type": "Buffer", "data": .array(bytes)], ["0": 1, "1": 2, "2": 255],
        ]
        for form in forms {
            #expect(TransactionFields.transactionHashes(method: "near_signTransaction", result: form) == expected)
            #expect(
                TransactionFields.transactionHashes(method: "near_signTransactions", result: [form, form])
                    == expected + expected)
        }
        let wrong: [JSON] = [[256], [-1], ["1"], [.number("1.5")], ["1": 1], [:], [], "AQL/", .null]
        for form in wrong {
            #expect(TransactionFields.transactionHashes(method: "near_signTransaction", result: form).isEmpty)
        }
    }

    @Test func `Cosmos hashes the raw transaction`() throws {
        let body = [UInt8](repeating: 0xAA, count: 200)
        let authentication: [UInt8] = [1, 2, 3]
        let signature = [UInt8](repeating: 5, count: 64)
        // Field 1 of 200 bytes, whose length takes two bytes of a varint, then fields 2 and 3.
        let raw = [0x0A, 0xC8, 0x01] + body + [0x12, 0x03] + authentication + [0x1A, 0x40] + signature
        let expected = [SHA2.sha256(raw).hex.uppercased()]
        for write in [{ Base64.encode($0) }, { Hex.encode($0) }] as [([UInt8]) -> String] {
            let result: JSON = [
                "signature": ["pub_key": [:], "signature": .string(Base64.encode(signature))],
                "signed": ["bodyBytes": .string(write(body)), "authInfoBytes": .string(write(authentication))],
            ]
            #expect(TransactionFields.transactionHashes(method: "cosmos_signDirect", result: result) == expected)
        }
        #expect(TransactionFields.transactionHashes(method: "cosmos_signDirect", result: ["signed": [:]]).isEmpty)
    }

    @Test func `numbers of an extrinsic are numbers or their bytes`() throws {
        let payload: (JSON, JSON, JSON) -> JSON = { nonce, tip, mode in
            [
                "address": "15JBFhDp1rQycRFuCtkr2VouMiWyDzh3qRUPA8STY53mdRmM",
                "transactionPayload": [
                    "era": "0xe500", "nonce": nonce, "tip": tip, "mode": mode, "method": "0x0503",
                ],
            ]
        }
        let signature = String(repeating: "7e", count: 64)
        func bytes(_ params: JSON, _ signature: String) -> String? {
            PolkadotExtrinsic.bytes(params: params, result: ["signature": .string(signature)]).map { Hex.encode($0) }
        }
        // 300 is 1 mod 4 in two bytes: 300 << 2 | 1 = 0x04b1.
        let plain = bytes(payload("b104", "00", "00"), signature)
        #expect(plain?.hasSuffix("e500" + "b104" + "00" + "00" + "0503") == true)
        #expect(bytes(payload("0x0000012c", "0x00000000000000000000000000000000", 0), "0x" + signature) == plain)
        #expect(bytes(payload(300, 0, "0x00"), "0x01" + signature) == plain)
        #expect(bytes(payload(300, 0, 0), "0x00" + signature) != plain)
        // A wrong checksum, a cut signature, a number that is none.
        #expect(bytes(payload("0xzz", 0, 0), signature) == nil)
        #expect(bytes(payload(1, 0, 0), String(signature.dropLast(2))) == nil)
        #expect(PolkadotExtrinsic.publicKey(of: "15JBFhDp1rQycRFuCtkr2VouMiWyDzh3qRUPA8STY53mdRmN") == nil)
        #expect(PolkadotExtrinsic.publicKey(of: "") == nil)
    }

    @Test func `what is passed on is bounded`() {
        let long = String(repeating: "a", count: TransactionFields.textBytesMax + 1)
        #expect(TransactionFields.transactionHashes(method: "eth_sendTransaction", result: .string(long)).isEmpty)
        let many = JSON.array([JSON](repeating: [1], count: 1000))
        let hashes = TransactionFields.transactionHashes(method: "near_signTransactions", result: many)
        #expect(hashes.count == TransactionFields.hashesMax)
        let params: JSON = [["to": .string(long), "data": "0x"]]
        #expect(TransactionFields.contractAddresses(method: "eth_sendTransaction", params: params).isEmpty)
    }

    @Test func `answers of any shape give nothing worse than nothing`() {
        let methods = [
            "eth_sendTransaction", "wallet_sendCalls", "solana_signTransaction", "solana_signAllTransactions",
            "sui_signTransaction", "sui_signAndExecuteTransaction", "near_signTransaction", "near_signTransactions",
            "algo_signTxn", "cosmos_signDirect", "polkadot_signTransaction", "tron_signTransaction",
            "hedera_executeTransaction", "xrpl_signTransaction", "sendTransfer", "stacks_stxTransfer",
            "stx_transferStx", "ton_sendMessage",
        ]
        let shapes: [JSON] = [
            .null, true, 1, [], [:], [[]], [[:]], ["result": ["result": .null]], ["signature": 1], ["data": [:]],
            ["transactions": [1]], ["transactionBytes": ""], ["signature": ["signature": []]], [""], ["gA=="],
        ]
        for method in methods {
            for shape in shapes {
                for params in shapes {
                    let hashes = TransactionFields.transactionHashes(method: method, params: params, result: shape)
                    #expect(hashes.isEmpty, "\(method) \(shape.text)")
                }
            }
        }
    }
}
