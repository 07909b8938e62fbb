public import WalletConnectProtocol

/// One message that a ``TestRelay`` was about to push to a reader.
public struct RelayedMessage: Sendable, Hashable {
    /// Where it goes.
    public let topic: Topic
    /// What kind of message it is, as its sender told the relay.
    public let tag: UInt32

    /// The call that it is, or answers; nil for tags that nobody knows.
    public var method: WCMethod? {
        WCMethod.allCases.first { $0.rules.request.tag == tag || $0.rules.response.tag == tag }
    }

    /// Whether it is a call; otherwise it is an answer to one.
    public var isCall: Bool { method?.rules.request.tag == tag }

    /// Whether a dApp asks for something in a session.
    public var isRequest: Bool { method == .sessionRequest && isCall }

    /// Whether a wallet answers such a request.
    public var isAnswer: Bool { method == .sessionRequest && !isCall }
}

/// What a ``TestRelay`` does wrong.
///
/// ```swift
/// relay.inject(RelayFault(.duplicate, next: nil))                     // everything twice
/// relay.inject(RelayFault(.lose) { $0.isAnswer })                     // the next answer never comes
/// relay.inject(RelayFault(.delay(milliseconds: 500), next: 10))
/// ```
public struct RelayFault: Sendable {
    /// What happens to a message.
    public enum Effect: Sendable, Hashable {
        /// The relay has taken it, and forgets it: it never arrives.
        case lose
        /// It does not arrive this time; it does when its reader connects again.
        case drop
        /// It arrives twice.
        case duplicate
        /// It arrives so many milliseconds later, by the relay's pace.
        case delay(milliseconds: Int64)
        /// It arrives when ``TestRelay/release()`` is called.
        case hold
    }

    /// What happens.
    public var effect: Effect
    /// To how many messages; nil for all until ``TestRelay/clearFaults()``.
    public var count: Int?
    /// To which messages.
    public var matches: @Sendable (RelayedMessage) -> Bool

    /// A fault; the next message has it unless said otherwise.
    public init(
        _ effect: Effect, next count: Int? = 1,
        where matches: @escaping @Sendable (RelayedMessage) -> Bool = { _ in true }
    ) {
        self.effect = effect
        self.count = count
        self.matches = matches
    }
}
