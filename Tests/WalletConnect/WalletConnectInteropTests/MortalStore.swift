import Storage
import Synchronization

/// A store whose process dies at a chosen write: just before it, or just after it and before anyone hears of it.
///
/// From then on nothing is read or written through it, as if the machine had lost its power; what was committed is in
/// the store underneath, for the next one.
final class MortalStore: Store {
    /// When it dies.
    struct Death: Sendable {
        /// Counted from 1; nil for never.
        var atWrite: Int?
        /// Whether that write is committed before.
        var isAfterCommit: Bool
    }

    private struct State {
        var writes = 0
        var isDead = false
    }

    private let store: any Store
    private let death: Death
    private let state = Mutex(State())

    init(_ store: any Store, death: Death) {
        self.store = store
        self.death = death
    }

    var isDead: Bool { state.withLock { $0.isDead } }
    /// Writes that were asked for while it lived.
    var writes: Int { state.withLock { $0.writes } }

    /// Dies now.
    func kill() { state.withLock { $0.isDead = true } }

    /// Whether a write that begins now happens, and whether it is the last.
    private func begin() throws -> Bool {
        let (happens, isLast) = state.withLock { state -> (Bool, Bool) in
            guard !state.isDead else { return (false, false) }
            state.writes += 1
            guard state.writes == death.atWrite else { return (true, false) }
            if !death.isAfterCommit { state.isDead = true }
            return (death.isAfterCommit, true)
        }
        guard happens else { throw Self.gone }
        return isLast
    }

    private static let gone = StorageError(.closed, "the process of this store was killed")

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        let isLast = try begin()
        let result = try await store.write(body)
        if isLast { kill() }
        guard !isDead else { throw Self.gone }
        return result
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result {
        guard !isDead else { throw Self.gone }
        let result = try await store.read(body)
        guard !isDead else { throw Self.gone }
        return result
    }

    func migrate(_ migrations: [Migration]) async throws { try await store.migrate(migrations) }
    func backup(to path: String) async throws { try await store.backup(to: path) }
    func close() async { await store.close() }
}
