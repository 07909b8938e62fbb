package import ChainEVM
import Cryptography
package import Primitives

/// What a request asks to sign, read the same way by who signs and by who checks.
package struct SignedMessage: Sendable, Equatable {
    /// What the key signs.
    package var digest: Hash32
    /// What a person may read before saying yes.
    package var text: String

    /// The most bytes of a message to sign.
    package static let bytesMax = 64 << 10

    /// `personal_sign [message, account]`; the two the other way round are understood, because dApps do that.
    ///
    /// A message of `0x` and whole bytes is those bytes; everything else is text.
    package static func personal(_ params: JSON, signer: Address) throws(TestWalletRefusal) -> SignedMessage {
        guard let first = params[0]?.string, let second = params[1]?.string else {
            throw .invalid("personal_sign takes [message, account]")
        }
        let message: String
        if Address.isSame(second, signer) {
            message = first
        } else if Address.isSame(first, signer) {
            message = second
        } else {
            throw .unauthorized("The account is not in this wallet.")
        }
        guard message.utf8.count <= bytesMax else { throw .invalid("the message is longer than \(bytesMax) bytes") }
        let bytes = (try? Hex.decodePrefixed(message)) ?? Array(message.utf8)
        return SignedMessage(
            digest: EIP191.hash(message: bytes), text: String(validating: bytes, as: UTF8.self) ?? message)
    }

    /// `eth_signTypedData_v4 [account, data]`, the data an object or its JSON text.
    ///
    /// - Parameter chain: a `chainId` in the domain must be this one; nobody signs for another chain unseen.
    package static func typedData(_ params: JSON, signer: Address, chain: UInt64) throws(TestWalletRefusal)
        -> SignedMessage
    {
        guard let account = params[0]?.string, let given = params[1] else {
            throw .invalid("eth_signTypedData_v4 takes [account, data]")
        }
        guard Address.isSame(account, signer) else { throw .unauthorized("The account is not in this wallet.") }
        var json = given
        if let text = given.string {
            guard text.utf8.count <= bytesMax, let parsed = try? JSON.parse(text, limits: .rpc) else {
                throw .invalid("the typed data is not valid JSON")
            }
            json = parsed
        }
        let data: TypedData
        do {
            data = try TypedData(json: json)
        } catch {
            throw .invalid("the typed data is refused: \(error)")
        }
        if let named = data.domain["chainId"], !names(named, chain) {
            throw .invalid("the typed data is for another chain than \(chain)")
        }
        return SignedMessage(digest: data.digest, text: "\(data.primaryType) \(data.message.text)")
    }

    private static func names(_ json: JSON, _ chain: UInt64) -> Bool {
        if let number = json.uint64 { return number == chain }
        guard let text = json.string else { return false }
        return UInt64(text) == chain || (try? UInt256(hexQuantity: text)) == UInt256(chain)
    }
}

extension Address {
    /// Whether a text is this address in any case.
    static func isSame(_ text: String, _ address: Address) -> Bool {
        (try? Address(ignoringChecksum: text)) == address
    }
}
