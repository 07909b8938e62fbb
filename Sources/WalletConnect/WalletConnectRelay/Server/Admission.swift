import Primitives
import WalletConnectProtocol

/// Who asks to be let in, as the request says it, and whether he is.
struct Admission {
    /// The query of the request, without `?`.
    var query: RelayQuery
    var authorization: String?
    var origin: String?
    var address: String

    /// The token, from the query or as `Authorization: Bearer`.
    var token: String? {
        if let token = query["auth"] { return token }
        guard let authorization, authorization.lowercased().hasPrefix("bearer ") else { return nil }
        return String(authorization.dropFirst("bearer ".count))
    }

    /// Whether a refusal is told by a close frame: browsers cannot read the status of a refused upgrade.
    var wantsCloseEvent: Bool { query["useOnCloseEvent"] == "true" }

    /// What the token says, whose signature and time are right.
    ///
    /// What is cheap comes first; the signature, a thousand times dearer, last.
    func check(_ hub: RelayHub) -> Result<RelayToken.Claims, Refusal> {
        guard let token, !token.isEmpty else { return refuse(.missingJWT, status: 401, hub) }
        guard hub.admitsAttempt(client: Self.claimedIssuer(token), address: address) else {
            return .failure(Refusal(error: RelayError(.tooManyRequests), status: hub.isDraining ? 503 : 429))
        }
        if !hub.projects.isEmpty {
            guard let id = query["projectId"], !id.isEmpty else {
                return refuse(.projectIDNotSpecified, status: 401, hub)
            }
            guard let project = hub.projects[id] else { return refuse(.projectNotFound, status: 401, hub) }
            guard project.admits(origin: origin) else { return refuse(.originNotAllowed, status: 403, hub) }
        }
        do throws(RelayTokenError) {
            return .success(try RelayToken.verify(token, audiences: hub.audiences, now: hub.clock.now))
        } catch {
            return .failure(
                Refusal(error: RelayError(.invalidJWT, "Invalid JWT: \(error.reason)"), status: 401))
        }
    }

    private func refuse(_ kind: RelayError.Kind, status: Int, _ hub: RelayHub) -> Result<RelayToken.Claims, Refusal> {
        .failure(Refusal(error: RelayError(kind), status: status))
    }

    /// The issuer that a token claims, unproved; for counting attempts.
    private static func claimedIssuer(_ token: String) -> String {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count <= RelayToken.textBytesMax,
            let claims = try? Base64URL.decode(String(Substring(parts[1]))),
            let start = claims.firstRange(of: Array(#""iss":""#.utf8))?.upperBound
        else { return "" }
        return String(decoding: claims[start...].prefix(DIDKey.textBytesMax).prefix { $0 != 0x22 }, as: UTF8.self)
    }
}

/// Why somebody is not let in.
struct Refusal: Error {
    var error: RelayError
    var status: Int

    /// What the close frame says; without the class, as clients know it.
    var reason: String { error.message.hasPrefix("Auth error: ") ? String(error.message.dropFirst(12)) : error.message }

    var problem: [UInt8] {
        let json: JSON = .object(
            omittingNil: [
                "type": "about:blank", "title": .string(Self.title(status)), "status": JSON(Int64(status)),
                "detail": .string(reason), "code": error.tag.map { .string($0) },
            ])
        return json.serialized()
    }

    private static func title(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        default: "Service Unavailable"
        }
    }
}

extension RelayTokenError {
    fileprivate var reason: String {
        switch self {
        case .expired: "expired"
        case .notYetValid: "not yet valid"
        case .wrongAudience: "wrong audience"
        case .invalidSignature: "wrong signature"
        case .missingClaim(let name): "no \(name)"
        case .tooLong, .malformed, .wrongAlgorithm, .wrongType, .invalidIssuer: "malformed"
        }
    }
}

/// Names and values of a query, decoded; the first of each name counts.
struct RelayQuery {
    private var values: [String: String] = [:]

    /// Parameters that are read; an address has no more.
    private static let parametersMax = 64

    /// The query of a request's target.
    init(target: String) {
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        self.init(query: target[mark...].dropFirst())
    }

    init(query: some StringProtocol) {
        for pair in query.split(separator: "&", maxSplits: Self.parametersMax).prefix(Self.parametersMax) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decode(String(parts[0]))
            if values[name] == nil { values[name] = parts.count > 1 ? Self.decode(String(parts[1])) : "" }
        }
    }

    subscript(name: String) -> String? { values[name] }

    private static func decode(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
