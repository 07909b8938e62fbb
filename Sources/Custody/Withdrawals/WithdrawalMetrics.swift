import Keys
import Metrics
import Primitives

/// What the workers count and time.
///
/// Names are in `MetricDeclaration.catalogue`; none names a user or an address.
enum WithdrawalMetrics {
    /// Signatures asked for at once, how long they took, and what the guard refused.
    static func signed(
        _ outcomes: [Result<SignedDigest, KeyError>], backend: String, took: Duration
    ) {
        let made = outcomes.count { if case .success = $0 { true } else { false } }
        guard !outcomes.isEmpty else { return }
        Counter(label: "coffer_sign_total", dimensions: [("backend", backend), ("outcome", "signed")])
            .increment(by: made)
        for case .failure(let error) in outcomes {
            Counter(label: "coffer_sign_total", dimensions: [("backend", backend), ("outcome", "\(error.code)")])
                .increment()
            if !error.code.isRetryable {
                Counter(label: "coffer_guard_refusals_total", dimensions: [("reason", "\(error.code)")]).increment()
            }
        }
        Timer(
            label: "coffer_sign_duration_seconds", dimensions: [("backend", backend), ("curve", "secp256k1")]
        ).recordNanoseconds(nanoseconds(took) / Int64(outcomes.count))
    }

    /// A verdict of the policy that was acted on.
    static func decided(isAllowed: Bool) {
        Counter(label: "coffer_policy_decisions_total", dimensions: [("decision", isAllowed ? "allow" : "refuse")])
            .increment()
    }

    /// How long a withdrawal took from its acceptance to a stage.
    static func reached(_ stage: Withdrawal.State, _ withdrawal: Withdrawal, at now: Timestamp) {
        Timer(label: "coffer_withdrawal_stage_duration_seconds", dimensions: [("stage", stage.rawValue)])
            .recordMilliseconds(max(0, now.milliseconds(since: withdrawal.createdAt)))
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
