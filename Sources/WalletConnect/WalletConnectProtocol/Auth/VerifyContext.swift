public import Primitives

/// What is known about where a request came from, for the person who has to decide.
public struct VerifyContext: Sendable, Hashable {
    /// How the attested origin compares with the one that the dApp claims.
    public enum Validation: String, Sendable, Hashable {
        /// The origin is attested and is the one in the dApp's metadata.
        case valid = "VALID"
        /// The origin is attested and is another one.
        case invalid = "INVALID"
        /// Nothing is attested: always so for a dApp that is a server.
        case unknown = "UNKNOWN"
    }

    /// The attested origin; when there is none, the URL in the dApp's metadata.
    public var origin: String
    /// How the two compare.
    public var validation: Validation
    /// The service that was asked, as in `https://verify.walletconnect.org`.
    public var verifyURL: String
    /// Whether the origin is on a list of frauds; nil when nobody said.
    public var isScam: Bool?

    /// A context of these parts.
    public init(origin: String, validation: Validation, verifyURL: String, isScam: Bool? = nil) {
        self.origin = origin
        self.validation = validation
        self.verifyURL = verifyURL
        self.isScam = isScam
    }

    /// One word for it all: a known fraud outranks everything else.
    public var verdict: VerifyVerdict {
        if isScam == true { return .scam }
        return switch validation {
        case .valid: .valid
        case .invalid: .invalid
        case .unknown: .unknown
        }
    }

    /// The context as the JavaScript client gives it to a wallet.
    public var json: JSON {
        [
            "verified": JSON.object(omittingNil: [
                "verifyUrl": .string(verifyURL), "validation": .string(validation.rawValue),
                "origin": .string(origin), "isScam": isScam.map { JSON($0) },
            ])
        ]
    }
}

/// What to show the person.
public enum VerifyVerdict: String, Sendable, Hashable {
    /// The origin is the one claimed.
    case valid = "VALID"
    /// The origin is another one.
    case invalid = "INVALID"
    /// Nobody knows.
    case unknown = "UNKNOWN"
    /// A known fraud.
    case scam = "SCAM"
}

/// How an attested origin is compared with the URL in a dApp's metadata.
public enum OriginComparison: Sendable, Hashable {
    /// Scheme, host and port are the same: the JavaScript client.
    case origin
    /// The hosts are the same but for `www.`, whatever the scheme, which may be missing: Kotlin and Swift.
    case host
    /// As ``host``, or the attested host lies below the claimed one: links of apps, in link mode.
    case hostOrSubdomain

    /// Whether `attested` is the place that `claimed` says; a URL that cannot be read is no place.
    public func isMatch(attested: String, claimed: String) -> Bool {
        switch self {
        case .origin:
            guard let left = WebOrigin(attested), let right = WebOrigin(claimed) else { return false }
            return left == right
        case .host, .hostOrSubdomain:
            guard let left = WebOrigin(attested, defaultScheme: "https"),
                let right = WebOrigin(claimed, defaultScheme: "https")
            else { return false }
            let (host, parent) = (left.hostWithoutWWW, right.hostWithoutWWW)
            if host == parent { return true }
            return self == .hostOrSubdomain && parent.contains(".") && host.hasSuffix("." + parent)
        }
    }
}

extension VerifyContext {
    /// The context of a request: what was attested against what the dApp says of itself.
    ///
    /// - Parameters:
    ///   - attestation: nil when there is none, or when it did not hold.
    ///   - metadataURL: the URL in the dApp's metadata.
    public init(
        attestation: AttestedOrigin?, metadataURL: String, verifyURL: String, comparison: OriginComparison = .origin
    ) {
        guard let attestation else {
            self.init(origin: metadataURL, validation: .unknown, verifyURL: verifyURL)
            return
        }
        let isSame = comparison.isMatch(attested: attestation.origin, claimed: metadataURL)
        let isKnown = attestation.isVerified != false
        self.init(
            origin: attestation.origin, validation: isKnown ? (isSame ? .valid : .invalid) : .unknown,
            verifyURL: verifyURL, isScam: attestation.isScam)
    }
}

/// An origin somebody vouches for.
public struct AttestedOrigin: Sendable, Hashable {
    /// The origin, as in `https://app.example.com`.
    public var origin: String
    /// Whether it is on a list of frauds; nil when nobody said.
    public var isScam: Bool?
    /// Whether the service knows the project as the origin's; nil from the older service, which has no such word.
    public var isVerified: Bool?

    /// An attested origin.
    public init(origin: String, isScam: Bool? = nil, isVerified: Bool? = nil) {
        self.origin = origin
        self.isScam = isScam
        self.isVerified = isVerified
    }

    /// Reads the answer of `GET {verify}/attestation/{decryptedId}`: `{"origin": …, "attestationId": …, "isScam": …}`.
    ///
    /// Nil unless there is an origin, and when the answer is for another id.
    ///
    /// - Parameter decryptedID: ``AttestationID/decrypted(_:)`` of the message.
    public init?(lookup json: JSON, decryptedID: String) {
        guard let origin = json["origin"]?.string, !origin.isEmpty, origin.utf8.count <= WebOrigin.bytesMax else {
            return nil
        }
        if let id = json["attestationId"]?.string, !id.isSameText(as: decryptedID) { return nil }
        self.init(origin: origin, isScam: json["isScam"]?.bool, isVerified: json["isVerified"]?.bool)
    }
}
