import Primitives
public import Storage
import Testing

/// What every ``Store`` must do, whatever keeps its rows.
///
/// An adapter's tests call it with a way to make a new store, empty and without migrations:
///
/// ```swift
/// @Test func `the contract of a store`() async throws {
///     try await checkStore { MemoryStore() }
/// }
/// ```
public func checkStore(_ make: () async throws -> any Store) async throws {
    try await StoreContract.checkUnitsOfWork(make)
    try await StoreContract.checkRules(make)
    try await StoreContract.checkQueries(make)
    try await StoreContract.checkConcurrency(make)
    try await StoreContract.checkMigrations(make)
    try await StoreContract.checkMigrationSeries(make)
    try await StoreContract.checkLeases(make)
    try await StoreContract.checkEvents(make)
    try await StoreContract.checkClosing(make)
}

/// The parts of ``checkStore(_:)``, for an adapter that wants to see them one by one.
public enum StoreContract {
    /// A new store with the contract's tables.
    static func prepared(_ make: () async throws -> any Store) async throws -> any Store {
        let store = try await make()
        try await store.migrate(StorageSchema.migrations + ContractSchema.migrations)
        return store
    }

    /// The storage error that `body` throws; `nil` when it throws none.
    static func failure<Value>(_ body: () async throws -> Value) async -> StorageError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? StorageError
        }
    }
}

enum NoteState: String, Storable {
    case open, held, closed
}

/// A table with every kind of column, key and check.
enum Notes {
    static let id = Column<Int64>("id")
    static let name = Column<String>("name")
    static let state = Column<NoteState>("state")
    static let amount = Column<UInt256>("amount")
    static let ceiling = Column<UInt256>("ceiling")
    static let hash = Column<Hash32?>("hash")
    static let tag = Column<String?>("tag")
    static let revision = Column<Int64>("revision")
    static let table = Table(
        "notes", [id, name, state, amount, ceiling, hash, tag, revision], primaryKey: [id],
        uniques: [Index("notes_by_name", [name]), Index("notes_by_hash_and_tag", [hash, tag])],
        indexes: [Index("notes_by_state", [state, amount])],
        checks: [
            .oneOf(column: "state", values: ["open", "held", "closed"]), .lessOrEqual("amount", "ceiling"),
            .notZero(column: "amount"), .range(column: "revision", 0...1_000_000), .different("name", "tag"),
        ])

    static func row(
        _ id: Int64, name: String? = nil, state: NoteState = .open, amount: UInt256 = 1, ceiling: UInt256 = 1_000,
        hash: Hash32? = nil, tag: String? = nil, revision: Int64 = 0
    ) -> [Assignment] {
        [
            Self.id.set(id), Self.name.set(name ?? "note \(id)"), Self.state.set(state), Self.amount.set(amount),
            Self.ceiling.set(ceiling), Self.hash.set(hash), Self.tag.set(tag), Self.revision.set(revision),
        ]
    }

    /// The row with one column set to something that its Swift type would not allow.
    static func row(_ id: Int64, _ column: String, is value: StoredValue) -> [Assignment] {
        let reference = RawColumn(name: column)
        return row(id).map { $0.column == column ? reference.set(value) : $0 }
    }
}

/// A way past the types, as a foreign program would come.
struct RawColumn {
    let name: String

    func set(_ value: StoredValue) -> Assignment {
        switch value {
        case .null: Column<String?>(name).set(nil)
        case .integer(let number): Column<Int64>(name).set(number)
        case .text(let text): Column<String>(name).set(text)
        case .bytes(let bytes): Column<[UInt8]>(name).set(bytes)
        }
    }
}

/// A table that the store numbers.
enum Entries {
    static let number = Column<Int64>("number")
    static let text = Column<String>("text")
    static let table = Table("entries", sequence: number, [text], uniques: [Index("entries_by_text", [text])])
}

/// A table whose key has two columns.
enum Pairs {
    static let left = Column<String>("left_part")
    static let right = Column<[UInt8]>("right_part")
    static let value = Column<Int64>("value")
    static let table = Table("pairs", [left, right, value], primaryKey: [left, right])
}

enum ContractSchema {
    static let migrations = [
        Migration("contract 1", [.createTable(Notes.table), .createTable(Entries.table)]),
        Migration("contract 2", [.createTable(Pairs.table)]),
    ]
}
