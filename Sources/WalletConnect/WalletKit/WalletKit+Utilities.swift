public import WalletConnectClient
public import WalletConnectProtocol

/// What wallets need beside a running kit, under the names of the JavaScript utilities.
extension WalletKit {
    /// What to approve of a proposal: what it asks for, as far as the wallet supports it.
    ///
    /// ```swift
    /// let namespaces = try WalletKit.buildApprovedNamespaces(
    ///     for: received.proposal,
    ///     supported: ["eip155": SessionNamespace(
    ///         chains: ["eip155:1"], accounts: ["eip155:1:0xab…"], methods: ["personal_sign"], events: [])])
    /// ```
    ///
    /// The result may be empty: then there is nothing to grant, and the proposal can only be rejected.
    ///
    /// - Throws: `SignError`: `namespaces_not_conforming` when something required is not supported,
    ///   `unsupported_accounts` when a chain has no account.
    public static func buildApprovedNamespaces(
        for proposal: SessionProposal, supported: NamespaceMap<SessionNamespace>
    ) throws(SignError) -> NamespaceMap<SessionNamespace> {
        try NamespaceRules.buildApproved(
            required: proposal.requiredNamespaces, optional: proposal.optionalNamespaces, supported: supported)
    }

    /// What to sign of a sign-in: its chains and methods, as far as the wallet supports them.
    ///
    /// - Throws: `AuthError` when nothing is common to both, or the ReCap among the resources cannot be read.
    public static func populateAuthPayload(
        _ payload: AuthPayload, chains: [String], methods: [String]
    ) throws(AuthError) -> AuthPayload {
        try payload.limited(toChains: chains, methods: methods)
    }

    /// A signed answer to a sign-in.
    ///
    /// - Parameters:
    ///   - payload: what was signed, as ``populateAuthPayload(_:chains:methods:)`` returned it.
    ///   - issuer: the account that signed: `eip155:1:0x…`, or the same after `did:pkh:`.
    ///   - signature: over the text of ``formatAuthMessage(_:issuer:)``.
    public static func buildAuthObject(
        _ payload: AuthPayload, issuer: String, signature: Cacao.Signature
    ) -> Cacao {
        Cacao(answering: payload, issuer: issuer, signature: signature)
    }

    /// An error of the common table as a reason for a rejection: `getSdkError` of the JavaScript utilities.
    ///
    /// An answer to a request takes `error.peerError()` instead.
    public static func reason(_ error: SDKError, _ context: String? = nil) -> Reason {
        Reason(code: error.code, message: error.message(context))
    }

    /// Whether a text that was scanned is a link to pay, which ``pair(_:)`` cannot take.
    public static func isPaymentLink(_ text: String) -> Bool {
        PaymentLink.isPaymentLink(text)
    }
}

extension WalletKit {
    /// Tells the push server which device this wallet is on, so that the relay can wake it.
    ///
    /// - Parameters:
    ///   - token: the device's, from the service.
    ///   - service: who carries notifications to the device.
    ///   - isEncrypted: whether the device gets the sealed message itself, to open it by
    ///     ``Notifications/decryptMessage(_:topic:)``.
    /// - Throws: `WalletKitError`: `not_ready`, `push_not_configured`, `push_unreachable`, `push_refused`.
    public func registerDeviceToken(
        _ token: String, service: PushRegistration.Service, isEncrypted: Bool = false
    ) async throws(WalletKitError) {
        guard let http, let projectID else {
            throw WalletKitError(.pushNotConfigured, "a push server needs HTTP and a project id")
        }
        guard let clientID else { throw WalletKitError(.notReady, "the records are not read yet") }
        do throws(TransportError) {
            try await PushRegistration(url: settings.pushURL, projectID: projectID, http: http)
                .register(clientID: clientID, deviceToken: token, service: service, isEncrypted: isEncrypted)
        } catch {
            // A server that is busy or out of order has not said no.
            let isFinal = error.code == .refused && error.httpStatus.map { $0 != 429 && $0 < 500 } ?? true
            let code: WalletKitError.Code = isFinal ? .pushRefused : .pushUnreachable
            throw WalletKitError(code, error.message, cause: error)
        }
    }
}
