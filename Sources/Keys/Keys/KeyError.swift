import Storage

/// Why a key was not made, not found, or did not sign.
///
/// No message carries a secret, a passphrase or a payload, so every error can be logged and shown.
public struct KeyError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code to decide on.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case sealed, unknownKey, disabled, wrongCurve, guardConflict, belowWatermark, aboveWatermark, laneDisabled,
                badSignature, badPassphrase, badRecord, exists, overloaded, storage, unavailable, invalidInput
        }
        private let name: Name

        /// The vault is sealed: nobody has given it a passphrase since the start.
        public static let sealed = Code(name: .sealed)
        /// No key has this id.
        public static let unknownKey = Code(name: .unknownKey)
        /// The key is disabled.
        public static let disabled = Code(name: .disabled)
        /// A key on this curve does not make this kind of signature.
        public static let wrongCurve = Code(name: .wrongCurve)
        /// The slot already stands for something else.
        ///
        /// It will refuse this payload for ever.
        public static let guardConflict = Code(name: .guardConflict)
        /// The position is at or below the lane's low watermark.
        public static let belowWatermark = Code(name: .belowWatermark)
        /// The position is above the lane's high watermark.
        public static let aboveWatermark = Code(name: .aboveWatermark)
        /// The lane is disabled.
        public static let laneDisabled = Code(name: .laneDisabled)
        /// A signature does not belong to the key, or is not in the form that chains accept.
        ///
        /// It was not kept.
        public static let badSignature = Code(name: .badSignature)
        /// No unlock slot opens with this passphrase.
        public static let badPassphrase = Code(name: .badPassphrase)
        /// Sealed bytes do not open: they were changed, moved, or belong to another keystore.
        public static let badRecord = Code(name: .badRecord)
        /// It is there already.
        public static let exists = Code(name: .exists)
        /// Too many of these wait already; the same call may succeed later.
        public static let overloaded = Code(name: .overloaded)
        /// The store refused, and will refuse again.
        public static let storage = Code(name: .storage)
        /// The vault or its store can't be reached just now.
        public static let unavailable = Code(name: .unavailable)
        /// An argument is out of its range; the message names it.
        public static let invalidInput = Code(name: .invalidInput)

        /// Whether the same call may be made again as it is.
        public var isRetryable: Bool {
            switch name {
            case .sealed, .overloaded, .unavailable: true
            default: false
            }
        }

        /// The code's name, for example `guardConflict`.
        public var description: String { name.rawValue }

        /// The code of a name that was stored; `nil` for a name that is none.
        init?(stored text: String) {
            guard let name = Name(rawValue: text) else { return nil }
            self.init(name: name)
        }

        private init(name: Name) {
            self.name = name
        }
    }

    /// What went wrong, for code to decide on.
    public let code: Code
    /// What went wrong, for people.
    public let message: String
    /// What went wrong below, for example a `StorageError`.
    public let cause: (any Error)?

    /// An error of a vault; the message carries no secret and no payload.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The code and the message.
    public var description: String { "keys \(code): \(message)" }

    /// Wraps what a store threw; a `KeyError` stays itself.
    init(storage error: any Error) {
        switch error {
        case let error as KeyError: self = error
        case let error as StorageError where error.code.isRetryable:
            self.init(.unavailable, "the store of keys can't be reached just now", cause: error)
        default: self.init(.storage, "the store of keys failed", cause: error)
        }
    }
}
