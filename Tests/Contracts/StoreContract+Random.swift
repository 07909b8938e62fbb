import Primitives
public import Storage
import Testing

/// Gives a store and its twin in memory the same random units of work, and compares what they answer.
///
/// - Parameters:
///   - name: what the store is called when they differ.
///   - comparesNumbers: `false` for an engine that never gives a sequence's number again, not even after a rollback.
public func checkAgainstMemory(
    _ store: any Store, named name: String, operations wanted: Int, comparesNumbers: Bool = true
) async throws {
    let seed = RandomSource.system.uint64()
    print("\(name) against memory: seed \(seed)")
    let memory = MemoryStore()
    for store in [store, memory] as [any Store] { try await store.migrate(RandomUnit.migrations) }
    let random = RandomSource.seeded(seed)
    var operations = 0
    while operations < wanted {
        let unit = RandomUnit(random, comparesNumbers: comparesNumbers)
        operations += unit.operations.count
        let expected = await unit.run(on: memory)
        let found = await unit.run(on: store)
        guard expected == found else {
            let place = zip(expected, found).enumerated().first { $1.0 != $1.1 }
            let operation = place.map { "\(unit.operations[$0.offset])" } ?? "the unit's end"
            Issue.record(
                "seed \(seed), \(operation)\nmemory \(place?.element.0 ?? "")\n\(name) \(place?.element.1 ?? "")")
            return
        }
    }
}

/// Up to 24 operations in one unit of work.
private struct RandomUnit: Sendable {
    enum Operation: Sendable {
        case insert([Assignment])
        case append(String)
        case update([Assignment], [Term])
        case delete([Term])
        case select(Query)
        case count([Term])
        case counts(String, [Term])
        case fail
    }

    struct Failure: Error {}

    static let id = Column<Int64>("id")
    static let name = Column<String>("name")
    static let tag = Column<String?>("tag")
    static let amount = Column<UInt256>("amount")
    static let ceiling = Column<UInt256?>("ceiling")
    static let digest = Column<[UInt8]?>("digest")
    static let table = Table(
        "random_rows", [id, name, tag, amount, ceiling, digest], primaryKey: [id],
        uniques: [Index("rows_by_name", [name]), Index("rows_by_tag", [tag, amount])],
        indexes: [Index("rows_by_amount", [amount])],
        checks: [
            .lessOrEqual("amount", "ceiling"), .notZero(column: "amount"), .different("name", "tag"),
            .range(column: "id", 0...60),
        ])
    static let number = Column<Int64>("number")
    static let text = Column<String>("text")
    static let log = Table("log", sequence: number, [text], uniques: [Index("log_by_text", [text])])
    static let migrations = [Migration("random", [.createTable(table), .createTable(log)])]

    private static let texts = ["", "a", "b", "é", "e\u{301}", "a\u{0}", "z'", "A", "aa", "💰"]

    let operations: [Operation]
    /// Whether a number that a failed unit got is given again, so that numbers can be compared.
    let comparesNumbers: Bool

    init(_ random: RandomSource, comparesNumbers: Bool) {
        self.comparesNumbers = comparesNumbers
        operations = (0...random.uint64(below: 24)).map { _ in Self.operation(random) }
    }

    private static func operation(_ random: RandomSource) -> Operation {
        switch random.uint64(below: 20) {
        case 0..<6:
            .insert([
                id.set(identity(random)), name.set(name(random)), tag.set(tag(random)), amount.set(amount(random)),
                ceiling.set(random.uint64(below: 3) == 0 ? nil : amount(random)), digest.set(bytes(random)),
            ])
        case 6: .append("\(random.uint64(below: 400))")
        case 7..<11: .update(assignments(random), terms(random))
        case 11: .delete(terms(random))
        case 12..<16: .select(Query(table, where: terms(random), order: order(random), limit: limit(random)))
        case 16: .count(terms(random))
        case 17: .counts(random.uint64(below: 2) == 0 ? "tag" : "amount", terms(random))
        case 18: .select(Query(log, order: [.descending(number)], limit: 3))
        default: random.uint64(below: 3) == 0 ? .fail : .count([])
        }
    }

    private static func identity(_ random: RandomSource) -> Int64 { Int64(random.uint64(below: 62)) - 1 }
    private static func name(_ random: RandomSource) -> String {
        random.uint64(below: 4) == 0 ? texts[Int(random.uint64(below: 10))] : "n\(random.uint64(below: 40))"
    }
    private static func tag(_ random: RandomSource) -> String? {
        random.uint64(below: 3) == 0 ? nil : texts[Int(random.uint64(below: 10))]
    }
    private static func amount(_ random: RandomSource) -> UInt256 {
        switch random.uint64(below: 6) {
        case 0: 0
        case 1: UInt256.max
        default: UInt256(random.uint64(below: 12))
        }
    }
    private static func bytes(_ random: RandomSource) -> [UInt8]? {
        random.uint64(below: 3) == 0 ? nil : random.bytes(Int(random.uint64(below: 3)))
    }

    private static func assignments(_ random: RandomSource) -> [Assignment] {
        let all = [
            name.set(name(random)), tag.set(tag(random)), amount.set(amount(random)), ceiling.set(amount(random)),
            digest.set(bytes(random)),
        ]
        let first = Int(random.uint64(below: 5))
        return random.uint64(below: 2) == 0 ? [all[first]] : [all[first], all[(first + 1) % 5]]
    }

    private static func terms(_ random: RandomSource) -> [Term] {
        (0..<random.uint64(below: 3)).map { _ in
            switch random.uint64(below: 12) {
            case 0..<3: id == identity(random)
            case 3: id > identity(random)
            case 4: name == name(random)
            case 5: tag == tag(random)
            case 6: amount <= amount(random)
            case 7: id.isIn((0..<random.uint64(below: 6)).map { _ in identity(random) })
            case 8: tag.isIn((0..<random.uint64(below: 4)).map { _ in tag(random) })
            case 9: tag >= tag(random)
            case 10: digest < bytes(random)
            default: random.uint64(below: 2) == 0 ? ceiling.isNull : digest.isNotNull
            }
        }
    }

    private static func order(_ random: RandomSource) -> [Ordering] {
        switch random.uint64(below: 7) {
        case 0: [.ascending(id)]
        case 1: [.descending(id)]
        case 2: [.ascending(amount)]
        case 3: [.descending(tag)]
        case 4: [.ascending(tag), .descending(amount)]
        case 5: [.ascending(name)]
        default: [.descending(digest), .ascending(ceiling)]
        }
    }

    private static func limit(_ random: RandomSource) -> Int? {
        random.uint64(below: 2) == 0 ? nil : Int(random.uint64(below: 5))
    }

    /// What each operation gave, in words; refused rows are caught and the unit goes on, half of the time.
    func run(on store: any Store) async -> [String] {
        let operations = operations
        let goesOn = operations.count.isMultiple(of: 2)
        do {
            return try await store.write { tx in
                try operations.map { operation in
                    do {
                        return try perform(operation, tx)
                    } catch let error as StorageError where goesOn {
                        return "\(error.code)"
                    }
                }
            }
        } catch let error as StorageError {
            return ["failed: \(error.code)"]
        } catch {
            return ["failed: \(type(of: error))"]
        }
    }

    /// Names the constraint only where a row can have met one alone: which of several is named is the engine's choice.
    private static func inserted(_ row: [Assignment], _ tx: any WriteTransaction) throws -> String {
        let others = [id.name, name.name, tag.name].filter { column in
            guard let value = row.first(where: { $0.column == column })?.value else { return false }
            return (try? tx.counts(table, by: column, where: [])[value]) != nil
        }
        do throws(StorageError) {
            return "\(try tx.insert(into: table, row))"
        } catch {
            guard error.code == .uniqueViolation, others.count == 1 else { throw error }
            return "violated \(error.constraint ?? "nothing")"
        }
    }

    /// Several rows can break several rules; which is met first is the engine's choice, that one is met is not.
    private static func updated(
        _ values: [Assignment], _ terms: [Term], _ tx: any WriteTransaction
    ) throws(StorageError) -> String {
        do throws(StorageError) {
            return "\(try tx.update(table, set: values, where: terms))"
        } catch {
            guard error.code == .uniqueViolation else { throw error }
            throw StorageError(.checkViolation, "refused")
        }
    }

    private func perform(_ operation: Operation, _ tx: any WriteTransaction) throws -> String {
        switch operation {
        case .insert(let row): return try Self.inserted(row, tx)
        case .append(let line):
            let number = try tx.insert(into: Self.log, [Self.text.set(line)])
            return comparesNumbers ? "\(number)" : "appended"
        case .update(let values, let terms): return try Self.updated(values, terms, tx)
        case .delete(let terms): return "\(try tx.delete(from: Self.table, where: terms))"
        case .select(let query):
            let skipped = query.table.name == Self.log.name && !comparesNumbers ? 1 : 0
            return "\(try tx.select(query).map { Array($0.values.dropFirst(skipped)) })"
        case .count(let terms): return "\(try tx.count(Self.table, where: terms))"
        case .counts(let column, let terms):
            return "\(try tx.counts(Self.table, by: column, where: terms).sorted { $0.key < $1.key })"
        case .fail: throw Failure()
        }
    }
}
