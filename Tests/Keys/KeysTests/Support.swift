import Cryptography
import Foundation
import Keys
import Primitives
import Storage
import StorageSQLite
import Synchronization
import Testing

/// The stores that every test runs on.
enum Backing: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case memory, sqlite

    var testDescription: String { rawValue }
}

/// Stores for one test; the files are removed with it.
final class TestStores: Sendable {
    let directory: URL
    private let opened = Mutex<[any Store]>([])

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("keys-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    func path(_ name: String) -> String { directory.appendingPathComponent("\(name).db").path }

    func open(_ backing: Backing, _ migrations: [Migration], name: String = "store") async throws -> any Store {
        let store: any Store =
            switch backing {
            case .memory: MemoryStore()
            case .sqlite: try await SQLite.open(path: path(name))
            }
        try await store.migrate(migrations)
        opened.withLock { $0.append(store) }
        return store
    }

    /// Closes everything, so that the files are complete and can be removed.
    func close() async {
        for store in opened.withLock({ $0 }) { await store.close() }
    }
}

func withStores<Result>(_ body: (TestStores) async throws -> Result) async throws -> Result {
    let stores = try TestStores()
    do {
        let result = try await body(stores)
        await stores.close()
        return result
    } catch {
        await stores.close()
        throw error
    }
}

let noon = Timestamp(milliseconds: 1_795_176_000_000)

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

func digest(_ text: String) -> Hash32 { SHA2.sha256(Array(text.utf8)) }

/// A guard with a key to sign with.
struct Bench: Sendable {
    let signing: SigningGuard
    let store: any Store
    let key: KeyDescription
    let clock: ManualClock
    static let lane = "eip155:31337/0x0000000000000000000000000000000000000001"

    static func make(_ store: any Store, vault: (any KeyVault)? = nil, seed: UInt64 = 1) async throws -> Bench {
        let clock = ManualClock(noon)
        let vault = vault ?? MemoryVault(clock: clock.clock, random: .seeded(seed))
        let known = try await vault.list().first
        let key: KeyDescription
        if let known { key = known } else { key = try await vault.create(.secp256k1, label: "hot wallet") }
        return Bench(
            signing: SigningGuard(store: store, vault: vault, clock: clock.clock), store: store, key: key, clock: clock)
    }

    /// A request whose digest follows from everything else, as a transaction's does.
    func request(
        _ position: Int64, _ intent: String = "pay", fee: UInt64 = 1_000, tip: UInt64 = 100,
        purpose: SigningRequest.Purpose = .payout, lane: String = lane, digest given: Hash32? = nil
    ) -> SigningRequest {
        SigningRequest(
            keyID: key.id, lane: lane, position: position, purpose: purpose, intent: digest(intent),
            digest: given ?? digest("\(lane) \(position) \(intent) \(fee) \(tip) \(purpose)"),
            maxFeePerGas: UInt256(fee),
            maxPriorityFeePerGas: UInt256(tip), expectedSigner: key.publicKey)
    }

    func sign(_ request: SigningRequest) async throws -> SignedDigest {
        let outcomes = try await signing.sign([request])
        try #require(outcomes.count == 1)
        return try outcomes[0].get()
    }

    /// The code of the refusal, or `nil` when it was signed.
    func refusal(_ request: SigningRequest) async throws -> KeyError.Code? {
        switch try await signing.sign([request])[0] {
        case .success: nil
        case .failure(let error): error.code
        }
    }
}

func code(_ body: () async throws -> Void) async -> KeyError.Code? {
    do {
        try await body()
        return nil
    } catch let error as KeyError {
        return error.code
    } catch {
        Issue.record("another error: \(error)")
        return nil
    }
}

typealias KeyError = Keys.KeyError
