import Cryptography
import Primitives
import WalletConnectProtocol

/// What reads bytes of strangers. Each target ends in a value or a typed error; what was read is written and read again,
/// and must be the same.
enum FuzzTarget: String, CaseIterable {
    case envelope, uri, token, namespaces, frame, message

    func run(_ bytes: [UInt8]) {
        switch self {
        case .envelope: envelope(bytes)
        case .uri: uri(bytes)
        case .token: token(bytes)
        case .namespaces: namespaces(bytes)
        case .frame: frame(bytes)
        case .message: message(bytes)
        }
    }

    private func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private func envelope(_ bytes: [UInt8]) {
        let key = SymmetricKey(random: .seeded(1))
        let receiver = AgreementKey(random: .seeded(2))
        _ = try? Envelope.open(text(bytes), key: key)
        _ = try? Envelope.open(text(bytes), key: key, encoding: .base64URL)
        _ = try? Envelope.open(text(bytes), receiver: receiver)
        _ = try? Envelope.openPlain(text(bytes))
        // Whatever is sealed opens again.
        let sealed = Envelope.seal(bytes, key: key)
        guard let opened = try? Envelope.open(sealed, key: key) else {
            precondition(sealed.utf8.count > Envelope.textBytesMax, "a sealed message does not open")
            return
        }
        precondition(opened.plaintext == bytes, "a sealed message opens as another")
    }

    private func uri(_ bytes: [UInt8]) {
        _ = PaymentLink.isPaymentLink(text(bytes))
        guard let uri = try? PairingURI(parsing: text(bytes)) else { return }
        guard let again = try? PairingURI(parsing: uri.text) else { preconditionFailure("a URI does not parse as it is written") }
        precondition(again.topic == uri.topic && again.expiry == uri.expiry, "a URI changes when it is written")
    }

    private func token(_ bytes: [UInt8]) {
        _ = try? RelayToken.verify(text(bytes), audiences: nil, now: Timestamp(milliseconds: 1_760_000_000_000))
        _ = try? DIDKey(text(bytes))
    }

    private func namespaces(_ bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes) else { return }
        let proposal = try? NamespaceMap<ProposalNamespace>.decode(json)
        let session = try? NamespaceMap<SessionNamespace>.decode(json)
        try? NamespaceRules.validateProposal(json, part: .required)
        try? NamespaceRules.validateProposal(json, part: .optional, strictness: .specification)
        try? NamespaceRules.validateSession(json)
        try? NamespaceRules.validateSession(json, strictness: .specification)
        if let proposal, let session {
            try? NamespaceRules.conforms(session, to: proposal)
        }
        if let session {
            _ = NamespaceRules.approvedChains(session)
            _ = NamespaceRules.allows(session, chain: "eip155:1", method: "personal_sign")
        }
        _ = try? Session.decode(json)
        _ = try? Settlement.decode(json)
    }

    private func frame(_ bytes: [UInt8]) {
        guard let frame = try? RelayFrame.parse(bytes) else { return }
        guard let again = try? RelayFrame.parse(frame.encoded()) else {
            preconditionFailure("a frame does not parse as it is written")
        }
        // A refusal without an id is written with id 0.
        precondition(again == frame || frame.id == nil, "a frame changes when it is written")
    }

    private func message(_ bytes: [UInt8]) {
        guard let message = try? PeerMessage(plaintext: bytes) else { return }
        guard let again = try? PeerMessage(plaintext: message.encoded()) else {
            preconditionFailure("a message does not parse as it is written")
        }
        precondition(again == message, "a message changes when it is written")
        guard case .request(_, _, let params) = message else { return }
        _ = try? SessionRequestParams.decode(params)
        _ = try? SessionExtendParams.decode(params)
        _ = try? SessionUpdateParams.decode(params)
    }
}
