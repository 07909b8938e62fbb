import Cryptography
public import Primitives
import WalletConnectProtocol

/// A Solana account of a test.
public final class SolanaTestKey: Sendable {
    private let key: Ed25519.PrivateKey
    /// Its public key in base58, which is the address.
    public let address: String

    init(_ key: Ed25519.PrivateKey) {
        self.key = key
        address = Base58.encode(key.publicKey.bytes)
    }

    /// The Ed25519 signature of a message, 64 bytes.
    public func sign(_ message: [UInt8]) -> [UInt8] { key.sign(message) }

    static let methods = [
        "solana_signMessage", "solana_signTransaction", "solana_signAllTransactions", "solana_signAndSendTransaction",
        "solana_getAccounts", "solana_requestAccounts",
    ]

    func answer(_ method: String, _ params: JSON) throws(PeerError) -> JSON {
        switch method {
        case "solana_getAccounts", "solana_requestAccounts": return [["pubkey": .string(address)]]
        case "solana_signMessage":
            guard let text = params["message"]?.string, let message = try? Base58.decode(text) else {
                throw EVMAnswers.invalid("message is base58")
            }
            return ["signature": .string(Base58.encode(key.sign(message)))]
        case "solana_signTransaction", "solana_signAndSendTransaction":
            let signed = try signed(params["transaction"])
            return ["signature": .string(Base58.encode(signed.signature)), "transaction": .string(signed.text)]
        case "solana_signAllTransactions":
            guard let list = params["transactions"]?.array else {
                throw EVMAnswers.invalid("transactions is a list")
            }
            var signed: [JSON] = []
            for transaction in list { signed.append(.string(try self.signed(transaction).text)) }
            return ["transactions": .array(signed)]
        default: throw EVMAnswers.unsupported(method)
        }
    }

    /// Signs a serialized transaction as its first signer, who pays: a list of signatures, and the message behind it.
    private func signed(_ json: JSON?) throws(PeerError) -> (signature: [UInt8], text: String) {
        // The count is one byte below 128, and no transaction has so many signers.
        guard let text = json?.string, var bytes = try? Base64.decode(text), let count = bytes.first,
            (1..<128).contains(count), bytes.count > 1 + Int(count) * Self.signatureBytes
        else { throw EVMAnswers.invalid("a transaction is base64 of signatures and a message") }
        let signature = key.sign(Array(bytes[(1 + Int(count) * Self.signatureBytes)...]))
        bytes.replaceSubrange(1..<1 + Self.signatureBytes, with: signature)
        return (signature, Base64.encode(bytes))
    }

    private static let signatureBytes = 64
}

/// A Bitcoin account of a test: a native segwit address of one key.
public final class BitcoinTestKey: Sendable {
    private let key: Secp256k1.PrivateKey
    /// Its address on the main network, `bc1q…`.
    public let address: String

    init(_ key: Secp256k1.PrivateKey) {
        self.key = key
        let hash = RIPEMD160.hash160(key.publicKey.compressed)
        let words = (try? Bech32.convertBits(hash, from: 8, to: 5, isPadded: true)) ?? []
        address = (try? Bech32.encode(hrp: "bc", data: [0] + words, variant: .bech32)) ?? ""
    }

    static let methods = ["getAccountAddresses", "signMessage", "sendTransfer"]

    /// The signature of a text as wallets make it for segwit addresses: 65 bytes, the first one 39 to 42
    /// ([BIP-137](https://github.com/bitcoin/bips/blob/master/bip-0137.mediawiki)).
    public func sign(text: String) -> [UInt8] {
        let signature = key.sign(digest: Self.digest(text: text))
        return [39 + signature.recoveryID] + signature.compact
    }

    func answer(_ method: String, _ params: JSON) throws(PeerError) -> JSON {
        switch method {
        case "getAccountAddresses":
            return [
                [
                    "address": .string(address), "publicKey": .string(Hex.encode(key.publicKey.compressed)),
                    "path": "m/84'/0'/0'/0/0", "intention": "payment",
                ]
            ]
        case "signMessage":
            guard let text = params["message"]?.string else { throw EVMAnswers.invalid("message is text") }
            return ["address": .string(address), "signature": .string(Hex.encode(sign(text: text)))]
        case "sendTransfer":
            // Nothing is sent: the id is made of what was asked, so that it is the same for the same question.
            return ["txid": .string(Hex.encode(SHA2.sha256d(Array(params.text.utf8)).bytes))]
        default: throw EVMAnswers.unsupported(method)
        }
    }

    /// What a Bitcoin wallet signs of a text.
    public static func digest(text: String) -> Hash32 {
        let prefix = Array("Bitcoin Signed Message:\n".utf8)
        let message = Array(text.utf8)
        return SHA2.sha256d(length(prefix.count) + prefix + length(message.count) + message)
    }

    /// Bitcoin's variable length, as far as messages go.
    private static func length(_ count: Int) -> [UInt8] {
        count < 0xFD ? [UInt8(count)] : [0xFD, UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)]
    }
}
