public import Primitives
public import Storage
import Synchronization

/// A vault in this process: secrets stand encrypted in a store, and are in memory only between unseal and seal.
///
/// ```swift
/// let keystore = EmbeddedKeystore(store: store, clock: .system, random: .system)
/// try await keystore.unseal(passphrase: passphrase)
/// let key = try await keystore.create(.secp256k1, label: "hot wallet")
/// ```
/// Any unlock slot opens the random root key; the root wraps numbered key encryption keys (KEKs); a KEK wraps one data
/// key for each record. Changing a passphrase rewrites one slot, rotating a KEK rewrites 60 bytes a record.
///
/// A class, because everybody who signs shares its one unsealed state.
public final class EmbeddedKeystore: KeyVault {
    /// How long a retired KEK is kept after its last record: one may still be on its way into a table.
    public static let retirementSecondsDefault: Int64 = 86_400
    /// How many unsealed keys are remembered; beyond it the memory starts anew.
    static let keysCachedMax = 65_536

    /// `embedded`.
    public let backend = "embedded"
    let store: any Store
    let clock: WallClock
    let ids: IDGenerator
    let columns: [SealedColumn]
    let retirementSeconds: Int64
    let threads = DerivationThreads()
    let state = Mutex(State())

    /// A sealed keystore over a store; the caller has applied ``KeysSchema``.
    ///
    /// - Parameters:
    ///   - columns: columns of other tables in the same store that hold records of ``sealRecord(table:row:column:_:)``.
    ///   - random: for the identifiers of keys alone. Secrets and nonces always come from the kernel.
    ///   - retirementSeconds: how long a retired KEK is kept at least.
    public init(
        store: any Store, clock: WallClock, random: RandomSource, columns: [SealedColumn] = [],
        retirementSeconds: Int64 = retirementSecondsDefault
    ) {
        self.store = store
        self.clock = clock
        self.ids = IDGenerator(clock: clock, random: random)
        self.columns = columns
        self.retirementSeconds = retirementSeconds
    }

    struct State {
        var unsealed: Unsealed?
        /// Counts the seals, so that work begun before one does not fill the memory after it.
        var generation: UInt64 = 0
    }

    struct Unsealed {
        let root: SecretBox
        var keks: [UInt32: SecretBox]
        var keys: [SortableID: LoadedKey] = [:]
    }

    struct LoadedKey {
        let key: UnsealedKey
        var isEnabled: Bool
    }

    /// Whether nothing can be signed.
    public var isSealed: Bool { state.withLock { $0.unsealed == nil } }

    /// Wipes the root, the KEKs and all private keys from memory.
    ///
    /// A signature that is being made at this moment is finished, and its key wiped after it.
    public func seal() {
        state.withLock { state in
            state.unsealed = nil
            state.generation += 1
        }
    }

    func requireUnsealed() throws(KeyError) -> (unsealed: Unsealed, generation: UInt64) {
        let now = state.withLock { ($0.unsealed, $0.generation) }
        guard let unsealed = now.0 else { throw KeyError(.sealed, "the keystore is sealed") }
        return (unsealed, now.1)
    }

    /// Changes what is unsealed, unless a seal came in between.
    func remember(_ generation: UInt64, _ change: (inout Unsealed) -> Void) throws(KeyError) {
        let isKept = state.withLock { state in
            guard state.generation == generation, state.unsealed != nil else { return false }
            if var unsealed = state.unsealed.take() {
                change(&unsealed)
                state.unsealed = unsealed
            }
            return true
        }
        guard isKept else { throw KeyError(.sealed, "the keystore was sealed in between") }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await store.read(body)
        } catch {
            throw KeyError(storage: error)
        }
    }

    @discardableResult
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await store.write(body)
        } catch let error as StorageError where error.code == .uniqueViolation {
            throw KeyError(.exists, "it is in the keystore already", cause: error)
        } catch {
            throw KeyError(storage: error)
        }
    }
}
