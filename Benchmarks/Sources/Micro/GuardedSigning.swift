import CReference
import Cryptography
import Keys
import Primitives
import StorageSQLite

/// The signing guard over its own database with the embedded keystore: record, sign, check, keep.
enum GuardedSigning {
    /// - Parameter directory: an empty one, on the disk that is to be measured.
    static func run(directory: String, seconds: Double) async throws {
        let store = try await SQLite.open(path: "\(directory)/keys.db")
        let history = try await SQLite.open(path: "\(directory)/guard.db")
        try await store.migrate(KeysSchema.migrations)
        try await history.migrate(GuardSchema.migrations)
        let keystore = EmbeddedKeystore(store: store, clock: .system, random: .system)
        let passphrase = SecretBytes(copying: Array("benchmark".utf8))
        try await keystore.initialise(passphrase: passphrase)
        if keystore.isSealed { try await keystore.unseal(passphrase: passphrase) }
        let guarded = SigningGuard(store: history, vault: keystore, clock: .system)
        var lanes: [(key: KeyDescription, next: Int64)] = []
        for index in 0..<4 { lanes.append((try await keystore.create(.secp256k1, label: "lane \(index)"), 0)) }
        for batch in [1, 16, 64, 256] {
            var signed = 0
            let start = reference_wall_time()
            let end = start + Int64(seconds * 1e9)
            var now = start
            var longest: Int64 = 0
            while now < end {
                var requests: [SigningRequest] = []
                for index in 0..<batch {
                    let lane = index % lanes.count
                    requests.append(request(lanes[lane].key, lane: lane, position: lanes[lane].next))
                    lanes[lane].next += 1
                }
                for outcome in try await guarded.sign(requests) { _ = try outcome.get() }
                signed += batch
                let done = reference_wall_time()
                longest = max(longest, done - now)
                now = done
            }
            show(
                "guarded signing \(batch)",
                [
                    "per_second": Double(signed) * 1e9 / Double(now - start),
                    "longest_ms": Double(longest) / 1e6,
                ])
        }
        await history.close()
        await store.close()
    }

    private static func request(_ key: KeyDescription, lane: Int, position: Int64) -> SigningRequest {
        var writer = Array("\(lane)/\(position)".utf8)
        let intent = Keccak256.hash(writer)
        writer.append(0)
        return SigningRequest(
            keyID: key.id, lane: "eip155:31337/\(lane)", position: position, purpose: .payout, intent: intent,
            digest: Keccak256.hash(writer), maxFeePerGas: UInt256(30_000_000_000),
            maxPriorityFeePerGas: UInt256(1_500_000_000), expectedSigner: key.publicKey)
    }
}
