public import WalletConnectProtocol

/// What a wallet is told.
///
/// An event comes after the state has changed: who reads a session in answer to one sees the new state, and after
/// ``sessionDelete(_:)`` there is none.
public enum WalletKitEvent: Sendable {
    /// A dApp asks for a session.
    case sessionProposal(ReceivedProposal)
    /// A dApp asks for something in a session.
    case sessionRequest(PendingRequest)
    /// A dApp asks for a sign-in, and perhaps a session.
    case sessionAuthenticate(ReceivedAuthentication)
    /// A session is gone: the dApp or this side ended it, or its time ran out.
    case sessionDelete(SessionDeletion)
    /// A proposal nobody answered ran out.
    case proposalExpire(ProposalExpiration)
    /// A request nobody answered ran out.
    case sessionRequestExpire(RequestExpiration)
    /// A session's time ran out; follows its ``sessionDelete(_:)``.
    case sessionExpire(Topic)
    /// What a session allows has changed.
    case sessionUpdate(Topic)
    /// A session lives longer.
    case sessionExtend(Topic)
    /// The dApp asked for a sign of life, and was answered.
    case sessionPing(Topic)
    /// The dApp tells of something.
    case sessionEvent(ReceivedEvent)
    /// A pairing was made from a dApp's address.
    case pairingCreate(Pairing)
    /// The dApp asked for a sign of life on a pairing, and was answered.
    case pairingPing(Topic)
    /// A pairing's time ran out.
    case pairingExpire(Topic)
    /// The dApp ended a pairing.
    case pairingDelete(Topic)

    /// The event's name; its raw value is the one that JavaScript applications know.
    public enum Name: String, Sendable, Hashable, CaseIterable {
        /// See ``WalletKitEvent/sessionProposal(_:)``.
        case sessionProposal = "session_proposal"
        /// See ``WalletKitEvent/sessionRequest(_:)``.
        case sessionRequest = "session_request"
        /// See ``WalletKitEvent/sessionAuthenticate(_:)``.
        case sessionAuthenticate = "session_authenticate"
        /// See ``WalletKitEvent/sessionDelete(_:)``.
        case sessionDelete = "session_delete"
        /// See ``WalletKitEvent/proposalExpire(_:)``.
        case proposalExpire = "proposal_expire"
        /// See ``WalletKitEvent/sessionRequestExpire(_:)``.
        case sessionRequestExpire = "session_request_expire"
        /// See ``WalletKitEvent/sessionExpire(_:)``.
        case sessionExpire = "session_expire"
        /// See ``WalletKitEvent/sessionUpdate(_:)``.
        case sessionUpdate = "session_update"
        /// See ``WalletKitEvent/sessionExtend(_:)``.
        case sessionExtend = "session_extend"
        /// See ``WalletKitEvent/sessionPing(_:)``.
        case sessionPing = "session_ping"
        /// See ``WalletKitEvent/sessionEvent(_:)``.
        case sessionEvent = "session_event"
        /// See ``WalletKitEvent/pairingCreate(_:)``.
        case pairingCreate = "pairing_create"
        /// See ``WalletKitEvent/pairingPing(_:)``.
        case pairingPing = "pairing_ping"
        /// See ``WalletKitEvent/pairingExpire(_:)``.
        case pairingExpire = "pairing_expire"
        /// See ``WalletKitEvent/pairingDelete(_:)``.
        case pairingDelete = "pairing_delete"
    }

    /// Which event it is.
    public var name: Name {
        switch self {
        case .sessionProposal: .sessionProposal
        case .sessionRequest: .sessionRequest
        case .sessionAuthenticate: .sessionAuthenticate
        case .sessionDelete: .sessionDelete
        case .proposalExpire: .proposalExpire
        case .sessionRequestExpire: .sessionRequestExpire
        case .sessionExpire: .sessionExpire
        case .sessionUpdate: .sessionUpdate
        case .sessionExtend: .sessionExtend
        case .sessionPing: .sessionPing
        case .sessionEvent: .sessionEvent
        case .pairingCreate: .pairingCreate
        case .pairingPing: .pairingPing
        case .pairingExpire: .pairingExpire
        case .pairingDelete: .pairingDelete
        }
    }
}

extension Set<WalletKitEvent.Name> {
    /// Every event, for a wallet that answers sign-ins.
    public static var all: Self { Set(WalletKitEvent.Name.allCases) }

    /// Every event but ``WalletKitEvent/sessionAuthenticate(_:)``.
    public static var allButSignIns: Self { all.subtracting([.sessionAuthenticate]) }
}

/// A session is gone.
public struct SessionDeletion: Sendable, Hashable {
    /// The session's topic.
    public let topic: Topic
    /// The dApp's message that ended it; nil when it was none.
    public let id: RPCID?
    /// Who ended it.
    public let reason: SessionEnd
}

/// A proposal ran out.
public struct ProposalExpiration: Sendable, Hashable {
    /// The pairing it came on.
    public let pairingTopic: Topic
    /// The proposal's id.
    public let id: RPCID
}

/// A request ran out.
public struct RequestExpiration: Sendable, Hashable {
    /// The session.
    public let topic: Topic
    /// The request's id.
    public let id: RPCID
}

/// What a dApp told of.
public struct ReceivedEvent: Sendable, Hashable {
    /// The session.
    public let topic: Topic
    /// The event.
    public let event: SessionEvent
    /// The chain it is about, CAIP-2.
    public let chainID: String
}

extension WalletKitEvent {
    /// The client's event as a wallet is told of it; nil for what only dApps meet.
    init?(_ event: SignEvent) {
        switch event {
        case .sessionProposal(let received): self = .sessionProposal(received)
        case .sessionRequest(let request): self = .sessionRequest(request)
        case .sessionAuthenticate(let received): self = .sessionAuthenticate(received)
        case .sessionDelete(let topic, let id, let reason):
            self = .sessionDelete(SessionDeletion(topic: topic, id: id, reason: reason))
        case .proposalExpire(let topic, let id):
            self = .proposalExpire(ProposalExpiration(pairingTopic: topic, id: id))
        case .sessionRequestExpire(let topic, let id):
            self = .sessionRequestExpire(RequestExpiration(topic: topic, id: id))
        case .sessionExpire(let topic): self = .sessionExpire(topic)
        case .sessionUpdate(let topic, _, _): self = .sessionUpdate(topic)
        case .sessionExtend(let topic, _, _): self = .sessionExtend(topic)
        case .sessionPing(let topic, _): self = .sessionPing(topic)
        case .sessionEvent(let topic, _, let event, let chainID):
            self = .sessionEvent(ReceivedEvent(topic: topic, event: event, chainID: chainID))
        case .pairingCreate(let pairing): self = .pairingCreate(pairing)
        case .pairingPing(let topic, _): self = .pairingPing(topic)
        case .pairingExpire(let topic): self = .pairingExpire(topic)
        case .pairingDelete(let topic, _): self = .pairingDelete(topic)
        case .sessionConnect, .sessionRequestSent: return nil
        }
    }

    /// What an event that waits for an answer is answered by; nil for the others.
    var question: Question? {
        switch self {
        case .sessionProposal(let received):
            Question(.sessionProposal, received.proposal.pairingTopic, received.proposal.id)
        case .sessionRequest(let request): Question(.sessionRequest, request.topic, request.id)
        case .sessionAuthenticate(let received):
            Question(.sessionAuthenticate, received.pairingTopic, received.id)
        default: nil
        }
    }
}

/// Something that waits for the wallet's answer.
struct Question: Hashable {
    let name: WalletKitEvent.Name
    let topic: Topic
    let id: RPCID

    init(_ name: WalletKitEvent.Name, _ topic: Topic, _ id: RPCID) {
        self.name = name
        self.topic = topic
        self.id = id
    }
}
