import Primitives

/// Decides about one request: facts in, verdict out.
enum GuardRules {
    /// A lane as the rules see it.
    struct Lane: Sendable {
        var low: Int64?
        var high: Int64?
        var isEnabled = true
    }

    /// A slot as the rules see it.
    struct Slot: Sendable, Equatable {
        var signer: [UInt8]
        var intent: Hash32?
        var cancelIntent: Hash32?
        var isMessage: Bool
        var maxFee: UInt256
        var maxPriorityFee: UInt256
        var payloads: Int64
        var isFrozen: Bool
    }

    /// A payload with the request's digest, wherever it stands.
    struct Payload: Sendable, Equatable {
        var lane: String
        var position: Int64
        var purpose: SigningRequest.Purpose
        var intent: Hash32
        var signer: [UInt8]
        var maxFee: UInt256
        var maxPriorityFee: UInt256
        var signature: GuardSignature?
    }

    enum Verdict: Equatable {
        /// The very same request as before: its signature if there is one.
        case repeated(GuardSignature?)
        /// The slot as it becomes; its `payloads` is the new payload's ordinal.
        case record(Slot)
        case refuse(KeyError.Code, String)
    }

    static func decide(_ request: SigningRequest, lane: Lane, slot: Slot?, known: Payload?) -> Verdict {
        guard lane.isEnabled else { return .refuse(.laneDisabled, "the lane is disabled") }
        if let low = lane.low, request.position <= low {
            return .refuse(.belowWatermark, "the position is not above the low watermark \(low)")
        }
        if let high = lane.high, request.position > high {
            return .refuse(.aboveWatermark, "the position is above the high watermark \(high)")
        }
        if let known { return decideKnown(request, known, slot: slot) }
        guard let slot else { return .record(first(request)) }
        return decideFurther(request, slot)
    }

    private static func decideKnown(_ request: SigningRequest, _ known: Payload, slot: Slot?) -> Verdict {
        // The fees are in the digest too; a request that disagrees with the record about them was not made from it.
        let isSame =
            known.lane == request.lane && known.position == request.position && known.purpose == request.purpose
            && known.intent == request.intent && known.signer == request.expectedSigner
            && known.maxFee == request.maxFeePerGas && known.maxPriorityFee == request.maxPriorityFeePerGas
        guard isSame else { return .refuse(.guardConflict, "this digest was recorded with other particulars") }
        if known.signature == nil, slot?.isFrozen != false {
            return .refuse(.guardConflict, "two histories disagree about the slot")
        }
        return .repeated(known.signature)
    }

    private static func first(_ request: SigningRequest) -> Slot {
        Slot(
            signer: request.expectedSigner, intent: request.purpose == .cancel ? nil : request.intent,
            cancelIntent: request.purpose == .cancel ? request.intent : nil, isMessage: request.purpose == .message,
            maxFee: request.maxFeePerGas, maxPriorityFee: request.maxPriorityFeePerGas, payloads: 1, isFrozen: false)
    }

    private static func decideFurther(_ request: SigningRequest, _ slot: Slot) -> Verdict {
        guard !slot.isFrozen else { return .refuse(.guardConflict, "two histories disagree about the slot") }
        guard slot.signer == request.expectedSigner else {
            return .refuse(.guardConflict, "the slot belongs to another signer")
        }
        guard !slot.isMessage, request.purpose != .message else {
            return .refuse(.guardConflict, "a slot with a message takes nothing else")
        }
        var next = slot
        if request.purpose == .cancel {
            guard slot.cancelIntent ?? request.intent == request.intent else {
                return .refuse(.guardConflict, "the slot has another cancel")
            }
            guard slot.intent != request.intent else {
                return .refuse(.guardConflict, "a cancel that does what the payout does cancels nothing")
            }
            next.cancelIntent = request.intent
        } else {
            guard slot.cancelIntent == nil else {
                return .refuse(.guardConflict, "the slot was cancelled")
            }
            guard slot.intent == request.intent else {
                return .refuse(.guardConflict, "the slot stands for another payout")
            }
        }
        guard isRaised(request.maxFeePerGas, over: slot.maxFee),
            isRaised(request.maxPriorityFeePerGas, over: slot.maxPriorityFee)
        else {
            return .refuse(.guardConflict, "a replacement needs both fees at least \(feeBumpPercent) % higher")
        }
        next.maxFee = request.maxFeePerGas
        next.maxPriorityFee = request.maxPriorityFeePerGas
        next.payloads += 1
        return .record(next)
    }

    /// Nodes drop a replacement that raises either fee by less: geth's `--txpool.pricebump` is 10 % by default.
    static let feeBumpPercent: UInt64 = 10

    /// Whether `fee` is at least a tenth above `old`, rounded up, and higher in any case.
    static func isRaised(_ fee: UInt256, over old: UInt256) -> Bool {
        let least = try? old.multipliedFull(
            by: UInt256(100 + feeBumpPercent), dividedBy: UInt256(100 as UInt64), roundingUp: true)
        // No fee is a tenth above one near 2^256.
        guard let least else { return false }
        return fee >= least && fee > old
    }
}
