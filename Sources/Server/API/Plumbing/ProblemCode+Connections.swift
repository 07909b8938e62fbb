// Problems of wallet connections: the codes of the WalletConnect backend under the same names.
//
// A wallet's refusal, its silence and what went wrong inside it are no problems of a request to us: they are the `error` in
// the answer to the request that was passed on.

extension ProblemCode {
    /// The connection does not exist.
    public static let connectionNotFound = ProblemCode(
        "CONNECTION_NOT_FOUND", 404, "The connection does not exist.",
        cause: "No connection of this tenant has the topic, or it ended long ago.",
        fix: "List connections with `GET /v1/connections` and use a topic from there.")

    /// This server connects no wallets.
    public static let connectionsDisabled = ProblemCode(
        "connections_disabled", 503, "This server connects no wallets.",
        cause: "No relay is configured.",
        fix: "Set `walletconnect.relay_urls`, or `relay.enabled` to use this server's own relay.")

    /// Whether the request with this key was made is not known.
    public static let idempotencyInDoubt = ProblemCode(
        "idempotency_in_doubt", 409, "It is not known whether the wallet was asked.",
        cause: "The key was used so long ago that what became of its request is not kept any more.",
        fix: "Look at the connection's events; if the wallet was not asked, ask with a new key.")

    static let walletUnknownUser = ProblemCode(
        "unknown_user", 404, "The user has no connection.",
        cause: "The user never had a connection that is remembered.",
        fix: "Connect a wallet with `POST /v1/connections`.")

    static let walletNotConnected = ProblemCode(
        "not_connected", 409, "The connection has ended.",
        cause: "The wallet or this side ended it; `GET /v1/connections/{topic}` says which.",
        fix: "Connect again with `POST /v1/connections`.")

    static let walletConnectionPending = ProblemCode(
        "connection_pending", 409, "The wallet has not answered yet.",
        cause: "Nobody has scanned the URI, or the person has not decided.",
        fix: "Wait until the connection's state is `active`; its events tell.")

    static let walletConnectionExpired = ProblemCode(
        "connection_expired", 410, "Nobody answered in time.",
        cause: "The URI is valid for a few minutes, and no wallet answered.",
        fix: "Make a new one with `POST /v1/connections`.")

    static let walletSessionExpired = ProblemCode(
        "session_expired", 410, "The session's time is over.",
        cause: "Sessions live for seven days unless the wallet extends them.",
        fix: "Connect again with `POST /v1/connections`.")

    static let walletUnsupportedChain = ProblemCode(
        "unsupported_chain", 422, "The wallet did not grant this chain.",
        cause: "The chain is not among the connection's `chains`.",
        fix: "Use one of them, or connect again and ask for this one.", slug: "connection-unsupported-chain")

    static let walletUnsupportedMethod = ProblemCode(
        "unsupported_method", 422, "The wallet did not grant this method.",
        cause: "The method is not among the connection's `methods`.",
        fix: "Use one of them, or connect again and ask for this one.")

    static let walletRejected = ProblemCode(
        "rejected_by_user", 403, "The person said no.", cause: "The request was refused in the wallet.",
        fix: "Ask the person before you ask the wallet again.")

    static let walletPeerError = ProblemCode(
        "peer_error", 502, "The wallet answered with an error.",
        cause: "The wallet could not do it; `detail` has its words.",
        fix: "See what the wallet says.")

    static let walletInvalidResponse = ProblemCode(
        "invalid_response", 502, "The wallet's answer is not what the method returns.",
        cause: "The answer has another form, or the signature is not the account's.",
        fix: "Do not use the answer; try another wallet.")

    static let walletRequestInDoubt = ProblemCode(
        "request_in_doubt", 500, "It is not known whether the wallet is asked.",
        cause: "The records of connections failed, or the server stopped, while the request was made.",
        fix: "Ask again with the same `Idempotency-Key` when the server is back: it knows then.")

    static let walletUnknownRequest = ProblemCode(
        "unknown_request", 404, "The request does not exist.",
        cause: "No request of this connection has the id, or its answer was forgotten after a day.",
        fix: "Use the id from the answer that made it.")

    static let walletParamsTooLarge = ProblemCode(
        "params_too_large", 413, "The params are too large.", cause: "They have more bytes than the server passes on.",
        fix: "Send less; the limit is in `detail`.")

    static let walletInvalidParams = ProblemCode(
        "invalid_params", 422, "The request to the wallet is not valid.",
        cause: "A field is missing, of the wrong type or out of range; `errors` names it.", fix: "Correct the field.")

    static let walletTooManySessions = ProblemCode(
        "too_many_sessions", 429, "There are too many connections.",
        cause: "The user or the server has as many connections as the settings allow, pending ones included.",
        fix: "Disconnect some, or wait until pending ones expire.")

    static let walletTooManyRequests = ProblemCode(
        "too_many_requests", 429, "Too many requests wait for wallets.",
        cause: "As many requests wait as the settings allow.", fix: "Retry when some were answered.")

    static let walletRefusedByPlugin = ProblemCode(
        "refused_by_plugin", 403, "A rule of this server refuses the request.",
        cause: "A plugin looked at the request and said no; `detail` has its words.", fix: "Ask the server's operator.")

    static let walletRelayUnreachable = ProblemCode(
        "relay_unreachable", 503, "The relay cannot be reached.",
        cause: "The relay is down, refuses this server, or did not take the message in time.",
        fix: "Retry later; see `/health`, and `walletconnect.project_id` for a public relay.")

    static let walletStoreUnavailable = ProblemCode(
        "store_unavailable", 503, "The records of connections cannot be used now.",
        cause: "Their database is down, full or read-only.", fix: "Retry later; see `/health`.")

    static let walletNodeUnavailable = ProblemCode(
        "node_unavailable", 502, "No node of the chain answers.",
        cause: "No node is configured for the chain, or it did not answer in time.",
        fix: "Configure one, or retry later.")

    static let walletCallReverted = ProblemCode(
        "call_reverted", 422, "The chain says that the call would fail.", cause: "The contract reverts.",
        fix: "Correct the call; `detail` has the reason.")

    static let walletCancelled = ProblemCode(
        "cancelled", 503, "The caller gave up.", cause: "The wait was ended; what was sent to the wallet goes on.",
        fix: "Read the request by its id.")

    static let walletClosed = ProblemCode(
        "closed", 503, "Connections are not served now.", cause: "The server starts or stops, or its records failed.",
        fix: "Retry; see `/health`.")

    /// Those of wallet connections.
    static let connections: [ProblemCode] = [
        .connectionNotFound, .connectionsDisabled, .idempotencyInDoubt, .walletUnknownUser, .walletNotConnected,
        .walletConnectionPending,
        .walletConnectionExpired, .walletSessionExpired, .walletUnsupportedChain, .walletUnsupportedMethod,
        .walletRejected,
        .walletPeerError, .walletInvalidResponse, .walletRequestInDoubt, .walletUnknownRequest, .walletParamsTooLarge,
        .walletInvalidParams,
        .walletTooManySessions, .walletTooManyRequests, .walletRefusedByPlugin, .walletRelayUnreachable,
        .walletStoreUnavailable, .walletNodeUnavailable, .walletCallReverted, .walletCancelled, .walletClosed,
    ]
}
