#if SQLite
    import Storage
    import StorageSQLite
    public import WalletConnectRelay

    /// Runs a relay on a database in a folder, which another process or a later run may go on with.
    ///
    /// - Parameter folder: exists; the relay's file in it is `relay.db`.
    /// - Throws: what `body` throws; ``TestingError``; `StorageError`.
    @discardableResult
    public func withTestRelay<Result: Sendable>(
        folder: String, settings change: (inout WalletConnectRelay.RelaySettings) -> Void = { _ in },
        _ body: @escaping @Sendable (TestRelay) async throws -> Result
    ) async throws -> Result {
        let store: any Store = try await SQLite.open(path: "\(folder)/relay.db")
        do {
            let result = try await withTestRelay(store: store, settings: change, body)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
#endif
