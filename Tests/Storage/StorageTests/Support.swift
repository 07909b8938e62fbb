import Foundation
import Primitives
import Storage

/// A directory of a test's own, removed at its end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "coffer-storage-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String = "coffer.db") -> String { path + "/" + name }
}

enum Items {
    static let id = Column<Int64>("id")
    static let body = Column<[UInt8]>("body")
    static let table = Table("items", [id, body], primaryKey: [id])
    static let migrations = StorageSchema.migrations + [Migration("items", [.createTable(table)])]

    static func row(_ id: Int64, bytes: Int = 8) -> [Assignment] {
        [Items.id.set(id), Items.body.set([UInt8](repeating: UInt8(truncatingIfNeeded: id), count: bytes))]
    }
}

/// The storage error that `body` throws; `nil` when it throws none.
func storageFailure<Value>(_ body: () async throws -> Value) async -> StorageError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? StorageError
    }
}

/// The error that the health of records throws; `nil` when they are well.
func healthFailure(_ records: TableKeyValueStore) async -> KeyValueError? {
    do throws(KeyValueError) {
        _ = try await records.health()
        return nil
    } catch {
        return error
    }
}

/// Another program at work on the same files: the `sqlite3` shell, spoken to through its standard input.
final class Shell {
    static let path = ["/usr/bin/sqlite3", "/usr/local/bin/sqlite3"].first(where: FileManager.default.isExecutableFile)
    static var isInstalled: Bool { path != nil }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(database: String) throws {
        process.executableURL = URL(fileURLWithPath: Shell.path!)
        process.arguments = ["-batch", "-bail", database]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// Runs a statement and returns its output, read up to a mark that the shell is asked to print.
    func run(_ sql: String) throws -> String {
        try input.fileHandleForWriting.write(contentsOf: Data("\(sql)\n.print =done=\n".utf8))
        var text = ""
        while !text.hasSuffix("=done=\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        return text.replacingOccurrences(of: "=done=\n", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func end() {
        // Told to go: a child started at the same moment may hold a copy of the pipe, and then closing is no end of file.
        try? input.fileHandleForWriting.write(contentsOf: Data(".quit\n".utf8))
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
