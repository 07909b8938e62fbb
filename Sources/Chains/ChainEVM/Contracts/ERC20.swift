public import Primitives

/// Calls and logs of tokens: [ERC-20](https://eips.ethereum.org/EIPS/eip-20).
public enum ERC20 {
    /// `transfer(address,uint256)`.
    public static let transferSelector = ABI.selector("transfer(address,uint256)")
    /// `balanceOf(address)`.
    public static let balanceOfSelector = ABI.selector("balanceOf(address)")
    /// The first topic of `Transfer(address indexed, address indexed, uint256)`.
    public static let transferTopic = ABI.topic("Transfer(address,address,uint256)")

    /// A payment of tokens by the sender of the transaction.
    public struct Transfer: Sendable, Hashable {
        /// The contract whose tokens move.
        public let token: Address
        /// Who pays.
        public let from: Address
        /// Who is paid.
        public let to: Address
        /// How much, in the token's smallest unit.
        public let amount: UInt256

        /// A transfer.
        public init(token: Address, from: Address, to: Address, amount: UInt256) {
            self.token = token
            self.from = from
            self.to = to
            self.amount = amount
        }

        /// The transfer that a log reports; nil if it reports something else.
        ///
        /// A token of the ERC-721 kind uses the same first topic with a fourth one, and is not taken for an ERC-20.
        /// The emitter decides whose tokens moved: any contract can write this log about itself.
        public init?(log: Log) {
            guard log.topics.count == 3, log.topics[0] == ERC20.transferTopic, log.data.count == 32, !log.isRemoved,
                let from = Address(topic: log.topics[1]), let to = Address(topic: log.topics[2])
            else { return nil }
            self.init(token: log.address, from: from, to: to, amount: UInt256(bytes32: log.data))
        }
    }

    /// The call that pays `amount` (in the token's smallest unit) to `to`.
    public static func transfer(to: Address, amount: UInt256) -> [UInt8] {
        call(transferSelector, to, amount)
    }

    /// The receiver and amount of a ``transfer(to:amount:)`` call; nil if the bytes are anything else.
    public static func decodeTransfer(_ call: [UInt8]) -> (to: Address, amount: UInt256)? {
        guard call.count == 68,
            let values = try? ABI.decodeCall(transferSelector, call, as: [.address, .uint256]),
            case .address(let to) = values[0], case .uint(let amount) = values[1]
        else { return nil }
        return (to, amount)
    }

    /// The call that allows `spender` to take up to `amount`.
    public static func approve(spender: Address, amount: UInt256) -> [UInt8] {
        call(ABI.selector("approve(address,uint256)"), spender, amount)
    }

    /// The call that moves `amount` out of an account that approved it.
    public static func transferFrom(_ from: Address, to: Address, amount: UInt256) -> [UInt8] {
        var call = ABI.selector("transferFrom(address,address,uint256)").bytes
        call.appendWord(from)
        call.appendWord(to)
        call.append(contentsOf: amount.bigEndianBytes)
        return call
    }

    /// The call that asks for a balance.
    public static func balanceOf(_ owner: Address) -> [UInt8] {
        var call = balanceOfSelector.bytes
        call.appendWord(owner)
        return call
    }

    /// The call that asks for the number of decimals.
    public static func decimals() -> [UInt8] { ABI.selector("decimals()").bytes }
    /// The call that asks for the short name.
    public static func symbol() -> [UInt8] { ABI.selector("symbol()").bytes }
    /// The call that asks for the long name.
    public static func name() -> [UInt8] { ABI.selector("name()").bytes }
    /// The call that asks whether a pausable token stands still.
    public static func paused() -> [UInt8] { ABI.selector("paused()").bytes }

    /// The number that `balanceOf` answered.
    ///
    /// - Throws: ``ABIError``; an account without code answers nothing, which is `truncated`.
    public static func decodeBalance(_ answer: [UInt8]) throws(ABIError) -> UInt256 {
        guard case .uint(let amount) = try ABI.decode(answer, as: [.uint256])[0] else { throw .invalidValue(at: 0) }
        return amount
    }

    /// The number that `decimals` answered.
    ///
    /// - Throws: ``ABIError``; above 255 is `invalidValue`.
    public static func decodeDecimals(_ answer: [UInt8]) throws(ABIError) -> UInt8 {
        guard case .uint(let word) = try ABI.decode(answer, as: [.uint(bits: 8)])[0], let small = word.uint64 else {
            throw .invalidValue(at: 0)
        }
        return UInt8(truncatingIfNeeded: small)
    }

    /// The text that `symbol` or `name` answered: a `string`, or the `bytes32` of early tokens.
    ///
    /// Untrusted: a token names itself as it likes.
    ///
    /// - Throws: ``ABIError``.
    public static func decodeText(_ answer: [UInt8]) throws(ABIError) -> String {
        if answer.count == 32 {
            let bytes = answer.prefix { $0 != 0 }
            guard answer.dropFirst(bytes.count).allSatisfy({ $0 == 0 }),
                let text = String(validating: bytes, as: UTF8.self)
            else { throw .invalidValue(at: 0) }
            return text
        }
        guard case .string(let text) = try ABI.decode(answer, as: [.string])[0] else { throw .invalidValue(at: 0) }
        return text
    }

    /// Whether a call of `transfer` succeeded by its answer: `true`, or nothing from tokens that return nothing.
    ///
    /// What moved is only known from the log.
    public static func succeeded(_ answer: [UInt8]) -> Bool {
        answer.isEmpty || (answer.count == 32 && UInt256(bytes32: answer) == .one)
    }

    private static func call(_ selector: ABI.Selector, _ address: Address, _ amount: UInt256) -> [UInt8] {
        var call: [UInt8] = []
        call.reserveCapacity(68)
        selector.append(to: &call)
        call.appendWord(address)
        call.append(contentsOf: amount.bigEndianBytes)
        return call
    }
}

extension Log {
    /// Whether this log is exactly the transfer that a payout should have caused: emitter, both parties and amount.
    public func matches(_ transfer: ERC20.Transfer) -> Bool {
        ERC20.Transfer(log: self) == transfer
    }
}

extension Address {
    /// The address in an indexed topic; nil if its upper twelve bytes are not zero.
    public init?(topic: Hash32) {
        for index in 0..<12 where topic[index] != 0 { return nil }
        self.init(lastBytesOf: topic)
    }

    /// The address as an indexed topic, for a filter.
    public var topic: Hash32 {
        var word: [UInt8] = []
        word.appendWord(self)
        return Hash32(word) ?? .zero
    }
}

extension [UInt8] {
    mutating func appendWord(_ address: Address) {
        append(contentsOf: repeatElement(0, count: 12))
        address.append(to: &self)
    }
}
