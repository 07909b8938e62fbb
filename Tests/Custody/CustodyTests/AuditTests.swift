import Primitives
import Testing

@testable import Audit
@testable import Storage

struct AuditTests {
    private typealias Line = [StoredValue]
    private static let entries = 24

    private func chain(_ count: Int = entries) async throws -> (store: MemoryStore, lines: [[StoredValue]]) {
        let store = MemoryStore()
        try await store.migrate(AuditSchema.migrations)
        for number in 1...count {
            try await store.write { tx in
                try AuditLog.append(
                    actor: "actor \(number % 3)", action: "action.\(number % 5)", object: "wd_\(number)",
                    details: ["number": JSON(number), "text": "é\u{301}"],
                    at: Timestamp(milliseconds: 1_000 + Int64(number)), in: tx)
            }
        }
        let lines = try await store.read { tx in
            try tx.select(Query(AuditTable.table, order: [.ascending(AuditTable.sequence)])).map(\.values)
        }
        return (store, lines)
    }

    /// The log as somebody left it who writes past the code, numbers included.
    private func verify(_ lines: [[StoredValue]], trusting head: AuditHead? = nil) async throws -> AuditReport {
        let store = MemoryStore()
        let plain = Table(
            "audit",
            [
                AuditTable.sequence, AuditTable.at, AuditTable.actor, AuditTable.action, AuditTable.object,
                AuditTable.details, AuditTable.previous, AuditTable.hash,
            ], primaryKey: [AuditTable.sequence])
        try await store.migrate([Migration("forged", [.createTable(plain)])])
        try await store.write { tx in
            for line in lines {
                try tx.insert(
                    into: plain, zip(plain.columns, line).map { Assignment(column: $0.0.name, value: $0.1) })
            }
        }
        return try await store.read { tx in try AuditLog.verify(trusting: head, in: tx) }
    }

    private func head(_ lines: [[StoredValue]], _ index: Int) -> AuditHead {
        guard case .integer(let sequence) = lines[index][0], case .bytes(let hash) = lines[index][7] else {
            preconditionFailure("an entry has a number and a hash")
        }
        return AuditHead(sequence: sequence, hash: Hash32(hash)!)
    }

    @Test func `an untouched chain is intact, and so is an empty one`() async throws {
        let (store, lines) = try await chain()
        let report = try await store.read { tx in try AuditLog.verify(in: tx) }
        #expect(report == AuditReport(head: head(lines, Self.entries - 1), firstBad: nil, reason: nil))
        #expect(try await verify(lines, trusting: head(lines, 3)).isIntact)
        #expect(try await verify([], trusting: AuditHead(sequence: 0, hash: .zero)).isIntact)
        let page = try await store.read { tx in try AuditLog.entries(after: 20, limit: 2, in: tx) }
        #expect(page.map(\.sequence) == [21, 22])
    }

    @Test func `two thousand tamperings are found, the first bad entry named`() async throws {
        let (_, lines) = try await chain()
        let seed: UInt64 = 0xA0D17
        let random = RandomSource.seeded(seed)
        func below(_ bound: Int) -> Int { Int(random.uint64(below: UInt64(bound))) }
        func renumbered(_ line: Line, _ number: Int) -> Line { [.integer(Int64(number))] + line.dropFirst() }
        var seen: [String: Int] = [:]
        for round in 0..<2_000 * Campaign.scale {
            var forged = lines
            var trusted: AuditHead? = nil
            let place = below(lines.count)
            var expected = Int64(place + 1)
            let kind = ["flip", "delete", "swap", "truncate", "renumber", "close the gap", "insert", "rewrite"][
                below(8)]
            switch kind {
            case "flip":
                let column = 1 + below(7)
                switch forged[place][column] {
                case .integer(let value): forged[place][column] = .integer(value ^ 1 << Int64(below(40)))
                case .text(let text):
                    var bytes = Array(text.utf8)
                    let index = below(bytes.count)
                    bytes[index] = bytes[index] == UInt8(ascii: "x") ? UInt8(ascii: "y") : UInt8(ascii: "x")
                    forged[place][column] = .text(String(decoding: bytes, as: UTF8.self))
                case .bytes(var bytes):
                    bytes[below(bytes.count)] ^= 1 << UInt8(below(8))
                    forged[place][column] = .bytes(bytes)
                case .null: break
                }
            case "delete":
                trusted = head(lines, lines.count - 1)
                forged.remove(at: place)
            case "swap":
                let other = (place + 1 + below(lines.count - 1)) % lines.count
                forged[place] = renumbered(lines[other], place + 1)
                forged[other] = renumbered(lines[place], other + 1)
                expected = Int64(min(place, other) + 1)
            case "truncate":
                trusted = head(lines, place + below(lines.count - place))
                forged.removeLast(lines.count - place)
            case "renumber":
                for index in place..<lines.count { forged[index] = renumbered(lines[index], index + 2) }
            case "close the gap":
                guard place < lines.count - 1 else { continue }
                forged.remove(at: place)
                for index in place..<forged.count { forged[index] = renumbered(forged[index], index + 1) }
            case "insert":
                for index in place..<lines.count { forged[index] = renumbered(lines[index], index + 2) }
                forged.insert(renumbered(lines[below(lines.count)], place + 1), at: place)
                // An entry in its own place is no forgery; the one after it is then the first bad one.
                if forged[place] == lines[place] { expected += 1 }
            default:
                // The whole tail made anew with right hashes: only a head kept elsewhere tells.
                trusted = head(lines, place + below(lines.count - place))
                expected = trusted!.sequence
                var previous = place == 0 ? Hash32.zero : head(lines, place - 1).hash
                for index in place..<lines.count {
                    guard case .integer(let at) = lines[index][1] else { continue }
                    let hash = AuditLog.hash(
                        sequence: Int64(index + 1), at: Timestamp(milliseconds: at), actor: "nobody", action: "a",
                        object: "o", details: "{}", previous: previous)
                    forged[index] = [
                        .integer(Int64(index + 1)), .integer(at), .text("nobody"), .text("a"), .text("o"), .text("{}"),
                        .bytes(previous.bytes), .bytes(hash.bytes),
                    ]
                    previous = hash
                }
            }
            seen[kind, default: 0] += 1
            let report = try await verify(forged, trusting: trusted)
            #expect(report.firstBad == expected, "seed \(seed) round \(round): \(kind) at \(place + 1): \(report)")
            #expect(report.reason != nil)
        }
        #expect(seen.count == 8)
    }

    @Test func `nothing is added after entries were cut off`() async throws {
        let (store, _) = try await chain(5)
        try await store.write { tx in
            try tx.delete(from: AuditTable.table, where: [AuditTable.sequence == 5])
        }
        let error =
            await failure {
                try await store.write { tx in
                    try AuditLog.append(
                        actor: "a", action: "b", object: "c", at: Timestamp(milliseconds: 1), in: tx)
                }
            } as? StorageError
        #expect(error?.code == .corrupt)
    }

    @Test func `fields can't be shifted into each other`() {
        func hash(_ actor: String, _ action: String, _ object: String) -> Hash32 {
            AuditLog.hash(
                sequence: 1, at: Timestamp(milliseconds: 1), actor: actor, action: action, object: object,
                details: "{}", previous: .zero)
        }
        #expect(
            Set([hash("ab", "c", "d"), hash("a", "bc", "d"), hash("a", "b", "cd"), hash("abcd", "", "")]).count == 4)
    }
}
