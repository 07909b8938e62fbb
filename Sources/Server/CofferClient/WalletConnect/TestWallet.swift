package import ChainEVM
import Cryptography
package import Primitives

/// Why the test wallet does not do something, in the numbers of
/// [EIP-1193](https://eips.ethereum.org/EIPS/eip-1193#provider-errors) and JSON-RPC.
package struct TestWalletRefusal: Error, Sendable, Equatable {
    /// The wire's number.
    package var code: Int64
    /// The sentence for the other side.
    package var message: String

    /// Makes a refusal.
    package init(code: Int64, message: String) {
        self.code = code
        self.message = message
    }

    /// The person said no.
    package static let rejected = TestWalletRefusal(code: 4001, message: "User rejected the request.")

    static func invalid(_ message: String) -> Self { Self(code: -32602, message: "Invalid params: \(message)") }
    static func unauthorized(_ message: String) -> Self { Self(code: 4100, message: message) }
    static func unsupported(_ message: String) -> Self { Self(code: 4200, message: message) }
}

/// What the test wallet does about a request.
package enum TestWalletAnswer: Sendable, Equatable {
    /// The result to send.
    case result(JSON)
    /// The error to send.
    case refusal(TestWalletRefusal)
    /// A transaction to fill in and to sign; to broadcast as well when `isSent`.
    case transaction(TransactionDraft, isSent: Bool)
    /// The chain that the dApp wants to be on; `null` is the result.
    case chain(ChainID)
}

/// Answers what dApps ask of an Ethereum wallet, with one key.
///
/// A tool for tests and demonstrations: it decides nothing, and whoever runs it says yes or no.
package struct TestWallet: Sendable {
    /// What it can do.
    package static let methods = [
        "personal_sign", "eth_signTypedData_v4", "eth_signTypedData", "eth_signTransaction", "eth_sendTransaction",
        "eth_accounts", "eth_requestAccounts", "eth_chainId", "wallet_switchEthereumChain",
    ]
    /// What it may announce.
    package static let events = ["chainChanged", "accountsChanged"]

    private let key: TestWalletKey

    /// A wallet with this key.
    package init(key: TestWalletKey) { self.key = key }

    /// Its account on every EVM chain.
    package var address: Address { key.address }

    /// The answer to a request.
    ///
    /// - Parameters:
    ///   - chain: the chain that the request names.
    ///   - chains: the chains of the session.
    package func answer(_ method: String, _ params: JSON, on chain: ChainID, among chains: [ChainID])
        -> TestWalletAnswer
    {
        do {
            return try checkedAnswer(method, params, chain, chains)
        } catch {
            return .refusal(error)
        }
    }

    /// The transaction with the key's signature.
    package func sign(_ transaction: Transaction) -> SignedTransaction { key.signed(transaction) }

    /// The signature of a text, as for `personal_sign`: 0x and 65 bytes.
    package func sign(text: String) -> String {
        Hex.encodePrefixed(key.signature(of: EIP191.hash(text: text)).bytes65)
    }

    private func checkedAnswer(
        _ method: String, _ params: JSON, _ chain: ChainID, _ chains: [ChainID]
    ) throws(TestWalletRefusal) -> TestWalletAnswer {
        guard let number = EVMChain.number(chain) else { throw .unsupported("\(chain) is not an EVM chain.") }
        switch method {
        case "eth_accounts", "eth_requestAccounts": return .result([.string(address.description)])
        case "eth_chainId": return .result(.string(UInt256(number).hexQuantity))
        case "personal_sign":
            let message = try SignedMessage.personal(params, signer: address)
            return .result(signature(of: message.digest))
        case "eth_signTypedData_v4", "eth_signTypedData":
            let message = try SignedMessage.typedData(params, signer: address, chain: number)
            return .result(signature(of: message.digest))
        case "eth_signTransaction", "eth_sendTransaction":
            let draft = try TransactionDraft(params: params, chainNumber: number, account: address)
            return .transaction(draft, isSent: method == "eth_sendTransaction")
        case "wallet_switchEthereumChain":
            guard let wanted = params[0]?["chainId"]?.string, let other = EVMChain.id(hexQuantity: wanted) else {
                throw .invalid("wallet_switchEthereumChain takes [{\"chainId\": \"0x…\"}]")
            }
            // EIP-3326: the number of a chain that the wallet does not have.
            guard chains.contains(other) else {
                throw TestWalletRefusal(code: 4902, message: "Unrecognized chain ID \(SafeText.line(wanted)).")
            }
            return .chain(other)
        case "eth_sign":
            throw .unsupported("eth_sign is refused: it signs anything, transactions included.")
        default:
            throw .unsupported("The test wallet does not know \(SafeText.shortened(SafeText.line(method), to: 64)).")
        }
    }

    private func signature(of digest: Hash32) -> JSON {
        .string(Hex.encodePrefixed(key.signature(of: digest).bytes65))
    }
}

/// EVM chains between CAIP-2 and numbers.
package enum EVMChain {
    /// The number of `eip155:…`; `nil` for other chains and numbers beyond EIP-2294.
    package static func number(_ chain: ChainID) -> UInt64? {
        guard chain.namespace == "eip155", let number = UInt64(chain.reference), number >= 1,
            number <= Transaction.chainIDMax, String(number) == chain.reference
        else { return nil }
        return number
    }

    /// The chain of `0x…`.
    package static func id(hexQuantity text: String) -> ChainID? {
        guard let number = try? UInt256(hexQuantity: text).uint64, number >= 1, number <= Transaction.chainIDMax else {
            return nil
        }
        return try? ChainID(namespace: "eip155", reference: String(number))
    }
}
