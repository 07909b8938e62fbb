import Cryptography
import Foundation
import Keys
import Primitives
import Storage
import Testing

/// Somebody's table with two sealed columns.
enum Endpoints {
    static let id = Column<SortableID>("id")
    static let secret = Column<[UInt8]>("secret")
    static let token = Column<[UInt8]?>("token")
    static let table = Table("endpoints", [id, secret, token], primaryKey: [id])
    static let columns = [
        SealedColumn(table, id: id, column: secret), SealedColumn(table, id: id, column: token),
    ]
    static let migrations = KeysSchema.migrations + [Migration("0002 endpoints", [.createTable(table)])]
}

struct KeystoreRecordTests {
    private func ids(_ count: Int) -> [SortableID] {
        let ids = IDGenerator(clock: .system, random: .seeded(8))
        return (0..<count).map { _ in ids.next() }
    }

    @Test func `a record opens in its own place and in no other`() async throws {
        let keystore = try await openKeystore(
            migrated(MemoryStore(), Endpoints.migrations), columns: Endpoints.columns)
        var records: [(row: SortableID, column: String, bytes: [UInt8])] = []
        for row in ids(10) {
            for column in ["secret", "token"] {
                let bytes = try await keystore.sealRecord(
                    table: "endpoints", row: row, column: column, secret("whsec \(row) \(column)"))
                records.append((row, column, bytes))
            }
        }
        #expect(records.count == 20)
        for (index, place) in records.enumerated() {
            for (other, record) in records.enumerated() {
                if index == other {
                    let opened = try await keystore.openRecord(
                        table: "endpoints", row: place.row, column: place.column, record.bytes)
                    let isSame = opened.isEqual(to: Array("whsec \(place.row) \(place.column)".utf8))
                    #expect(isSame)
                } else {
                    let outcome = await code {
                        _ = try await keystore.openRecord(
                            table: "endpoints", row: place.row, column: place.column, record.bytes)
                    }
                    #expect(outcome == .badRecord)
                }
            }
        }
    }

    @Test func `no byte of a record can be changed, added or taken away`() async throws {
        let keystore = try await openKeystore(
            migrated(MemoryStore(), Endpoints.migrations), columns: Endpoints.columns)
        let row = ids(1)[0]
        let record = try await keystore.sealRecord(table: "endpoints", row: row, column: "secret", secret("whsec"))
        func opens(_ bytes: [UInt8]) async -> Bool {
            let outcome = await code {
                _ = try await keystore.openRecord(table: "endpoints", row: row, column: "secret", bytes)
            }
            #expect(outcome == nil || outcome == .badRecord)
            return outcome == nil
        }
        #expect(await opens(record))
        for index in record.indices {
            for mask in [0x01, 0x80, 0xff] as [UInt8] {
                var bad = record
                bad[index] ^= mask
                #expect(await !opens(bad), "byte \(index)")
            }
        }
        for count in 0..<record.count { #expect(await !opens(Array(record[..<count]))) }
        #expect(await !opens(record + [0]))
        #expect(await !opens([UInt8](repeating: 0, count: 4_096)))
    }

    @Test func `a key's record moved to another key opens nothing`() async throws {
        let store = try await migrated(MemoryStore(), KeysSchema.migrations)
        let keystore = try await openKeystore(store)
        let one = try await keystore.create(.secp256k1, label: "one")
        let two = try await keystore.create(.secp256k1, label: "two")
        let table = KeysSchema.migrations.table("vault_keys")
        let (id, secret) = (Column<SortableID>("id"), Column<[UInt8]>("secret"))
        try await store.write { tx in
            let record = try tx.select(Query(table, where: [id == one.id]))[0].get(secret)
            try tx.update(table, set: [secret.set(record)], where: [id == two.id])
        }
        keystore.seal()
        try await keystore.unseal(passphrase: KeysTests.secret("correct horse"))
        #expect(await code { _ = try await keystore.sign([digest("x")], with: two.id) } == .badRecord)
        #expect(await code { _ = try await keystore.sign([digest("x")], with: one.id) } == nil)
    }

    @Test func `another keystore's record opens nothing`() async throws {
        let one = try await openKeystore(migrated(MemoryStore(), Endpoints.migrations), columns: Endpoints.columns)
        let two = try await openKeystore(migrated(MemoryStore(), Endpoints.migrations), columns: Endpoints.columns)
        let row = ids(1)[0]
        let record = try await one.sealRecord(table: "endpoints", row: row, column: "secret", secret("whsec"))
        #expect(
            await code { _ = try await two.openRecord(table: "endpoints", row: row, column: "secret", record) }
                == .badRecord)
    }

    @Test func `a column that no rotation would find is refused`() async throws {
        let keystore = try await openKeystore(
            migrated(MemoryStore(), Endpoints.migrations), columns: Endpoints.columns)
        let row = ids(1)[0]
        #expect(
            await code { _ = try await keystore.sealRecord(table: "endpoints", row: row, column: "url", secret("x")) }
                == .invalidInput)
        #expect(
            await code { _ = try await keystore.openRecord(table: "other", row: row, column: "secret", []) }
                == .invalidInput)
        keystore.seal()
        #expect(
            await code {
                _ = try await keystore.sealRecord(table: "endpoints", row: row, column: "secret", secret("x"))
            } == .sealed)
    }

    // MARK: Rotation

    @Test(arguments: Backing.allCases) func `a rotation ends with nothing pending and the old version destroyed`(
        _ backing: Backing
    ) async throws {
        try await withStores { stores in
            let store = try await stores.open(backing, Endpoints.migrations)
            let keystore = try await openKeystore(store, columns: Endpoints.columns)
            var keys: [KeyDescription] = []
            for number in 0..<7 { keys.append(try await keystore.create(.secp256k1, label: "\(number)")) }
            let rows = ids(6)
            for row in rows {
                let one = try await keystore.sealRecord(
                    table: "endpoints", row: row, column: "secret", secret("secret \(row)"))
                let two = try await keystore.sealRecord(
                    table: "endpoints", row: row, column: "token", secret("token \(row)"))
                let token = row == rows[0] ? nil : two
                try await store.write { tx in
                    try tx.insert(
                        into: Endpoints.table,
                        [Endpoints.id.set(row), Endpoints.secret.set(one), Endpoints.token.set(token)])
                }
            }
            let signatures = try await keystore.sign([digest("x")], with: keys[0].id)
            #expect(try await keystore.rotate() == 2)
            let fresh = try await keystore.create(.ed25519, label: "after")

            var reports = [try await keystore.rewrapPending(limit: 4)]
            #expect(reports[0].rewrapped == 4)
            #expect(reports[0].pending == [1: 14])
            #expect(reports[0].destroyed.isEmpty)
            while let last = reports.last, last.pendingCount > 0, reports.count < 20 {
                reports.append(try await keystore.rewrapPending(limit: 4))
            }
            #expect(reports.map(\.pendingCount) == [14, 10, 6, 2, 0])
            #expect(reports.last?.destroyed == [1])
            #expect(reports.last?.current == 2)
            let idle = try await keystore.rewrapPending(limit: 4)
            #expect((idle.rewrapped, idle.pending, idle.destroyed) == (0, [:], []))

            // All of it opens after a start with nothing but version 2 left.
            let other = makeKeystore(store, columns: Endpoints.columns)
            try await other.unseal(passphrase: secret("correct horse"))
            #expect(try await other.sign([digest("x")], with: keys[0].id) == signatures)
            for key in keys { #expect(try await other.sign([digest("y")], with: key.id).count == 1) }
            #expect(try await other.signMessage([1], with: fresh.id).count == 64)
            for row in try await store.read({ try $0.select(Query(Endpoints.table)) }) {
                let id = try row.get(Endpoints.id)
                let opened = try await other.openRecord(
                    table: "endpoints", row: id, column: "secret", row.get(Endpoints.secret))
                let isSame = opened.isEqual(to: Array("secret \(id)".utf8))
                #expect(isSame)
                if let token = try row.get(Endpoints.token) {
                    let opened = try await other.openRecord(table: "endpoints", row: id, column: "token", token)
                    let isSame = opened.isEqual(to: Array("token \(id)".utf8))
                    #expect(isSame)
                }
            }
        }
    }

    @Test func `a retired version outlives its last record by the time given`() async throws {
        let clock = ManualClock(noon)
        let store = try await migrated(MemoryStore(), Endpoints.migrations)
        let keystore = makeKeystore(store, clock: clock, columns: Endpoints.columns, retirementSeconds: 60)
        try await keystore.initialise(passphrase: secret("correct horse"), cost: cheap)
        let row = ids(1)[0]
        // Sealed before the rotation, written after it.
        let record = try await keystore.sealRecord(table: "endpoints", row: row, column: "secret", secret("late"))
        try await keystore.rotate()
        let early = try await keystore.rewrapPending(limit: 10)
        #expect((early.pending, early.destroyed) == ([1: 0], []))
        try await store.write { tx in
            try tx.insert(
                into: Endpoints.table, [Endpoints.id.set(row), Endpoints.secret.set(record), Endpoints.token.set(nil)])
        }
        clock.advance(seconds: 60)
        let late = try await keystore.rewrapPending(limit: 10)
        #expect((late.rewrapped, late.destroyed) == (1, [1]))
        let stored = try await store.read { try $0.select(Query(Endpoints.table))[0].get(Endpoints.secret) }
        #expect(stored != record)
        let opened = try await keystore.openRecord(table: "endpoints", row: row, column: "secret", stored)
        let isSame = opened.isEqual(to: Array("late".utf8))
        #expect(isSame)
        #expect(
            await code { _ = try await keystore.openRecord(table: "endpoints", row: row, column: "secret", record) }
                == .badRecord)
    }

    @Test func `one process sees the versions that another adds`() async throws {
        let store = try await migrated(MemoryStore(), Endpoints.migrations)
        let one = try await openKeystore(store, columns: Endpoints.columns)
        let two = makeKeystore(store, columns: Endpoints.columns)
        try await two.unseal(passphrase: secret("correct horse"))
        #expect(try await one.rotate() == 2)
        #expect(try await one.rotate() == 3)
        let row = ids(1)[0]
        let record = try await one.sealRecord(table: "endpoints", row: row, column: "secret", secret("new"))
        let opened = try await two.openRecord(table: "endpoints", row: row, column: "secret", record)
        let isSame = opened.isEqual(to: Array("new".utf8))
        #expect(isSame)
        let key = try await two.create(.secp256k1, label: "under the newest")
        let kek = try await store.read { try $0.select(Query(KeysSchema.migrations.table("vault_keys")))[0] }.get(
            Column<Int64>("kek"))
        #expect(kek == 3)
        #expect(try await one.sign([digest("x")], with: key.id).count == 1)
    }

    // MARK: What is on the disk

    @Test func `the database files hold no private key in any spelling`() async throws {
        try await withStores { stores in
            let store = try await stores.open(.sqlite, KeysSchema.migrations)
            let keystore = try await openKeystore(store)
            var canaries: [[UInt8]] = []
            var publicKeys: [[UInt8]] = []
            for curve in Curve.allCases {
                for number in 0..<5 {
                    let bytes = SHA2.sha256(Array("canary \(curve) \(number)".utf8)).bytes
                    canaries.append(bytes)
                    let key = try await keystore.importKey(
                        secret: SecretBytes(copying: bytes), curve: curve, label: "canary")
                    publicKeys.append(key.publicKey)
                }
            }
            let passphrase = Array("correct horse".utf8)
            try await keystore.rotate()
            while try await keystore.rewrapPending(limit: 4).pendingCount > 0 {}
            func scan() throws {
                var files: [[UInt8]] = []
                for suffix in ["", "-wal", "-shm"] {
                    let url = URL(fileURLWithPath: stores.path("store") + suffix)
                    if let file = try? Data(contentsOf: url) { files.append(Array(file)) }
                }
                // The search finds what is there: the public keys.
                for key in publicKeys { #expect(files.contains { isPart(key, of: $0) }) }
                for canary in canaries + [passphrase] {
                    for spelling in spellings(canary) {
                        #expect(!files.contains { isPart(spelling, of: $0) })
                    }
                }
            }
            try scan()
            await store.close()
            try scan()
        }
    }

    /// Raw, in hex, and in base64 at each of the three offsets that a secret can have within a longer text.
    private func spellings(_ secret: [UInt8]) -> [[UInt8]] {
        var spellings = [secret, secret.reversed()]
        let hex = Hex.encode(secret)
        spellings += [Array(hex.utf8), Array(hex.uppercased().utf8)]
        for offset in 0..<3 {
            let padded = Data([UInt8](repeating: 0, count: offset) + secret).base64EncodedString()
            // Characters that also depend on the neighbours are left out.
            let own = padded.drop { $0 == "=" }.dropFirst(offset == 0 ? 0 : offset + 1)
            let stable = own.prefix { $0 != "=" }.dropLast(2)
            spellings.append(Array(stable.utf8))
            spellings.append(Array(stable.replacing("+", with: "-").replacing("/", with: "_").utf8))
        }
        return spellings
    }

    private func isPart(_ part: [UInt8], of whole: [UInt8]) -> Bool {
        // Foundation's search; a loop over bytes takes many seconds in a debug build.
        Data(whole).range(of: Data(part)) != nil
    }
}
