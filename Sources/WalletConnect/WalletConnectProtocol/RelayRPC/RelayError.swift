public import Primitives

/// What a relay says when it does not do what was asked.
///
/// The wire has a number for the class of error, a text, and as `data` the tag, which alone says exactly what it was.
public struct RelayError: Error, Sendable, Hashable {
    /// The number of the class.
    public var code: Int64
    /// The text for people.
    public var message: String
    /// The tag, when there was one.
    public var tag: String?

    /// An error as it came, or one without a place in the table.
    public init(code: Int64, message: String, tag: String? = nil) {
        self.code = code
        self.message = message
        self.tag = tag
    }

    /// An error of the table, with more detail where there is some.
    public init(_ kind: Kind, _ detail: String? = nil) {
        code = kind.code
        message = "\(kind.prefix)\(detail ?? kind.text)"
        tag = kind.tag
    }

    /// Reads the `error` member of an answer; what is missing gets the value an unknown error has.
    public init(json: JSON) {
        code = json["code"]?.int ?? Kind.unknown.code
        message = json["message"]?.string ?? json.string ?? Kind.unknown.text
        tag = json["data"]?.string
    }

    /// Which error of the table this is; nil for one that is not in it.
    public var kind: Kind? {
        Kind.allCases.first { $0.code == code && $0.tag == tag }
    }

    /// The `error` member of an answer.
    public var json: JSON {
        .object(omittingNil: ["code": JSON(code), "message": .string(message), "data": tag.map { .string($0) }])
    }
}

extension RelayError {
    /// The errors that relays and clients have agreed on.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        // Who is calling.
        case projectNotFound = "ProjectNotFound"
        case projectIDNotSpecified = "ProjectIdNotSpecified"
        case projectInactive = "ProjectInactive"
        case originNotAllowed = "OriginNotAllowed"
        case invalidJWT = "InvalidJwt"
        case missingJWT = "MissingJwt"
        case countryBlocked = "CountryBlocked"
        // How often.
        case tooManyRequests = "TooManyRequests"
        // What was sent.
        case invalidMethod = "InvalidMethod"
        case invalidParams = "InvalidParams"
        case payloadSizeExceeded = "PayloadSizeExceeded"
        case invalidTopic = "InvalidTopic"
        case invalidSubscriptionID = "InvalidSubscriptionId"
        case invalidRequestID = "InvalidRequestId"
        case invalidJSONRPCVersion = "InvalidJsonRpcVersion"
        case batchLimitExceeded = "BatchLimitExceeded"
        case batchEmpty = "BatchEmpty"
        case serialization = "Serialization"
        // What was asked cannot be done.
        case subscriberLimitExceeded = "SubscriberLimitExceeded"
        case ttlTooShort = "TtlTooShort"
        case ttlTooLong = "TtlTooLong"
        case mailboxLimitExceeded = "MailboxLimitExceeded"
        case createTopicFailed = "CreateTopicFailed"
        case subscribeFailed = "SubscribeFailed"
        case publishFailed = "PublishFailed"
        case invalidTTL = "InvalidTtl"
        case invalidServiceURL = "InvalidServiceUrl"
        case invalidWebhookURL = "InvalidWebhookUrl"
        case invalidAction = "InvalidAction"
        case invalidWatchJWT = "InvalidJwt (watch)"
        case handlerUnknown = "Unknown (handler)"
        // The relay's own fault.
        case storageError = "StorageError"
        case internalSerialization = "Serialization (internal)"
        case unknown = "Unknown"

        /// What stands in `data`; three tags are in use in two classes.
        public var tag: String {
            switch self {
            case .invalidWatchJWT: "InvalidJwt"
            case .handlerUnknown: "Unknown"
            case .internalSerialization: "Serialization"
            default: rawValue
            }
        }

        /// The number of the class.
        public var code: Int64 { group.code }

        /// The text without its class.
        public var text: String {
            switch self {
            case .projectNotFound: "Project not found"
            case .projectIDNotSpecified: "Project ID not specified"
            case .projectInactive: "Project is inactive"
            case .originNotAllowed: "Origin not allowed"
            case .invalidJWT, .invalidWatchJWT: "Invalid JWT"
            case .missingJWT: "Missing JWT"
            case .countryBlocked: "Country blocked"
            case .tooManyRequests: "Too many requests"
            case .invalidMethod: "Invalid method"
            case .invalidParams: "Invalid params"
            case .payloadSizeExceeded: "Payload size limit exceeded"
            case .invalidTopic: "Invalid topic"
            case .invalidSubscriptionID: "Invalid subscription ID"
            case .invalidRequestID: "Invalid request ID"
            case .invalidJSONRPCVersion: "Invalid JSON RPC version"
            case .batchLimitExceeded: "The batch contains too many items"
            case .batchEmpty: "The batch contains no items"
            case .serialization, .internalSerialization: "Serialization failed"
            case .subscriberLimitExceeded: "Subscriber limit exceeded"
            case .ttlTooShort: "TTL too short"
            case .ttlTooLong: "TTL too long"
            case .mailboxLimitExceeded: "Mailbox limit exceeded"
            case .createTopicFailed: "Creating the topic failed"
            case .subscribeFailed: "Subscribing failed"
            case .publishFailed: "Publishing failed"
            case .invalidTTL: "Invalid TTL"
            case .invalidServiceURL: "Invalid service URL"
            case .invalidWebhookURL: "Invalid webhook URL"
            case .invalidAction: "Invalid action"
            case .storageError: "Storage error"
            case .unknown, .handlerUnknown: "Unknown error"
            }
        }

        /// What the text begins with.
        public var prefix: String { group.prefix }

        /// The class, by the place in this list.
        private var group: (code: Int64, prefix: String) {
            switch self {
            case .projectNotFound, .projectIDNotSpecified, .projectInactive, .originNotAllowed, .invalidJWT,
                .missingJWT, .countryBlocked:
                (3000, "Auth error: ")
            case .tooManyRequests: (3001, "")
            case .invalidMethod, .invalidParams, .payloadSizeExceeded, .invalidTopic, .invalidSubscriptionID,
                .invalidRequestID, .invalidJSONRPCVersion, .batchLimitExceeded, .batchEmpty, .serialization:
                (-32_600, "Invalid payload: ")
            case .subscriberLimitExceeded, .ttlTooShort, .ttlTooLong, .mailboxLimitExceeded, .createTopicFailed,
                .subscribeFailed, .publishFailed, .invalidTTL, .invalidServiceURL, .invalidWebhookURL,
                .invalidAction, .invalidWatchJWT, .handlerUnknown:
                (-32_000, "Request handler error: ")
            case .storageError, .internalSerialization, .unknown: (-32_603, "Internal error: ")
            }
        }
    }
}
