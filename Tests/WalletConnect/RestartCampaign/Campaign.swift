import Foundation
import Primitives
import WalletConnectRelay
import WalletConnectTesting

/// The relay, the wallets of all users, and the lives of the backend.
struct Campaign: Sendable {
    let users: Int
    let hasReference: Bool
    let folder: String?

    /// How many wallets scan at once.
    private static let scanning = 64
    /// For everybody together, in seconds: a debug build on a busy machine takes about 50 ms for a user.
    private var patienceSeconds: Double { 120 + Double(users) }

    func run() async throws {
        let folder = try self.folder ?? Self.makeFolder()
        defer { if self.folder == nil { try? FileManager.default.removeItem(atPath: folder) } }
        try await withTestRelay { relay in
            var settings = ScriptedWalletSettings()
            settings.hasAccountPerSession = true
            try await withScriptedWallet(relay: relay.url, settings: settings) { wallet in
                try await firstLife(relay, wallet, folder)
                try await secondLife(relay, wallet, folder)
                guard hasReference else { return }
                try await life(["\(folder)", relay.url, "\(users)", "reference"])
            }
        }
    }

    /// Everybody connects; then the backend is killed while it asks.
    private func firstLife(_ relay: TestRelay, _ wallet: ScriptedWallet, _ folder: String) async throws {
        let child = try Child([folder, relay.url, "\(users)", "connect"])
        var isConnected = false
        try await withThrowingTaskGroup(of: Void.self) { group in
            var scanning = 0
            for await line in child.lines {
                if let uri = line.dropPrefix("uri ") {
                    scanning += 1
                    if scanning > Self.scanning { try await group.next() }
                    group.addTask { try await wallet.connect(uri, within: patienceSeconds) }
                } else {
                    say(line)
                    isConnected = line.contains("\"phase\":\"connected\"")
                }
                if isConnected { break }
            }
            try await group.waitForAll()
        }
        guard isConnected else { throw Failure("the backend ended before everybody was connected") }
        // In the middle of its requests: some are on their way, some are answered and not read.
        _ = try await wallet.request(min(users, 50), within: patienceSeconds)
        try await socketsAreTwo(relay)
        child.kill()
        var asked: [String] = []
        for await line in child.lines where line.hasPrefix("asked ") { asked.append(line) }
        try asked.joined(separator: "\n").write(toFile: "\(folder)/asked", atomically: true, encoding: .utf8)
        say(#"{"phase":"killed","signal":"SIGKILL","asked":\#(wallet.requestCount())}"#)
    }

    /// One for the backend, one for the wallets; one that was replaced is counted until it has gone.
    private func socketsAreTwo(_ relay: TestRelay) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while relay.figures?.connections != 2 {
            guard ContinuousClock.now < end else {
                throw Failure("backend and wallets have \(relay.figures?.connections ?? 0) sockets, and not one each")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The same backend on what the first one left: every session answers.
    private func secondLife(_ relay: TestRelay, _ wallet: ScriptedWallet, _ folder: String) async throws {
        let before = wallet.requestCount()
        try await life([folder, relay.url, "\(users)", "answer"])
        guard wallet.requestCount() - before >= users else {
            throw Failure("the wallets were asked \(wallet.requestCount() - before) times, and not by all \(users)")
        }
        guard wallet.faults.isEmpty else { throw Failure("the wallets failed: \(wallet.faults.prefix(3))") }
    }

    private func life(_ arguments: [String]) async throws {
        let child = try Child(arguments)
        for await line in child.lines { say(line) }
        try child.ended()
    }

    private static func makeFolder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "restart-campaign-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path(percentEncoded: false)
    }
}

extension String {
    /// What follows a prefix; nil when it is not there.
    func dropPrefix(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
