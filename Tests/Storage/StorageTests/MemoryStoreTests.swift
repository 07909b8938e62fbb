import Contracts
import Storage
import Testing

struct MemoryStoreTests {
    @Test func `a store in memory keeps the contract of a store`() async throws {
        try await checkStore { MemoryStore() }
    }

    @Test func `a store in memory says that it can't be backed up`() async throws {
        let error = await #expect(throws: StorageError.self) { try await MemoryStore().backup(to: "/nowhere") }
        #expect(error?.code == .unavailable)
    }
}
