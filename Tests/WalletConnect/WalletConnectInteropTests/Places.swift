import Foundation
import Primitives
import TestServers

/// Where the tests find Python and the peers, and room to work in.
enum Places {
    static let root = Checkout.root
    static let python = Checkout.python

    /// Coffer's program: `COFFER_BINARY`, else the debug build beside these tests.
    static let binary: String =
        ProcessInfo.processInfo.environment["COFFER_BINARY"] ?? "\(root)/.build/debug/coffer"
    static let hasBinary = FileManager.default.isExecutableFile(atPath: binary)

    static let rawPeer = "\(root)/devnet/walletconnect/rawpeer.py"
    static let foreignRelay = "\(root)/devnet/walletconnect/relay.py"
    static let pyWallet = "\(root)/devnet/walletconnect/pywallet.py"

    /// Whether the peers can run: Python is there, and knows the library of the foreign wallet.
    static let hasPeers: Bool = {
        guard FileManager.default.isExecutableFile(atPath: python) else { return false }
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = ["-c", "import pywalletconnect, websockets, eth_account"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    static let withoutPeers = "no Python environment with the peers; run scripts/setup, or name one in COFFER_PYTHON"
}

/// A folder that is gone when the test is.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = "\(NSTemporaryDirectory())coffer-interop-\(UUID().uuidString.prefix(13).lowercased())"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(_ name: String) -> String { "\(path)/\(name)" }
}

/// Asks again until another process, or a task with a socket in between, has come so far.
///
/// The only wait in these tests: what they wait for happens elsewhere and can't call back.
func eventually<Value>(
    within seconds: Double = 30, _ what: @autoclosure () -> String, _ look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
        if let value = try await look() { return value }
        guard ContinuousClock.now < deadline else { throw Late(what: what(), seconds: seconds) }
        try await Task.sleep(for: .milliseconds(3))
    }
}

/// Something did not happen in time.
struct Late: Error, CustomStringConvertible {
    let what: String
    let seconds: Double
    var description: String { "not within \(seconds) s: \(what)" }
}

extension JSON {
    /// A member that must be there.
    func required(_ name: String) throws -> JSON {
        guard let value = self[name] else { throw Missing(name: name, text: text) }
        return value
    }

    /// A text that must be there.
    func requiredText(_ name: String) throws -> String {
        guard let value = self[name]?.string else { throw Missing(name: name, text: text) }
        return value
    }

    /// A member is not there.
    struct Missing: Error, CustomStringConvertible {
        let name: String
        let text: String
        var description: String { "no \(name) in \(text)" }
    }
}
