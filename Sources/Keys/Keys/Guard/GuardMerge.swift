import Primitives
import Storage

/// Merges an imported history into the rows: of two rules the stricter one stands, and nothing recorded is lost.
struct GuardMerge {
    let now: Timestamp
    private(set) var report: GuardImportReport
    private var frozen: Set<String> = []

    init(isDryRun: Bool, at now: Timestamp) {
        self.now = now
        report = GuardImportReport(isDryRun: isDryRun)
    }

    mutating func merge(_ document: GuardDocument, in tx: any WriteTransaction) throws {
        for lane in document.lanes {
            report.lanes += 1
            try merge(lane.bounds, lane.name, in: tx)
            for slot in lane.slots {
                report.slots += 1
                try merge(slot, lane.name, in: tx)
            }
        }
        report.frozen = frozen.sorted()
    }

    private mutating func merge(_ new: GuardRules.Lane, _ name: String, in tx: any WriteTransaction) throws {
        guard let old = try GuardRows.lane(name, in: tx) else {
            try GuardRows.insert(new, name, in: tx)
            report.lanesChanged += 1
            return
        }
        let low = [old.low, new.low].compactMap(\.self).max()
        let high = [old.high, new.high].compactMap(\.self).min()
        let isEnabled = old.isEnabled && new.isEnabled
        guard low != old.low || high != old.high || isEnabled != old.isEnabled else { return }
        try GuardRows.change(GuardRules.Lane(low: low, high: high, isEnabled: isEnabled), name, in: tx)
        report.lanesChanged += 1
    }

    private mutating func merge(_ imported: GuardDocument.Slot, _ lane: String, in tx: any WriteTransaction) throws {
        let position = imported.position
        let old = try GuardRows.slot(lane, position, in: tx)
        var slot = old
        for payload in imported.payloads {
            if let known = try GuardRows.payload(payload.digest, of: payload.signer, in: tx) {
                try merge(payload, with: known, lane, position, into: &slot, in: tx)
                continue
            }
            slot = Self.adding(payload, to: slot)
            report.payloadsAdded += 1
            try GuardRows.insert(payload, lane, position, ordinal: slot?.payloads ?? 1, in: tx)
        }
        // A slot whose every digest stands elsewhere still exists, so that nothing is ever let through for it.
        guard var slot = slot ?? imported.payloads.first.map({ Self.empty($0) }) else { return }
        slot.isFrozen = slot.isFrozen || imported.isFrozen
        if slot.isFrozen, old?.isFrozen != true { frozen.insert("\(lane)#\(position)") }
        if let old {
            if slot != old { try GuardRows.change(old, to: slot, lane, position, in: tx) }
        } else {
            report.slotsAdded += 1
            try GuardRows.insert(slot, lane, position, at: now, in: tx)
        }
    }

    /// The digest is known: here, and then only the signature may be new, or in another slot, which is a disagreement.
    private mutating func merge(
        _ payload: GuardPayload, with known: GuardRules.Payload, _ lane: String, _ position: Int64,
        into slot: inout GuardRules.Slot?, in tx: any WriteTransaction
    ) throws {
        let isSame =
            known.lane == lane && known.position == position && known.purpose == payload.purpose
            && known.intent == payload.intent && known.signer == payload.signer
            && known.maxFee == payload.maxFeePerGas && known.maxPriorityFee == payload.maxPriorityFeePerGas
        if isSame {
            if let signature = payload.signature, known.signature == nil {
                _ = try GuardRows.keep(signature.guardForm, for: payload.digest, of: payload.signer, in: tx)
                report.signaturesAdded += 1
            }
            return
        }
        if slot == nil { slot = Self.empty(payload) }
        slot?.isFrozen = true
        if known.lane != lane || known.position != position,
            let other = try GuardRows.slot(known.lane, known.position, in: tx), !other.isFrozen
        {
            var stopped = other
            stopped.isFrozen = true
            try GuardRows.change(other, to: stopped, known.lane, known.position, in: tx)
            frozen.insert("\(known.lane)#\(known.position)")
        }
    }

    /// The slot with one more payload; frozen when it could not have been let through after the others.
    private static func adding(_ payload: GuardPayload, to slot: GuardRules.Slot?) -> GuardRules.Slot {
        var next = slot ?? empty(payload)
        let isCancel = payload.purpose == .cancel
        // Fees are no ground: two processes may well have raised them side by side, and the higher ones stand.
        let agrees =
            next.signer == payload.signer && next.isMessage == (payload.purpose == .message)
            && (isCancel ? next.cancelIntent ?? payload.intent : next.intent ?? payload.intent) == payload.intent
            && !(payload.purpose == .message && next.payloads > 0)
        next.isFrozen = next.isFrozen || !agrees
        if isCancel {
            next.cancelIntent = next.cancelIntent ?? payload.intent
        } else {
            next.intent = next.intent ?? payload.intent
        }
        next.maxFee = max(next.maxFee, payload.maxFeePerGas)
        next.maxPriorityFee = max(next.maxPriorityFee, payload.maxPriorityFeePerGas)
        next.payloads += 1
        return next
    }

    /// A slot before its first payload.
    private static func empty(_ payload: GuardPayload) -> GuardRules.Slot {
        GuardRules.Slot(
            signer: payload.signer, intent: nil, cancelIntent: nil, isMessage: payload.purpose == .message,
            maxFee: .zero, maxPriorityFee: .zero, payloads: 0, isFrozen: false)
    }
}
