public import ChainEVM
import ChainNode
public import Primitives
import WalletConnectClient
import WalletConnectProtocol

/// What nodes know of a user's accounts; no wallet is asked.
extension WalletConnectBackend {
    /// The accounts that the user's wallet granted, of every chain.
    ///
    /// - Throws: ``BackendError``: `unknown_user`, `not_connected`, `connection_pending`, `session_expired`.
    public func accounts(for target: ConnectionTarget) async throws(BackendError) -> [AccountID] {
        try await live(target).accounts
    }

    /// The native balance of every account of the session, in the chain's smallest unit, each with its own error.
    ///
    /// At most ``BackendSettings/balanceAccountsMax`` accounts, ``BackendSettings/nodeCallsMax`` at once.
    ///
    /// - Throws: ``BackendError``: `unknown_user`, `not_connected`, `connection_pending`, `session_expired`.
    public func balances(for target: ConnectionTarget) async throws(BackendError) -> [AccountBalance] {
        let accounts = Array(try await live(target).accounts.prefix(settings.balanceAccountsMax))
        return await withTaskGroup(of: (Int, AccountBalance).self) { group in
            var (next, found): (Int, [AccountBalance?]) = (0, Array(repeating: nil, count: accounts.count))
            func add() {
                guard next < accounts.count else { return }
                let (index, account) = (next, accounts[next])
                group.addTask { (index, AccountBalance(account: account, result: await self.balance(account))) }
                next += 1
            }
            for _ in 0..<settings.nodeCallsMax { add() }
            for await (index, balance) in group {
                found[index] = balance
                add()
            }
            return found.compactMap { $0 }
        }
    }

    private func balance(_ account: AccountID) async -> Result<UInt256, BackendError> {
        do throws(BackendError) {
            guard let address = try? Address(ignoringChecksum: account.address) else {
                throw BackendError(.nodeUnavailable, "no node is asked for \(account.chain)")
            }
            return .success(
                try await ask(account.chain) { (node) throws(NodeError) in
                    try await node.balance(of: address, at: .latest)
                })
        } catch {
            return .failure(error)
        }
    }

    /// What a transaction would cost now.
    ///
    /// - Throws: ``BackendError``: `call_reverted` with the contract's words, `insufficient_funds`, `node_unavailable`,
    ///   `invalid_params`, and why there is no connection.
    public func estimate(
        _ transaction: TransactionCall, on chain: ChainID, for target: ConnectionTarget
    ) async throws(BackendError) -> TransactionEstimate {
        try Self.require("eip155", chain)
        try transaction.check()
        let party = try await party(
            target, chain, "eth_sendTransaction", address: transaction.from.map(\.description),
            field: "transaction.from")
        let from = try? Address(ignoringChecksum: party.account.address)
        let request = CallRequest(
            from: from, to: transaction.to, gasLimit: transaction.gasLimit, value: transaction.value,
            data: transaction.data)
        let gas = try await ask(chain) { (node) throws(NodeError) in try await node.estimateGas(request) }
        let history = try await ask(chain) { (node) throws(NodeError) in
            try await node.feeHistory(blockCount: Self.feeBlocks, newest: .latest, percentiles: [50])
        }
        let quote = FeeRules.quote(
            nextBaseFee: history.nextBaseFee, tip: history.medianTip(column: 0) ?? Self.usualTip,
            blocks: Self.feeForecastBlocks)
        return TransactionEstimate(gasLimit: gas, quote: quote, value: transaction.value ?? .zero)
    }

    private static var feeBlocks: Int { 10 }
    private static var feeForecastBlocks: Int { 3 }
    /// 1 gwei, where no block of late had a transaction.
    private static var usualTip: UInt256 { 1_000_000_000 }

    // MARK: Contracts

    /// Asks a contract at the newest block; it costs nothing, and no wallet is asked.
    ///
    /// - Throws: ``BackendError``: `call_reverted` with the contract's words, `node_unavailable`, `invalid_params` for
    ///   arguments that are not of their kinds, `invalid_response` for an answer that is not.
    public func readContract(
        _ function: ContractFunction, _ arguments: [ABI.Value] = [], on chain: ChainID, from: Address? = nil
    ) async throws(BackendError) -> [ABI.Value] {
        try requireRunning()
        let data = try function.data(arguments)
        let answer = try await ask(chain) { (node) throws(NodeError) in
            try await node.call(CallRequest(from: from, to: function.contract, data: data), at: .latest)
        }
        do throws(ABIError) {
            return try ABI.decode(answer, as: function.outputs)
        } catch {
            throw BackendError(
                .invalidResponse, "\(function.signature) returned something else", cause: "\(error)")
        }
    }

    /// Has the wallet send a transaction to a contract's function.
    ///
    /// - Throws: as ``sendTransaction(_:on:for:options:)``, and `invalid_params` for arguments that are not of their kinds.
    public func writeContract(
        _ function: ContractFunction, _ arguments: [ABI.Value] = [], value: UInt256? = nil, on chain: ChainID,
        for target: ConnectionTarget, options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SentTransaction {
        let data = try function.data(arguments)
        return try await sendTransaction(
            TransactionCall(to: function.contract, value: value, data: data), on: chain, for: target, options: options)
    }

    // MARK: Nodes

    /// Asks the node of a chain, for a bounded time.
    private func ask<Value: Sendable>(
        _ chain: ChainID, _ question: @escaping @Sendable (any EVMNode) async throws(NodeError) -> Value
    ) async throws(BackendError) -> Value {
        guard let node = nodes[chain] else {
            throw BackendError(.nodeUnavailable, "no node is configured for \(chain)", field: "chain")
        }
        let milliseconds = settings.nodeMilliseconds
        let ending = Once<Result<Value, NodeError>?>()
        // A node that listens to nothing is left behind, both at its deadline and when the caller gives up.
        let answer = await withTaskCancellationHandler {
            await within(milliseconds: milliseconds, pace, ending: ending) {
                do throws(NodeError) {
                    return .success(try await question(node))
                } catch {
                    return .failure(error)
                }
            }
        } onCancel: {
            ending.set(.failure(NodeError(.cancelled, "cancelled")))
        }
        if Task.isCancelled { throw BackendError(.cancelled, "the call was cancelled") }
        let result = answer ?? .failure(NodeError(.timeout, "no answer in \(milliseconds) ms"))
        do throws(NodeError) {
            return try result.get()
        } catch {
            throw BackendError(error)
        }
    }
}

/// One account's balance, or why it is not known.
public struct AccountBalance: Sendable {
    /// The account.
    public let account: AccountID
    /// In the chain's smallest unit.
    public let result: Result<UInt256, BackendError>
}

/// What a transaction would cost.
public struct TransactionEstimate: Sendable, Hashable {
    /// The gas it would use now.
    public let gasLimit: UInt64
    /// What gas should be allowed to cost, for one of the next blocks.
    public let maxFeePerGas: UInt256
    /// The part of it for the block's maker.
    public let maxPriorityFeePerGas: UInt256
    /// The most the fee can be: gas times price.
    public let feeMax: UInt256
    /// The most that leaves the account: the fee and the value.
    public let total: UInt256

    init(gasLimit: UInt64, quote: FeeRules.Quote, value: UInt256) {
        self.gasLimit = gasLimit
        maxFeePerGas = quote.maxFeePerGas
        maxPriorityFeePerGas = quote.maxPriorityFeePerGas
        feeMax = quote.maxFeePerGas.multipliedSaturating(by: UInt256(gasLimit))
        total = feeMax.addingSaturating(value)
    }
}

/// One function of one contract.
public struct ContractFunction: Sendable, Hashable {
    /// The contract.
    public var contract: Address
    /// The function's name.
    public var name: String
    /// What it takes.
    public var inputs: [ABI.Kind]
    /// What it returns.
    public var outputs: [ABI.Kind]

    /// A function.
    public init(_ contract: Address, _ name: String, inputs: [ABI.Kind] = [], outputs: [ABI.Kind] = []) {
        self.contract = contract
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Name and kinds, as the selector is made of them.
    public var signature: String { "\(name)(\(inputs.map(\.description).joined(separator: ",")))" }

    func data(_ arguments: [ABI.Value]) throws(BackendError) -> [UInt8] {
        do throws(ABIError) {
            return try ABI.call(ABI.selector(signature), arguments, as: inputs)
        } catch {
            throw BackendError(
                .invalidParams, "the arguments do not fit \(signature): \(error)", field: "arguments")
        }
    }
}

extension BackendError {
    /// What a node's failure means for a caller.
    init(_ error: NodeError) {
        // Nodes say it in words, with numbers that differ.
        if error.message.contains("insufficient funds") {
            self.init(.insufficientFunds, "the account cannot pay for it", cause: error.description)
        } else if error.code == .reverted {
            let words = error.revertData.map { RevertReason.decode($0).description } ?? error.message
            self.init(.callReverted, "the call would fail: \(words)", cause: error.description)
        } else {
            self.init(.nodeUnavailable, "the node does not answer", cause: error.description)
        }
    }
}
