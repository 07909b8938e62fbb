/// What a metric measures, and therefore how its samples are written.
public enum MetricKind: String, Sendable, Hashable {
    /// A number that only grows until the process ends.
    case counter
    /// A number that goes up and down.
    case gauge
    /// Observations counted in buckets, with their sum.
    case histogram
}

/// The upper bounds of a histogram, in the unit of its metric.
public struct Buckets: Sendable, Hashable {
    /// Finite upper bounds, ascending; `+Inf` is implied.
    public let upperBounds: [Double]

    /// Makes buckets from finite bounds.
    ///
    /// - Parameter upperBounds: at least one, finite, strictly ascending.
    public init(_ upperBounds: [Double]) {
        precondition(!upperBounds.isEmpty, "a histogram has at least one finite bucket")
        precondition(upperBounds.allSatisfy(\.isFinite), "bucket bounds are finite; +Inf is implied")
        precondition(zip(upperBounds, upperBounds.dropFirst()).allSatisfy(<), "bucket bounds ascend")
        self.upperBounds = upperBounds
    }

    /// Requests as a caller sees them, 5 ms to 10 s.
    ///
    /// The bounds are the ones
    /// [OpenTelemetry advises](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration)
    /// for HTTP servers, so that dashboards made for others fit.
    public static let request = Buckets([
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ])

    /// Work inside the process: signing, a commit, a decision; 0.1 ms to 5 s.
    public static let work = Buckets([
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
    ])

    /// Waiting for a chain or a person; 0.1 s to 6 hours.
    public static let stage = Buckets([0.1, 0.5, 1, 2.5, 5, 15, 30, 60, 120, 300, 900, 3600, 21_600])

    /// How many things went together in one batch.
    public static let batch = Buckets([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
}

/// A metric known by name: its help text and, for a histogram, its buckets.
///
/// Declaring costs nothing until a series is made; a name that is not declared works as well and gets a generic help
/// text and the ``Buckets/request`` bounds.
public struct MetricDeclaration: Sendable, Hashable {
    /// The name as exported, with its unit and `_total` suffix.
    public let name: String
    /// What the metric is.
    public let kind: MetricKind
    /// One sentence for the HELP line.
    public let help: String
    /// Bounds when `kind` is a histogram.
    public let buckets: Buckets

    /// Declares a metric.
    ///
    /// - Parameters:
    ///   - name: the exported name, for example `coffer_sign_duration_seconds`.
    ///   - kind: what it is.
    ///   - help: one sentence.
    ///   - buckets: used by histograms alone.
    public init(_ name: String, _ kind: MetricKind, _ help: String, buckets: Buckets = .request) {
        self.name = name
        self.kind = kind
        self.help = help
        self.buckets = buckets
    }

    /// Every metric of the product; operators' dashboards and alerts are written against these names.
    public static let catalogue: [MetricDeclaration] = [
        MetricDeclaration("coffer_build_info", .gauge, "Version and build of the running program; always 1."),
        MetricDeclaration("coffer_sealed", .gauge, "1 while the keystore is sealed and nothing can be signed."),
        MetricDeclaration(
            "coffer_http_requests_total", .counter, "HTTP requests answered, by route, method and status."),
        MetricDeclaration(
            "coffer_http_request_duration_seconds", .histogram,
            "Time from request head to answer, by route and method; failures included."),
        MetricDeclaration("coffer_http_requests_in_flight", .gauge, "HTTP requests being answered now."),
        MetricDeclaration("coffer_http_shed_total", .counter, "Requests refused to protect the rest, by class."),
        MetricDeclaration("coffer_rate_limited_total", .counter, "Requests refused by a rate limit, by policy."),
        MetricDeclaration("coffer_auth_failures_total", .counter, "Requests with a missing or refused credential."),
        MetricDeclaration(
            "coffer_sign_duration_seconds", .histogram, "Time to make one signature, by back end and curve.",
            buckets: .work),
        MetricDeclaration("coffer_sign_total", .counter, "Signatures asked for, by back end and outcome."),
        MetricDeclaration("coffer_guard_refusals_total", .counter, "Signatures the guard refused, by reason."),
        MetricDeclaration("coffer_withdrawals", .gauge, "Withdrawals by state."),
        MetricDeclaration(
            "coffer_withdrawal_oldest_age_seconds", .gauge, "Age of the oldest withdrawal in a state that must end."),
        MetricDeclaration(
            "coffer_withdrawal_stage_duration_seconds", .histogram, "Time a withdrawal spent in a stage.",
            buckets: .stage),
        MetricDeclaration("coffer_policy_decisions_total", .counter, "Policy decisions, by decision."),
        MetricDeclaration("coffer_approvals_pending", .gauge, "Withdrawals waiting for a person."),
        MetricDeclaration(
            "coffer_hot_wallet_balance_ratio", .gauge, "Balance of a hot wallet divided by its target, by chain."),
        MetricDeclaration("coffer_chain_head_age_seconds", .gauge, "Age of the newest block seen, by chain."),
        MetricDeclaration("coffer_rpc_requests_total", .counter, "Calls to chain nodes, by chain and outcome."),
        MetricDeclaration(
            "coffer_rpc_request_duration_seconds", .histogram, "Time of one call to a chain node, by chain.",
            buckets: .work),
        MetricDeclaration("coffer_kms_errors_total", .counter, "Failed calls to key back ends, by class."),
        MetricDeclaration("coffer_breaker_state", .gauge, "Circuit breaker: 0 closed, 1 half open, 2 open."),
        MetricDeclaration("coffer_queue_depth", .gauge, "Messages waiting, by queue."),
        MetricDeclaration("coffer_dead_letters", .gauge, "Messages set aside after too many attempts."),
        MetricDeclaration("coffer_webhook_deliveries_total", .counter, "Webhook attempts, by outcome."),
        MetricDeclaration("coffer_webhook_lag_seconds", .gauge, "Age of the oldest event not yet delivered."),
        MetricDeclaration("coffer_relay_connections", .gauge, "Open relay connections."),
        MetricDeclaration("coffer_relay_messages_total", .counter, "Relay messages, by operation."),
        MetricDeclaration("coffer_relay_connections_total", .counter, "Relay connections opened."),
        MetricDeclaration("coffer_relay_clients", .gauge, "Relay clients that are connected or have subscriptions."),
        MetricDeclaration("coffer_relay_topics", .gauge, "Relay topics with readers or messages."),
        MetricDeclaration("coffer_relay_refusals_total", .counter, "Relay calls answered with an error."),
        MetricDeclaration("coffer_relay_mailbox_bytes", .gauge, "Bytes kept for relay clients that are away."),
        MetricDeclaration("coffer_sessions", .gauge, "Wallet sessions, by role and state."),
        MetricDeclaration("coffer_connections", .gauge, "Connections of users' wallets, by state."),
        MetricDeclaration(
            "coffer_connection_events_lost_total", .counter, "Events of connections that could not be written."),
        MetricDeclaration("coffer_audit_checkpoint_age_seconds", .gauge, "Age of the newest signed audit checkpoint."),
        MetricDeclaration(
            "coffer_db_commit_duration_seconds", .histogram, "Time to make a unit of work durable.", buckets: .work),
        MetricDeclaration(
            "coffer_db_commit_batch_size", .histogram, "Units of work made durable together.", buckets: .batch),
        MetricDeclaration("coffer_db_pool_in_use", .gauge, "Database connections in use."),
        MetricDeclaration("coffer_rounds_open", .gauge, "Rounds that still take entries."),
        MetricDeclaration(
            "coffer_log_lines_lost_total", .counter,
            "Log lines that are in no file, by reason: full queue, failed write."),
        MetricDeclaration("coffer_metrics_refused_series_total", .counter, "Series not kept: clash or too many."),
    ]
}
