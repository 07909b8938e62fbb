/// What went wrong in a test, apart from what is tested.
public struct TestingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why; a name that does not change.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The port could not be opened, or the relay ended by itself.
        case relayNotOpen = "relay_not_open"
        /// It did not happen within the given time.
        case timedOut = "timed_out"
        /// The wallet said no to the proposal, as its script says or because it has no such chain.
        case proposalRejected = "proposal_rejected"
        /// The dApp asked for a sign-in alone; it has been given.
        case noSession = "no_session"
        /// The session has no account on the chain.
        case noAccount = "no_account"
        /// A signature was made by another key, or is none.
        case wrongSignature = "wrong_signature"
        /// What was scripted or ended is over.
        case ended
    }

    /// Why.
    public let code: Code
    /// In words.
    public let message: String

    /// An error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}
