import ChainEVM
import Primitives
import Testing

struct ContractTests {
    private func log(_ transfer: ERC20.Transfer) -> Log {
        Log(
            address: transfer.token, topics: [ERC20.transferTopic, transfer.from.topic, transfer.to.topic],
            data: transfer.amount.bigEndianBytes, blockNumber: 1, blockHash: .zero, transactionHash: .zero,
            transactionIndex: 0, logIndex: 0)
    }

    @Test func `calls of a token`() {
        #expect(
            Hex.encode(ERC20.transfer(to: payee, amount: 1_234_567))
                == "a9059cbb0000000000000000000000003535353535353535353535353535353535353535000000000000000000000000"
                + "000000000000000000000000000000000012d687")
        #expect(ERC20.decodeTransfer(ERC20.transfer(to: payee, amount: 9))?.to == payee)
        #expect(ERC20.decodeTransfer(ERC20.transfer(to: payee, amount: .max))?.amount == .max)
        #expect(ERC20.decodeTransfer(ERC20.transfer(to: payee, amount: 9) + [0]) == nil)
        #expect(ERC20.decodeTransfer(ERC20.approve(spender: payee, amount: 9)) == nil)
        var dirty = ERC20.transfer(to: payee, amount: 9)
        dirty[4] = 1
        #expect(ERC20.decodeTransfer(dirty) == nil)
        #expect(Hex.encode(ERC20.balanceOf(payee)).hasPrefix("70a08231000000"))
        #expect(Hex.encode(ERC20.decimals()) == "313ce567")
        #expect(Hex.encode(ERC20.symbol()) == "95d89b41")
        #expect(Hex.encode(ERC20.transferFrom(usdc, to: payee, amount: 1)).hasPrefix("23b872dd"))
        #expect(Hex.encode(ERC20.approve(spender: usdc, amount: 1)).hasPrefix("095ea7b3"))
    }

    @Test func `answers of a token`() throws {
        #expect(try ERC20.decodeBalance(UInt256.max.bigEndianBytes) == .max)
        #expect(throws: ABIError.truncated(at: 0)) { try ERC20.decodeBalance([]) }
        #expect(try ERC20.decodeDecimals(UInt256(18).bigEndianBytes) == 18)
        #expect(throws: ABIError.invalidValue(at: 0)) { try ERC20.decodeDecimals(UInt256(256).bigEndianBytes) }
        #expect(try ERC20.decodeText(try ABI.encode([.string("USDC")], as: [.string])) == "USDC")
        #expect(try ERC20.decodeText(Array("MKR".utf8) + [UInt8](repeating: 0, count: 29)) == "MKR")
        #expect(throws: ABIError.invalidValue(at: 0)) { try ERC20.decodeText([UInt8](repeating: 0xFF, count: 32)) }
        #expect(ERC20.succeeded([]) && ERC20.succeeded(UInt256.one.bigEndianBytes))
        #expect(!ERC20.succeeded(UInt256.zero.bigEndianBytes) && !ERC20.succeeded([1]))
    }

    @Test func `a transfer log matches in emitter, parties and amount`() {
        #expect(
            ERC20.transferTopic == hash("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"))
        let transfer = ERC20.Transfer(token: usdc, from: .zero, to: payee, amount: 5)
        let good = log(transfer)
        #expect(good.matches(transfer))
        #expect(ERC20.Transfer(log: good) == transfer)
        #expect(!good.matches(.init(token: payee, from: .zero, to: payee, amount: 5)))
        #expect(!good.matches(.init(token: usdc, from: payee, to: payee, amount: 5)))
        #expect(!good.matches(.init(token: usdc, from: .zero, to: usdc, amount: 5)))
        #expect(!good.matches(.init(token: usdc, from: .zero, to: payee, amount: 4)))

        var removed = good
        removed.isRemoved = true
        #expect(!removed.matches(transfer))
        var collectible = good
        collectible.topics.append(.zero)
        #expect(!collectible.matches(transfer))
        var long = good
        long.data.append(0)
        #expect(!long.matches(transfer))
        var dirty = good
        dirty.topics[2] = Hash32([1] + payee.topic.bytes.dropFirst())!
        #expect(!dirty.matches(transfer))
    }

    @Test func `many reads in one call`() throws {
        #expect(Multicall3.address.lowercased == "0xca11bde05977b3631167028862be2a173976ca11")
        let calls = [
            Multicall3.Call(target: usdc, data: ERC20.balanceOf(payee)),
            Multicall3.Call(target: payee, allowFailure: false, data: []),
        ]
        let data = try Multicall3.aggregate3(calls)
        #expect(Hex.encode(data[..<4]) == "82ad56cb")
        #expect(try Multicall3.decodeAggregate3(data) == calls)
        let answer = try ABI.encode(
            [.array([.tuple([.bool(true), .bytes(UInt256(7).bigEndianBytes)]), .tuple([.bool(false), .bytes([])])])],
            as: [.array(.tuple([.bool, .bytes]))])
        let answers = try Multicall3.decodeAnswers(answer, count: 2)
        #expect(
            answers == [.init(succeeded: true, data: UInt256(7).bigEndianBytes), .init(succeeded: false, data: [])])
        #expect(throws: ABIError.mismatch(expected: "3 answers", index: 2)) {
            try Multicall3.decodeAnswers(answer, count: 3)
        }
        #expect(throws: ABIError.wrongSelector) { try Multicall3.decodeAggregate3(ERC20.decimals()) }
    }

    @Test func `a batch is read back as it was written`() throws {
        var random = Random(seed: 7)
        let items = (0..<300).map { _ in
            PayoutContract.Item(id: random.hash(), to: random.address(), amount: random.uint256())
        }
        let call = try PayoutContract.pay(token: usdc, items)
        let decoded = try PayoutContract.decodePay(call)
        #expect(decoded.token == usdc && decoded.items == items)
        let none = try PayoutContract.decodePay(try PayoutContract.pay(token: usdc, []))
        #expect(none.items.isEmpty)
        #expect(throws: ABIError.self) {
            let item = PayoutContract.Item(id: .zero, to: .zero, amount: 1)
            _ = try PayoutContract.pay(token: usdc, [PayoutContract.Item](repeating: item, count: 4_000))
        }
        let uneven = try ABI.call(
            PayoutContract.paySelector, [.array([.hash(.zero)]), .address(usdc), .array([]), .array([])],
            as: [.array(.bytes32), .address, .array(.address), .array(.uint256)])
        #expect(throws: ABIError.mismatch(expected: "lists of one length", index: 1)) {
            try PayoutContract.decodePay(uneven)
        }
        let id = random.hash()
        #expect(PayoutContract.paid(id) == ABI.selector("paid(bytes32)").bytes + id.bytes)
        #expect(try PayoutContract.decodePaid(UInt256.one.bigEndianBytes))
        #expect(try !PayoutContract.decodePaid(UInt256.zero.bigEndianBytes))
    }
}
