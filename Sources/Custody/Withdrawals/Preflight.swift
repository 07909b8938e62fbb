import ChainEVM
import ChainNode
import Primitives
import Wallets

/// Asks the chain whether a payment would work now, before it gets a nonce.
///
/// What fails here never leaves a gap.
struct Preflight {
    enum Verdict: Sendable, Hashable {
        case pass(gasLimit: UInt64)
        /// May work later.
        case wait(String)
        /// Can't work as it is.
        case refuse(String)
    }

    private let sender: Address
    private let node: any EVMNode
    private let settings: ChainSettings
    private let assets: AssetList
    private let fresh: FeeRules.Quote
    /// What payments that wait for a block will take out, by asset.
    private var bound: [String: UInt256] = [:]
    private var balances: [String: UInt256] = [:]

    init(state: LaneState, view: ChainView, node: any EVMNode, settings: ChainSettings, assets: AssetList) {
        self.sender = state.wallet.address
        self.node = node
        self.settings = settings
        self.assets = assets
        self.fresh = view.fresh
        for slot in state.slots where slot.nonce >= view.nextNonce {
            let maxFee = slot.strongest?.maxFeePerGas ?? slot.draft?.fees.maxFeePerGas ?? view.fresh.maxFeePerGas
            bind(maxFee.multipliedSaturating(by: UInt256(slot.gasLimit)), of: settings.native.key)
            bind(slot.withdrawal.amount, of: slot.withdrawal.asset)
        }
    }

    private mutating func bind(_ amount: UInt256, of asset: String) {
        bound[asset] = (bound[asset] ?? .zero).addingSaturating(amount)
    }

    /// Checks one withdrawal; one that passes counts as bound for those after it.
    ///
    /// - Throws: `NodeError` when the nodes can't answer now; a question that they refuse for good is this withdrawal's
    ///   own trouble, and holds up nobody else.
    mutating func check(_ withdrawal: Withdrawal) async throws -> Verdict {
        do {
            return try await examine(withdrawal)
        } catch let error as NodeError where error.code.isQuestionRefused {
            return .wait("the chain's nodes can't estimate it: \(error.message)")
        }
    }

    private mutating func examine(_ withdrawal: Withdrawal) async throws -> Verdict {
        guard let id = try? AssetID(withdrawal.asset), let asset = try? assets.asset(id) else {
            return .wait("\(withdrawal.asset) is not in the asset list any more")
        }
        let payout = Payout(withdrawal, asset: asset)
        // Money first: without it the estimate would only report a revert.
        guard try await available(asset) >= withdrawal.amount else {
            return .wait("the wallet holds less than \(withdrawal.amount) of \(asset.key) that is not bound already")
        }
        let estimate: UInt64
        do {
            estimate = try await node.estimateGas(
                CallRequest(from: sender, to: payout.to, value: payout.value, data: payout.data))
        } catch {
            guard error.code == .reverted else { throw error }
            return .refuse("the payment would revert: \(error.message)")
        }
        // A fifth more than estimated: the state may differ when it is mined. Plain transfers need no margin.
        let margin = estimate == Payout.plainGas ? 0 : estimate / 5
        let (gasLimit, overflow) = estimate.addingReportingOverflow(margin)
        guard !overflow, gasLimit <= settings.gasLimitMax else {
            return .refuse("the payment needs \(estimate) gas and a margin, more than \(settings.gasLimitMax)")
        }
        guard SlotRules.isAllowed(fresh, gasLimit: gasLimit, settings) else {
            return .wait("network fees are above the cap: \(fresh.maxFeePerGas) wei for a unit of gas")
        }
        let fee = fresh.maxFeePerGas.multipliedSaturating(by: UInt256(gasLimit))
        let coins = asset.kind == .native ? fee.addingSaturating(withdrawal.amount) : fee
        guard try await available(settings.native) >= coins else {
            return .wait("the wallet holds too few coins to pay the network fee of up to \(fee) wei")
        }
        bind(fee, of: settings.native.key)
        bind(withdrawal.amount, of: asset.key)
        return .pass(gasLimit: gasLimit)
    }

    private mutating func available(_ asset: Asset) async throws -> UInt256 {
        let balance: UInt256
        if let known = balances[asset.key] {
            balance = known
        } else {
            switch asset.kind {
            case .native: balance = try await node.balance(of: sender, at: .latest)
            case .erc20(let token):
                let answer = try await node.call(CallRequest(to: token, data: ERC20.balanceOf(sender)), at: .latest)
                do {
                    balance = try ERC20.decodeBalance(answer)
                } catch {
                    throw NodeError(.badAnswer, "\(token) answers no balance", cause: error)
                }
            }
            balances[asset.key] = balance
        }
        return balance.subtractingSaturating(bound[asset.key] ?? .zero)
    }
}

extension NodeError.Code {
    /// Whether the nodes answered, and will answer the same again.
    fileprivate var isQuestionRefused: Bool {
        !isRetryable && self != .wrongChain && self != .disagreement && self != .cancelled
    }
}
