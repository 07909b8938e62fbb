package import ChainEVM
import Cryptography
package import Primitives

/// The one key of the test wallet.
///
/// Made for trying things out: it lies in a file that only its owner can read, or nowhere, and nothing guards what it
/// signs. A class, because its secret has one place in memory and is wiped with it.
package final class TestWalletKey: Sendable {
    private let key: Secp256k1.PrivateKey
    /// The account on every EVM chain.
    package let address: Address

    private init(_ key: Secp256k1.PrivateKey) {
        self.key = key
        address = Address(publicKey: key.publicKey)
    }

    /// A key that is gone with the process.
    package static func ephemeral() -> TestWalletKey { TestWalletKey(Secp256k1.PrivateKey()) }

    /// The key in a file of 64 hex digits, which is made with mode 0600 when it is not there.
    ///
    /// - Throws: ``ClientError`` with `configuration`: others may read the file, or it holds no key.
    package static func file(_ path: String) throws(ClientError) -> TestWalletKey {
        do {
            return try read(path)
        } catch .missing {
            return try make(path)
        } catch {
            throw ClientError(.configuration, "the test wallet's key cannot be read: \(error)")
        }
    }

    /// `r`, `s` and `v` of a digest, 65 bytes.
    package func signature(of digest: Hash32) -> TransactionSignature {
        TransactionSignature(key.sign(digest: digest))
    }

    /// The transaction with this key's signature.
    package func signed(_ transaction: Transaction) -> SignedTransaction {
        transaction.signed(key.sign(digest: transaction.signingHash))
    }

    // MARK: The file

    private enum ReadError: Error {
        case missing
        case other(String)
    }

    private static let digits = 64
    /// The digits, `0x` and a newline of either kind.
    private static let fileBytesMax = digits + 4

    private static func read(_ path: String) throws(ReadError) -> TestWalletKey {
        var bytes: [UInt8]
        do {
            bytes = try LocalFile.read(path, bytesMax: fileBytesMax)
        } catch .missing {
            throw .missing
        } catch {
            throw .other("\(error)")
        }
        defer { SecretFile.wipe(&bytes) }
        guard !LocalFile.isReadableByOthers(path) else {
            throw .other("\(path) can be read by others; chmod 600 it, if they did not")
        }
        guard let secret = decoded(bytes[...]) else { throw .other("\(path) does not hold 64 hex digits") }
        do {
            return TestWalletKey(try Secp256k1.PrivateKey(secret: secret))
        } catch {
            throw .other("\(path) holds no key of secp256k1")
        }
    }

    private static func make(_ path: String) throws(ClientError) -> TestWalletKey {
        let key = ephemeral()
        var text = key.key.withSecret { bytes in
            var text: [UInt8] = []
            text.reserveCapacity(digits + 1)
            for index in 0..<bytes.byteCount {
                let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                text.append(digit(byte >> 4))
                text.append(digit(byte & 15))
            }
            return text
        }
        defer { SecretFile.wipe(&text) }
        text.append(0x0A)
        do {
            try LocalFile.create(path, text)
        } catch {
            throw ClientError(.configuration, "the test wallet's key was not written: \(error)")
        }
        return key
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> SecretBytes? {
        var text = text
        while let last = text.last, last == 0x0A || last == 0x0D { text.removeLast() }
        if text.starts(with: [0x30, 0x78]) { text.removeFirst(2) }
        guard text.count == digits, text.allSatisfy({ value($0) != nil }) else { return nil }
        let start = text.startIndex
        return SecretBytes(
            count: digits / 2,
            fill: { out in
                for index in 0..<digits / 2 {
                    let (high, low) = (value(text[start + 2 * index]) ?? 0, value(text[start + 2 * index + 1]) ?? 0)
                    out.append(high << 4 | low)
                }
            })
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
