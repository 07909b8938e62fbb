public import HTTPTypes

extension HTTPField.Name {
    static let requestID = named("X-Request-Id")
    static let apiVersion = named("API-Version")
    static let idempotencyKey = named("Idempotency-Key")
    static let rateLimit = named("RateLimit")
    static let rateLimitPolicy = named("RateLimit-Policy")
    static let xFrameOptions = named("X-Frame-Options")
    static let referrerPolicy = named("Referrer-Policy")
    static let traceParent = named("traceparent")
    static let forwardedFor = named("X-Forwarded-For")
    static let xAccelBuffering = named("X-Accel-Buffering")
    static let link = named("Link")

    /// Set to `true` on an answer that repeats the first one of its `Idempotency-Key`.
    public static let idempotencyReplayed = named("Idempotency-Replayed")
    /// Where a resumed event stream goes on.
    public static let lastEventID = named("Last-Event-ID")

    private static func named(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("a header name is a token") }
        return name
    }
}
