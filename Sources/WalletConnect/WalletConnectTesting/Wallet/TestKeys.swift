import ChainEVM
import Cryptography
import Primitives
import Synchronization

/// Keys that come out the same for the same seed, as many as a test has users.
///
/// Each has a label, any text. They guard nothing: whoever knows the seed has the keys.
public final class TestKeys: Sendable {
    private let seed: UInt64
    private let evmKeys = Mutex<[String: EVMTestKey]>([:])

    /// The label of a wallet's first account.
    public static let first = "first"

    /// The keys of a seed.
    public init(seed: UInt64 = 1) { self.seed = seed }

    /// An Ethereum key.
    public func evm(_ label: String = TestKeys.first) -> EVMTestKey {
        if let known = evmKeys.withLock({ $0[label] }) { return known }
        let key = EVMTestKey(secp256k1("eip155", label))
        evmKeys.withLock { $0[label] = key }
        return key
    }

    /// A Solana key.
    public func solana(_ label: String = TestKeys.first) -> SolanaTestKey {
        SolanaTestKey(ed25519(label))
    }

    /// A Bitcoin key.
    public func bitcoin(_ label: String = TestKeys.first) -> BitcoinTestKey {
        BitcoinTestKey(secp256k1("bip122", label))
    }

    private func secret(_ family: String, _ label: String, _ attempt: Int) -> SecretBytes {
        SecretBytes(copying: SHA2.sha256(Array("coffer test key \(seed) \(family) \(attempt) \(label)".utf8)).bytes)
    }

    private func secp256k1(_ family: String, _ label: String) -> Secp256k1.PrivateKey {
        // One hash in 2^127 is no key: then the next one is taken.
        var attempt = 0
        while true {
            if let key = try? Secp256k1.PrivateKey(secret: secret(family, label, attempt)) { return key }
            attempt += 1
        }
    }

    private func ed25519(_ label: String) -> Ed25519.PrivateKey {
        var attempt = 0
        while true {
            if let key = try? Ed25519.PrivateKey(seed: secret("solana", label, attempt)) { return key }
            attempt += 1
        }
    }
}
