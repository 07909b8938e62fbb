import ChainEVM
import Primitives

/// What a lane sees of its chain at one moment.
struct ChainView: Sendable, Hashable {
    let headNumber: UInt64
    /// The sender's next nonce after the newest block: everything below is used, as far as this node knows.
    let nextNonce: UInt64
    /// What a new transaction should offer now.
    let fresh: FeeRules.Quote
    let now: Timestamp
}

/// What to do about one slot.
enum SlotAction: Sendable, Hashable {
    /// Nothing yet.
    case wait
    /// The chain counts the nonce as used: ask what became of our transactions.
    case look
    /// Send these stored bytes.
    case send(Attempt)
    /// Store this as a draft, then sign it.
    case draft(Draft)
    /// Sign the stored draft.
    case sign(Draft)
}

/// Decides about slots: values in, an action out, no effects.
enum SlotRules {
    static func decide(_ slot: Slot, _ view: ChainView, _ settings: ChainSettings) -> SlotAction {
        if slot.nonce < view.nextNonce { return .look }
        if let draft = slot.draft { return .sign(draft) }
        guard let strongest = slot.strongest else {
            // Binding writes a draft, so this slot lost its draft to something that is not us.
            return isAllowed(view.fresh, gasLimit: slot.gasLimit, settings)
                ? .draft(Draft(purpose: .payout, fees: view.fresh)) : .wait
        }
        let wantsCancel = slot.withdrawal.isCancelRequested && !slot.attempts.contains { $0.purpose == .cancel }
        let old = FeeRules.Quote(
            maxPriorityFeePerGas: slot.attempts.map(\.maxPriorityFeePerGas).max() ?? .zero,
            maxFeePerGas: strongest.maxFeePerGas)
        if wantsCancel, let fees = replacement(of: old, view, settings, gasLimit: Payout.plainGas) {
            return .draft(Draft(purpose: .cancel, fees: fees))
        }
        // A block with it was replaced: the bytes that are there go out again before anybody offers more.
        let isNear =
            slot.nonce - view.nextNonce < ChainSettings.bumpPositions && slot.withdrawal.state != .mined
        if isNear, let firstSent = strongest.sentAt,
            view.now.milliseconds(since: firstSent) >= settings.bumpAfterMilliseconds,
            let fees = replacement(of: old, view, settings, gasLimit: slot.gasLimit)
        {
            return .draft(Draft(purpose: strongest.purpose, fees: fees))
        }
        return resend(slot, view, settings).map { .send($0) } ?? .wait
    }

    /// The stored bytes that are due to go out again, whatever is to be signed next: a slot must not fall silent because
    /// its lane is frozen or the vault is sealed.
    static func resend(_ slot: Slot, _ view: ChainView, _ settings: ChainSettings) -> Attempt? {
        guard slot.nonce >= view.nextNonce, let strongest = slot.strongest else { return nil }
        // Never sent; or a block with it was replaced: the bytes go out at once.
        guard let lastSent = strongest.lastSentAt, slot.withdrawal.state != .mined else { return strongest }
        let pause =
            slot.withdrawal.state == .broadcast ? settings.resendAfterMilliseconds : settings.retryAfterMilliseconds
        return view.now.milliseconds(since: lastSent) >= pause ? strongest : nil
    }

    /// Fees that every node takes in place of `old`; `nil` when the caps don't allow them.
    ///
    /// Then the old offer waits: it does not fail.
    private static func replacement(
        of old: FeeRules.Quote, _ view: ChainView, _ settings: ChainSettings, gasLimit: UInt64
    ) -> FeeRules.Quote? {
        let raised = FeeRules.replacement(old: old, fresh: view.fresh)
        if isAllowed(raised, gasLimit: gasLimit, settings) { return raised }
        // The market is above our cap; the smallest step that nodes accept may still be below it.
        let least = FeeRules.replacement(
            old: old, fresh: FeeRules.Quote(maxPriorityFeePerGas: .zero, maxFeePerGas: .zero))
        return isAllowed(least, gasLimit: gasLimit, settings) ? least : nil
    }

    /// Whether an offer is inside the caps.
    static func isAllowed(_ fees: FeeRules.Quote, gasLimit: UInt64, _ settings: ChainSettings) -> Bool {
        guard fees.maxFeePerGas <= settings.maxFeePerGasWeiCap, fees.maxPriorityFeePerGas <= fees.maxFeePerGas else {
            return false
        }
        let cost = fees.maxFeePerGas.multipliedReportingOverflow(by: UInt256(gasLimit))
        return !cost.overflow && cost.partialValue <= settings.transactionFeeWeiCap
    }
}
