import Primitives
public import Storage
import Testing

private struct Refused: Error, Equatable {
    let reason: String
}

extension StoreContract {
    /// A unit of work is stored as a whole or not at all.
    public static func checkUnitsOfWork(_ make: () async throws -> any Store) async throws {
        let store = try await prepared(make)
        let answer = try await store.write { tx in
            try tx.insert(into: Notes.table, Notes.row(1))
            try tx.insert(into: Notes.table, Notes.row(2))
            // A unit of work sees what it wrote itself.
            return try tx.count(Notes.table, where: [])
        }
        #expect(answer == 2)

        await #expect(throws: Refused(reason: "changed my mind"), "a body's own error comes back as it is") {
            try await store.write { tx in
                try tx.insert(into: Notes.table, Notes.row(3))
                try tx.update(Notes.table, set: [Notes.revision.set(9)], where: [Notes.id == 1])
                try tx.delete(from: Notes.table, where: [Notes.id == 2])
                throw Refused(reason: "changed my mind")
            }
        }
        #expect(try await ids(store) == [1, 2], "nothing of a failed unit is stored")
        #expect(try await revision(of: 1, store) == 0)

        try await checkRefusedStatement(store)
        try await checkGuardedUpdate(store)
        try await checkSequences(store)
        await store.close()
    }

    /// A refused row changes nothing, and the unit of work may go on.
    private static func checkRefusedStatement(_ store: any Store) async throws {
        try await store.write { tx in
            do throws(StorageError) {
                try tx.insert(into: Notes.table, Notes.row(1))
                Issue.record("the key was given twice")
            } catch {
                #expect(error.code == .uniqueViolation)
                try tx.insert(into: Notes.table, Notes.row(4))
            }
            // Two rows can't get one name: neither gets it.
            #expect(throws: StorageError.self) {
                try tx.update(Notes.table, set: [Notes.name.set("same")], where: [Notes.id.isIn([1, 2])])
            }
        }
        #expect(try await ids(store) == [1, 2, 4])
        let renamed = try await store.read { try $0.count(Notes.table, where: [Notes.name == "same"]) }
        #expect(renamed == 0, "a refused statement changes no row at all")
    }

    /// An update with a guard says whether it met the state it expected.
    private static func checkGuardedUpdate(_ store: any Store) async throws {
        let counts = try await store.write { tx in
            let first = try tx.update(
                Notes.table, set: [Notes.revision.set(1)], where: [Notes.id == 1, Notes.revision == 0])
            let second = try tx.update(
                Notes.table, set: [Notes.revision.set(1)], where: [Notes.id == 1, Notes.revision == 0])
            let unchanged = try tx.update(Notes.table, set: [Notes.revision.set(1)], where: [Notes.id == 1])
            let missing = try tx.update(Notes.table, set: [Notes.revision.set(1)], where: [Notes.id == 99])
            let many = try tx.update(Notes.table, set: [Notes.state.set(.held)], where: [Notes.id > 1])
            return [first, second, unchanged, missing, many]
        }
        #expect(counts == [1, 0, 1, 0, 2], "an update counts the rows that it met, changed in value or not")
        let deleted = try await store.write { tx in
            [
                try tx.delete(from: Notes.table, where: [Notes.state == .held]),
                try tx.delete(from: Notes.table, where: [Notes.state == .held]),
            ]
        }
        #expect(deleted == [2, 0])
    }

    /// A sequence counts 1, 2, 3 and never gives a stored number again.
    private static func checkSequences(_ store: any Store) async throws {
        func add(_ text: String) async throws -> Int64 {
            try await store.write { try $0.insert(into: Entries.table, [Entries.text.set(text)]) }
        }
        #expect(try await [add("a"), add("b"), add("c")] == [1, 2, 3])
        _ = await failure {
            try await store.write { tx in
                try tx.insert(into: Entries.table, [Entries.text.set("d")])
                try tx.insert(into: Entries.table, [Entries.text.set("a")])
            }
        }
        let next = try await add("d")
        #expect(next > 3, "after a rollback the numbers go on")
        try await store.write { try $0.delete(from: Entries.table, where: [Entries.number == next]) }
        #expect(try await add("e") > next, "a deleted row's number is not given again")
        let numbers = try await store.read { tx in
            try tx.select(Query(Entries.table, order: [.ascending(Entries.number)])).map { try $0.get(Entries.number) }
        }
        #expect(numbers.count == 4 && Set(numbers).count == 4)
    }

    static func ids(_ store: any Store) async throws -> [Int64] {
        try await store.read { tx in
            try tx.select(Query(Notes.table, order: [.ascending(Notes.id)])).map { try $0.get(Notes.id) }
        }
    }

    static func revision(of id: Int64, _ store: any Store) async throws -> Int64? {
        try await store.read { try $0.first(Query(Notes.table, where: [Notes.id == id]))?.get(Notes.revision) }
    }

    /// A closed store refuses everything and says so.
    public static func checkClosing(_ make: () async throws -> any Store) async throws {
        let store = try await prepared(make)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in 1...50 {
                group.addTask { _ = try await store.write { try $0.insert(into: Notes.table, Notes.row(Int64(id))) } }
            }
            try await group.waitForAll()
        }
        #expect(try await ids(store).count == 50)
        await store.close()
        await store.close()
        #expect(
            await failure { try await store.write { try $0.insert(into: Notes.table, Notes.row(99)) } }?.code == .closed
        )
        #expect(await failure { _ = try await store.read { try $0.count(Notes.table, where: []) } }?.code == .closed)
        #expect(await failure { try await store.migrate(ContractSchema.migrations) }?.code == .closed)
    }
}
