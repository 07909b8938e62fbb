import Foundation
import Glibc

/// A temporary folder for a server's data, certificates and log, removed at the end.
public final class ServerFolder: Sendable {
    /// What the data of the servers of all suites may need.
    private static let memoryBytesMin = 2 << 30

    /// Whether the rates of this machine are wanted; docs/decisions/0017-database-servers.md holds some.
    public static let measures = ProcessInfo.processInfo.environment["COFFER_MEASURE"] != nil

    public let path: String

    public init(_ name: String) throws {
        path = Self.parent + "coffer-\(name)-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        unsafe chmod(path, 0o755)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Memory where there is enough of it: a killed process loses no more than on a disk, and a sync takes no time.
    private static var parent: String {
        // Rates are those of a disk.
        if measures { return NSTemporaryDirectory() }
        let free = try? FileManager.default.attributesOfFileSystem(forPath: "/dev/shm")[.systemFreeSize] as? Int
        return (free ?? 0) >= memoryBytesMin ? "/dev/shm/" : NSTemporaryDirectory()
    }

    public func file(_ name: String) -> String { "\(path)/\(name)" }
}
