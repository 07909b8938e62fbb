public import Primitives

/// Calls of the payout contract, which holds a float and refuses to pay an id twice.
public enum PayoutContract {
    /// `pay(bytes32[],address,address[],uint256[])`.
    public static let paySelector = ABI.selector("pay(bytes32[],address,address[],uint256[])")
    /// `paid(bytes32)`.
    public static let paidSelector = ABI.selector("paid(bytes32)")

    /// One payment of a batch.
    public struct Item: Sendable, Hashable {
        /// The payment's name, which the contract pays once.
        public var id: Hash32
        /// Who is paid.
        public var to: Address
        /// How much, in the token's smallest unit.
        public var amount: UInt256

        /// A payment.
        public init(id: Hash32, to: Address, amount: UInt256) {
            self.id = id
            self.to = to
            self.amount = amount
        }
    }

    /// The call that pays a batch of one token; the zero address stands for the chain's coin.
    ///
    /// - Throws: `ABIError.tooManyElements` above about 3,000 items, far more than a transaction's gas pays for.
    public static func pay(token: Address, _ items: [Item]) throws(ABIError) -> [UInt8] {
        try ABI.call(
            paySelector,
            [
                .array(items.map { .hash($0.id) }), .address(token), .array(items.map { .address($0.to) }),
                .array(items.map { .uint($0.amount) }),
            ], as: payKinds)
    }

    /// The token and the items of a ``pay(token:_:)`` call: what a signer checks before it signs.
    ///
    /// - Throws: ``ABIError``; lists of different lengths are `mismatch`.
    public static func decodePay(_ call: [UInt8]) throws(ABIError) -> (token: Address, items: [Item]) {
        let values = try ABI.decodeCall(paySelector, call, as: payKinds)
        guard case .array(let ids) = values[0], case .address(let token) = values[1],
            case .array(let receivers) = values[2], case .array(let amounts) = values[3]
        else { throw .invalidValue(at: 0) }
        guard ids.count == receivers.count, ids.count == amounts.count else {
            throw .mismatch(expected: "lists of one length", index: ids.count)
        }
        var items: [Item] = []
        items.reserveCapacity(ids.count)
        for index in ids.indices {
            guard case .fixedBytes(let bytes) = ids[index], let id = Hash32(bytes),
                case .address(let to) = receivers[index], case .uint(let amount) = amounts[index]
            else { throw .invalidValue(at: 0) }
            items.append(Item(id: id, to: to, amount: amount))
        }
        return (token, items)
    }

    /// The call that asks whether an id was paid.
    public static func paid(_ id: Hash32) -> [UInt8] {
        paidSelector.bytes + id.bytes
    }

    /// The answer to ``paid(_:)``.
    ///
    /// - Throws: ``ABIError``.
    public static func decodePaid(_ answer: [UInt8]) throws(ABIError) -> Bool {
        guard case .bool(let paid) = try ABI.decode(answer, as: [.bool])[0] else { throw .invalidValue(at: 0) }
        return paid
    }

    private static let payKinds: [ABI.Kind] = [.array(.bytes32), .address, .array(.address), .array(.uint256)]
}
