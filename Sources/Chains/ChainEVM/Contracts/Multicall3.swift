public import Primitives

/// Many reads in one call: [Multicall3](https://www.multicall3.com).
///
/// For reading only. It must never hold an allowance: anybody can make it call anything.
public enum Multicall3 {
    /// Where it is deployed on most chains: 0xcA11bde05977b3631167028862bE2a173976CA11.
    ///
    /// Its deployer key is publicly known to be compromised, so a chain's deployment counts only with its code hash.
    public static let address = Address(high: 0xCA11_BDE0_5977_B363, middle: 0x1167_0288_62BE_2A17, low: 0x3976_CA11)
    /// `aggregate3((address,bool,bytes)[])`.
    public static let aggregate3Selector = ABI.selector("aggregate3((address,bool,bytes)[])")

    /// One of the calls.
    public struct Call: Sendable, Hashable {
        /// The contract to ask.
        public var target: Address
        /// Whether the others are answered although this one reverts.
        public var allowFailure: Bool
        /// What to ask.
        public var data: [UInt8]

        /// A call.
        public init(target: Address, allowFailure: Bool = true, data: [UInt8]) {
            self.target = target
            self.allowFailure = allowFailure
            self.data = data
        }
    }

    /// The answer to one of the calls.
    public struct Answer: Sendable, Hashable {
        /// Whether it did not revert.
        public var succeeded: Bool
        /// What it returned, or why it reverted.
        public var data: [UInt8]

        /// An answer.
        public init(succeeded: Bool, data: [UInt8]) {
            self.succeeded = succeeded
            self.data = data
        }
    }

    /// The call of `aggregate3`.
    ///
    /// - Throws: `ABIError.tooManyElements` above about 2,500 calls.
    public static func aggregate3(_ calls: [Call]) throws(ABIError) -> [UInt8] {
        let values = calls.map { call in
            ABI.Value.tuple([.address(call.target), .bool(call.allowFailure), .bytes(call.data)])
        }
        return try ABI.call(aggregate3Selector, [.array(values)], as: callKinds)
    }

    /// The calls in a call of `aggregate3`.
    ///
    /// - Throws: ``ABIError``.
    public static func decodeAggregate3(_ call: [UInt8]) throws(ABIError) -> [Call] {
        guard case .array(let items) = try ABI.decodeCall(aggregate3Selector, call, as: callKinds)[0] else {
            throw .invalidValue(at: 0)
        }
        var calls: [Call] = []
        for item in items {
            guard case .tuple(let members) = item, case .address(let target) = members[0],
                case .bool(let allowFailure) = members[1], case .bytes(let data) = members[2]
            else { throw .invalidValue(at: 0) }
            calls.append(Call(target: target, allowFailure: allowFailure, data: data))
        }
        return calls
    }

    /// The answers that `aggregate3` gave, as many as there were calls.
    ///
    /// - Throws: ``ABIError``; another number of answers is `mismatch`.
    public static func decodeAnswers(_ answer: [UInt8], count: Int) throws(ABIError) -> [Answer] {
        guard case .array(let items) = try ABI.decode(answer, as: [.array(.tuple([.bool, .bytes]))])[0] else {
            throw .invalidValue(at: 0)
        }
        guard items.count == count else { throw .mismatch(expected: "\(count) answers", index: items.count) }
        var answers: [Answer] = []
        for item in items {
            guard case .tuple(let members) = item, case .bool(let succeeded) = members[0],
                case .bytes(let data) = members[1]
            else { throw .invalidValue(at: 0) }
            answers.append(Answer(succeeded: succeeded, data: data))
        }
        return answers
    }

    private static let callKinds: [ABI.Kind] = [.array(.tuple([.address, .bool, .bytes]))]
}
