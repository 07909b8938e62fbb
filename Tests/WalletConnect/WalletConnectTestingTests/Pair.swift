import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

/// A dApp and a wallet of the kit, connected over a relay of the kit.
struct Pair: Sendable {
    let relay: TestRelay
    let wallet: ScriptedWallet
    let dApp: ScriptedDApp
    /// As the dApp has it.
    let session: Session

    static func with(
        relayPace: TestTime? = nil, settings: ScriptedWalletSettings = ScriptedWalletSettings(),
        chains: [String] = ["eip155:1"], methods: [String] = ScriptedDApp.usualMethods,
        _ body: @escaping @Sendable (Pair) async throws -> Void
    ) async throws {
        try await withTestRelay(pace: relayPace?.pace ?? .system) { relay in
            try await withScriptedWallet(relay: relay.url, settings: settings) { wallet in
                try await withScriptedDApp(relay: relay.url) { dApp in
                    let invitation = try await dApp.invite(chains: chains, methods: methods)
                    try await wallet.connect(invitation.uri)
                    let session = try await invitation.session()
                    try await body(Pair(relay: relay, wallet: wallet, dApp: dApp, session: session))
                    #expect(wallet.faults.isEmpty)
                }
            }
        }
    }
}

/// Waits until something holds.
func eventually(
    within seconds: Double = 30, _ what: String, _ condition: @Sendable () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TestingError(.timedOut, what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// What a wallet said no with.
func refusal(_ body: () async throws -> Void) async throws -> PeerError? {
    do {
        try await body()
        return nil
    } catch let error as SignError {
        return error.peer
    }
}
