import ChainEVM
import Cryptography
import Primitives
import Testing

/// Transactions whose bytes are known; V0 is the example of https://eips.ethereum.org/EIPS/eip-155.
struct TransactionVectorTests {
    let tokenCall = ERC20.transfer(to: payee, amount: 1_234_567)

    @Test func `the example of EIP-155`() throws {
        let transaction = Transaction(
            chainID: 1, nonce: 9, gasLimit: 21_000, to: payee, value: number("1000000000000000000"),
            fees: .legacy(gasPrice: number("20000000000")))
        #expect(
            transaction.signingPayload
                == hex(
                    "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"))
        #expect(
            transaction.signingHash == hash("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"))
        let signed = transaction.signed(exampleKey.sign(digest: transaction.signingHash))
        #expect(
            Hex.encode(signed.raw)
                == "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61"
                + "340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9"
                + "f3dc64214b297fb1966a3b6d83")
        #expect(signed.hash == hash("33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788"))
        #expect(try SignedTransaction.decode(signed.raw) == signed)
        #expect(try signed.recoverSender() == Address(publicKey: exampleKey.publicKey))
    }

    @Test func `a transaction of type 1`() throws {
        let transaction = Transaction(
            chainID: 1, nonce: 7, gasLimit: 65_000, to: usdc, data: tokenCall,
            fees: .eip2930(gasPrice: number("50000000000"), accessList: []))
        #expect(
            transaction.signingHash == hash("7c867151f8512b4943e1a7fede4ad2b339c4d8cac5cb47a657959d7d5a41727e"))
        let signed = transaction.signed(exampleKey.sign(digest: transaction.signingHash))
        #expect(signed.signature.yParity == 0)
        #expect(signed.hash == hash("5027e2a3a3c0f39a9bf741d9345d87647ac7c34e540afcd2e617f19bb4b9f12c"))
        #expect(try SignedTransaction.decode(signed.raw) == signed)
    }

    @Test func `a transaction of type 2`() throws {
        let transaction = Transaction(
            chainID: 1, nonce: 7, gasLimit: 65_000, to: usdc, data: tokenCall,
            fees: .eip1559(
                maxPriorityFeePerGas: number("2000000000"), maxFeePerGas: number("50000000000"), accessList: []))
        #expect(
            transaction.signingHash == hash("8cd4f72b784f9e52e94fb92c5ee05e782d9aad4058c5c264ff78430a9ad97cb4"))
        let signed = transaction.signed(exampleKey.sign(digest: transaction.signingHash))
        #expect(signed.signature.yParity == 1)
        #expect(signed.signature.r == number("0xe51bd59bfe4b938483c8526f413a0796a575a7cf8837e0d46925d20fd2dcbfb3"))
        #expect(signed.signature.s == number("0x4eb207f75fbaa7db2ccc6030cf14506d1ff42df5640364ea7f4dd8ccdac72ebc"))
        #expect(signed.hash == hash("96533a2c50a4c6b0b5f6015be6b75cfbc8333f126d0321920e921047f7f571c6"))
        #expect(
            Hex.encode(signed.raw)
                == "02f8b001078477359400850ba43b740082fde894a0b86991c6218b36c1d19d4a2e9eb0ce3606eb4880b844a9059cbb00"
                + "00000000000000000000003535353535353535353535353535353535353535000000000000000000000000000000000000"
                + "000000000000000000000012d687c001a0e51bd59bfe4b938483c8526f413a0796a575a7cf8837e0d46925d20fd2dcbfb3"
                + "a04eb207f75fbaa7db2ccc6030cf14506d1ff42df5640364ea7f4dd8ccdac72ebc")
        #expect(try SignedTransaction.decode(signed.raw) == signed)
        #expect(try signed.recoverSender() == Address(publicKey: exampleKey.publicKey))
    }

    @Test func `an authorization of EIP-7702`() throws {
        let authorization = SetCodeAuthorization(chainID: 1, delegate: payee, nonce: 8)
        #expect(authorization.digest == hash("5f4c2f29719d00cbab920a6c8b36460933788b9c4927c0bd15bec0ff39bf1823"))
        let signed = authorization.signed(exampleKey.sign(digest: authorization.digest))
        #expect(signed.yParity == 1)
        #expect(signed.r == number("0xa75a7021276ec18dadfcc9953488aff48cebf61014f9568dd26c3a196a495d2c"))
        #expect(signed.s == number("0x33c45cf97f3477d0690a17e8360da97a6c62eb5564bd50acff84c8cf6b8e5e9d"))
        #expect(try signed.authority() == Address(publicKey: exampleKey.publicKey))
    }

    @Test func `an authorization of EIP-3009`() throws {
        let domain = EIP712.Domain(name: "USD Coin", version: "2", chainID: 1, verifyingContract: usdc)
        #expect(domain.separator == hash("06c37168a7db5138defc7866392bb87a741f9b3d104deb5094588ce041cae335"))
        let nonce = Keccak256.hash(Array("withdrawal-1".utf8))
        #expect(nonce == hash("da62cb2982065dda950a24991c7f1ffd151a06e778c16329ae237840232d6e76"))
        let authorization = EIP3009.Authorization(
            from: Address(publicKey: exampleKey.publicKey), to: payee, value: 1_234_567, validAfter: 0,
            validBefore: 2_000_000_000, nonce: nonce)
        #expect(EIP3009.typeHash == hash("7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267"))
        #expect(
            authorization.structHash == hash("c233674e46894ed28617d467d13680ae26f11c94f69f52e7a2cb0d51a28f4a91"))
        let digest = authorization.digest(domainSeparator: domain.separator)
        #expect(digest == hash("ccc19b1809bf18ae01b27fa37e2283d0f9f02d2e0654fa1aba35980370492820"))

        let typed = try TypedData(json: authorization.typedData(domain: domain))
        #expect(typed.digest == digest)
        #expect(typed.domainSeparator == domain.separator)

        let signature = TransactionSignature(exampleKey.sign(digest: digest))
        #expect(signature.bytes65.last == 27)
        #expect(signature.r == number("0x92eb5e84215727c8b7163bc50ae419b03c3daf960d27ba6a0db686174e75f522"))
        #expect(signature.s == number("0x3822ba727ff023fe1f8c52213012ec922fcaaf75a50c6a1f0eebfe2868054567"))
        #expect(TransactionSignature(bytes65: signature.bytes65) == signature)

        let call = authorization.call(signature)
        #expect(Hex.encode(call[..<4]) == "e3ee160e")
        let decoded = try #require(EIP3009.decodeCall(call))
        #expect(decoded.authorization == authorization)
        #expect(decoded.signature == signature)
        #expect(EIP3009.decodeCall(Array(call.dropLast())) == nil)
        let log = Log(
            address: usdc, topics: [EIP3009.authorizationUsedTopic, authorization.from.topic, nonce], data: [],
            blockNumber: 1, blockHash: .zero, transactionHash: .zero, transactionIndex: 0, logIndex: 0)
        #expect(EIP3009.isUsed(nonce, by: authorization.from, token: usdc, log: log))
        #expect(!EIP3009.isUsed(nonce, by: authorization.from, token: payee, log: log))
        #expect(!EIP3009.isUsed(.zero, by: authorization.from, token: usdc, log: log))
    }

    @Test func `the legacy form from before EIP-155 is read and written`() throws {
        // The example of EIP-155 without its chain.
        let transaction = Transaction(
            chainID: nil, nonce: 9, gasLimit: 21_000, to: payee, value: number("1000000000000000000"),
            fees: .legacy(gasPrice: number("20000000000")))
        let signed = transaction.signed(exampleKey.sign(digest: transaction.signingHash))
        #expect(
            Hex.encode(signed.raw)
                == "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7640000801ba08383ad"
                + "c8b8ae116f918fb44ca7ff9dfd8012596a5c130c6246a2cc717ba41cdaa053ddfacf5bd4aa7e46d1575acf52636ea659b9"
                + "1f29e2fb91c75567a279738f38")
        #expect(signed.hash == hash("9eb247ec381302e0ac0c3c8d8d14969bb49d31ae3d266274d3112e1a86585d94"))
        #expect(try SignedTransaction.decode(signed.raw) == signed)
        #expect(try signed.recoverSender() == Address(publicKey: exampleKey.publicKey))
    }

    // https://github.com/ethereum/EIPs/issues/155: r and s of these are made up, and so the senders are.
    @Test(arguments: [
        (
            [
                "f864808504a817c800825208943535353535353535353535353535353535353535808025",
                "a0044852b2a670ade5407e78fb2863c51de9fcb96542a07186fe3aeda6bb8a116d",
                "a0044852b2a670ade5407e78fb2863c51de9fcb96542a07186fe3aeda6bb8a116d",
            ], "0xf0f6f18bca1b28cd68e4357452947e021241e9ce"
        ),
        (
            [
                "f864018504a817c80182a410943535353535353535353535353535353535353535018025",
                "a0489efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bca",
                "a0489efdaa54c0f20c7adf612882df0950f5a951637e0307cdcb4c672f298b8bc6",
            ], "0x23ef145a395ea3fa3deb533b8a9e1b4c6c25d112"
        ),
    ])
    func `senders of the cases published with EIP-155`(parts: [String], sender: String) throws {
        let raw = hex(parts.joined())
        let signed = try SignedTransaction.decode(raw)
        #expect(signed.raw == raw && signed.transaction.chainID == 1)
        #expect(try signed.recoverSender() == address(sender))
    }

    @Test func `the gas to start with`() {
        let payment = Transaction(chainID: 1, nonce: 0, gasLimit: 21_000, to: payee, fees: .legacy(gasPrice: 1))
        #expect(payment.intrinsicGas == 21_000 && payment.floorGas == 21_000 && payment.hasEnoughGasToStart)
        // 41 zero bytes and 27 others.
        let call = Transaction(
            chainID: 1, nonce: 0, gasLimit: 22_000, to: usdc, data: tokenCall,
            fees: .eip2930(
                gasPrice: 1, accessList: [AccessListEntry(address: usdc, storageKeys: [.zero, .zero])]))
        #expect(call.intrinsicGas == 21_000 + 41 * 4 + 27 * 16 + 2_400 + 2 * 1_900)
        #expect(call.floorGas == 21_000 + 10 * (41 + 4 * 27))
        #expect(!call.hasEnoughGasToStart)
        let creation = Transaction(
            chainID: 1, nonce: 0, gasLimit: 1, to: nil, data: [UInt8](repeating: 1, count: 33),
            fees: .legacy(gasPrice: 1))
        #expect(creation.intrinsicGas == 21_000 + 33 * 16 + 32_000 + 4)
    }
}
