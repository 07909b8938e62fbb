import Primitives
import Testing
import WalletConnectClient
import WalletConnectProtocol
import WalletConnectTesting

@testable import WalletConnectBackend

/// A plugin whose hooks wait at a gate.
private struct Gated: BackendPlugin {
    let name = "gated"
    let isRequired = true
    let gate = Gate()

    func before(_ call: WalletCall) async throws { await gate.pass() }
}

@Suite(.timeLimit(.minutes(10)))
struct PluginRunnerTests {
    @Test func `a plugin is asked about every one of a hundred requests at once`() async throws {
        let plugin = Gated()
        let options = World.Options {
            $0.plugins = [plugin]
            $0.settings = { $0.pluginMilliseconds = 100_000 }
        }
        try await World.with(options) { world in
            try await world.connect()
            world.wallet.script("personal_sign", .never)
            try await withThrowingTaskGroup { group in
                for _ in 0..<100 {
                    group.addTask {
                        _ = try await world.backend.request(
                            "personal_sign", ["0x00"], on: World.mainnet, for: .user("alice"))
                    }
                }
                group.addTask {
                    await until { plugin.gate.count == 100 }
                    plugin.gate.open()
                }
                try await group.waitForAll()
            }
            #expect(world.backend.figures.requests == 100)
        }
    }

    @Test func `a plugin with hooks past their deadline is left out until they return`() async throws {
        let (time, gate) = (TestTime(), Gate())
        var settings = BackendSettings(
            metadata: Metadata(name: "Shop", description: "", url: "https://shop.example", icons: []), relayURLs: [])
        settings.pluginMilliseconds = 1000
        settings.pluginHangsMax = 2
        let runner = PluginRunner(Gated(), settings: settings, pace: time.pace) { _ in }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<2 { group.addTask { Self.failed(await runner.run { await gate.pass() }) } }
            await until { gate.count == 2 && time.sleeperCount == 2 }
            // They are at work, and hang not yet.
            #expect(!Self.failed(await runner.run {}))
            time.advance(milliseconds: 1000)
            for await failed in group { #expect(failed) }
        }
        #expect(Self.failed(await runner.run {}))
        gate.open()
        await until { !Self.failed(await runner.run {}) }
        runner.finish()
    }

    private static func failed<Value>(_ ending: PluginRunner.Ending<Value>) -> Bool {
        if case .failed = ending { true } else { false }
    }
}
