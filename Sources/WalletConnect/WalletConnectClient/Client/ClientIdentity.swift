import Cryptography
import Primitives
import Storage
import WalletConnectProtocol

/// Who a client is to its relay: an Ed25519 key that lives as long as its records, and the tokens it signs.
struct ClientIdentity: Sendable {
    static let seedKey = KeyValueKey(collection: RecordCollection.client.rawValue, key: "seed")
    private static let seedBytes = 32

    private let key: Ed25519.PrivateKey
    /// `did:key:…`: the address of the client's mailbox.
    let clientID: String

    private init(seed: borrowing SecretBytes) throws(SignError) {
        do {
            key = try Ed25519.PrivateKey(seed: seed)
        } catch {
            throw SignError(.recordCorrupt, "the client's key", cause: "\(error)")
        }
        clientID = DIDKey(key.publicKey).text
    }

    /// The identity of these records, made when there is none yet.
    static func of(_ committer: Committer, random: RandomSource) async throws(SignError) -> ClientIdentity {
        if let record = try await committer.read([seedKey]).first ?? nil {
            return try ClientIdentity(seed: SecretBytes(copying: record.value))
        }
        let seed = random.bytes(seedBytes)
        // One that is there by now stays: it is ours, stored by an attempt that was not answered, or the one of whoever
        // has taken the records over.
        try await committer.retrying { () throws(KeyValueError) in
            do throws(KeyValueError) {
                try await committer.records.apply([.put(seedKey, seed, if: .absent)])
            } catch {
                guard error.code == .conflict else { throw error }
            }
        }
        guard let record = try await committer.read([seedKey]).first ?? nil else {
            throw SignError(.recordCorrupt, "the client's key is gone")
        }
        return try ClientIdentity(seed: SecretBytes(copying: record.value))
    }

    /// A token for one connection: its audience is the address as it is configured.
    func token(audience: String, at now: Timestamp, settings: RelaySettings, random: RandomSource) -> String {
        RelayToken.sign(
            key, audience: audience, subject: Hex.encode(random.bytes(32)),
            issuedAt: now.adding(seconds: -settings.tokenBackdateSeconds))
    }
}
