import CofferClient
import Foundation
import Primitives
import Testing

@Suite struct PlanTests {
    private let chain = try! ChainID("eip155:1")

    @Test func `a request is a method and its parameters`() throws {
        let plain = try PlannedRequest(#"personal_sign ["0x68656c6c6f", "{account}"]"#)
        #expect(plain.chain == nil && plain.method == "personal_sign")
        #expect(plain.params(account: "0xabc", on: chain) == ["0x68656c6c6f", "0xabc"])
        let other = try PlannedRequest(
            #"  eip155:137   eth_sendTransaction  [{"from":"{account}","chainId":"{chain}"}] "#)
        #expect(other.chain?.description == "eip155:137" && other.method == "eth_sendTransaction")
        #expect(
            other.params(account: "0xabc", on: try ChainID("eip155:137")) == [["from": "0xabc", "chainId": "0x89"]])
        #expect(try PlannedRequest("eth_accounts") == PlannedRequest(chain: nil, method: "eth_accounts", params: []))
        // A place inside of a longer text is text.
        #expect(try PlannedRequest(#"m ["I am {account}"]"#).params(account: "0x1", on: chain) == ["I am {account}"])
    }

    @Test(arguments: [
        "", "   ", "[1]", #"{"method":"a"}"#, "personal_sign hello", "personal_sign [1", "m 5", "m \"x\"", "eip155:1",
        "m\u{7}",
    ])
    func `what is no request is refused with an example`(text: String) {
        let error = #expect(throws: ClientError.self) { try PlannedRequest(text) }
        #expect(error?.exit == .usage)
    }

    @Test func `chains are grouped by namespace and take numbers`() throws {
        let wish = try SessionWish(chains: "1, eip155:137,solana:mainnet,1", methods: "a,b", events: "")
        let expected: JSON = [
            "eip155": ["chains": ["eip155:1", "eip155:137"], "methods": ["a", "b"], "events": []],
            "solana": ["chains": ["solana:mainnet"], "methods": ["a", "b"], "events": []],
        ]
        #expect(wish.namespaces == expected)
        for chains in ["", ",", "eip155", "eip155:1 2", "EIP155:1"] {
            #expect(throws: ClientError.self) { try SessionWish(chains: chains, methods: "a", events: "b") }
        }
        #expect(throws: ClientError.self) {
            try SessionWish(chains: (1...101).map(String.init).joined(separator: ","), methods: "a", events: "b")
        }
    }

    @Test func `an event is a name and what is told`() throws {
        #expect(try Announcement("chainChanged 1") == Announcement(chain: nil, name: "chainChanged", data: 1))
        #expect(
            try Announcement(#"eip155:1 accountsChanged ["0xa", "0xb"]"#)
                == Announcement(chain: chain, name: "accountsChanged", data: ["0xa", "0xb"]))
        #expect(
            try Announcement(#"note {"a b": "c d"}"#)
                == Announcement(chain: nil, name: "note", data: ["a b": "c d"]))
        #expect(try Announcement("tick") == Announcement(chain: nil, name: "tick", data: .null))
        for text in ["", " ", "eip155:1", "name {", "name a b"] {
            let error = #expect(throws: ClientError.self) { try Announcement(text) }
            #expect(error?.exit == .usage)
        }
    }

    @Test func `a sign-in is for a web address`() throws {
        let full = try SignInWish(url: "https://example.com:8443/login?next=1", statement: "Hello")
        #expect(full.domain == "example.com:8443" && full.url == "https://example.com:8443/login?next=1")
        let short = try SignInWish(url: "example.com/login", statement: nil)
        #expect(short.domain == "example.com" && short.url == "https://example.com/login")
        for url in ["", "https://", "ftp://example.com", "https://a@b", "https://a b", "https:///x"] {
            #expect(throws: ClientError.self) { try SignInWish(url: url, statement: nil) }
        }
    }

    @Test func `a script drives with lines`() throws {
        #expect(
            try DriverCommand(line: #"{"do":"request","chain":"eip155:1","method":"m","params":[1]}"#)
                == .request(PlannedRequest(chain: chain, method: "m", params: [1])))
        #expect(
            try DriverCommand(line: #"{"do":"request","method":"m"}"#)
                == .request(PlannedRequest(chain: nil, method: "m", params: [])))
        #expect(
            try DriverCommand(line: #"{"do":"emit","name":"n","data":1,"chain":null}"#)
                == .emit(name: "n", data: 1, chain: nil))
        #expect(try DriverCommand(line: #"{"do":"approve","id":7}"#) == .approve(id: 7))
        #expect(try DriverCommand(line: #"{"do":"reject"}"#) == .reject(id: nil))
        #expect(
            try DriverCommand(line: #"{"do":"update","namespaces":{"eip155":{}}}"#)
                == .update(namespaces: ["eip155": [:]]))
        for (word, command) in [
            ("ping", DriverCommand.ping), ("disconnect", .disconnect), ("extend", .extend), ("quit", .quit),
        ] {
            #expect(try DriverCommand(line: "{\"do\":\"\(word)\"}") == command)
        }
        for line in [
            "", "ping", "[]", "{}", #"{"do":"dance"}"#, #"{"do":"request"}"#, #"{"do":"emit"}"#,
            #"{"do":"request","method":"m","chain":1}"#, #"{"do":"update","namespaces":[]}"#,
        ] {
            let error = #expect(throws: ClientError.self) { try DriverCommand(line: line) }
            #expect(error?.exit == .usage)
        }
    }

    // MARK: Where things are

    private static let file =
        #"{"api_url":"http://127.0.0.1:1","relay_url":"ws://127.0.0.1:1/relay","project_id":"abc"}"#

    private func relay(
        url: String? = nil, projectID: String? = nil, environment: [String: String] = [:], file: String? = nil
    ) throws -> RelayPlace {
        try RelayDiscovery(
            environment: environment,
            read: { path, _ throws(FileError) in
                guard let file, path == "./coffer-data/connection.json" else { throw .missing(path: path) }
                return Array(file.utf8)
            }
        ).find(url: url, projectID: projectID)
    }

    @Test func `the relay is the flag's, the environment's, coffer dev's or this machine's`() throws {
        let environment = ["COFFER_RELAY_URL": "wss://two.example", "COFFER_PROJECT_ID": "two"]
        let flag = try relay(url: "wss://one.example", projectID: "one", environment: environment, file: Self.file)
        #expect(flag.url == "wss://one.example" && flag.source == "--relay-url" && flag.projectID == "one")
        let variable = try relay(environment: environment, file: Self.file)
        #expect(variable.url == "wss://two.example" && variable.projectID == "two")
        let dev = try relay(file: Self.file)
        #expect(dev.url == "ws://127.0.0.1:1/relay" && dev.projectID == "abc")
        #expect(try relay().url == RelayDiscovery.urlDefault)
        #expect(try relay(file: #"{"relay_url":null}"#).url == RelayDiscovery.urlDefault)
        #expect(try relay(file: "damaged").url == RelayDiscovery.urlDefault)
        // An id goes to the relay that it was made for and to no other.
        #expect(try relay(url: "wss://one.example", file: Self.file).projectID == nil)
    }

    @Test(arguments: [
        "", "http://x", "wss://", "ws:///path", "wss://a b", "wss://user:password@x", "wss://relay.walletconnect.org",
    ])
    func `what is no relay, or needs more, is refused`(url: String) {
        let error = #expect(throws: ClientError.self) { try relay(url: url) }
        #expect(error?.exit == .configuration && error?.message.contains("password@") != true)
    }

    @Test func `state lies where the XDG specification says`() throws {
        #expect(try WalletConnectFolder.path(flag: "./x", environment: ["HOME": "/home/a"]) == "./x")
        #expect(
            try WalletConnectFolder.path(flag: nil, environment: ["XDG_STATE_HOME": "/s", "HOME": "/h"])
                == "/s/coffer/walletconnect")
        for environment in [["HOME": "/h"], ["XDG_STATE_HOME": "relative", "HOME": "/h"]] {
            #expect(
                try WalletConnectFolder.path(flag: nil, environment: environment)
                    == "/h/.local/state/coffer/walletconnect")
        }
        #expect(throws: ClientError.self) { try WalletConnectFolder.path(flag: nil, environment: [:]) }
        #expect(throws: ClientError.self) { try WalletConnectFolder.path(flag: "", environment: [:]) }
    }

    @Test func `a store key is made once and read again, by its owner alone`() throws {
        let path = "\(NSTemporaryDirectory())coffer-store-key-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let made = try SecretFile.random(path, count: 32)
        let again = try SecretFile.random(path, count: 32)
        let (isSame, isFull) = (made.isEqual(to: again), made.count == 32)
        #expect(isSame && isFull)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(throws: ClientError.self) { _ = try SecretFile.random(path, count: 32) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(throws: ClientError.self) { _ = try SecretFile.random(path, count: 33) }
        #expect(throws: ClientError.self) { _ = try SecretFile.random(path, count: 31) }
        #expect(throws: ClientError.self) { _ = try SecretFile.random("/nowhere/at/all", count: 31) }
    }

    // MARK: What is shown

    @Test func `a line for programs is one object on one line`() throws {
        let namespaces: JSON = ["eip155": ["accounts": ["eip155:1:0xa", "eip155:137:0xa", "eip155:1:0xa"]]]
        let line = WalletConnectLine.session(
            topic: "ab", peer: ["name": "W\n\u{1B}[2J", "url": "https://w"], namespaces: namespaces,
            expiry: 1_700_000_000,
            pairingTopic: nil)
        #expect(!line.json.contains("\n"))
        let json = try JSON.parse(line.json)
        #expect(json["event"] == "session" && json["topic"] == "ab" && json["expiry"] == 1_700_000_000)
        #expect(json["accounts"] == ["eip155:1:0xa", "eip155:137:0xa"] && json["pairing_topic"] == nil)
        // What the other side wrote moves no cursor.
        #expect(!line.text.contains("\u{1B}") && line.text.contains("2023-11-14T22:13:20"))
    }

    @Test func `answers carry what was verified`() throws {
        let account = try AccountID("eip155:1:0xa")
        let good = WalletConnectLine.response(
            id: 7, method: "personal_sign", chain: "eip155:1", result: "0x1", check: .verified, account: account)
        #expect(
            try JSON.parse(good.json) == [
                "event": "response", "id": 7, "method": "personal_sign", "chain": "eip155:1", "result": "0x1",
                "verified": true,
            ])
        #expect(good.text.contains("verified: signed by 0xa"))
        let bad = WalletConnectLine.response(
            id: 7, method: "personal_sign", chain: "eip155:1", result: "0x1", check: .unreadable("no"), account: account
        )
        #expect(try JSON.parse(bad.json)["verified"] == false && bad.text.contains("NOT verified"))
        let plain = WalletConnectLine.response(
            id: 7, method: "eth_accounts", chain: "eip155:1", result: [], check: nil, account: nil)
        #expect(try JSON.parse(plain.json)["verified"] == nil)
        let refusal = WalletConnectLine.refusal(
            id: 7, method: "m", chain: "eip155:1", error: ["code": 4001, "message": "No."])
        #expect(try JSON.parse(refusal.json)["error"]?["code"] == 4001 && refusal.text.contains("refused: No. (4001)"))
    }

    @Test func `a person sees the message and not its digits`() {
        let line = WalletConnectLine.request(
            id: 1, topic: "t", method: "personal_sign", params: ["0x48656c6c6f", "0xa"], chain: "eip155:1")
        #expect(line.text.contains("Hello"))
        let proposal = WalletConnectLine.proposal(
            id: 2, proposer: ["name": "Shop", "url": "https://shop.example"], required: [:],
            optional: ["eip155": ["chains": ["eip155:1"], "methods": ["personal_sign"]]])
        #expect(
            proposal.text.contains("Shop (https://shop.example)") && proposal.text.contains("eip155:1: personal_sign"))
        #expect(!proposal.text.contains("requires"))
    }
}
