public import ChainEVM
public import Primitives
import WalletConnectClient
import WalletConnectProtocol

/// What wallets of Ethereum's kind are asked for.
///
/// Besides the errors that each method names, every one throws what ``WalletConnectBackend/request(_:_:on:for:options:)``
/// and ``PendingCall/value()`` throw.
extension WalletConnectBackend {
    /// Has the wallet sign and send a transaction (`eth_sendTransaction`).
    ///
    /// - Throws: ``BackendError``: `invalid_params` naming the field, `invalid_response` for what is no hash.
    public func sendTransaction(
        _ transaction: TransactionCall, on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SentTransaction {
        let party = try await payer(transaction, chain, target, "eth_sendTransaction")
        let (hash, call) = try await ask(
            "eth_sendTransaction", transaction.params(from: party.account.address), chain, party.target, options
        ) { $0.string.flatMap { try? Hex.decodePrefixed($0) }.flatMap { Hash32($0) } }
        return SentTransaction(hash: hash, from: party.account, requestID: call.id ?? 0)
    }

    /// Has the wallet sign a transaction without sending it (`eth_signTransaction`).
    ///
    /// Few wallets do it. What comes back is compared with what was asked: sender, receiver, value, data, chain.
    ///
    /// - Throws: ``BackendError``: `invalid_params` naming the field, `invalid_response` for anything else than the
    ///   transaction that was asked for, signed by the account.
    public func signTransaction(
        _ transaction: TransactionCall, on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SignedTransaction {
        let party = try await payer(transaction, chain, target, "eth_signTransaction")
        let (signed, call) = try await ask(
            "eth_signTransaction", transaction.params(from: party.account.address), chain, party.target, options
        ) { result in
            (result.string ?? result["raw"]?.string).flatMap { try? Hex.decodePrefixed($0) }
                .flatMap { try? SignedTransaction.decode($0) }
        }
        let made = signed.transaction
        guard let sender = try? signed.recoverSender(),
            sender == (try? Address(ignoringChecksum: party.account.address)), made.to == transaction.to,
            made.value == transaction.value ?? .zero, made.data == transaction.data,
            made.chainID.map({ String($0) }) == chain.reference,
            transaction.nonce == nil || made.nonce == transaction.nonce
        else { throw garbage(call, "the wallet signed another transaction than it was asked for") }
        return signed
    }

    private func payer(
        _ transaction: TransactionCall, _ chain: ChainID, _ target: ConnectionTarget, _ method: String
    ) async throws(BackendError) -> Party {
        try Self.require("eip155", chain)
        try transaction.check()
        return try await party(
            target, chain, method, address: transaction.from.map(\.description), field: "transaction.from")
    }

    /// Has the wallet sign a text (`personal_sign`), and compares the signature with the account.
    ///
    /// - Parameter account: whose; nil is the session's first on the chain.
    /// - Throws: ``BackendError``: `invalid_params` naming the field, `invalid_response` for what is not the account's
    ///   signature under the text, `node_unavailable` when the account's contract cannot be asked.
    public func signMessage(
        _ text: String, on chain: ChainID, for target: ConnectionTarget, account: Address? = nil,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SignedMessage {
        try await signMessage(Array(text.utf8), on: chain, for: target, account: account, options: options)
    }

    /// Has the wallet sign bytes (`personal_sign`); as ``signMessage(_:on:for:account:options:)`` of a text.
    public func signMessage(
        _ message: [UInt8], on chain: ChainID, for target: ConnectionTarget, account: Address? = nil,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SignedMessage {
        try Self.require("eip155", chain)
        guard !message.isEmpty else { throw BackendError(.invalidParams, "the message is empty", field: "message") }
        let party = try await party(
            target, chain, "personal_sign", address: account.map(\.description), field: "account")
        return try await sign(
            "personal_sign", [.string(Hex.encodePrefixed(message)), .string(party.account.address)],
            hash: EIP191.hash(message: message), chain, party, options)
    }

    /// Has the wallet sign typed data (`eth_signTypedData_v4`), and compares the signature with the account.
    ///
    /// - Parameter typedData: an object of `types`, `primaryType`, `domain` and `message`; it is checked before the wallet
    ///   is asked, and a chain in its domain must be `chain`.
    /// - Throws: ``BackendError``: as ``signMessage(_:on:for:account:options:)-(String,_,_,_,_)``.
    public func signTypedData(
        _ typedData: JSON, on chain: ChainID, for target: ConnectionTarget, account: Address? = nil,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SignedMessage {
        try Self.require("eip155", chain)
        let data: TypedData
        do throws(TypedDataError) {
            data = try TypedData(json: typedData)
        } catch {
            throw BackendError(.invalidParams, "it is no typed data: \(error)", field: "typed_data")
        }
        if let named = data.domain["chainId"], Self.number(named) != Self.number(.string(chain.reference)) {
            throw BackendError(
                .invalidParams, "the domain is of another chain than \(chain)", field: "typed_data.domain.chainId")
        }
        let party = try await party(
            target, chain, "eth_signTypedData_v4", address: account.map(\.description), field: "account")
        return try await sign(
            "eth_signTypedData_v4",
            [.string(party.account.address), .string(String(decoding: typedData.serialized(), as: UTF8.self))],
            hash: data.digest, chain, party, options)
    }

    private func sign(
        _ method: String, _ params: [JSON], hash: Hash32, _ chain: ChainID, _ party: Party, _ options: CallOptions
    ) async throws(BackendError) -> SignedMessage {
        let (signature, call) = try await ask(method, .array(params), chain, party.target, options) {
            $0.string.flatMap { try? Hex.decodePrefixed($0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        let verification = try await verification(of: signature, hash: hash, by: party.account, call, options)
        return SignedMessage(
            signature: signature, account: party.account, verification: verification, requestID: call.id ?? 0)
    }

    private static func number(_ json: JSON) -> UInt256? {
        let text = json.string ?? json.number
        return text.flatMap {
            $0.utf8.starts(with: "0x".utf8) ? try? UInt256(hexQuantity: $0) : try? UInt256(decimal: $0)
        }
    }

    // MARK: Chains

    /// Has the wallet change to a chain (`wallet_switchEthereumChain`).
    ///
    /// - Throws: ``BackendError``: `peer_error` with 4902 in its `peer` when the wallet does not know the chain.
    public func switchChain(
        to chain: ChainID, for target: ConnectionTarget, options: CallOptions = CallOptions()
    ) async throws(BackendError) {
        let number = try Self.chainNumber(chain)
        try await tell(
            "wallet_switchEthereumChain", [["chainId": .string(number.hexQuantity)]], chain, target, options)
    }

    /// Has the wallet take a chain into its list (`wallet_addEthereumChain`).
    ///
    /// - Throws: ``BackendError``: `invalid_params` naming the field.
    public func addChain(
        _ description: ChainDescription, for target: ConnectionTarget, options: CallOptions = CallOptions()
    ) async throws(BackendError) {
        let number = try Self.chainNumber(description.chain)
        guard !description.rpcURLs.isEmpty, description.rpcURLs.allSatisfy({ $0.hasPrefix("https://") }) else {
            throw BackendError(.invalidParams, "wallets take nodes behind https:// alone", field: "rpc_urls")
        }
        guard (2...6).contains(description.currencySymbol.utf8.count) else {
            throw BackendError(.invalidParams, "a symbol has 2 to 6 letters", field: "currency_symbol")
        }
        try await tell(
            "wallet_addEthereumChain", description.params(number), description.chain, target, options)
    }

    private static func chainNumber(_ chain: ChainID) throws(BackendError) -> UInt256 {
        try require("eip155", chain)
        guard let number = try? UInt256(decimal: chain.reference) else {
            throw BackendError(.invalidParams, "\(chain) has no number", field: "chain")
        }
        return number
    }

    /// Asks what returns nothing; on the chain itself when the session has it, else on the first that has the method.
    private func tell(
        _ method: String, _ params: JSON, _ chain: ChainID, _ target: ConnectionTarget, _ options: CallOptions
    ) async throws(BackendError) {
        let connection = try await live(target) { $0.chains.contains(chain) }
        let chains = [chain] + connection.chains.filter { $0.namespace == "eip155" }
        let session = client.session(connection.topic)
        let asked = chains.first { session?.allows(chain: $0.description, method: method) == true } ?? chain
        let topic = ConnectionTarget.topic(connection.topic)
        _ = try await request(method, params, on: asked, for: topic, options: options).value()
    }
}
