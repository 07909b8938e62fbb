import Cryptography
import Primitives

/// Hashes of transactions that wallets answer with, where the answer has the transaction and not its hash.
///
/// Each gives nil for what cannot be read.
enum TransactionHashes {
    /// The longest transaction that is hashed, in bytes of its text.
    static let transactionBytesMax = 1 << 20

    /// Solana: the first signature of a transaction is its name.
    ///
    /// A transaction begins with the number of signatures (never zero) and 64 bytes for each; with the smallest message
    /// it is 100 bytes and more.
    static func solana(base64 text: String) -> String? {
        guard let bytes = base64(text), bytes.count >= 100, bytes[0] != 0 else { return nil }
        return Base58.encode(Array(bytes[1..<65]))
    }

    /// Sui: BLAKE2b-256 of the words `TransactionData::` and the transaction, in Base58.
    static func sui(base64 text: String) -> String? {
        guard let bytes = base64(text), !bytes.isEmpty else { return nil }
        return Base58.encode(BLAKE2b.hash(Array("TransactionData::".utf8) + bytes, byteCount: 32))
    }

    /// NEAR: SHA-256 of the transaction, in Base58.
    static func near(_ value: JSON) -> String? {
        guard let bytes = byteList(value), !bytes.isEmpty else { return nil }
        return Base58.encode(SHA2.sha256(bytes).bytes)
    }

    /// Algorand: SHA-512/256 of `TX` and the MessagePack of the transaction without its signature, in Base32.
    static func algorand(base64 text: String) -> String? {
        guard let bytes = base64(text), let transaction = MessagePack.value(of: "txn", in: bytes) else { return nil }
        return Base32.encode(SHA512Over256.hash(Array("TX".utf8) + transaction))
    }

    /// Cosmos: SHA-256 of the protobuf message `TxRaw`, in upper-case hex.
    ///
    /// `result` is `{"signature": {"signature": …}, "signed": {"bodyBytes": …, "authInfoBytes": …}}`; the parts are
    /// Base64, hex, or lists of bytes.
    ///
    /// Standard: [cosmos.tx.v1beta1](https://github.com/cosmos/cosmos-sdk/blob/main/proto/cosmos/tx/v1beta1/tx.proto).
    static func cosmos(_ result: JSON) -> String? {
        guard let body = result["signed"]?["bodyBytes"].flatMap(bytes),
            let authentication = result["signed"]?["authInfoBytes"].flatMap(bytes),
            let signature = (result["signature"]?["signature"] ?? result["signature"]).flatMap(bytes)
        else { return nil }
        var message: [UInt8] = []
        // Fields 1, 2 and 3, each of wire type 2: bytes with their length.
        for (field, value) in [(UInt8(1), body), (2, authentication), (3, signature)] {
            message.append(field << 3 | 2)
            var length = value.count
            while length >= 0x80 {
                message.append(UInt8(truncatingIfNeeded: length & 0x7F) | 0x80)
                length >>= 7
            }
            message.append(UInt8(truncatingIfNeeded: length))
            message += value
        }
        return SHA2.sha256(message).hex.uppercased()
    }

    /// Bytes as wallets write them: Base64, hex, or one of the forms of ``byteList(_:)``.
    static func bytes(_ value: JSON) -> [UInt8]? {
        guard let text = value.string else { return byteList(value) }
        guard text.utf8.count <= transactionBytesMax else { return nil }
        // Base64 that happens to be made of hex digits alone is too rare to mind at these lengths.
        if let bytes = try? Hex.decode(text), !bytes.isEmpty { return bytes }
        return base64(text)
    }

    /// Bytes as JavaScript writes an array: `[1, 2]`, `{"type": "Buffer", "data": [1, 2]}` or `{"0": 1, "1": 2}`.
    static func byteList(_ value: JSON) -> [UInt8]? {
        if let data = value["data"] { return data.array.flatMap(byteArray) }
        if let elements = value.array { return byteArray(elements) }
        guard let members = value.members, members.count <= transactionBytesMax else { return nil }
        // The members come in the order of their indices; another order is no array.
        for (index, member) in members.enumerated() where member.name != String(index) { return nil }
        return byteArray(members.map(\.value))
    }

    private static func byteArray(_ elements: [JSON]) -> [UInt8]? {
        guard elements.count <= transactionBytesMax else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(elements.count)
        for element in elements {
            guard let number = element.int, let byte = UInt8(exactly: number) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func base64(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= transactionBytesMax else { return nil }
        let padding = (4 - text.utf8.count % 4) % 4
        return try? Base64.decode(text + String(repeating: "=", count: padding))
    }
}
