#if SQLite
    import Foundation
    import Glibc
    import Storage
    import StorageSQL
    import StorageSQLite
    import Testing

    struct SQLiteFailureTests {
        let directory: TemporaryDirectory

        init() throws {
            directory = try TemporaryDirectory()
        }

        private func prepared(pagesMax: Int? = nil, at path: String? = nil) async throws -> any Store {
            let store = try await SQLite.open(
                path: path ?? directory.file(), busyTimeoutMilliseconds: 100, pagesMax: pagesMax)
            try await store.migrate(Items.migrations)
            return store
        }

        private func ids(_ store: any Store) async throws -> Set<Int64> {
            try await store.read { tx in Set(try tx.select(Query(Items.table)).map { try $0.get(Items.id) }) }
        }

        /// Writes from 64 tasks at once; the ids of those that were told that they are stored.
        private func write(_ ids: Range<Int64>, bytes: Int = 8, to store: any Store, else code: StorageError.Code)
            async -> Set<Int64>
        {
            await withTaskGroup(of: Int64?.self) { group in
                for id in ids {
                    group.addTask {
                        let error = await storageFailure {
                            try await store.write { try $0.insert(into: Items.table, Items.row(id, bytes: bytes)) }
                        }
                        if let error { #expect(error.code == code, "\(error)") }
                        return error == nil ? id : nil
                    }
                }
                return await group.reduce(into: []) { if let id = $1 { $0.insert(id) } }
            }
        }

        @Test(.enabled(if: Shell.isInstalled, "the sqlite3 shell is not installed"))
        func `a locked database is busy, loses nothing, and works again`() async throws {
            let store = try await prepared()
            let before = await write(0..<10, to: store, else: .busy)
            let shell = try Shell(database: directory.file())
            #expect(try shell.run("BEGIN IMMEDIATE; SELECT 'held';") == "held")
            let during = await write(10..<74, to: store, else: .busy)
            #expect(during.isEmpty, "nobody is told that a row is stored while another program holds the database")
            #expect(StorageError.Code.busy.isRetryable)
            #expect(try await ids(store) == before, "reading goes on")
            #expect(try shell.run("COMMIT; SELECT 'free';") == "free")
            shell.end()
            let after = await write(10..<74, to: store, else: .busy)
            #expect(after.count == 64)
            #expect(try await ids(store) == before.union(after))
            await store.close()
        }

        @Test func `a database at its largest size is full, and goes on when room is made`() async throws {
            let store = try await prepared(pagesMax: 64)
            var stored: Set<Int64> = []
            for round in Int64(0)..<4 {
                stored.formUnion(await write(round * 64..<(round + 1) * 64, bytes: 3_000, to: store, else: .full))
            }
            #expect(stored.count > 20 && stored.count < 64)
            #expect(try await ids(store) == stored, "stored is what was said to be stored")
            #expect(StorageError.Code.full.isRetryable)

            let removed = try await store.write { try $0.delete(from: Items.table, where: [Items.id >= 0]) }
            #expect(removed == stored.count)
            let after = await write(1_000..<1_020, bytes: 3_000, to: store, else: .full)
            #expect(after.count == 20)
            #expect(try await ids(store) == after)
            await store.close()
        }

        @Test func `a unit that swallows a full disk is not stored in part`() async throws {
            let store = try await prepared(pagesMax: 32)
            let error = await storageFailure {
                try await store.write { tx in
                    try tx.insert(into: Items.table, Items.row(1))
                    _ = try? tx.insert(into: Items.table, Items.row(2, bytes: 1_000_000))
                    try tx.insert(into: Items.table, Items.row(3))
                }
            }
            let found = try await ids(store)
            // The engine may undo the statement alone or the transaction: then the unit has failed as a whole.
            #expect(error == nil ? found == [1, 3] : found.isEmpty && error?.code == .full)
            await store.close()
        }

        @Test(.enabled(if: SmallDisk.isPermitted, "a small disk can't be mounted here"))
        func `a full disk is full, loses nothing, and goes on when room is made`() async throws {
            let disk = try SmallDisk(at: directory.file("disk"), sizeBytes: 1_500_000)
            defer { disk.unmount() }
            let store = try await prepared(at: disk.path + "/coffer.db")
            var stored = await write(0..<16, bytes: 1_000, to: store, else: .full)
            #expect(stored.count == 16)
            let ballast = disk.path + "/ballast"
            disk.fill(ballast)
            for round in Int64(1)..<6 {
                stored.formUnion(await write(round * 100..<round * 100 + 64, bytes: 3_000, to: store, else: .full))
            }
            #expect(try await ids(store) == stored, "stored is what was said to be stored")
            #expect(stored.count < 16 + 5 * 64)
            try FileManager.default.removeItem(atPath: ballast)
            let after = await write(5_000..<5_016, bytes: 1_000, to: store, else: .full)
            #expect(after.count == 16, "writing goes on by itself")
            #expect(try await ids(store) == stored.union(after))
            await store.close()
            let again = try await SQLite.open(path: disk.path + "/coffer.db")
            #expect(try await ids(again) == stored.union(after))
            await again.close()
        }

        @Test(.enabled(if: SmallDisk.isPermitted, "a small disk can't be mounted here"))
        func `a full disk shows in the health of records`() async throws {
            let disk = try SmallDisk(at: directory.file("disk"), sizeBytes: 1_500_000)
            defer { disk.unmount() }
            let store: any Store = try await SQLite.open(path: disk.path + "/coffer.db")
            try await store.migrate(TableKeyValueStore.migrations)
            #expect(await healthFailure(TableKeyValueStore(store: store)) == nil)
            let ballast = disk.path + "/ballast"
            disk.fill(ballast)
            // Each of its own, so that each writes; what is left of a page may hold a record or two.
            var full: KeyValueError?
            for _ in 0..<5 where full == nil { full = await healthFailure(TableKeyValueStore(store: store)) }
            #expect(full?.code == .full, "\(String(describing: full))")
            #expect(full?.isRetryable == true)
            try FileManager.default.removeItem(atPath: ballast)
            #expect(await healthFailure(TableKeyValueStore(store: store)) == nil)
            await store.close()
        }

        @Test(.enabled(if: SmallDisk.isPermitted, "a disk can't be mounted read-only here"))
        func `a database that can't be written is refused on opening`() async throws {
            let disk = try SmallDisk(at: directory.file("disk"), sizeBytes: 4_000_000)
            defer { disk.unmount() }
            let path = disk.path + "/coffer.db"
            let store = try await prepared(at: path)
            await store.close()
            try disk.makeReadOnly()
            let error = await storageFailure { _ = try await SQLite.open(path: path) }
            #expect(error?.code == .readOnly, "\(String(describing: error))")
        }

        @Test func `a file that is no database is corrupt and stays as it is`() async throws {
            let garbage = Data((0..<8_192).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) })
            for (name, content) in [("garbage", garbage), ("text", Data("a text, and no database at all\n".utf8))] {
                try content.write(to: URL(fileURLWithPath: directory.file(name)))
                let error = await storageFailure { _ = try await SQLite.open(path: directory.file(name)) }
                #expect(error?.code == .corrupt, "\(name)")
                #expect(try Data(contentsOf: URL(fileURLWithPath: directory.file(name))) == content)
            }
        }

        @Test func `a database cut short is corrupt on opening`() async throws {
            let store = try await prepared()
            let stored = await write(0..<64, bytes: 3_000, to: store, else: .full)
            #expect(stored.count == 64)
            await store.close()
            let whole = try Data(contentsOf: URL(fileURLWithPath: directory.file()))
            for kept in [whole.count / 2, whole.count - 4_096, 100, 20] {
                let path = directory.file("cut \(kept)")
                try whole.prefix(kept).write(to: URL(fileURLWithPath: path))
                let error = await storageFailure {
                    let opened = try await SQLite.open(path: path)
                    try await opened.migrate(Items.migrations)
                }
                #expect(error?.code == .corrupt, "\(kept) bytes: \(String(describing: error))")
            }
        }

        @Test func `a damaged page is reported, never read as data`() async throws {
            let store = try await prepared()
            _ = await write(0..<64, bytes: 3_000, to: store, else: .full)
            await store.close()
            let url = URL(fileURLWithPath: directory.file())
            var bytes = try Data(contentsOf: url)
            // Every page but the first: what is read next is damaged.
            for index in stride(from: 4_096, to: bytes.count, by: 1) { bytes[index] ^= 0x5A }
            try bytes.write(to: url)
            let error = await storageFailure {
                let opened = try await SQLite.open(path: directory.file())
                try await opened.migrate(Items.migrations)
                _ = try await opened.read { try $0.select(Query(Items.table)) }
            }
            #expect(error?.code == .corrupt, "\(String(describing: error))")
        }

        @Test func `after a failure of the disk the store refuses to write until it is opened anew`() async throws {
            // In a process of its own, whose files may not grow past a limit: the kernel refuses the write, and SQLite
            // calls that an input or output error.
            await #expect(processExitsWith: .success) { [path = directory.file() as String] in
                signal(SIGXFSZ, SIG_IGN)
                let store: any Store = try await SQLite.open(path: path)
                try await store.migrate(Items.migrations)
                func insert(_ id: Int64) async -> StorageError? {
                    await storageFailure {
                        try await store.write { try $0.insert(into: Items.table, Items.row(id, bytes: 3_000)) }
                    }
                }
                #expect(await insert(1) == nil)
                var limit = rlimit(rlim_cur: 131_072, rlim_max: .max)
                unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                var stored: Int64 = 1
                var first: StorageError?
                while stored < 200, first == nil {
                    first = await insert(stored + 1)
                    if first == nil { stored += 1 }
                }
                #expect(stored > 1 && stored < 200)
                #expect(first?.code == .outcomeUnknown, "a commit that failed may be on the disk all the same")
                #expect((first?.cause as? StorageError)?.code == .inputOutput)

                limit.rlim_cur = .max
                unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                #expect(await insert(500)?.code == .inputOutput, "what is on the disk is not known any more")
                #expect(!StorageError.Code.inputOutput.isRetryable)
                await store.close()

                let again: any Store = try await SQLite.open(path: path)
                let count = try await again.read { try $0.count(Items.table, where: []) }
                #expect(count == Int(stored), "all that was said to be stored, and nothing else")
                try await again.write { try $0.insert(into: Items.table, Items.row(500)) }
                await again.close()
            }
        }

        @Test func `a path that leads nowhere is unavailable`() async throws {
            let error = await storageFailure { _ = try await SQLite.open(path: directory.file("no/such/place.db")) }
            #expect(error?.code == .unavailable)
            #expect(await storageFailure { _ = try await SQLite.open(path: directory.path) }?.code == .unavailable)
        }

        @Test func `more than can wait is refused as overloaded, and the rest is stored`() async throws {
            let store = try await prepared()
            let gate = DispatchSemaphore(value: 0)
            let (running, isRunning) = AsyncStream.makeStream(of: Void.self)
            async let held: Void = store.write { _ in
                isRunning.finish()
                gate.wait()
            }
            // Only once the writer stands still do the others come.
            for await _ in running {}
            let (stored, refused) = await withTaskGroup(of: StorageError.Code?.self) { group in
                // More than the group in hand and the queue behind it take together.
                for id in 0..<9_000 {
                    group.addTask {
                        let error = await storageFailure {
                            try await store.write { try $0.insert(into: Items.table, Items.row(Int64(id))) }
                        }
                        return error?.code
                    }
                }
                var (stored, refused) = (0, 0)
                for await code in group {
                    if code == nil { stored += 1 }
                    if code == .overloaded {
                        refused += 1
                        if refused == 1 { gate.signal() }
                    }
                }
                return (stored, refused)
            }
            try await held
            #expect(refused > 0 && stored + refused == 9_000)
            #expect(try await ids(store).count == stored)
            await store.close()
        }
    }

    /// A file system of a few bytes, in memory.
    struct SmallDisk {
        let path: String

        /// Mounting is tried once: it takes a privilege that few test machines give.
        static let isPermitted: Bool = {
            let path = NSTemporaryDirectory() + "coffer-mount-" + UUID().uuidString
            guard let disk = try? SmallDisk(at: path, sizeBytes: 65_536) else { return false }
            disk.unmount()
            try? FileManager.default.removeItem(atPath: path)
            return true
        }()

        init(at path: String, sizeBytes: Int) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(sizeBytes)") == 0 else {
                throw StorageError(.unavailable, "mount: errno \(errno)")
            }
            self.path = path
        }

        func makeReadOnly() throws {
            guard unsafe mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else {
                throw StorageError(.unavailable, "remount: errno \(errno)")
            }
        }

        /// Writes a file until nothing more fits.
        func fill(_ file: String) {
            let descriptor = unsafe open(file, O_WRONLY | O_CREAT, 0o600)
            let block = [UInt8](repeating: 0, count: 4_096)
            while unsafe Glibc.write(descriptor, block, block.count) > 0 {}
            close(descriptor)
        }

        func unmount() {
            // Lazily: a connection that a failed test left open must not keep it.
            _ = unsafe umount2(path, Int32(MNT_DETACH))
        }
    }
#endif
