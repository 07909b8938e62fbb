import Foundation
import Logging
import Observability
import Primitives
import Storage
import Testing

@testable import API
@testable import Bootstrap

/// Keys that are made once and never again, and what a backup takes along.
@Suite struct DataDirectoryTests {
    private static func with(_ body: (DataDirectory) async throws -> Void) async throws {
        let directory = try DataDirectory(path: NSTemporaryDirectory() + "coffer-directory-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        try await body(directory)
    }

    private static func names(_ directory: DataDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    }

    @Test func `a key is made once, for its owner alone, and is the same ever after`() async throws {
        try await Self.with { directory in
            let key = try DataDirectory.key(directory.connectionsKeyFile, bytes: 32)
            #expect(key.count == 32)
            #expect(try DataDirectory.key(directory.connectionsKeyFile, bytes: 32) == key)
            #expect(try Self.names(directory) == ["connections-key"])
            let mode = try FileManager.default.attributesOfItem(atPath: directory.connectionsKeyFile)[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
    }

    @Test func `a key that cannot be read is an error, and is never replaced`() async throws {
        try await Self.with { directory in
            let path = directory.connectionsKeyFile
            // Reading a folder fails for everybody, also for root.
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            let unreadable = #expect(throws: BootstrapError.self) { try DataDirectory.key(path, bytes: 32) }
            #expect(unreadable?.description.contains(path) == true)
            // Nor is a file taken for missing because one of its folders is none.
            try DataDirectory.write([1], to: directory.relayKeyFile)
            #expect(throws: BootstrapError.self) { try DataDirectory.key(directory.relayKeyFile + "/x", bytes: 32) }
            #expect(try Self.names(directory) == ["connections-key", "relay-key"])
        }
    }

    @Test func `a key that was cut off is an error, and is left as it is`() async throws {
        try await Self.with { directory in
            try DataDirectory.write([1, 2, 3], to: directory.relayKeyFile)
            let error = #expect(throws: BootstrapError.self) {
                try DataDirectory.key(directory.relayKeyFile, bytes: 32)
            }
            #expect(error?.description == "\(directory.relayKeyFile) is no key of 32 bytes")
            #expect(try DataDirectory.read(directory.relayKeyFile) == [1, 2, 3])
        }
    }

    @Test func `what is made anew never takes the place of another, and what a kill left behind is in nobody's way`()
        async throws
    {
        try await Self.with { directory in
            let path = directory.connectionsKeyFile
            try DataDirectory.write([9], to: path + ".new")
            try DataDirectory.create([1], at: path)
            #expect(throws: BootstrapError.self) { try DataDirectory.create([2], at: path) }
            #expect(try DataDirectory.read(path) == [1])
            #expect(try Self.names(directory) == ["connections-key"])
            try DataDirectory.write([3], to: path)
            #expect(try DataDirectory.read(path) == [3])
            #expect(try DataDirectory.read(path + "-of-nobody") == nil)
        }
    }

    private static func services(
        _ directory: DataDirectory, recordsURL: String? = nil
    ) async throws -> APIServices {
        var plan = ServerPlan(
            mode: .dev, version: "0", directory: directory, host: "127.0.0.1", port: 0, chains: [],
            rateLimits: .unlimited, log: LogConfiguration(format: .silent))
        plan.connections = .development(projectID: "p")
        plan.connections?.recordsURL = recordsURL
        return try await CofferServer.make(
            plan, registry: PrometheusRegistry(includesProcess: false),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ).services
    }

    @Test func `a backup has the connections of its own directory, and says which key they need`() async throws {
        try await Self.with { directory in
            let folder = directory.path + "/backup"
            let (files, notes) = try await Self.services(directory).backup(folder)
            let names = ["connections.db", "coffer.db", "guard.db", "manifest.json"]
            #expect(files == names.map { "\(folder)/\($0)" })
            #expect(notes.count == 1 && notes[0].contains(directory.connectionsKeyFile))
            #expect(try Backup.verify(folder) == names.dropLast())
            // Without the key they would be of no use, and in the way of a server that could make new ones.
            let other = try DataDirectory(path: directory.path + "/other")
            let without = try Backup.restore(folder, to: other)
            #expect(without.contains { $0.hasPrefix("left out") && $0.contains(other.connectionsKeyFile) })
            #expect(try !Self.names(other).contains("connections.db"))
            try DataDirectory.create(
                try #require(try DataDirectory.read(directory.connectionsKeyFile)), at: other.connectionsKeyFile)
            #expect(
                try Backup.restore(folder, to: other).contains { $0.hasPrefix("restored \(other.path)/connections.db") }
            )
            #expect(try Self.names(other).contains("connections.db"))
            // What is there is newer.
            let third = try DataDirectory(path: directory.path + "/third")
            try DataDirectory.write([1], to: third.connectionsDatabase)
            #expect(
                try Backup.restore(folder, to: third).contains { $0.hasPrefix("kept \(third.path)/connections.db") })
            #expect(try DataDirectory.read(third.connectionsDatabase) == [1])
        }
    }

    @Test func `a backup says that connections which are kept elsewhere are not in it, without their password`()
        async throws
    {
        try await Self.with { directory in
            let (files, notes) = try await Self.services(directory, recordsURL: "memory:").backup(
                directory.path + "/backup")
            #expect(!files.contains { $0.contains("connections") })
            #expect(notes.count == 1 && notes[0].contains("not in the backup"))
            var plan = ServerPlan(
                mode: .dev, version: "0", directory: directory, host: "", port: 0, chains: [], rateLimits: .unlimited,
                log: LogConfiguration(format: .silent))
            #expect(Backup.notes(plan).isEmpty)
            plan.connections = .development(projectID: "p")
            plan.connections?.recordsURL = "postgres://coffer:hunter2@db/records"
            #expect(Backup.notes(plan).allSatisfy { $0.contains("postgres:") && !$0.contains("hunter2") })
        }
    }
}
