import Foundation
import TestServers

/// Where the tests find the program, its peers and room to work in.
enum Places {
    static let root = Checkout.root

    private static func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    /// The program under test: `COFFER_BINARY`, else the one beside the test bundle, else the debug build.
    static let binary: String = {
        if let named = variable("COFFER_BINARY") { return named }
        var candidates = CommandLine.arguments.prefix(1).map { $0 }
        if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            candidates.append(own)
        }
        let beside = candidates.map {
            URL(filePath: $0).deletingLastPathComponent().appending(path: "coffer").path(percentEncoded: false)
        }
        return (beside + ["\(root)/.build/debug/coffer"]).first(where: isProgram) ?? "\(root)/.build/debug/coffer"
    }()

    static let python = Checkout.python
    static let scripts = "\(root)/Tests/Server/python"

    static func isProgram(_ path: String) -> Bool {
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        return type != .typeDirectory && FileManager.default.isExecutableFile(atPath: path)
    }

    static var hasBinary: Bool { isProgram(binary) }
    static var hasPython: Bool { isProgram(python) }

    /// The first program of that name on the path.
    static func tool(_ name: String) -> String? {
        (variable("PATH") ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }.first(where: isProgram)
    }

    /// A number from the environment, or what holds without it.
    static func number(_ name: String, default standard: Int) -> Int { variable(name).flatMap { Int($0) } ?? standard }

    static let withoutBinary = "no coffer program beside the tests; build it, or name one in COFFER_BINARY"
    static let withoutPython = "no Python environment; make .venv, or name one in COFFER_PYTHON"
}

/// A folder that is gone when the test is.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = "\(NSTemporaryDirectory())coffer-e2e-\(UUID().uuidString.prefix(13).lowercased())"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
        return path(name)
    }

    static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// Asks again until another process has come so far.
///
/// The only wait in these tests: what they wait for happens in another process, which can't call back.
func eventually<Value>(
    within seconds: Double = 30, _ what: String, _ look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
        if let value = try await look() { return value }
        guard ContinuousClock.now < deadline else { throw Late(what: what, seconds: seconds) }
        try await Task.sleep(for: .milliseconds(15))
    }
}

/// Something did not happen in time.
struct Late: Error, CustomStringConvertible {
    let what: String
    let seconds: Double
    var description: String { "not within \(seconds) s: \(what)" }
}
