import Cryptography
public import Primitives
import WalletConnectProtocol

/// What wallets of Solana are asked for.
///
/// Besides the errors that each method names, every one throws what ``WalletConnectBackend/request(_:_:on:for:options:)``
/// and ``PendingCall/value()`` throw.
extension WalletConnectBackend {
    /// Asks the wallet for its accounts (`solana_getAccounts`).
    ///
    /// - Returns: public keys in Base58.
    /// - Throws: ``BackendError`` `invalid_response` for what is no list of keys.
    public func solanaAccounts(
        on chain: ChainID, for target: ConnectionTarget, options: CallOptions = CallOptions()
    ) async throws(BackendError) -> [String] {
        try Self.require("solana", chain)
        return try await ask("solana_getAccounts", .object([]), chain, target, options) { result -> [String]? in
            guard let list = result.array else { return nil }
            let keys = list.compactMap { $0["pubkey"]?.string ?? $0.string }
            return keys.count == list.count && keys.allSatisfy { Self.bytes($0, 32) != nil } ? keys : nil
        }.value
    }

    /// Has the wallet sign bytes (`solana_signMessage`), and compares the signature with the account.
    ///
    /// - Parameter account: a public key in Base58; nil is the session's first on the chain.
    /// - Throws: ``BackendError``: `invalid_params` naming the field, `invalid_response` for what is not the account's
    ///   signature under the message.
    public func solanaSignMessage(
        _ message: [UInt8], on chain: ChainID, for target: ConnectionTarget, account: String? = nil,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SignedMessage {
        try Self.require("solana", chain)
        guard !message.isEmpty else { throw BackendError(.invalidParams, "the message is empty", field: "message") }
        let party = try await party(target, chain, "solana_signMessage", address: account, field: "account")
        let (signature, call) = try await ask(
            "solana_signMessage",
            ["message": .string(Base58.encode(message)), "pubkey": .string(party.account.address)], chain,
            party.target, options
        ) { Self.signature($0) }
        guard options.checksSignature ?? settings.checksSignatures else {
            return SignedMessage(
                signature: signature, account: party.account, verification: .unchecked, requestID: call.id ?? 0)
        }
        guard let key = Self.bytes(party.account.address, 32).flatMap({ try? Ed25519.PublicKey(bytes: $0) }),
            Ed25519.verify(signature, message: message, publicKey: key)
        else { throw garbage(call, "it is not the account's signature") }
        return SignedMessage(signature: signature, account: party.account, verification: .key, requestID: call.id ?? 0)
    }

    /// Has the wallet sign a transaction (`solana_signTransaction`).
    ///
    /// Wallets may change it, by a fee for example, and whoever sends it finds out what was signed; it is not compared here.
    ///
    /// - Parameter transaction: as it is serialized, with room for the signatures.
    /// - Throws: ``BackendError``: `invalid_params`, `invalid_response` for what is no signature.
    public func solanaSignTransaction(
        _ transaction: [UInt8], on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SolanaSigned {
        try Self.check(transaction, chain)
        let (signed, call) = try await ask(
            "solana_signTransaction", ["transaction": .string(Base64.encode(transaction))], chain, target, options
        ) { result -> (signature: [UInt8], transaction: [UInt8]?)? in
            guard let signature = Self.signature(result) else { return nil }
            guard let text = result["transaction"]?.string else { return (signature, nil) }
            return Self.bytes(base64: text).map { (signature, $0) }
        }
        return SolanaSigned(signature: signed.signature, transaction: signed.transaction, requestID: call.id ?? 0)
    }

    /// Has the wallet sign and send a transaction (`solana_signAndSendTransaction`).
    ///
    /// - Parameters:
    ///   - transaction: as it is serialized, with room for the signatures.
    ///   - sendOptions: handed to the wallet's node as they are.
    /// - Returns: the first signature, which is the transaction's name on the chain.
    /// - Throws: ``BackendError``: `invalid_params`, `invalid_response` for what is no signature.
    public func solanaSendTransaction(
        _ transaction: [UInt8], sendOptions: JSON? = nil, on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> SolanaSigned {
        try Self.check(transaction, chain)
        let params = JSON.object(omittingNil: [
            "transaction": .string(Base64.encode(transaction)), "sendOptions": sendOptions,
        ])
        let (signature, call) = try await ask("solana_signAndSendTransaction", params, chain, target, options) {
            Self.signature($0)
        }
        return SolanaSigned(signature: signature, transaction: nil, requestID: call.id ?? 0)
    }

    /// Has the wallet sign several transactions (`solana_signAllTransactions`).
    ///
    /// - Returns: the signed transactions as they are serialized, in the order given.
    /// - Throws: ``BackendError``: `invalid_params`, `invalid_response` for another number of transactions.
    public func solanaSignAllTransactions(
        _ transactions: [[UInt8]], on chain: ChainID, for target: ConnectionTarget,
        options: CallOptions = CallOptions()
    ) async throws(BackendError) -> [[UInt8]] {
        guard !transactions.isEmpty else {
            throw BackendError(.invalidParams, "there is no transaction", field: "transactions")
        }
        for transaction in transactions { try Self.check(transaction, chain) }
        return try await ask(
            "solana_signAllTransactions",
            ["transactions": .array(transactions.map { .string(Base64.encode($0)) })], chain, target, options
        ) { result -> [[UInt8]]? in
            guard let list = result["transactions"]?.array, list.count == transactions.count else { return nil }
            let signed = list.compactMap { $0.string.flatMap { Self.bytes(base64: $0) } }
            return signed.count == list.count ? signed : nil
        }.value
    }

    // MARK: Shapes

    /// Bytes of a serialized transaction; the network takes no more.
    private static var transactionBytesMax: Int { 1232 }

    private static func check(_ transaction: [UInt8], _ chain: ChainID) throws(BackendError) {
        try require("solana", chain)
        guard (1...transactionBytesMax).contains(transaction.count) else {
            throw BackendError(
                .invalidParams, "a transaction has 1 to \(transactionBytesMax) bytes", field: "transaction")
        }
    }

    /// A signature in Base58 in the member `signature`.
    private static func signature(_ result: JSON) -> [UInt8]? {
        result["signature"]?.string.flatMap { bytes($0, 64) }
    }

    private static func bytes(_ base58: String, _ count: Int) -> [UInt8]? {
        guard base58.utf8.count <= Base58.charactersMax, let bytes = try? Base58.decode(base58), bytes.count == count
        else { return nil }
        return bytes
    }

    private static func bytes(base64 text: String) -> [UInt8]? {
        guard let bytes = try? Base64.decode(text), !bytes.isEmpty else { return nil }
        return bytes
    }
}

/// A transaction of Solana that a wallet signed.
public struct SolanaSigned: Sendable, Hashable {
    /// The account's signature, 64 bytes; of a transaction that was sent its name on the chain.
    public let signature: [UInt8]
    /// The signed transaction as it is serialized, when the wallet gave it.
    public let transaction: [UInt8]?
    /// The request, for ``WalletConnectBackend/status(of:)``.
    public let requestID: Int64
}
