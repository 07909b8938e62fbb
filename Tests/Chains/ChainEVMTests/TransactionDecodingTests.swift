import ChainEVM
import Cryptography
import Primitives
import Testing

/// Whatever is accepted is canonical: it encodes to the same bytes again.
struct TransactionDecodingTests {
    private static func fields(_ raw: [UInt8]) -> [RLP.Item] {
        let body = raw[0] < 0x80 ? Array(raw.dropFirst()) : raw
        guard case .list(let items) = try! RLP.decode(body) else { return [] }
        return items
    }

    private static func changing(_ raw: [UInt8], _ change: (inout [RLP.Item]) -> Void) -> [UInt8] {
        var items = fields(raw)
        change(&items)
        return (raw[0] < 0x80 ? [raw[0]] : []) + RLP.encode(.list(items))
    }

    private static func sample(type: Int, seed: UInt64 = 3) -> [UInt8] {
        var random = Random(seed: seed)
        if type == 4 { return setCode(&random).raw }
        let transaction = random.transaction(type: type)
        return transaction.signed(exampleKey.sign(digest: transaction.signingHash)).raw
    }

    private static func setCode(_ random: inout Random) -> SignedSetCodeTransaction {
        var authorizations: [SignedSetCodeAuthorization] = []
        for _ in 0...random.below(3) {
            let authorization = SetCodeAuthorization(
                chainID: random.uint256(), delegate: random.address(), nonce: min(random.uint64(), .max - 1))
            authorizations.append(authorization.signed(exampleKey.sign(digest: authorization.digest)))
        }
        let transaction = SetCodeTransaction(
            chainID: 1 + random.uint64() % 1_000_000, nonce: min(random.uint64(), .max - 1),
            maxPriorityFeePerGas: random.uint256(), maxFeePerGas: random.uint256(), gasLimit: random.uint64(),
            to: random.address(), value: random.uint256(), data: random.bytes(random.below(80)),
            accessList: random.accessList(), authorizations: authorizations)
        return transaction.signed(exampleKey.sign(digest: transaction.signingHash))
    }

    /// The bytes that an accepting decoder encodes again; nil where the input was refused.
    private static func reencoded(_ raw: [UInt8]) -> [UInt8]? {
        if raw.first == 4 {
            guard let decoded = try? SignedSetCodeTransaction.decode(raw) else { return nil }
            return SignedSetCodeTransaction(decoded.transaction, signature: decoded.signature).raw
        }
        guard let decoded = try? SignedTransaction.decode(raw) else { return nil }
        return SignedTransaction(decoded.transaction, signature: decoded.signature).raw
    }

    @Test func `set-code transactions survive the round trip`() throws {
        var random = Random(seed: 4)
        for _ in 0..<100 {
            let signed = Self.setCode(&random)
            let decoded = try SignedSetCodeTransaction.decode(signed.raw)
            #expect(decoded == signed)
            #expect(try decoded.recoverSender() == Address(publicKey: exampleKey.publicKey))
            for authorization in decoded.transaction.authorizations {
                #expect(try authorization.authority() == Address(publicKey: exampleKey.publicKey))
            }
        }
    }

    @Test(arguments: [0, 1, 2, 4]) func `every truncation and extension is refused`(type: Int) {
        let raw = Self.sample(type: type)
        #expect(Self.reencoded(raw) == raw)
        for count in 0..<raw.count { #expect(Self.reencoded(Array(raw[..<count])) == nil) }
        for byte in [UInt8(0), 0x01, 0x80, 0xC0, 0xFF] {
            #expect(Self.reencoded(raw + [byte]) == nil)
            #expect(Self.reencoded([byte] + raw) == nil)
        }
    }

    @Test(arguments: [0, 1, 2, 4]) func `each wrong bit is refused, or names another transaction`(type: Int) throws {
        let raw = Self.sample(type: type)
        var accepted = 0
        for index in raw.indices {
            for bit in 0..<8 {
                var wrong = raw
                wrong[index] ^= 1 << UInt8(bit)
                guard let again = Self.reencoded(wrong) else { continue }
                #expect(again == wrong)
                accepted += 1
            }
        }
        // Amounts, data and addresses may be anything.
        #expect(accepted > 0 && accepted < raw.count * 8)
    }

    @Test func `twenty thousand random mutations do not crash, and what is accepted is canonical`() {
        var random = Random(seed: 5)
        let samples = [0, 1, 2, 4].flatMap { type in (0..<5).map { Self.sample(type: type, seed: 10 + UInt64($0)) } }
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = samples[random.below(samples.count)]
            for _ in 0...random.below(4) {
                guard !bytes.isEmpty else { break }
                let place = random.below(bytes.count)
                switch random.below(6) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] ^= 1 << UInt8(random.below(8))
                case 2: bytes.remove(at: place)
                case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                case 4: bytes[place] = [0x00, 0x7F, 0x80, 0xB7, 0xB8, 0xBF, 0xC0, 0xF7, 0xF8, 0xFF][random.below(10)]
                default: bytes = Array(bytes[..<place])
                }
            }
            if let again = Self.reencoded(bytes) {
                accepted += 1
                if again != bytes { Issue.record("accepted and not canonical: \(Hex.encode(bytes))") }
                // Recovery of whatever signature is left must not crash either.
                if accepted.isMultiple(of: 20) { _ = try? SignedTransaction.decode(bytes).recoverSender() }
            }
        }
        #expect(accepted > 100)
    }

    @Test func `types that are not decoded are named`() {
        #expect(throws: TransactionError.empty) { try SignedTransaction.decode([]) }
        #expect(throws: TransactionError.unsupportedType(0)) { try SignedTransaction.decode([0x00, 0xC0]) }
        #expect(throws: TransactionError.unsupportedType(3)) { try SignedTransaction.decode([0x03, 0xC0]) }
        #expect(throws: TransactionError.unsupportedType(4)) { try SignedTransaction.decode([0x04, 0xC0]) }
        #expect(throws: TransactionError.unsupportedType(0x7F)) { try SignedTransaction.decode([0x7F, 0xC0]) }
        #expect(throws: TransactionError.unsupportedType(0x80)) { try SignedTransaction.decode([0x80]) }
        #expect(throws: TransactionError.unsupportedType(2)) { try SignedSetCodeTransaction.decode([0x02, 0xC0]) }
        #expect(throws: TransactionError.notAList) { try SignedTransaction.decode([0x02, 0x80]) }
        #expect(throws: TransactionError.malformed(.truncated(at: 1))) { try SignedTransaction.decode([0x02]) }
        #expect(throws: TransactionError.wrongFieldCount(expected: 12, actual: 0)) {
            try SignedTransaction.decode([0x02, 0xC0])
        }
        #expect(throws: TransactionError.tooLong(byteCount: 131_073)) {
            try SignedTransaction.decode([UInt8](repeating: 0xC0, count: 131_073))
        }
    }

    @Test func `each field of type 2 is checked`() {
        let raw = Self.sample(type: 2)
        let cases: [(Int, RLP.Item, TransactionError)] = [
            (0, .bytes([]), .invalidField(.chainID)), (0, .bytes([0, 1]), .invalidField(.chainID)),
            (0, .bytes([UInt8](repeating: 0xFF, count: 8)), .invalidField(.chainID)),
            (0, .list([]), .invalidField(.chainID)),
            (1, .bytes([UInt8](repeating: 0xFF, count: 8)), .invalidField(.nonce)),
            (1, .bytes([UInt8](repeating: 1, count: 9)), .invalidField(.nonce)),
            (2, .bytes([0]), .invalidField(.maxPriorityFeePerGas)),
            (2, .bytes([UInt8](repeating: 1, count: 33)), .invalidField(.maxPriorityFeePerGas)),
            (3, .bytes([0, 7]), .invalidField(.maxFeePerGas)),
            (4, .bytes([UInt8](repeating: 1, count: 9)), .invalidField(.gasLimit)),
            (5, .bytes([UInt8](repeating: 1, count: 19)), .invalidField(.to)),
            (5, .bytes([UInt8](repeating: 1, count: 32)), .invalidField(.to)), (5, .list([]), .invalidField(.to)),
            (6, .bytes([0]), .invalidField(.value)), (7, .list([]), .invalidField(.data)),
            (8, .bytes([]), .invalidField(.accessList)), (8, .list([.list([])]), .invalidField(.accessList)),
            (8, .list([.list([.bytes(payee.bytes), .list([.bytes([1])])])]), .invalidField(.accessList)),
            (8, .list([.list([.bytes([]), .list([])])]), .invalidField(.accessList)),
            (9, .bytes([2]), .invalidField(.yParity)), (9, .bytes([27]), .invalidField(.yParity)),
            (10, .bytes([]), .invalidSignature), (11, .bytes([]), .invalidSignature),
            (10, .bytes([UInt8](repeating: 0xFF, count: 32)), .invalidSignature),
            (10, .bytes([0] + [UInt8](repeating: 1, count: 31)), .invalidField(.r)),
            (11, .bytes([0] + [UInt8](repeating: 1, count: 31)), .invalidField(.s)),
            (11, .bytes([UInt8](repeating: 1, count: 33)), .invalidField(.s)),
        ]
        for (index, item, error) in cases {
            let wrong = Self.changing(raw) { $0[index] = item }
            #expect(throws: error, "field \(index)") { try SignedTransaction.decode(wrong) }
        }
        #expect(throws: TransactionError.wrongFieldCount(expected: 12, actual: 13)) {
            try SignedTransaction.decode(Self.changing(raw) { $0.append(.bytes([])) })
        }
    }

    @Test func `the twin with the high s is refused, and the border is exact`() throws {
        let order = number("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
        let half = number("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")
        for type in [0, 1, 2, 4] {
            let raw = Self.sample(type: type)
            let last = Self.fields(raw).count - 1
            guard case .bytes(let s) = Self.fields(raw)[last] else { continue }
            let twin = try order.subtracting(try UInt256(bigEndian: s))
            let wrong = Self.changing(raw) { $0[last] = .bytes(twin.minimalBigEndianBytes) }
            #expect(throws: TransactionError.invalidSignature) {
                if type == 4 {
                    _ = try SignedSetCodeTransaction.decode(wrong)
                } else {
                    _ = try SignedTransaction.decode(wrong)
                }
            }
            #expect(Self.reencoded(Self.changing(raw) { $0[last] = .bytes(half.minimalBigEndianBytes) }) != nil)
            let above = try half.adding(.one).minimalBigEndianBytes
            #expect(Self.reencoded(Self.changing(raw) { $0[last] = .bytes(above) }) == nil)
            let largest = try order.subtracting(.one).minimalBigEndianBytes
            #expect(Self.reencoded(Self.changing(raw) { $0[last - 1] = .bytes(largest) }) != nil)
            #expect(Self.reencoded(Self.changing(raw) { $0[last - 1] = .bytes(order.minimalBigEndianBytes) }) == nil)
        }
    }

    @Test func `v of the legacy form is 27, 28 or names a chain`() throws {
        let raw = Self.sample(type: 0)
        func chain(_ v: UInt64) throws -> UInt64? {
            try SignedTransaction.decode(Self.changing(raw) { $0[6] = .bytes(UInt256(v).minimalBigEndianBytes) })
                .transaction.chainID
        }
        #expect(try chain(27) == nil)
        #expect(try chain(28) == nil)
        #expect(try chain(37) == 1)
        #expect(try chain(38) == 1)
        #expect(try chain(39) == 2)
        #expect(try chain(35 + 2 * Transaction.chainIDMax) == Transaction.chainIDMax)
        #expect(try chain(36 + 2 * Transaction.chainIDMax) == Transaction.chainIDMax)
        for v: UInt64 in [0, 1, 26, 29, 34, 35, 36, 37 + 2 * Transaction.chainIDMax, .max] {
            #expect(throws: TransactionError.invalidField(.v)) { try chain(v) }
        }
    }

    @Test func `a set-code transaction has a receiver and an authorization`() throws {
        let raw = Self.sample(type: 4)
        #expect(throws: TransactionError.invalidField(.to)) {
            try SignedSetCodeTransaction.decode(Self.changing(raw) { $0[5] = .bytes([]) })
        }
        #expect(throws: TransactionError.invalidField(.authorizationList)) {
            try SignedSetCodeTransaction.decode(Self.changing(raw) { $0[9] = .list([]) })
        }
        // An authorization with an unusable signature is skipped by the chain, and so is carried here.
        let odd = RLP.Item.list([
            .bytes([1]), .bytes(payee.bytes), .bytes([]), .bytes([0xFF]), .bytes([1]), .bytes([1]),
        ])
        let decoded = try SignedSetCodeTransaction.decode(Self.changing(raw) { $0[9] = .list([odd]) })
        #expect(throws: TransactionError.invalidSignature) { try decoded.transaction.authorizations[0].authority() }
    }

    @Test func `short r and short s lose their leading zeros`() throws {
        var shortR = 0
        var shortS = 0
        for nonce in UInt64(0)..<1_200 {
            let transaction = Transaction(
                chainID: 1, nonce: nonce, gasLimit: 21_000, to: payee, value: 1,
                fees: .eip1559(maxPriorityFeePerGas: 1, maxFeePerGas: 2, accessList: []))
            let signed = transaction.signed(exampleKey.sign(digest: transaction.signingHash))
            let r = signed.signature.r.minimalBigEndianBytes
            let s = signed.signature.s.minimalBigEndianBytes
            guard r.count < 32 || s.count < 32 else { continue }
            shortR += r.count < 32 ? 1 : 0
            shortS += s.count < 32 ? 1 : 0
            let fields = Self.fields(signed.raw)
            #expect(fields[10] == .bytes(r) && fields[11] == .bytes(s))
            #expect(try SignedTransaction.decode(signed.raw) == signed)
            #expect(try signed.recoverSender() == Address(publicKey: exampleKey.publicKey))
            // With its zeros it would be another transaction hash for the same payment.
            for (index, bytes) in [(10, r), (11, s)] where bytes.count < 32 {
                let padded = [UInt8](repeating: 0, count: 32 - bytes.count) + bytes
                #expect(Self.reencoded(Self.changing(signed.raw) { $0[index] = .bytes(padded) }) == nil)
            }
        }
        #expect(shortR > 0 && shortS > 0)
    }

    @Test func `a replacement differs in its fees alone`() {
        let old = Transaction(
            chainID: 5, nonce: 1, gasLimit: 2, to: payee, value: 3, data: [4],
            fees: .eip1559(maxPriorityFeePerGas: 1, maxFeePerGas: 2, accessList: []))
        let new = old.replacingFees(.eip1559(maxPriorityFeePerGas: 3, maxFeePerGas: 4, accessList: []))
        #expect(new != old && new.maxFeePerGas == 4 && new.maxPriorityFeePerGas == 3)
        #expect(new.replacingFees(old.fees) == old)
        #expect(throws: Never.self) { try #expect(new.upfrontCost() == 11) }
        let absurd = old.replacingFees(.legacy(gasPrice: .max))
        #expect(throws: NumberError.overflow) { try absurd.upfrontCost() }
    }
}
