import Foundation
import WalletConnectProtocol
import WalletConnectTesting

/// A relay and a wallet for trying out dApps without a phone: it says yes to everything, unless a line says otherwise.
///
///     swift run StandInWallet
///
/// It prints where its relay is. Each line of its input is a URI that a dApp shows, or a method and what to do about it:
/// `personal_sign reject`. When its input ends, it ends.
@main
struct StandInWallet {
    static func main() async throws {
        let lines = inputLines()
        try await withTestRelay { relay in
            say("relay \(relay.url)")
            var settings = ScriptedWalletSettings()
            settings.hasAccountPerSession = true
            try await withScriptedWallet(relay: relay.url, settings: settings) { wallet in
                for await line in lines {
                    do {
                        say(try await answer(line, wallet))
                    } catch {
                        say("failed \(error)")
                    }
                }
                say("asked \(wallet.requestCount()) times")
            }
        }
    }

    private static func answer(_ line: String, _ wallet: ScriptedWallet) async throws -> String {
        if line.hasPrefix("wc:") {
            let session = try await wallet.connect(line)
            return "connected \(session.namespaces.values.first?.accounts.first ?? "nothing")"
        }
        let words = line.split(separator: " ").map(String.init)
        let steps: [String: WalletStep] = [
            "approve": .approve, "reject": .reject, "garbage": .garbage, "forge": .forge, "never": .never,
            "disconnect": .disconnect,
        ]
        guard words.count == 2, let step = steps[words[1]] else {
            return "lines are wc:… or METHOD approve|reject|garbage|forge|never|disconnect"
        }
        wallet.script(words[0], step)
        return "will \(words[1]) \(words[0])"
    }

    /// Standard input, read by a thread of its own: a read waits, and must not do so on the pool.
    private static func inputLines() -> AsyncStream<String> {
        let (lines, input) = AsyncStream.makeStream(of: String.self)
        Thread {
            while let line = readLine() { input.yield(line) }
            input.finish()
        }.start()
        return lines
    }

    /// At once, so that a script that reads it does not wait for a full buffer.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}
