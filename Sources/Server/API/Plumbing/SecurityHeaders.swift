import HTTPTypes

/// The header fields every answer carries.
struct SecurityHeaders: Sendable {
    /// Fields of an answer that sets none of its own.
    let common: HTTPFields

    /// For pages: scripts, styles and requests of this server alone, nothing inline, nobody may frame it.
    static let pagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// - Parameters:
    ///   - apiVersion: the value of `API-Version`.
    ///   - strictTransportSeconds: sent as `Strict-Transport-Security` when the public side is HTTPS.
    init(apiVersion: String, strictTransportSeconds: Int?) {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .apiVersion, value: apiVersion))
        fields.append(HTTPField(name: .cacheControl, value: "no-store"))
        fields.append(
            HTTPField(name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'"))
        fields.append(HTTPField(name: .xContentTypeOptions, value: "nosniff"))
        fields.append(HTTPField(name: .xFrameOptions, value: "DENY"))
        fields.append(HTTPField(name: .referrerPolicy, value: "no-referrer"))
        fields.append(HTTPField(name: .crossOriginResourcePolicy, value: "same-origin"))
        if let strictTransportSeconds {
            fields.append(
                HTTPField(
                    name: .strictTransportSecurity, value: "max-age=\(strictTransportSeconds); includeSubDomains"))
        }
        common = fields
    }

    /// The common fields and those of an answer; the answer's win.
    func fields(with own: HTTPFields) -> HTTPFields {
        var fields = common
        for field in own {
            if field.name == .cacheControl || field.name == .contentSecurityPolicy { fields[field.name] = nil }
            fields.append(field)
        }
        return fields
    }
}
