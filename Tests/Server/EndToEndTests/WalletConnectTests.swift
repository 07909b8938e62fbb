import Foundation
import Primitives
import Testing

extension EndToEnd {
    /// A dApp and a wallet in processes of their own, and a relay between them.
    @Suite struct WalletConnectTests {
        private static let hello = #"personal_sign ["0x68656c6c6f","{account}"]"#

        @Test func `a wallet is connected, signs, and what it signed is verified`() async throws {
            try await Conversation.with { conversation in
                let data =
                    #"{"types":{"Mail":[{"name":"contents","type":"string"}]},"primaryType":"Mail","#
                    + #""domain":{"name":"Ether Mail","chainId":1},"message":{"contents":"Hello"}}"#
                let dApp = try await conversation.side([
                    "connect", "--chains", "1,137", "--request", Self.hello,
                    "--request", "eth_signTypedData_v4 [\"{account}\",\(data)]",
                    "--request", #"eth_signTransaction [{"from":"{account}","to":"{account}","value":"0x1"}]"#,
                    "--request", #"wallet_switchEthereumChain [{"chainId":"0x89"}]"#, "--ping", "--disconnect",
                ])
                let uri = try await dApp.line("uri")["uri"]?.string ?? ""
                let wallet = try await conversation.side(["wallet", "pair", uri, "--approve", "--once"])
                let session = try await dApp.line("session")
                #expect(session["topic"] == (try await wallet.line("session"))["topic"])
                #expect(session["accounts"]?.array?.count == 2)
                for method in ["personal_sign", "eth_signTypedData_v4", "eth_signTransaction"] {
                    let response = try await dApp.line("response") { $0["method"]?.string == method }
                    #expect(response["verified"] == true, "\(response.text)")
                }
                let announced = try await dApp.line("announced")
                #expect(announced["name"] == "chainChanged" && announced["data"] == 137)
                #expect(try await wallet.line("ended")["code"] == 6000)
                #expect(try await dApp.child.exit() == .code(0) && dApp.child.stderr.isEmpty)
                #expect(try await wallet.child.exit() == .code(0) && wallet.child.stderr.isEmpty)
            }
        }

        @Test func `signing in brings a session and a verified signature`() async throws {
            try await Conversation.with { conversation in
                let dApp = try await conversation.side([
                    "connect", "--authenticate", "https://example.com/login", "--statement", "Grüße", "--request",
                    Self.hello, "--disconnect",
                ])
                let uri = try await dApp.line("uri")["uri"]?.string ?? ""
                let wallet = try await conversation.side(["wallet", "pair", uri, "--approve", "--once"])
                let asked = try await wallet.line("sign_in")
                #expect(asked["payload"]?["domain"] == "example.com")
                #expect(try await dApp.line("authenticated")["verified"] == true)
                #expect(try await dApp.line("response")["verified"] == true)
                #expect(try await dApp.child.exit() == .code(0))
                #expect(try await wallet.child.exit() == .code(0))
            }
        }

        @Test func `a refusal is told with its number, and is a failure`() async throws {
            try await Conversation.with { conversation in
                let dApp = try await conversation.side(["connect"])
                let uri = try await dApp.line("uri")["uri"]?.string ?? ""
                // Not everybody wants the key of a pairing in the list of processes.
                let wallet = try await conversation.side(
                    ["wallet", "pair", "-", "--reject", "--once"], takesInput: true)
                try wallet.child.write(uri)
                #expect(try await dApp.line("error")["code"] == 5000)
                #expect(try await dApp.child.exit() == .code(1))
                #expect(try await wallet.child.exit() == .code(0))
            }
        }

        @Test func `scripts drive both sides with lines`() async throws {
            try await Conversation.with { conversation in
                let dApp = try await conversation.side(["connect", "--stdin"], takesInput: true)
                let uri = try await dApp.line("uri")["uri"]?.string ?? ""
                let wallet = try await conversation.side(
                    ["wallet", "pair", uri, "--stdin", "--once"], takesInput: true)
                let proposal = try await wallet.line("proposal")
                try wallet.say(["do": "approve", "id": proposal["id"] ?? .null])
                _ = try await dApp.line("session")
                try dApp.say(["do": "request", "method": "personal_sign", "params": ["hello", "{account}"]])
                _ = try await wallet.line("request")
                try wallet.say(["do": "reject"])
                #expect(try await dApp.line("response")["error"]?["code"] == 4001)
                try dApp.child.write("not a command")
                #expect(try await dApp.line("error")["what"] == "line")
                try wallet.say(["do": "emit", "name": "accountsChanged", "data": ["0xa"]])
                #expect(try await dApp.line("announced")["data"] == ["0xa"])
                try wallet.say(["do": "ping"])
                _ = try await wallet.line("ping")
                try wallet.say(["do": "disconnect"])
                #expect(try await dApp.line("ended")["by"] == "the wallet")
                #expect(try await wallet.child.exit() == .code(0))
                // One request was refused.
                #expect(try await dApp.child.exit() == .code(1))
            }
        }

        @Test func `a session outlives both processes, and a request waits for the wallet`() async throws {
            try await Conversation.with { conversation in
                let first = try await conversation.side(["connect", "--once"], keptIn: "state")
                let uri = try await first.line("uri")["uri"]?.string ?? ""
                let wallet = try await conversation.side(["wallet", "pair", uri, "--approve"], keptIn: "state")
                let session = try await first.line("session")
                #expect(try await first.child.exit() == .code(0))
                await wallet.child.end()

                let second = try await conversation.side(
                    ["connect", "--session", "last", "--request", Self.hello, "--disconnect"], keptIn: "state")
                #expect(try await second.line("session")["topic"] == session["topic"])
                let again = try await conversation.side(["wallet", "pair", "--approve", "--once"], keptIn: "state")
                #expect(try await second.line("response")["verified"] == true)
                #expect(try await second.child.exit() == .code(0))
                #expect(try await again.child.exit() == .code(0))
                for (file, mode) in [("dapp/store.key", 0o600), ("wallet/wallet.key", 0o600), ("wallet", 0o700)] {
                    let path = conversation.folder.path("state/\(file)")
                    let found = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                    #expect(found == mode, "\(file)")
                }
                // One identity, one process.
                let holder = try await conversation.side(["connect"], keptIn: "state")
                _ = try await holder.line("uri")
                let other = try await conversation.side(["connect"], keptIn: "state")
                #expect(try await other.child.exit() == .code(75))
            }
        }

        @Test func `exit codes say why nothing was connected`() async throws {
            func run(_ arguments: [String]) async throws -> (exit: Child.Exit, stdout: String, stderr: String) {
                try await Child.run(Places.binary, arguments + ["--ephemeral"])
            }
            let nowhere = ["--relay-url", "ws://127.0.0.1:9", "--timeout", "5"]
            let away = try await run(["connect", "--json"] + nowhere)
            #expect(away.exit == .code(69) && away.stdout.contains(#""event":"error""#), "\(away)")
            #expect(try await run(["connect", "--request", "personal_sign hello"] + nowhere).exit == .code(64))
            #expect(try await run(["connect", "--chains", "mainnet"] + nowhere).exit == .code(64))
            #expect(try await run(["connect", "--relay-url", "http://127.0.0.1:9"]).exit == .code(78))
            #expect(try await run(["connect", "--relay-url", "wss://relay.walletconnect.org"]).exit == .code(78))
            #expect(try await run(["wallet", "pair", "wc:nonsense", "--approve"] + nowhere).exit == .code(64))
            let unasked = try await run(["wallet", "pair", "wc:x"] + nowhere)
            #expect(unasked.exit == .code(64) && unasked.stderr.contains("--approve"), "\(unasked)")
            let folder = try Folder()
            let open = try folder.write(String(repeating: "1", count: 64), to: "key")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
            let careless = try await run(["wallet", "pair", "wc:x", "--approve", "--key-file", open] + nowhere)
            #expect(careless.exit == .code(78) && !careless.stderr.contains("1111"), "\(careless)")
            withExtendedLifetime(folder) {}
        }
    }
}
