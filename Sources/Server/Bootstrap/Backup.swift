import API
import Cryptography
import Foundation
import Primitives
import Storage

/// Copies of the databases while they are in use, and the way back.
public enum Backup {
    static let manifestName = "manifest.json"

    /// What whoever makes a backup of a server has to know besides its files.
    static func notes(_ plan: ServerPlan) -> [String] {
        guard let connections = plan.connections else { return [] }
        guard let url = connections.recordsURL else {
            return [
                "\(DataDirectory.connectionsDatabaseName) opens with \(plan.directory.connectionsKeyFile) alone, which is not in the backup: keep a copy of it elsewhere"
            ]
        }
        return [
            "wallet connections are not in the backup: they are at walletconnect.records (\(url.prefix { $0 != ":" }):), which is backed up by its own means"
        ]
    }

    /// Copies every database into a new folder, with a manifest of their digests.
    ///
    /// - Returns: the files.
    /// - Throws: `Problem` with `validation_failed` for a folder that can't be made, `StorageError` for what can't be
    ///   copied; then nothing of it is left.
    static func create(
        in folder: String, databases: [(name: String, store: any Store)], version: String
    ) async throws -> [String] {
        func refused(_ reason: String) -> Problem {
            Problem(.validationFailed, errors: [FieldError(.body(pointer: "/path"), reason)])
        }
        guard folder.hasPrefix("/") else { throw refused("must be an absolute path on the server") }
        guard !FileManager.default.fileExists(atPath: folder) else {
            throw refused("must be a folder that is not there yet")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw refused("must be a folder that the server may make")
        }
        do {
            return try await copy(databases, into: folder, version: version)
        } catch {
            // Half a backup would look like one, and stand in the way of the next try.
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }

    private static func copy(
        _ databases: [(name: String, store: any Store)], into folder: String, version: String
    ) async throws -> [String] {
        var files: [JSON] = []
        // The guard last: then it knows at least what the database knows.
        for database in databases {
            let path = "\(folder)/\(database.name)"
            try await database.store.backup(to: path)
            files.append(["name": .string(database.name), "sha256": .string(try digest(path))])
        }
        let manifest = JSON.object([
            "format": 1, "version": .string(version), "made_at": .string(WallClock.system.now.rfc3339),
            "files": .array(files),
        ])
        try DataDirectory.write(manifest.serialized(), to: "\(folder)/\(manifestName)")
        return databases.map { "\(folder)/\($0.name)" } + ["\(folder)/\(manifestName)"]
    }

    /// Checks a backup: every file of its manifest is there and unchanged.
    ///
    /// - Returns: the names of its files.
    @discardableResult
    public static func verify(_ folder: String) throws -> [String] {
        guard let bytes = try DataDirectory.read("\(folder)/\(manifestName)"), let manifest = try? JSON.parse(bytes),
            let files = manifest["files"]?.array
        else { throw BootstrapError(.configuration, "\(folder) has no readable \(manifestName)") }
        return try files.map { file in
            guard let name = file["name"]?.string, let expected = file["sha256"]?.string, !name.contains("/") else {
                throw BootstrapError(.configuration, "\(folder)/\(manifestName) is damaged")
            }
            guard try digest("\(folder)/\(name)") == expected else {
                throw BootstrapError(.configuration, "\(folder)/\(name) was changed after the backup")
            }
            return name
        }
    }

    /// Puts a backup in place of a data directory's databases.
    ///
    /// The server must not run.
    ///
    /// A guard that is there stays: it may know of signatures made after the backup. Then the server freezes the lanes
    /// where it does, instead of signing twice. Connections that are there stay, too: they are newer. Without the key that
    /// opens them they are left out, since the server would make another key and could read none of them.
    ///
    /// - Returns: what was done, one sentence each.
    public static func restore(_ folder: String, to directory: DataDirectory) throws -> [String] {
        let lock = try directory.lock()
        defer { try? lock.close() }
        var done: [String] = []
        for name in try verify(folder) {
            let target = "\(directory.path)/\(name)"
            if name == "guard.db", FileManager.default.fileExists(atPath: target) {
                done.append("kept \(target): it may know more than the backup's guard")
                continue
            }
            if name == DataDirectory.connectionsDatabaseName {
                if FileManager.default.fileExists(atPath: target) {
                    done.append("kept \(target): its sessions are newer than the backup's")
                    continue
                }
                guard FileManager.default.fileExists(atPath: directory.connectionsKeyFile) else {
                    done.append(
                        "left out \(target): put the key that opens it at \(directory.connectionsKeyFile), and restore again"
                    )
                    continue
                }
            }
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: target + suffix) {
                try FileManager.default.moveItem(atPath: target + suffix, toPath: target + suffix + ".before-restore")
            }
            try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: target)
            done.append("restored \(target); what was there is beside it as .before-restore")
        }
        return done
    }

    private static func digest(_ path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw BootstrapError(.configuration, "can't read \(path)")
        }
        defer { try? handle.close() }
        var hasher = SHA2.Hasher256()
        while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { hasher.update([UInt8](piece)) }
        return hasher.finalize().hex
    }
}
