public import Primitives
public import Storage
import Testing

/// What every ``KeyValueStore`` must do, whatever keeps its records.
///
/// An adapter's tests call it with a way to make a new, empty store:
///
/// ```swift
/// @Test func `the contract of records`() async throws {
///     try await checkKeyValueStore { MemoryKeyValueStore() }
/// }
/// ```
public func checkKeyValueStore(_ make: () async throws -> any KeyValueStore) async throws {
    try await KeyValueStoreContract.checkRecords(make())
    try await KeyValueStoreContract.checkLists(make())
    try await KeyValueStoreContract.checkPreconditions(make())
    try await KeyValueStoreContract.checkUnits(make())
    try await KeyValueStoreContract.checkExpiry(make())
    try await KeyValueStoreContract.checkLimits(make())
    try await KeyValueStoreContract.checkRace(make())
}

/// The parts of ``checkKeyValueStore(_:)``.
public enum KeyValueStoreContract {
    // Far ahead of any clock, so that a database with a clock of its own agrees.
    public static let farAhead = Timestamp(milliseconds: 4_000_000_000_000)

    /// Longer than any store has for it, on a machine however busy.
    private static let healthSecondsMax = 60

    public static func key(_ key: String, in collection: String = "notes") -> KeyValueKey {
        KeyValueKey(collection: collection, key: key)
    }

    public static func failure(_ body: () async throws(KeyValueError) -> Void) async -> KeyValueError? {
        do {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    /// Records are made, read, replaced and deleted.
    public static func checkRecords(_ store: any KeyValueStore) async throws {
        #expect(try await store.read([key("a")]) == [nil])
        let every = (0...255).map { UInt8($0) }
        try await store.apply([.put(key("a"), every), .put(key("b"), [])])
        #expect(
            try await store.read([key("b"), key("missing"), key("a"), key("a", in: "other")]) == [
                KeyValueRecord(key: key("b"), value: [], revision: 1, expiresAt: nil), nil,
                KeyValueRecord(key: key("a"), value: every, revision: 1, expiresAt: nil), nil,
            ])
        try await store.apply([.put(key("a"), [1], expiresAt: farAhead)])
        #expect(
            try await store.read([key("a")]) == [
                KeyValueRecord(key: key("a"), value: [1], revision: 2, expiresAt: farAhead)
            ])
        try await store.apply([.delete(key("a")), .delete(key("missing"))])
        #expect(try await store.read([key("a")]) == [nil])
        try await store.apply([.put(key("a"), [2])])
        #expect(try await store.read([key("a")])[0]?.revision == 1, "a record made again begins at 1")
        try await store.apply([])
        #expect(try await store.read([]).isEmpty)
        let answered = try await store.health()
        #expect(.zero <= answered && answered < .seconds(healthSecondsMax))
        #expect(try await store.list("", after: nil, limit: 10).isEmpty, "health leaves nothing that is seen")
    }

    /// Names are compared and ordered by their bytes.
    public static func checkLists(_ store: any KeyValueStore) async throws {
        // Equal for a human or a collation, but different bytes; an accent composed and decomposed.
        let names =
            ["a", "A", "a ", "b", "\u{E9}", "e\u{301}", "Z", "%", "_", "'", "\u{1F511}", "10", "9"]
            // What some database takes for an end, or keeps in another way; the longest name in two and four bytes each.
            + ["a\0", "a\0b", "\0", "\u{1}", "\0\u{1}", "a\u{1}", "\u{1}\u{1}"]
            + ["\u{E9}", "\u{1F511}"].map { letter in
                String(repeating: letter, count: KeyValueKey.keyBytesMax / letter.utf8.count)
            }
        try await store.apply(names.map { .put(key($0), Array($0.utf8)) })
        try await store.apply([.put(key("a", in: "other"), [0]), .put(key("zz", in: "Notes"), [0])])
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let all = try await store.list("notes", after: nil, limit: 100)
        #expect(all.map { Array($0.key.key.utf8) } == sorted.map { Array($0.utf8) })
        #expect(all.allSatisfy { $0.value == Array($0.key.key.utf8) })
        let read = try await store.read(names.map { key($0) })
        #expect(read.map { $0.map(\.value) } == names.map { Array($0.utf8) })
        var paged: [String] = []
        var after: String?
        while paged.count <= names.count {
            let page = try await store.list("notes", after: after, limit: 4)
            paged += page.map(\.key.key)
            after = page.last?.key.key
            if page.count < 4 { break }
        }
        #expect(paged.map { Array($0.utf8) } == sorted.map { Array($0.utf8) }, "pages neither overlap nor leave gaps")
        #expect(try await store.list("missing", after: nil, limit: 10).isEmpty)
        #expect(try await store.list("notes", after: nil, limit: 0).isEmpty)
    }

    /// A change happens only when its precondition holds.
    public static func checkPreconditions(_ store: any KeyValueStore) async throws {
        try await store.apply([.put(key("a"), [1], if: .absent)])
        let second = await failure { () throws(KeyValueError) in
            try await store.apply([.put(key("a"), [2], if: .absent)])
        }
        #expect(second?.code == .conflict)
        #expect(second?.key == key("a"), "the error names the record")
        #expect(second?.isRetryable == false)
        try await store.apply([.put(key("a"), [2], if: .revision(1))])
        let stale = await failure { () throws(KeyValueError) in
            try await store.apply([.put(key("a"), [3], if: .revision(1))])
        }
        #expect(stale?.code == .conflict)
        let missing = await failure { () throws(KeyValueError) in
            try await store.apply([.delete(key("b"), if: .revision(1))])
        }
        #expect(missing?.code == .conflict)
        #expect(try await store.read([key("a")])[0]?.value == [2])
        let there = await failure { () throws(KeyValueError) in
            try await store.apply([.delete(key("a"), if: .absent)])
        }
        #expect(there?.code == .conflict, "only what is not there is deleted so")
        #expect(there?.key == key("a"))
        try await store.apply([.delete(key("a"), if: .revision(2))])
        #expect(try await store.read([key("a")]) == [nil])
        try await store.apply([.delete(key("a"), if: .absent)])
        try await store.apply([.delete(key("a"), if: .absent), .put(key("a"), [3], if: .absent)])
        #expect(try await store.read([key("a")])[0]?.revision == 1)
    }

    /// All changes of a unit are stored, or none, and later ones see earlier ones.
    public static func checkUnits(_ store: any KeyValueStore) async throws {
        try await store.apply([.put(key("kept"), [1]), .put(key("gone"), [1])])
        let refused = await failure { () throws(KeyValueError) in
            try await store.apply([
                .put(key("new"), [1]), .put(key("kept"), [2]), .delete(key("gone")),
                .put(key("kept"), [3], if: .absent),
            ])
        }
        #expect(refused?.code == .conflict)
        #expect(refused?.key == key("kept"))
        let after = try await store.read([key("new"), key("kept"), key("gone")])
        #expect(after.map { $0?.value } == [nil, [1], [1]], "nothing of a refused unit is stored")
        #expect(after[1]?.revision == 1)
        try await store.apply([
            .put(key("x"), [1], if: .absent), .put(key("x"), [2], if: .revision(1)),
            .delete(key("x"), if: .revision(2)),
            .put(key("x"), [3], if: .absent),
        ])
        #expect(try await store.read([key("x")])[0]?.value == [3])
        let many = (0..<1000).map { KeyValueChange.put(key("many \($0)"), [UInt8(truncatingIfNeeded: $0)]) }
        try await store.apply(many)
        #expect(
            try await store.list("notes", after: "many", limit: 2000).count { $0.key.key.hasPrefix("many ") } == 1000)
    }

    /// Expired records can be removed; others stay.
    public static func checkExpiry(_ store: any KeyValueStore) async throws {
        let moment = farAhead
        try await store.apply([
            .put(key("before"), [1], expiresAt: moment.adding(milliseconds: -1)),
            .put(key("at"), [1], expiresAt: moment),
            .put(key("after"), [1], expiresAt: moment.adding(milliseconds: 1)), .put(key("never"), [1]),
            .put(key("extended"), [1], expiresAt: moment), .put(key("extended"), [1]),
        ])
        #expect(try await store.removeExpired(before: moment, limit: 1) == 1)
        #expect(try await store.removeExpired(before: moment, limit: 10) == 1)
        #expect(try await store.removeExpired(before: moment, limit: 10) == 0)
        let left = try await store.list("notes", after: nil, limit: 10)
        #expect(left.map(\.key.key) == ["after", "extended", "never"])
        #expect(left.map(\.expiresAt) == [moment.adding(milliseconds: 1), nil, nil])
    }

    /// What some database could not keep is refused by all.
    public static func checkLimits(_ store: any KeyValueStore) async throws {
        let most = [UInt8](repeating: 7, count: KeyValueLimits.valueBytesMax)
        try await store.apply([.put(key("most"), most)])
        #expect(try await store.read([key("most")])[0]?.value.count == KeyValueLimits.valueBytesMax)
        let large = await failure { () throws(KeyValueError) in
            try await store.apply([.put(key("small"), [1]), .put(key("too much"), most + [7])])
        }
        #expect(large?.code == .valueTooLarge)
        #expect(large?.code.description == "value_too_large")
        #expect(large?.key == key("too much"), "the error names the record")
        #expect(try await store.read([key("small")]) == [nil])
        let longest = String(repeating: "k", count: KeyValueKey.keyBytesMax)
        try await store.apply([.put(key(longest), [1])])
        #expect(try await store.read([key(longest)])[0]?.value == [1])
        for name in [key(""), key("k", in: ""), key(longest + "k"), key("k", in: String(repeating: "c", count: 65))] {
            let refused = await failure { () throws(KeyValueError) in try await store.apply([.put(name, [1])]) }
            #expect(refused?.code == .invalidKey)
        }
    }

    /// Of many writers that expect one revision, one wins.
    public static func checkRace(_ store: any KeyValueStore) async throws {
        try await store.apply([.put(key("race"), [0])])
        let wins = await withTaskGroup(of: Bool.self) { group in
            for writer in 1...16 {
                group.addTask {
                    await failure { () throws(KeyValueError) in
                        try await store.apply([.put(key("race"), [UInt8(writer)], if: .revision(1))])
                    } == nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(wins == 1)
        #expect(try await store.read([key("race")])[0]?.revision == 2)
    }
}
