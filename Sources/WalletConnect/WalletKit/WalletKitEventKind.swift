public import WalletConnectProtocol

/// A kind of event together with what such an event carries, for listeners of one kind.
///
/// ```swift
/// kit.on(.sessionRequest) { request in … }        // request is a PendingRequest
/// ```
public struct WalletKitEventKind<Payload: Sendable>: Sendable {
    /// The events of this kind.
    public let name: WalletKitEvent.Name
    let payload: @Sendable (WalletKitEvent) -> Payload?

    init(_ name: WalletKitEvent.Name, _ payload: @escaping @Sendable (WalletKitEvent) -> Payload?) {
        self.name = name
        self.payload = payload
    }
}

extension WalletKitEventKind where Payload == ReceivedProposal {
    /// See ``WalletKitEvent/sessionProposal(_:)``.
    public static var sessionProposal: Self {
        Self(.sessionProposal) { event in
            guard case .sessionProposal(let received) = event else { return nil }
            return received
        }
    }
}

extension WalletKitEventKind where Payload == PendingRequest {
    /// See ``WalletKitEvent/sessionRequest(_:)``.
    public static var sessionRequest: Self {
        Self(.sessionRequest) { event in
            guard case .sessionRequest(let request) = event else { return nil }
            return request
        }
    }
}

extension WalletKitEventKind where Payload == ReceivedAuthentication {
    /// See ``WalletKitEvent/sessionAuthenticate(_:)``.
    ///
    /// While somebody listens to it, sign-ins are shown; see ``SignInShowing``.
    public static var sessionAuthenticate: Self {
        Self(.sessionAuthenticate) { event in
            guard case .sessionAuthenticate(let received) = event else { return nil }
            return received
        }
    }
}

extension WalletKitEventKind where Payload == SessionDeletion {
    /// See ``WalletKitEvent/sessionDelete(_:)``.
    public static var sessionDelete: Self {
        Self(.sessionDelete) { event in
            guard case .sessionDelete(let deletion) = event else { return nil }
            return deletion
        }
    }
}

extension WalletKitEventKind where Payload == ProposalExpiration {
    /// See ``WalletKitEvent/proposalExpire(_:)``.
    public static var proposalExpire: Self {
        Self(.proposalExpire) { event in
            guard case .proposalExpire(let expiration) = event else { return nil }
            return expiration
        }
    }
}

extension WalletKitEventKind where Payload == RequestExpiration {
    /// See ``WalletKitEvent/sessionRequestExpire(_:)``.
    public static var sessionRequestExpire: Self {
        Self(.sessionRequestExpire) { event in
            guard case .sessionRequestExpire(let expiration) = event else { return nil }
            return expiration
        }
    }
}

extension WalletKitEventKind where Payload == ReceivedEvent {
    /// See ``WalletKitEvent/sessionEvent(_:)``.
    public static var sessionEvent: Self {
        Self(.sessionEvent) { event in
            guard case .sessionEvent(let received) = event else { return nil }
            return received
        }
    }
}

extension WalletKitEventKind where Payload == Pairing {
    /// See ``WalletKitEvent/pairingCreate(_:)``.
    public static var pairingCreate: Self {
        Self(.pairingCreate) { event in
            guard case .pairingCreate(let pairing) = event else { return nil }
            return pairing
        }
    }
}

extension WalletKitEventKind where Payload == Topic {
    /// See ``WalletKitEvent/sessionExpire(_:)``.
    public static var sessionExpire: Self {
        Self(.sessionExpire) { event in
            guard case .sessionExpire(let topic) = event else { return nil }
            return topic
        }
    }

    /// See ``WalletKitEvent/sessionUpdate(_:)``.
    public static var sessionUpdate: Self {
        Self(.sessionUpdate) { event in
            guard case .sessionUpdate(let topic) = event else { return nil }
            return topic
        }
    }

    /// See ``WalletKitEvent/sessionExtend(_:)``.
    public static var sessionExtend: Self {
        Self(.sessionExtend) { event in
            guard case .sessionExtend(let topic) = event else { return nil }
            return topic
        }
    }

    /// See ``WalletKitEvent/sessionPing(_:)``.
    public static var sessionPing: Self {
        Self(.sessionPing) { event in
            guard case .sessionPing(let topic) = event else { return nil }
            return topic
        }
    }

    /// See ``WalletKitEvent/pairingPing(_:)``.
    public static var pairingPing: Self {
        Self(.pairingPing) { event in
            guard case .pairingPing(let topic) = event else { return nil }
            return topic
        }
    }

    /// See ``WalletKitEvent/pairingExpire(_:)``.
    public static var pairingExpire: Self {
        Self(.pairingExpire) { event in
            guard case .pairingExpire(let topic) = event else { return nil }
            return topic
        }
    }

    /// See ``WalletKitEvent/pairingDelete(_:)``.
    public static var pairingDelete: Self {
        Self(.pairingDelete) { event in
            guard case .pairingDelete(let topic) = event else { return nil }
            return topic
        }
    }
}
