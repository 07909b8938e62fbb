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
    ///
    /// The raw value names the kind; `tag` is what is sent, and three tags are in use in two classes.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        // MARK: Who is calling

        /// No project has the id that the client named.
        case projectNotFound = "ProjectNotFound"
        /// The relay wants a project and the client named none.
        case projectIDNotSpecified = "ProjectIdNotSpecified"
        /// The project was switched off.
        case projectInactive = "ProjectInactive"
        /// The project does not allow this page or application.
        case originNotAllowed = "OriginNotAllowed"
        /// The token does not prove who the client is.
        case invalidJWT = "InvalidJwt"
        /// There is no token.
        case missingJWT = "MissingJwt"
        /// The relay does not serve this country.
        case countryBlocked = "CountryBlocked"

        // MARK: How often

        /// The client calls too often.
        case tooManyRequests = "TooManyRequests"

        // MARK: What was sent

        /// The relay has no such call.
        case invalidMethod = "InvalidMethod"
        /// A parameter is missing or of the wrong type.
        case invalidParams = "InvalidParams"
        /// The message is larger than the relay carries.
        case payloadSizeExceeded = "PayloadSizeExceeded"
        /// A topic is not 64 hexadecimal digits.
        case invalidTopic = "InvalidTopic"
        /// A subscription is not named by 64 hexadecimal digits.
        case invalidSubscriptionID = "InvalidSubscriptionId"
        /// The id is missing, or below a thousand million.
        case invalidRequestID = "InvalidRequestId"
        /// The version is not `"2.0"`.
        case invalidJSONRPCVersion = "InvalidJsonRpcVersion"
        /// More than 500 in one call.
        case batchLimitExceeded = "BatchLimitExceeded"
        /// None in a call for many.
        case batchEmpty = "BatchEmpty"
        /// The frame is no JSON, or more of it than is read.
        case serialization = "Serialization"

        // MARK: What was asked cannot be done

        /// The client has too many subscriptions.
        case subscriberLimitExceeded = "SubscriberLimitExceeded"
        /// The message would end too soon.
        case ttlTooShort = "TtlTooShort"
        /// The message would stay too long.
        case ttlTooLong = "TtlTooLong"
        /// Too many messages wait at the topic.
        case mailboxLimitExceeded = "MailboxLimitExceeded"
        /// A compound call stopped at its first step.
        case createTopicFailed = "CreateTopicFailed"
        /// A compound call stopped at the subscription.
        case subscribeFailed = "SubscribeFailed"
        /// A compound call stopped at a message.
        case publishFailed = "PublishFailed"
        /// A registration begins or ends at the wrong time.
        case invalidTTL = "InvalidTtl"
        /// A registration names no service.
        case invalidServiceURL = "InvalidServiceUrl"
        /// A registration names no webhook.
        case invalidWebhookURL = "InvalidWebhookUrl"
        /// A token is for another call.
        case invalidAction = "InvalidAction"
        /// The token does not prove that the watched client agrees.
        case invalidWatchJWT = "WatchInvalidJwt"
        /// It failed, and the relay does not say why.
        case handlerUnknown = "HandlerUnknown"

        // MARK: The relay's own fault

        /// The relay could not store or read.
        case storageError = "StorageError"
        /// The relay could not write its own answer.
        case internalSerialization = "InternalSerialization"
        /// The relay failed, and does not say why.
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
