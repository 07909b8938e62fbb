package import ChainEVM
package import Primitives

/// What a dApp can tell about a result that should be a signature of the session's account.
package enum ResultCheck: Sendable, Equatable {
    /// The account signed exactly what was asked.
    case verified
    /// It is a signature, by another key or of other bytes; a contract account's would look like this too.
    case signedByOther(Address)
    /// It should be a signature, and is none.
    case unreadable(String)

    /// Checks the result of a signing method; `nil` for methods whose result is no signature.
    package static func of(_ method: String, _ params: JSON, result: JSON, account: AccountID) -> ResultCheck? {
        guard let address = try? Address(ignoringChecksum: account.address),
            let chain = EVMChain.number(account.chain)
        else { return nil }
        do throws(TestWalletRefusal) {
            switch method {
            case "personal_sign":
                return check(try SignedMessage.personal(params, signer: address).digest, result, address)
            case "eth_signTypedData_v4", "eth_signTypedData":
                let message = try SignedMessage.typedData(params, signer: address, chain: chain)
                return check(message.digest, result, address)
            case "eth_signTransaction":
                let draft = try TransactionDraft(params: params, chainNumber: chain, account: address)
                return transaction(draft.call, result, address)
            default: return nil
            }
        } catch {
            return .unreadable(error.message)
        }
    }

    private static func check(_ digest: Hash32, _ result: JSON, _ address: Address) -> ResultCheck {
        guard let text = result.string, let bytes = try? Hex.decodePrefixed(text),
            let signature = TransactionSignature(bytes65: bytes)
        else { return .unreadable("the result is no signature of 65 bytes") }
        guard let signer = try? signature.recoverAddress(digest: digest) else {
            return .unreadable("no key can have made the signature")
        }
        return signer == address ? .verified : .signedByOther(signer)
    }

    private static func transaction(_ asked: CallRequest, _ result: JSON, _ address: Address) -> ResultCheck {
        // Some wallets answer {raw, tx}, as nodes do.
        guard let text = result.string ?? result["raw"]?.string, let raw = try? Hex.decodePrefixed(text),
            let signed = try? SignedTransaction.decode(raw), let signer = try? signed.recoverSender()
        else { return .unreadable("the result is no signed transaction") }
        let transaction = signed.transaction
        guard transaction.to == asked.to, transaction.value == asked.value ?? .zero, transaction.data == asked.data
        else { return .unreadable("another transaction was signed than was asked for") }
        return signer == address ? .verified : .signedByOther(signer)
    }

    /// The members for a line of JSON.
    package var members: [JSONMember] {
        switch self {
        case .verified: [JSONMember(name: "verified", value: true)]
        case .signedByOther(let signer):
            [
                JSONMember(name: "verified", value: false),
                JSONMember(name: "signer", value: .string(signer.description)),
            ]
        case .unreadable(let reason):
            [JSONMember(name: "verified", value: false), JSONMember(name: "reason", value: .string(reason))]
        }
    }

    /// A sentence for a person.
    package func text(account: AccountID) -> String {
        switch self {
        case .verified: "verified: signed by \(account.address)"
        case .signedByOther(let signer):
            "NOT verified: this key's address is \(signer); right only if \(account.address) is a contract"
        case .unreadable(let reason): "NOT verified: \(reason)"
        }
    }
}
