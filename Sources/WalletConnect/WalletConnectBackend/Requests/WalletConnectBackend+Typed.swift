import ChainEVM
import Cryptography
public import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// What all typed requests have in common.
extension WalletConnectBackend {
    /// A session, and one of its accounts on a chain.
    struct Party: Sendable {
        let connection: Connection
        let account: AccountID

        var target: ConnectionTarget { .topic(connection.topic) }
    }

    /// The connection for a method on a chain, and the account that is to do it.
    ///
    /// - Parameters:
    ///   - address: whose; nil is the session's first on the chain.
    ///   - field: names the address in errors.
    func party(
        _ target: ConnectionTarget, _ chain: ChainID, _ method: String, address: String?, field: String
    ) async throws(BackendError) -> Party {
        let connection = try await live(target, chain: chain, method: method)
        let accounts = connection.accounts.filter { $0.chain == chain }
        guard let first = accounts.first else {
            throw BackendError(.unsupportedChain, "the session has no account on \(chain)", field: "chain")
        }
        guard let address else { return Party(connection: connection, account: first) }
        guard let account = accounts.first(where: { Self.isSame($0.address, address, on: chain) }) else {
            throw BackendError(.invalidParams, "the session has no such account on \(chain)", field: field)
        }
        return Party(connection: connection, account: account)
    }

    /// Addresses of Ethereum are compared as bytes, all others as text.
    private static func isSame(_ left: String, _ right: String, on chain: ChainID) -> Bool {
        guard chain.namespace == "eip155" else { return left.utf8.elementsEqual(right.utf8) }
        guard let address = try? Address(ignoringChecksum: left) else { return false }
        return (try? Address(ignoringChecksum: right)) == address
    }

    /// The chain must be of the namespace that a method is for.
    static func require(_ namespace: String, _ chain: ChainID) throws(BackendError) {
        guard chain.namespace == namespace else {
            throw BackendError(.unsupportedChain, "this is for chains of \(namespace), not \(chain)", field: "chain")
        }
    }

    /// Asks, waits, and reads the wallet's result.
    ///
    /// - Parameter read: nil when the result is not what the method returns.
    func ask<Value>(
        _ method: String, _ params: JSON?, _ chain: ChainID, _ target: ConnectionTarget, _ options: CallOptions,
        _ read: (JSON) -> Value?
    ) async throws(BackendError) -> (value: Value, call: WalletCall) {
        let pending = try await request(method, params, on: chain, for: target, options: options)
        let result = try await pending.value()
        guard let value = read(result) else {
            throw garbage(pending.call, "the wallet's answer is no result of \(method)")
        }
        return (value, pending.call)
    }

    /// An answer that cannot be what was asked for; it is told of, and thrown.
    func garbage(_ call: WalletCall, _ why: String) -> BackendError {
        let error = BackendError(.invalidResponse, why)
        report(error, userID: call.userID, topic: call.topic)
        return error
    }

    // MARK: Signatures

    /// Compares a signature with the account that was asked, by key or by the account's contract.
    func verification(
        of signature: [UInt8], hash: Hash32, by account: AccountID, _ call: WalletCall, _ options: CallOptions
    ) async throws(BackendError) -> SignatureVerification {
        guard options.checksSignature ?? settings.checksSignatures else { return .unchecked }
        guard let signer = try? Address(ignoringChecksum: account.address) else {
            throw garbage(call, "the account of the session is no address")
        }
        var verdict = SignatureCheck.verdict(hash: hash, signature: signature, signer: signer, on: account.chain)
        var found = SignatureVerification.key
        for _ in 0..<Self.contractCallsMax {
            switch verdict {
            case .valid: return found
            case .invalid(let problem): throw garbage(call, "it is not the account's signature: \(problem)")
            case .needsCall(let question):
                guard nodes[account.chain] != nil || contractsAreGiven else {
                    throw garbage(
                        call, "it is not the signature of the account's key, and no node can ask its contract")
                }
                let answer: [UInt8]
                do {
                    answer = try await contracts.call(
                        CallRequest(to: question.to, data: question.data), on: question.chain)
                } catch {
                    throw BackendError(
                        .nodeUnavailable, "no node says whether it is the account's signature", cause: "\(error)")
                }
                found = .contract
                verdict = question.verdict(for: answer)
            }
        }
        throw garbage(call, "it is not the account's signature")
    }

    private static var contractCallsMax: Int { 4 }
}

/// How a signature was found to be the account's.
public enum SignatureVerification: String, Sendable, Hashable, CaseIterable {
    /// The account's own key made it.
    case key
    /// The account's contract accepts it: EIP-1271, or EIP-6492 for one that is not deployed yet.
    case contract
    /// Nobody looked.
    case unchecked
}

/// A signature that a wallet gave.
public struct SignedMessage: Sendable, Hashable {
    /// The signature.
    public let signature: [UInt8]
    /// The account that was asked.
    public let account: AccountID
    /// How it was found to be the account's.
    public let verification: SignatureVerification
    /// The request, for ``WalletConnectBackend/status(of:)``.
    public let requestID: Int64
}
