import ChainEVM
import Cryptography
import Primitives
import WalletConnectProtocol

/// The first account of the mnemonic that every Ethereum development node hands out.
enum Signer {
    static let address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    private static let keyHex = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"

    /// An EIP-191 signature over a text.
    static func sign(_ text: String) throws -> Cacao.Signature {
        let key = try Secp256k1.PrivateKey(secret: SecretBytes(copying: Hex.decode(keyHex)))
        let signature = key.sign(digest: EIP191.hash(message: Array(text.utf8)))
        return Cacao.Signature(
            type: "eip191", value: Hex.encodePrefixed(signature.compact + [27 + signature.recoveryID]))
    }
}
