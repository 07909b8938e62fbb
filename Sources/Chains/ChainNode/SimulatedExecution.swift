import ChainEVM
import Primitives

/// A log before it has a place in a block.
struct SimulatedLog: Sendable, Hashable {
    var address: Address
    var topics: [Hash32]
    var data: [UInt8]
}

/// What a call does when it has gas enough, worked out without changing anything.
struct SimulatedEffect: Sendable {
    /// Gas used, the intrinsic cost included, at least the floor of [EIP-7623](https://eips.ethereum.org/EIPS/eip-7623).
    var gas: UInt64
    var succeeded: Bool
    var returnData: [UInt8] = []
    var logs: [SimulatedLog] = []
    var moves: [SimulatedMove] = []
}

/// Gas rules the simulation shares between pool, estimate and block.
enum SimulatedGas {
    /// [EIP-7825](https://eips.ethereum.org/EIPS/eip-7825).
    static let transactionGasMax: UInt64 = 16_777_216

    /// What a transaction costs before anything runs: 21,000, 4 per zero byte, 16 per other byte.
    static func intrinsic(_ data: [UInt8]) -> UInt64 {
        let zeros = UInt64(data.count(where: { $0 == 0 }))
        return 21_000 + 4 * zeros + 16 * (UInt64(data.count) - zeros)
    }

    /// 21,000 and 10 per token, where a zero byte is one token and another byte four.
    static func floor(_ data: [UInt8]) -> UInt64 {
        let zeros = UInt64(data.count(where: { $0 == 0 }))
        return 21_000 + 10 * (zeros + 4 * (UInt64(data.count) - zeros))
    }

    static func minimum(_ data: [UInt8]) -> UInt64 { max(intrinsic(data), floor(data)) }
}

extension SimulatedWorld {
    /// What a call from `from` would do on top of a block.
    ///
    /// The caller has checked that `from` owns `value`.
    func effect(
        from: Address, to: Address, value: UInt256, data: [UInt8], at block: UInt64
    ) -> SimulatedEffect {
        if let token = tokens[to] {
            return tokenEffect(token, at: to, from: from, value: value, data: data, block: block)
        }
        let pay = value.isZero ? [] : [SimulatedMove(token: nil, from: from, to: to, amount: value)]
        guard let contract = code[to] else {
            return SimulatedEffect(gas: SimulatedGas.minimum(data), succeeded: true, moves: pay)
        }
        let burned = SimulatedGas.intrinsic(data).addingReportingOverflow(contract.extraGas)
        let gas = max(burned.overflow ? .max : burned.partialValue, SimulatedGas.floor(data))
        if let reason = contract.revertReason {
            return SimulatedEffect(gas: gas, succeeded: false, returnData: SimulatedABI.revert(reason))
        }
        return SimulatedEffect(gas: gas, succeeded: true, returnData: contract.returns, moves: pay)
    }

    private func tokenEffect(
        _ token: SimulatedToken, at address: Address, from: Address, value: UInt256, data: [UInt8], block: UInt64
    ) -> SimulatedEffect {
        let readGas = max(SimulatedGas.intrinsic(data) + 3_000, SimulatedGas.floor(data))
        func answer(_ bytes: [UInt8]) -> SimulatedEffect {
            SimulatedEffect(gas: readGas, succeeded: true, returnData: bytes)
        }
        func revert(_ bytes: [UInt8]) -> SimulatedEffect {
            SimulatedEffect(gas: readGas, succeeded: false, returnData: bytes)
        }
        // No function of the token takes wei.
        guard value.isZero, data.count >= 4 else { return revert([]) }
        switch Array(data.prefix(4)) {
        case SimulatedABI.balanceOf:
            guard let holder = SimulatedABI.address(data, 0) else { return revert([]) }
            return answer(SimulatedABI.word(holding(token: address, of: holder, at: block)))
        case SimulatedABI.decimals:
            return answer(SimulatedABI.word(UInt256(UInt64(token.decimals))))
        case SimulatedABI.symbol, SimulatedABI.name:
            return answer(SimulatedABI.string(token.symbol))
        case SimulatedABI.totalSupply:
            let supply = holdings.keys.reduce(UInt256.zero) { sum, key in
                key.token == address ? sum.addingSaturating(holdings.value(key, at: block) ?? .zero) : sum
            }
            return answer(SimulatedABI.word(supply))
        case SimulatedABI.transfer:
            guard let to = SimulatedABI.address(data, 0), let amount = SimulatedABI.uint(data, 1) else {
                return revert([])
            }
            return transferEffect(token, at: address, from: from, to: to, amount: amount, data: data, block: block)
        default:
            return revert([])
        }
    }

    private func transferEffect(
        _ token: SimulatedToken, at address: Address, from: Address, to: Address, amount: UInt256, data: [UInt8],
        block: UInt64
    ) -> SimulatedEffect {
        let isNewHolder = holding(token: address, of: to, at: block).isZero
        let gas = max(isNewHolder ? token.gasNewHolder : token.gasHolder, SimulatedGas.minimum(data))
        func revert(_ reason: String) -> SimulatedEffect {
            SimulatedEffect(gas: gas, succeeded: false, returnData: SimulatedABI.revert(reason))
        }
        if token.isPaused { return revert("Pausable: paused") }
        if token.blocked.contains(to) || token.blocked.contains(from) {
            return revert("Blacklistable: account is blacklisted")
        }
        if holding(token: address, of: from, at: block) < amount {
            return revert("ERC20: transfer amount exceeds balance")
        }
        if token.transferAnswer == .returnsFalse {
            return SimulatedEffect(gas: gas, succeeded: true, returnData: SimulatedABI.word(UInt256.zero))
        }
        let fee = Self.fee(amount, basisPoints: token.feeBasisPoints)
        var moves = [SimulatedMove(token: address, from: from, to: to, amount: amount.subtractingSaturating(fee))]
        if !fee.isZero { moves.append(SimulatedMove(token: address, from: from, to: token.feeCollector, amount: fee)) }
        let logs = moves.map { move in
            SimulatedLog(
                address: address,
                topics: [ERC20.transferTopic, move.from.topic, move.to.topic],
                data: SimulatedABI.word(move.amount))
        }
        let answer = token.transferAnswer == .returnsNothing ? [] : SimulatedABI.word(UInt256.one)
        return SimulatedEffect(gas: gas, succeeded: true, returnData: answer, logs: logs, moves: moves)
    }

    /// Rounded down, through 512 bits: an amount of 2^255 must not overflow.
    private static func fee(_ amount: UInt256, basisPoints: UInt64) -> UInt256 {
        guard basisPoints > 0 else { return .zero }
        return (try? amount.multipliedFull(by: UInt256(basisPoints), dividedBy: UInt256(UInt64(10_000)))) ?? .zero
    }
}
