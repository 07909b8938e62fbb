extension ProblemCode {
    /// The body is not valid JSON.
    public static let malformedJSON = ProblemCode(
        "malformed_json", 400, "The body is not valid JSON.",
        cause: "The body breaks RFC 8259, is not UTF-8, or repeats a name in an object.",
        fix: "Send one JSON value in UTF-8 with each name once; `detail` names the position.")

    /// The request is not well-formed HTTP.
    public static let malformedRequest = ProblemCode(
        "malformed_request", 400, "The request is not well-formed HTTP.",
        cause: "The request target, a header or an escape in the path breaks the rules of HTTP.",
        fix: "Check how the client builds URLs and headers; percent-encode path parameters.")

    /// A query parameter is not known here.
    public static let unknownQueryParameter = ProblemCode(
        "unknown_query_parameter", 400, "A query parameter is not known here.",
        cause: "A parameter is misspelt or belongs to another operation.",
        fix: "Use the parameters listed for the operation at /docs.")

    /// A query parameter is given twice.
    public static let duplicateQueryParameter = ProblemCode(
        "duplicate_query_parameter", 400, "A query parameter is given twice.",
        cause: "Two values were sent for one parameter and neither can be preferred.",
        fix: "Send each parameter once.")

    /// A query parameter has a value that is not allowed.
    public static let invalidQueryParameter = ProblemCode(
        "invalid_query_parameter", 400, "A query parameter has a value that is not allowed.",
        cause: "The value has the wrong form or lies outside its range.",
        fix: "See `errors` for the parameter and what it takes.")

    /// The Idempotency-Key header is missing.
    public static let missingIdempotencyKey = ProblemCode(
        "missing_idempotency_key", 400, "The Idempotency-Key header is missing.",
        cause: "The operation moves money, and without a key a retry could do it twice.",
        fix: "Send `Idempotency-Key` with a fresh unique value per intent, and the same value on every retry.")

    /// The Idempotency-Key header is not usable.
    public static let invalidIdempotencyKey = ProblemCode(
        "invalid_idempotency_key", 400, "The Idempotency-Key header is not usable.",
        cause: "The key is empty, longer than 255 bytes, sent twice, or holds characters outside visible ASCII.",
        fix: "Use a UUID or another short random text.")

    /// The cursor is not one of ours.
    public static let invalidCursor = ProblemCode(
        "invalid_cursor", 400, "The cursor is not one of ours.",
        cause: "The cursor was cut, changed, or belongs to another listing.",
        fix: "Start again without `cursor` and follow `next_cursor` unchanged.")

    /// The request has no valid credential.
    public static let unauthorized = ProblemCode(
        "unauthorized", 401, "The request has no valid credential.",
        cause: "The Authorization header is missing, or its key or token is unknown, expired or revoked.",
        fix: "Send `Authorization: Bearer <API key or token>` with a credential that is in force.")

    /// The credential does not allow this.
    public static let forbidden = ProblemCode(
        "forbidden", 403, "The credential does not allow this.",
        cause: "The key or token lacks the scope that the operation requires.",
        fix: "Use a credential with the scope named in `detail`, or have an administrator grant it.")

    /// Nothing is here.
    public static let notFound = ProblemCode(
        "not_found", 404, "Nothing is here.",
        cause: "No route has this path, or the resource does not exist or belongs to another tenant.",
        fix: "Check the path and the id.")

    /// The wallet does not exist.
    public static let walletNotFound = ProblemCode(
        "WALLET_NOT_FOUND", 404, "The wallet does not exist.",
        cause: "No wallet of this tenant has the id.",
        fix: "List wallets with `GET /v1/wallets` and use an id from there.")

    /// The withdrawal does not exist.
    public static let withdrawalNotFound = ProblemCode(
        "WITHDRAWAL_NOT_FOUND", 404, "The withdrawal does not exist.",
        cause: "No withdrawal of this tenant has the id.",
        fix: "Use the id from the answer that created it, or list with `GET /v1/withdrawals`.")

    /// The approval does not exist.
    public static let approvalNotFound = ProblemCode(
        "APPROVAL_NOT_FOUND", 404, "The approval does not exist.",
        cause: "No pending or past approval has the id.",
        fix: "List approvals with `GET /v1/approvals`.")

    /// The path does not take this method.
    public static let methodNotAllowed = ProblemCode(
        "method_not_allowed", 405, "The path does not take this method.",
        cause: "The path exists, but not for this method.",
        fix: "Use one of the methods in the Allow header.")

    /// The answer cannot be given in the wanted form.
    public static let notAcceptable = ProblemCode(
        "not_acceptable", 406, "The answer cannot be given in the wanted form.",
        cause: "The Accept header excludes every form the operation can answer in.",
        fix: "Accept `application/json`.")

    /// The body took too long to arrive.
    public static let requestTimeout = ProblemCode(
        "request_timeout", 408, "The body took too long to arrive.",
        cause: "The client sent its body slower than the server waits.",
        fix: "Send the body at once; check the network.")

    /// The first request with this key is still running.
    public static let idempotencyInProgress = ProblemCode(
        "idempotency_in_progress", 409, "The first request with this key is still running.",
        cause: "A retry overtook the request it repeats.",
        fix: "Wait as long as Retry-After says and send the same request again.")

    /// The signing guard holds a different promise for this slot.
    public static let guardConflict = ProblemCode(
        "guard_conflict", 409, "The signing guard holds a different promise for this slot.",
        cause: "A transaction with this account and sequence number was already signed with other content.",
        fix: "Do not retry with other content; look at the guard record and the withdrawal that holds it.")

    /// The withdrawal can no longer be cancelled.
    public static let notCancellable = ProblemCode(
        "not_cancellable", 409, "The withdrawal can no longer be cancelled.",
        cause: "It is signed or was already sent, so it may pay; or it has ended.",
        fix: "Read its state and wait for its end.")

    /// The resource changed or already exists.
    public static let conflict = ProblemCode(
        "conflict", 409, "The resource changed or already exists.",
        cause: "Another request won, or a resource with the same identity exists.",
        fix: "Read the resource again and repeat the change if it still makes sense.")

    /// The resource has been removed.
    public static let gone = ProblemCode(
        "gone", 410, "The resource has been removed.",
        cause: "It expired or was deleted.",
        fix: "Create a new one.")

    /// The resource changed since it was read.
    public static let preconditionFailed = ProblemCode(
        "precondition_failed", 412, "The resource changed since it was read.",
        cause: "The If-Match value is not the current ETag.",
        fix: "Read the resource again and send its new ETag.")

    /// The body is too large.
    public static let payloadTooLarge = ProblemCode(
        "payload_too_large", 413, "The body is too large.",
        cause: "The body exceeds the limit of the operation.",
        fix: "Send less, or split the work; the limit is in `detail`.")

    /// The request target is too long.
    public static let uriTooLong = ProblemCode(
        "uri_too_long", 414, "The request target is too long.",
        cause: "Path and query together exceed 8 KiB.",
        fix: "Move data into the body, or ask for less at once.")

    /// The body is not JSON.
    public static let unsupportedMediaType = ProblemCode(
        "unsupported_media_type", 415, "The body is not JSON.",
        cause: "Content-Type is missing or is not `application/json` in UTF-8, or the body is compressed.",
        fix: "Send `Content-Type: application/json` and an uncompressed body.")

    /// Some fields are not valid.
    public static let validationFailed = ProblemCode(
        "validation_failed", 422, "Some fields are not valid.",
        cause: "One or more fields are missing, unknown, of the wrong type or out of range.",
        fix: "See `errors`: each entry has a JSON pointer to the field and says what it takes.")

    /// The JSON is nested too deeply or holds too much.
    public static let jsonTooComplex = ProblemCode(
        "json_too_complex", 422, "The JSON is nested too deeply or holds too much.",
        cause: "Depth, members per object, number of values or length of a string exceeds the limit.",
        fix: "Send flatter or smaller documents.")

    /// The Idempotency-Key was used for a different request.
    public static let idempotencyKeyReused = ProblemCode(
        "idempotency_key_reused", 422, "The Idempotency-Key was used for a different request.",
        cause: "The same key came with another method, path or body.",
        fix: "Use a new key for a new intent; repeat the original body to get its answer.")

    /// The balance does not cover the amount.
    public static let insufficientFunds = ProblemCode(
        "INSUFFICIENT_FUNDS", 422, "The balance does not cover the amount.",
        cause: "The user's available balance, after what is already reserved, is below the amount and its fee.",
        fix: "Lower the amount or credit the user first.")

    /// The recipient cannot be paid.
    public static let invalidRecipient = ProblemCode(
        "INVALID_RECIPIENT", 422, "The recipient cannot be paid.",
        cause: "The address has a wrong checksum, belongs to another chain, or is one that must never receive funds.",
        fix: "Check the address with its owner.")

    /// A policy forbids this.
    public static let policyDenied = ProblemCode(
        "POLICY_DENIED", 422, "A policy forbids this.",
        cause: "A rule on amounts, recipients, velocity or time denies the request; `detail` names it.",
        fix: "Change the request, or have an administrator change the policy.")

    /// The chain is not served here.
    public static let unsupportedChain = ProblemCode(
        "UNSUPPORTED_CHAIN", 422, "The chain is not served here.",
        cause: "No chain with this CAIP-2 id is configured.",
        fix: "Use a chain from `GET /health` or the configuration.")

    /// The asset is not known here.
    public static let unsupportedAsset = ProblemCode(
        "UNSUPPORTED_ASSET", 422, "The asset is not known here.",
        cause: "No asset with this CAIP-19 id is configured on the chain.",
        fix: "Use a configured asset, or add it to the configuration.")

    /// The wallet is switched off.
    public static let walletInactive = ProblemCode(
        "WALLET_INACTIVE", 422, "The wallet is switched off.",
        cause: "The wallet was deactivated by an operator.",
        fix: "Activate it with `PUT /v1/wallets/{id}/active`, or use another one.")

    /// A limit on how many of these may exist is reached.
    public static let limitReached = ProblemCode(
        "limit_reached", 422, "A limit on how many of these may exist is reached.",
        cause: "The tenant has as many of these resources as it may have.",
        fix: "Delete some, or have an administrator raise the limit.")

    /// The If-Match header is missing.
    public static let preconditionRequired = ProblemCode(
        "precondition_required", 428, "The If-Match header is missing.",
        cause: "The operation changes a resource that others may change too.",
        fix: "Read the resource and send its ETag as If-Match.")

    /// Too many requests.
    public static let quotaExceeded = ProblemCode(
        "quota_exceeded", 429, "Too many requests.",
        cause: "The caller used up its quota; `violated-policies` names the policy.",
        fix: "Wait as long as Retry-After says and spread requests; see the RateLimit header.",
        type: "https://iana.org/assignments/http-problem-types#quota-exceeded")

    /// The header fields are too large.
    public static let headerTooLarge = ProblemCode(
        "header_too_large", 431, "The header fields are too large.",
        cause: "There are more than 64 header fields, or they exceed 16 KiB together or 8 KiB each.",
        fix: "Send fewer and shorter headers; drop cookies.")

    /// Something went wrong on our side.
    public static let internalError = ProblemCode(
        "internal", 500, "Something went wrong on our side.",
        cause: "An unexpected error; it was logged with the `request_id`.",
        fix: "Retry with the same Idempotency-Key; tell the operator the `request_id` if it stays.")

    /// The chain cannot be reached.
    public static let chainUnavailable = ProblemCode(
        "chain_unavailable", 502, "The chain cannot be reached.",
        cause: "No node of the chain gave a usable answer in time.",
        fix: "Retry later; see `/health`.")

    /// The keystore is sealed.
    public static let sealed = ProblemCode(
        "sealed", 503, "The keystore is sealed.",
        cause: "The server started and nobody has unsealed it, or it was sealed on purpose.",
        fix: "Have an operator run `coffer unseal`; then retry.")

    /// The storage cannot be used now.
    public static let storageUnavailable = ProblemCode(
        "storage_unavailable", 503, "The storage cannot be used now.",
        cause: "The database is down, full or read-only.",
        fix: "Retry after Retry-After with the same Idempotency-Key; see `/health`.")

    /// The server is too busy.
    public static let overloaded = ProblemCode(
        "overloaded", 503, "The server is too busy.",
        cause: "More work is waiting than can be done in time, so new work of this class is refused.",
        fix: "Retry after Retry-After with the same Idempotency-Key.")

    /// The server is about to stop.
    public static let draining = ProblemCode(
        "draining", 503, "The server is about to stop.",
        cause: "It finishes what it has and takes nothing new.",
        fix: "Retry; another instance will answer.")

    /// The work took too long.
    public static let timeout = ProblemCode(
        "timeout", 504, "The work took too long.",
        cause: "Something the request depends on did not answer in time.",
        fix: "Retry with the same Idempotency-Key.")

    /// Every code, in the order of their statuses; each has a page.
    public static let all: [ProblemCode] =
        [
            .malformedJSON, .malformedRequest, .unknownQueryParameter, .duplicateQueryParameter, .invalidQueryParameter,
            .missingIdempotencyKey, .invalidIdempotencyKey, .invalidCursor, .unauthorized, .forbidden, .notFound,
            .walletNotFound, .withdrawalNotFound, .approvalNotFound, .methodNotAllowed, .notAcceptable, .requestTimeout,
            .idempotencyInProgress, .guardConflict, .notCancellable, .conflict, .gone, .preconditionFailed,
            .payloadTooLarge, .uriTooLong, .unsupportedMediaType, .validationFailed, .jsonTooComplex,
            .idempotencyKeyReused, .insufficientFunds, .invalidRecipient, .policyDenied, .unsupportedChain,
            .unsupportedAsset, .walletInactive, .limitReached, .preconditionRequired, .quotaExceeded, .headerTooLarge,
            .internalError, .chainUnavailable, .sealed, .storageUnavailable, .overloaded, .draining,
            .timeout,
        ] + connections
}
