import Synchronization

/// A store in memory: the twin of the databases, with the same keys, checks and units of work, gone with the process.
///
/// It keeps every promise of ``Store`` but durability, so the simulations run on it.
public final class MemoryStore: Store {
    private let engine: Mutex<MemoryEngine>

    public init() {
        engine = Mutex(MemoryEngine())
    }

    @discardableResult
    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Result
    ) async throws -> Result {
        try engine.withLock { engine in
            try engine.requireOpen()
            engine.begin()
            do {
                let result = try body(engine)
                engine.commit()
                return result
            } catch {
                engine.rollback()
                throw error
            }
        }
    }

    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Result
    ) async throws -> Result {
        try engine.withLock { engine in
            try engine.requireOpen()
            return try body(engine)
        }
    }

    public func migrate(_ migrations: [Migration]) async throws {
        try engine.withLock { engine in
            try engine.requireOpen()
            try engine.migrate(migrations)
        }
    }

    /// - Throws: always, code `unavailable`: what is only in memory has no file to copy.
    public func backup(to path: String) async throws {
        throw StorageError(.unavailable, "a store in memory can't be backed up")
    }

    public func close() async {
        engine.withLock { $0.isOpen = false }
    }
}
