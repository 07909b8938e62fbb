import Primitives
import WalletConnectClient
import WalletConnectProtocol

/// Our dApp with our wallet.
struct OwnRun: Sendable {
    let sides: Sides
    let seconds: Double

    private static let handshakes = 100
    private static let parallel = 50
    private static let sessionsForMemory = 1_000
    private static let sessionsToRestore = 10_000

    func run() async throws {
        let records = try await sides.records("dapp")
        let dApp = try sides.client("dapp", records: records)
        let wallet = try sides.client("wallet", records: try await sides.records("wallet"))
        try await withSignClient(dApp) { dApp in
            try await withSignClient(wallet) { wallet in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await sides.serve(wallet) }
                    group.addTask { try await measure(dApp, wallet) }
                    // The measuring ends first, and its end is the end.
                    try await group.next()
                    group.cancelAll()
                }
            }
        }
        let again = try sides.client("dapp", records: records)
        let watch = Watch()
        try await withSignClient(again) { client in
            report(
                "restore",
                ["ms": watch.seconds * 1e3, "cpu_ms": watch.cpuSeconds * 1e3, "sessions": Double(client.sessionCount)])
        }
    }

    private func measure(_ dApp: SignClient, _ wallet: SignClient) async throws {
        for _ in 0..<10 { _ = try await session(dApp, wallet) }
        let watch = Watch()
        var topics: [Topic] = []
        for _ in 0..<Self.handshakes { topics.append(try await session(dApp, wallet)) }
        let count = Double(Self.handshakes)
        report(
            "handshake",
            [
                "ms": watch.seconds / count * 1e3, "per_second": count / watch.seconds,
                "cpu_ms": watch.cpuSeconds / count * 1e3,
            ])
        try await roundTrips("sequential", dApp, [topics[0]])
        try await roundTrips("parallel", dApp, Array(topics.prefix(Self.parallel)))
        let before = Watch.residentBytes
        try await sessions(Self.sessionsForMemory, dApp, wallet)
        // Both sides are in this process.
        report("memory", ["kb": (Watch.residentBytes - before) / Double(Self.sessionsForMemory) / 2 / 1e3])
        let missing = Self.sessionsToRestore - dApp.sessionCount
        let seeding = Watch()
        try await sessions(missing, dApp, wallet)
        report("seeding", ["per_second": Double(missing) / seeding.seconds])
    }

    private func session(_ dApp: SignClient, _ wallet: SignClient) async throws -> Topic {
        let pending = try await dApp.connect(sides.offer)
        guard let uri = pending.uri else { throw SignError(.invalidArgument, "no URI") }
        _ = try await wallet.pair(uri.text)
        return try await pending.session().topic
    }

    private func sessions(_ count: Int, _ dApp: SignClient, _ wallet: SignClient) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<Self.parallel {
                let share = count / Self.parallel + (part < count % Self.parallel ? 1 : 0)
                group.addTask {
                    for _ in 0..<share { _ = try await session(dApp, wallet) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func roundTrips(_ name: String, _ dApp: SignClient, _ topics: [Topic]) async throws {
        for topic in topics { _ = try await dApp.request(sides.request(topic)) }
        let watch = Watch()
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for topic in topics {
                group.addTask {
                    var count = 0
                    while watch.seconds < seconds / 2 {
                        _ = try await dApp.request(sides.request(topic))
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        report(
            name,
            [
                "per_second": Double(count) / watch.seconds, "ms": watch.seconds / Double(count) * 1e3,
                "cpu_ms": watch.cpuSeconds / Double(count) * 1e3,
            ])
    }
}
