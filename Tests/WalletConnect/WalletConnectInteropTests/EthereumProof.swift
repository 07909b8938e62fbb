import ChainEVM
import Cryptography
import Primitives

/// Who made a signature, found with our own hash and our own recovery.
enum EthereumProof {
    /// The first account of the mnemonic that every Ethereum development node hands out, and its key.
    static let address = try! Address(checksummed: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
    static let keyHex = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"

    static let typedData = """
        {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},\
        {"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],\
        "Person":[{"name":"name","type":"string"},{"name":"wallet","type":"address"}],\
        "Mail":[{"name":"from","type":"Person"},{"name":"to","type":"Person"},{"name":"contents","type":"string"}]},\
        "primaryType":"Mail","domain":{"name":"Ether Mail","version":"1","chainId":1,\
        "verifyingContract":"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},\
        "message":{"from":{"name":"Cow","wallet":"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},\
        "to":{"name":"Bob","wallet":"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},"contents":"Hello, Bob!"}}
        """

    /// What `personal_sign` gives for these bytes.
    static func sign(message: [UInt8]) -> String {
        let key = try! Secp256k1.PrivateKey(secret: SecretBytes(copying: Hex.decode(keyHex)))
        let signature = key.sign(digest: EIP191.hash(message: message))
        return Hex.encodePrefixed(signature.compact + [27 + signature.recoveryID])
    }

    /// The signer of a `personal_sign` over these bytes.
    static func signer(ofMessage message: [UInt8], signature: String) throws -> Address {
        try recover(EIP191.hash(message: message), signature)
    }

    /// The signer of an `eth_signTypedData_v4` over this document.
    static func signer(ofTypedData text: String, signature: String) throws -> Address {
        try recover(TypedData(json: JSON.parse(text)).digest, signature)
    }

    /// What a dApp asks a wallet to send.
    static let transaction: JSON = [
        "from": .string("\(address)"), "to": .string("\(address)"), "value": "0x2386f26fc10000", "gas": "0x5208",
        "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x3b9aca00", "nonce": "0x7", "chainId": "0x1",
        "data": "0x",
    ]

    /// The hash and the sender of signed bytes.
    static func transaction(raw: String) throws -> (hash: String, sender: Address) {
        let signed = try SignedTransaction.decode(decode(raw))
        return ("0x" + Hex.encode(signed.hash.bytes), try signed.recoverSender())
    }

    /// 65 bytes: r, s and v, which is 27 or 28.
    private static func recover(_ digest: Hash32, _ signature: String) throws -> Address {
        let bytes = try decode(signature)
        guard bytes.count == 65, bytes[64] >= 27 else { throw Malformed(text: signature) }
        let parsed = try Secp256k1.Signature(compact: Array(bytes[..<64]), recoveryID: bytes[64] - 27)
        return Address(publicKey: try Secp256k1.recover(parsed, digest: digest))
    }

    private static func decode(_ text: String) throws -> [UInt8] {
        try Hex.decode(text.hasPrefix("0x") ? String(text.dropFirst(2)) : text)
    }

    /// No signature of 65 bytes.
    struct Malformed: Error { let text: String }
}
