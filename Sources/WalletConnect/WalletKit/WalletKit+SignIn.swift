public import WalletConnectClient
public import WalletConnectProtocol

/// One-click sign-ins: a dApp asks for signatures, and for a session in the same step.
extension WalletKit {
    /// The text that an account signs to answer a sign-in.
    ///
    /// - Parameters:
    ///   - payload: what is asked, as ``populateAuthPayload(_:chains:methods:)`` returned it.
    ///   - issuer: the account that signs: `eip155:1:0x…`, or the same after `did:pkh:`.
    /// - Throws: `AuthError` for a payload without a page, a field with a line break, or an issuer that is none.
    public func formatAuthMessage(_ payload: AuthPayload, issuer: String) throws(AuthError) -> String {
        try SignInMessage.text(answering: payload, issuer: issuer)
    }

    /// Gives the signatures that a sign-in asks for, and waits until they are checked and sent.
    ///
    /// - Parameters:
    ///   - pairingTopic: the pairing; needed only when two dApps chose the same id.
    ///   - cacaos: a signature for each account; ``buildAuthObject(_:issuer:signature:)`` makes one.
    /// - Returns: the signatures, and the session when methods were asked for.
    /// - Throws: `SignError` for an unknown or expired sign-in, signatures of something else, `signature_invalid`.
    @discardableResult
    public func approveSessionAuthenticate(
        _ id: RPCID, on pairingTopic: Topic? = nil, cacaos: [Cacao]
    ) async throws(SignError) -> Authenticated {
        try await client.approveAuthentication(id, on: pairingTopic, cacaos: cacaos)
    }

    /// Declines a sign-in.
    ///
    /// - Throws: `SignError` for an unknown or expired sign-in, or a reason without code or text.
    public func rejectSessionAuthenticate(
        _ id: RPCID, on pairingTopic: Topic? = nil, reason: Reason = WalletKit.reason(.userRejected)
    ) async throws(SignError) {
        try await client.rejectAuthentication(id, on: pairingTopic, reason: reason)
    }
}
