public import Primitives
import Synchronization
import WalletConnectClient
public import WalletConnectProtocol

/// What a wallet tells by itself.
extension ScriptedWallet {
    /// The account of a session on a chain, as the dApp knows it.
    ///
    /// - Throws: ``TestingError`` with `no_account`.
    public func account(of session: Session, on chain: ChainID) throws(TestingError) -> AccountID {
        let found = session.namespaces.values.flatMap(\.accounts).lazy.compactMap { try? AccountID($0) }
            .first { $0.chain == chain }
        guard let found else { throw TestingError(.noAccount, "the session has no account on \(chain)") }
        return found
    }

    /// Tells the dApp that the person is on another chain; one that the session does not have yet is added first.
    ///
    /// - Throws: `SignError`.
    public func changeChain(to chain: ChainID, in topic: Topic) async throws {
        guard var namespaces = client.session(topic)?.namespaces, var own = namespaces[chain.namespace] else { return }
        if !own.accounts.contains(where: { $0.hasPrefix("\(chain):") }),
            let address = own.accounts.first.flatMap({ try? AccountID($0) })?.address
        {
            own.accounts.append("\(chain):\(address)")
            own.chains = (own.chains ?? []) + [chain.description]
            namespaces[chain.namespace] = own
            try await client.update(topic, namespaces: namespaces)
        }
        let data: JSON = UInt64(chain.reference).map { JSON($0) } ?? .string(chain.reference)
        try await client.emit(SessionEvent(name: "chainChanged", data: data), chainID: chain.description, on: topic)
    }

    /// Changes the session's Ethereum account to the one of another label, on all its chains, and tells the dApp.
    ///
    /// - Throws: `SignError`.
    public func changeAccount(to label: String, in topic: Topic) async throws {
        guard var namespaces = client.session(topic)?.namespaces, var own = namespaces["eip155"] else { return }
        let address = keys.evm(label).address
        own.accounts = own.accounts.compactMap { try? AccountID($0) }.map { "\($0.chain):\(address)" }
        namespaces["eip155"] = own
        state.withLock { $0.labels[topic, default: []].append(label) }
        try await client.update(topic, namespaces: namespaces)
        guard let first = own.accounts.first.flatMap({ try? AccountID($0) }) else { return }
        try await client.emit(
            SessionEvent(name: "accountsChanged", data: .array(own.accounts.map { .string($0) })),
            chainID: first.chain.description, on: topic)
    }

    /// Ends a session; the dApp is told.
    ///
    /// - Throws: `SignError`.
    public func disconnect(_ topic: Topic) async throws { try await client.disconnect(topic) }
}
