import Foundation
import Primitives
import WalletConnectClient
import WalletConnectProtocol

/// Our dApp with pyWalletConnect as the wallet, a process for each session.
struct PythonRun: Sendable {
    let sides: Sides
    let seconds: Double
    let python: String
    let script: String

    private static let handshakes = 5

    func run() async throws {
        let dApp = try sides.client("dapp", records: try await sides.records("dapp"))
        try await withSignClient(dApp) { dApp in
            var topics: [Topic] = []
            var wallets: [Process] = []
            defer { for wallet in wallets { wallet.terminate() } }
            var wall = 0.0
            for _ in 0..<Self.handshakes {
                let pending = try await dApp.connect(sides.offer)
                guard let uri = pending.uri else { throw SignError(.invalidArgument, "no URI") }
                // Starting the interpreter is in it, and is its largest part.
                let watch = Watch()
                wallets.append(try wallet(uri.text))
                topics.append(try await pending.session().topic)
                wall += watch.seconds
            }
            let count = Double(Self.handshakes)
            report("handshake", ["ms": wall / count * 1e3, "per_second": count / wall])
            try await roundTrips("sequential", dApp, [topics[0]])
            try await roundTrips("parallel", dApp, topics)
        }
    }

    private func wallet(_ uri: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        let relay = URLComponents(string: sides.relayURL)
        process.arguments = [script, "--relay", "\(relay?.host ?? ""):\(relay?.port ?? 0)", "--uri", uri]
        process.standardInput = Pipe()
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func roundTrips(_ name: String, _ dApp: SignClient, _ topics: [Topic]) async throws {
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
        report(name, ["per_second": Double(count) / watch.seconds, "ms": watch.seconds / Double(count) * 1e3])
    }
}
