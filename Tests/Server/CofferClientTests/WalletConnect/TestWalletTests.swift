import ChainEVM
import CofferClient
import Cryptography
import Foundation
import Primitives
import Testing

@Suite struct TestWalletTests {
    private let chain = try! ChainID("eip155:1")
    private let other = try! ChainID("eip155:137")
    private let wallet = TestWallet(key: .ephemeral())

    private func answer(_ method: String, _ params: JSON, on chain: ChainID? = nil) -> TestWalletAnswer {
        wallet.answer(method, params, on: chain ?? self.chain, among: [self.chain, other])
    }

    private func code(_ answer: TestWalletAnswer) -> Int64? {
        guard case .refusal(let refusal) = answer else { return nil }
        return refusal.code
    }

    private func check(_ method: String, _ params: JSON, _ answer: TestWalletAnswer) throws -> ResultCheck? {
        guard case .result(let result) = answer else { return nil }
        let account = try AccountID(chain: chain, address: wallet.address.description)
        return ResultCheck.of(method, params, result: result, account: account)
    }

    private static let typedData: JSON = [
        "types": [
            "EIP712Domain": [
                ["name": "name", "type": "string"], ["name": "chainId", "type": "uint256"],
            ],
            "Mail": [["name": "contents", "type": "string"]],
        ],
        "primaryType": "Mail", "domain": ["name": "Ether Mail", "chainId": 1], "message": ["contents": "Hello"],
    ]

    @Test(arguments: ["0x68656c6c6f", "hello", "0xnot hex", "", "Grüße"])
    func `what personal_sign signs is verified by the other side`(message: String) throws {
        for account in [wallet.address.description, wallet.address.lowercased] {
            for params: JSON in [[.string(message), .string(account)], [.string(account), .string(message)]] {
                #expect(try check("personal_sign", params, answer("personal_sign", params)) == .verified)
            }
        }
    }

    @Test func `bytes in hex and the text they spell are one message`() {
        let account = JSON.string(wallet.address.description)
        #expect(answer("personal_sign", ["0x68656c6c6f", account]) == answer("personal_sign", ["hello", account]))
    }

    @Test func `a signature of something else is not verified`() throws {
        let account = JSON.string(wallet.address.description)
        let signed = answer("personal_sign", ["hello", account])
        guard case .signedByOther(let signer)? = try check("personal_sign", ["hello!", account], signed) else {
            Issue.record("another message was verified")
            return
        }
        #expect(signer != wallet.address)
        for result: JSON in ["0x", "0x00", .null, ["0x"], .string("0x" + String(repeating: "0", count: 130))] {
            let verdict = ResultCheck.of(
                "personal_sign", ["hello", account], result: result,
                account: try AccountID(chain: chain, address: wallet.address.description))
            guard case .unreadable? = verdict else {
                Issue.record("\(result.text) was taken: \(String(describing: verdict))")
                continue
            }
        }
    }

    @Test func `typed data is signed as an object and as text, for its own chain only`() throws {
        let account = JSON.string(wallet.address.lowercased)
        for data in [Self.typedData, .string(Self.typedData.text)] {
            let params: JSON = [account, data]
            #expect(try check("eth_signTypedData_v4", params, answer("eth_signTypedData_v4", params)) == .verified)
            #expect(code(answer("eth_signTypedData_v4", params, on: other)) == -32602)
        }
        #expect(code(answer("eth_signTypedData_v4", [account, "{"])) == -32602)
        #expect(code(answer("eth_signTypedData_v4", [account, ["types": [:]]])) == -32602)
    }

    @Test func `what is not this wallet's is refused with its number`() {
        let stranger: JSON = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"
        #expect(code(answer("personal_sign", ["hello", stranger])) == 4100)
        #expect(code(answer("eth_signTypedData_v4", [stranger, Self.typedData])) == 4100)
        #expect(code(answer("eth_sendTransaction", [["from": stranger]])) == 4100)
        #expect(code(answer("eth_sign", [.string(wallet.address.description), "0x00"])) == 4200)
        #expect(code(answer("eth_coinbase", [])) == 4200)
        for params: JSON in [[], [:], .null, ["hello"], [1, 2]] {
            #expect(code(answer("personal_sign", params)) == -32602)
        }
        #expect(code(wallet.answer("eth_chainId", [], on: try! ChainID("solana:1"), among: [])) == 4200)
    }

    @Test func `accounts and chain are told, and only chains of the session are switched to`() {
        #expect(answer("eth_accounts", []) == .result([.string(wallet.address.description)]))
        #expect(answer("eth_chainId", [], on: other) == .result("0x89"))
        #expect(answer("wallet_switchEthereumChain", [["chainId": "0x89"]]) == .chain(other))
        #expect(code(answer("wallet_switchEthereumChain", [["chainId": "0xa"]])) == 4902)
        #expect(code(answer("wallet_switchEthereumChain", [["chainId": "10"]])) == -32602)
    }

    @Test func `a transaction is filled in, signed and verified as what was asked for`() throws {
        let asked: JSON = [
            "from": .string(wallet.address.description), "to": "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F",
            "value": "0xde0b6b3a7640000",
        ]
        guard case .transaction(let draft, let isSent) = answer("eth_signTransaction", [asked]) else {
            Issue.record("no transaction")
            return
        }
        #expect(
            !isSent && draft.questions.map(\.method) == ["eth_getTransactionCount", "eth_estimateGas", "eth_gasPrice"])
        let offline = try draft.transaction(node: [:])
        #expect(offline.nonce == 0 && offline.gasLimit == 21_000 && offline.chainID == 1)
        let filled = try draft.transaction(node: [
            "eth_getTransactionCount": "0x7", "eth_estimateGas": "0x5300", "eth_gasPrice": "0x3",
        ])
        #expect(filled.nonce == 7 && filled.gasLimit == 0x5300 && filled.fees == .legacy(gasPrice: UInt256(3)))
        let signed = wallet.sign(filled)
        #expect(try signed.recoverSender() == wallet.address)
        let account = try AccountID(chain: chain, address: wallet.address.description)
        for result: JSON in [.string(Hex.encodePrefixed(signed.raw)), ["raw": .string(Hex.encodePrefixed(signed.raw))]]
        {
            let verdict = ResultCheck.of("eth_signTransaction", [asked], result: result, account: account)
            #expect(verdict == .verified)
            let more: JSON = [
                "from": .string(wallet.address.description), "to": "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F",
                "value": "0xde0b6b3a7640001",
            ]
            let wrong = ResultCheck.of("eth_signTransaction", [more], result: result, account: account)
            #expect(wrong == .unreadable("another transaction was signed than was asked for"))
        }
        #expect(throws: TestWalletRefusal.self) { try draft.transaction(node: ["eth_gasPrice": "much"]) }
    }

    @Test func `fees of the new kind are kept, and a tip above the cap is cut`() throws {
        let asked: JSON = ["nonce": "0x1", "gas": "0x5208", "maxFeePerGas": "0x5", "maxPriorityFeePerGas": "0x9"]
        guard case .transaction(let draft, let isSent) = answer("eth_sendTransaction", [asked]) else {
            Issue.record("no transaction")
            return
        }
        #expect(isSent && draft.questions.isEmpty)
        let fees = try draft.transaction(node: [:]).fees
        #expect(fees == .eip1559(maxPriorityFeePerGas: UInt256(5), maxFeePerGas: UInt256(5), accessList: []))
        #expect(code(answer("eth_sendTransaction", [["chainId": "0x2"]])) == -32602)
        #expect(code(answer("eth_sendTransaction", [["value": "1"]])) == -32602)
        #expect(code(answer("eth_sendTransaction", [["nonce": 1]])) == -32602)
    }

    @Test func `a key file is made once, for its owner alone, and read again`() throws {
        let path = "\(NSTemporaryDirectory())coffer-key-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let made = try TestWalletKey.file(path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try TestWalletKey.file(path).address == made.address)
        // Somebody else's key, in the forms that tools write: the address of the secret 1 is well known.
        for text in [String(repeating: "0", count: 63) + "1", "0x" + String(repeating: "0", count: 63) + "1\r\n"] {
            try Data(text.utf8).write(to: URL(filePath: path))
            #expect(try TestWalletKey.file(path).address.description == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let open = #expect(throws: ClientError.self) { try TestWalletKey.file(path) }
        #expect(open?.exit == .configuration && open?.message.contains("others") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        for text in [
            "", "00", String(repeating: "0", count: 64), String(repeating: "f", count: 64),
            String(repeating: "g", count: 64), String(repeating: "1", count: 65), String(repeating: "1", count: 80),
        ] {
            try Data(text.utf8).write(to: URL(filePath: path))
            let wrong = #expect(throws: ClientError.self) { try TestWalletKey.file(path) }
            #expect(wrong?.exit == .configuration)
            // What is in the file is a secret even when it is malformed.
            if text.count > 4 { #expect(wrong?.message.contains(text) == false) }
        }
    }
}
