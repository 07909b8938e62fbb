import Cryptography
public import Primitives

/// Messages that wallets sign for people: [EIP-191](https://eips.ethereum.org/EIPS/eip-191), version 0x45.
public enum EIP191 {
    /// What `personal_sign` signs: a prefix that no transaction has, the length in decimal digits, the message.
    public static func hash(message: [UInt8]) -> Hash32 {
        var bytes = Array("\u{19}Ethereum Signed Message:\n\(message.count)".utf8)
        bytes.append(contentsOf: message)
        return Keccak256.hash(bytes)
    }

    /// The same for a text.
    public static func hash(text: String) -> Hash32 {
        hash(message: Array(text.utf8))
    }
}
