import Primitives
import Testing

@testable import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct TimeVectorTests {
    static let file = "time_and_ids.json"

    @Test(arguments: Vectors.cases(file, "calc_expiry"))
    func `an end is rounded down to seconds`(_ given: Vectors.Case) {
        let now = Timestamp(milliseconds: given.int("now_ms"))
        #expect(Expiry.after(given.int("ttl"), from: now) == given.int("expiry"))
    }

    @Test(arguments: Vectors.cases(file, "is_expired"))
    func `the very moment of the end is expired`(_ given: Vectors.Case) {
        let now = Timestamp(milliseconds: given.int("now_ms"))
        #expect(Expiry.isExpired(given.int("expiry"), at: now) == given["expired"]?.bool)
    }

    @Test func `what an expiry belongs to is written and read`() throws {
        let targets = try #require(try Vectors.json(Self.file)["expirer_targets"])
        #expect(ExpiryTarget(targets["topic"]!.string!) == .topic("abc"))
        #expect(ExpiryTarget(targets["id"]!.string!) == .id(1_656_910_097_123_456))
        for pair in targets["parse"]!.array! {
            let target = try #require(ExpiryTarget(pair[0]!.string!))
            #expect(target.description == pair[0]!.string)
            switch target {
            case .topic(let topic): #expect(pair[1]!["topic"]?.string == topic)
            case .id(let id): #expect(pair[1]!["id"]?.int == id)
            }
        }
        #expect(ExpiryTarget("id:x") == nil)
        #expect(ExpiryTarget("") == nil)
    }

    @Test func `an update from before the last one is out of sync`() throws {
        for given in try #require(try Vectors.json(Self.file)["out_of_sync_rule"]?["examples"]?.array) {
            #expect(
                Expiry.isOutOfSync(last: given["last"]!.int!, current: given["current"]!.int!)
                    == given["out_of_sync"]!.bool)
        }
    }

    @Test func `ids have the published shape`() throws {
        let json = try Vectors.json(Self.file)
        let now = Timestamp(milliseconds: 1_656_910_097_123)
        var ids = PayloadIDs(random: .seeded(1))
        let id = ids.next(at: now)
        #expect(Int64(String(id).utf8.count) == json["payload_id"]!["digits"]!.int)
        #expect(id / 1000 == now.milliseconds)
    }
}

struct PayloadIDsTests {
    @Test func `ids rise strictly, even when the clock stands still or goes back`() {
        var ids = PayloadIDs(random: .seeded(7))
        var last: Int64 = 0
        for step in 0..<5_000 {
            let id = ids.next(at: Timestamp(milliseconds: 1_760_000_000_000 + Int64(step / 1_700) - Int64(step % 3)))
            #expect(id > last)
            #expect(id < 1 << 53)
            last = id
        }
        #expect(ids.last == last)
    }

    @Test func `a restored source goes on above the last id`() {
        let now = Timestamp(milliseconds: 1_760_000_000_000)
        var ids = PayloadIDs(random: .seeded(7), after: 1_760_000_000_500_999)
        #expect(ids.next(at: now) == 1_760_000_000_501_000)
    }

    @Test func `two sources in one millisecond seldom choose the same id`() {
        let now = Timestamp(milliseconds: 1_760_000_000_000)
        let chosen = Set(
            (UInt64(0)..<100).map { seed -> Int64 in
                var ids = PayloadIDs(random: .seeded(seed))
                return ids.next(at: now)
            })
        #expect(chosen.count > 80)
    }

    @Test(arguments: [Int64.min, -1, 0, .max])
    func `no clock makes an id overflow`(milliseconds: Int64) {
        var ids = PayloadIDs(random: .seeded(1))
        let id = ids.next(at: Timestamp(milliseconds: milliseconds))
        #expect((1..<PayloadIDs.bound).contains(id))
        let next = ids.next(at: Timestamp(milliseconds: milliseconds))
        #expect((id + 1..<PayloadIDs.bound).contains(next))
    }

    @Test func `no expiry overflows`() {
        #expect(!Expiry.isExpired(.max, at: Timestamp(milliseconds: .max - 1)))
        #expect(Expiry.isExpired(.min, at: Timestamp(milliseconds: 0)))
        #expect(Expiry.after(.max, from: Timestamp(milliseconds: 1)) == Int64.max / 1000)
        #expect(Expiry.after(0, from: Timestamp(milliseconds: -1)) == -1)
    }
}

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct LinkVectorTests {
    static let relayFile = "relay_url_and_user_agent.json"

    @Test(arguments: Vectors.cases(relayFile, "rpc_url"))
    func `a connection's address is built as JavaScript builds it`(_ given: Vectors.Case) {
        let url = RelayURL(
            base: given.text("relay_url"), token: given.text("auth"), projectID: given["project_id"]?.string,
            userAgent: given["ua"]?.string, bundleID: given["bundle_id"]?.string,
            packageName: given["package_name"]?.string, usesCloseEvent: given["use_on_close_event"]?.bool ?? false)
        #expect(url.text == given.text("url"))
        #expect(QueryText.value(of: "ua", in: url.text) == given["ua"]?.string)
    }

    @Test(arguments: Vectors.cases(relayFile, "query_builder"))
    func `a query keeps what was there`(_ given: Vectors.Case) {
        let params = given["params"]!
        let url = RelayURL(
            base: "wss://r", token: params["auth"]!.string!, projectID: params["projectId"]?.string,
            userAgent: params["ua"]?.string, bundleID: params["bundleId"]?.string,
            packageName: params["packageName"]?.string, usesCloseEvent: params["useOnCloseEvent"]?.bool ?? false)
        #expect(url.query(existing: given.text("existing")) == given.text("query"))
    }

    @Test(arguments: Vectors.cases(relayFile, "user_agent_parse"))
    func `user agents are read`(_ given: Vectors.Case) throws {
        if given["error"]?.bool == true {
            #expect(throws: UserAgentError.empty) { try UserAgent(parsing: given.text("ua")) }
            return
        }
        let agent = try UserAgent(parsing: given.text("ua"))
        #expect(agent.description == given.text("ua"))
        guard case .known(let software) = agent else {
            #expect(given["parsed"]?.string == "Unknown")
            return
        }
        #expect(software.protocolKind == given["protocol"]?["kind"]?.string)
        #expect(Int64(software.protocolVersion) == given["protocol"]?["version"]?.int)
        #expect(software.language == given["sdk"]?["language"]?.string)
        #expect(software.version == given["sdk"]?["version"]?.string)
        #expect(software.system.family == given["os"]?["family"]?.string)
        #expect(software.system.version == given["os"]?["version"]?.string)
        #expect(software.environment?.name == given["id"]?["environment"]?.string)
        #expect(software.environment?.host == given["id"]?["host"]?.string)
    }

    @Test(arguments: Vectors.cases(relayFile, "protocol_parse"))
    func `the protocol of a user agent is read`(_ given: Vectors.Case) throws {
        let parts = try? UserAgent.protocolParts(given.text("in"))
        #expect((parts == nil) == (given["error"]?.bool ?? false))
        #expect(parts?.kind == given["kind"]?.string)
        #expect(parts.map { Int64($0.version) } == given["version"]?.int)
    }

    @Test(arguments: Vectors.cases(relayFile, "sdk_parse"))
    func `the library of a user agent is read`(_ given: Vectors.Case) {
        let parts = try? UserAgent.libraryParts(given.text("in"))
        #expect((parts == nil) == (given["error"]?.bool ?? false))
        #expect(parts?.language == given["language"]?.string)
        #expect(parts?.version == given["version"]?.string)
    }

    @Test(arguments: Vectors.cases(relayFile, "id_parse"))
    func `the environment of a user agent is read`(_ given: Vectors.Case) {
        let read = try? UserAgent.Environment(parsing: given.text("in"))
        #expect((read == nil) == (given["error"]?.bool ?? false))
        #expect(read?.name == given["environment"]?.string)
        #expect(read?.host == given["host"]?.string)
    }

    @Test(arguments: Vectors.cases(relayFile, "os_parse"))
    func `the system of a user agent is read`(_ given: Vectors.Case) throws {
        let system = try UserAgent.System(parsing: given.text("in"))
        #expect(system.family == given.text("family"))
        #expect(system.browser == given["ua_family"]?.string)
        #expect(system.version == given.text("version"))
        #expect(system.description == given.text("in").lowercased())
    }

    @Test(arguments: Vectors.cases("link_and_deeplink.json", "deeplink"))
    func `a wallet's link is built as published`(_ given: Vectors.Case) {
        #expect(
            DeepLink.request(
                wallet: given.text("deeplink"), requestID: given.int("requestId"),
                sessionTopic: given.text("sessionTopic")) == given.text("url"))
    }

    @Test(arguments: Vectors.cases("link_and_deeplink.json", "link_mode_url"))
    func `a link of link mode is built and read as published`(_ given: Vectors.Case) throws {
        let link = LinkModeURL(
            universalLink: given.text("universalLink"), topic: try Topic(hex: given.text("topic")),
            envelope: given.text("envelope"))
        #expect(link.text == given.text("url"))
        #expect(LinkModeURL(parsing: given.text("url")) == link)
    }

    @Test(arguments: Vectors.cases("link_and_deeplink.json", "search_param"))
    func `a parameter is found`(_ given: Vectors.Case) {
        #expect(QueryText.value(of: given.text("param"), in: given.text("url")) == given.text("value"))
        #expect(QueryText.value(of: "absent", in: given.text("url")) == nil)
    }

    @Test(arguments: Vectors.cases("payment_link.json", "match"))
    func `a link to pay is known`(_ given: Vectors.Case) {
        #expect(PaymentLink.isPaymentLink(given.json.string!))
    }

    @Test(arguments: Vectors.cases("payment_link.json", "no_match"))
    func `another link is no link to pay`(_ given: Vectors.Case) {
        #expect(!PaymentLink.isPaymentLink(given.json.string!))
    }
}

struct LinkTests {
    @Test(arguments: [
        ("wss://r?auth=a%2Bb", "auth", "a+b"), ("wss://r?auth=a+b", "auth", "a b"), ("r?x&auth=1#auth=2", "auth", "1"),
        ("r?x=1&x=2", "x", "1"), ("r?x=", "x", ""), ("r?x", "x", ""), ("r?a%75th=1", "auth", "1"),
        ("r?&&x=1", "x", "1"),
        ("r?x=é", "x", "é"), ("r?x==", "x", "="),
    ])
    func `a query is read as forms write it`(url: String, name: String, value: String) {
        #expect(QueryText.value(of: name, in: url) == value)
    }

    @Test(arguments: ["r?x=%", "r?x=%4", "r?x=%zz", "r?x=%FF", "r", "r?", "r?y=1", "r#x=1", ""])
    func `a query without a sound value has none`(url: String) {
        #expect(QueryText.value(of: "x", in: url) == nil)
    }

    @Test func `a link without a topic or an envelope carries no message`() {
        let topic = String(repeating: "ab", count: 32)
        #expect(LinkModeURL(parsing: "https://w?wc_ev=AA&topic=\(topic)") != nil)
        #expect(LinkModeURL(parsing: "https://w?wc_ev=&topic=\(topic)") == nil)
        #expect(LinkModeURL(parsing: "https://w?wc_ev=AA&topic=ab") == nil)
        #expect(LinkModeURL(parsing: "https://w?topic=\(topic)") == nil)
    }

    @Test func `an odd user agent is unknown, a long one is refused`() throws {
        for text in ["a", "wc-2", "wc-2/js-1", "wc-2/js-1/linux", "wc-x/js-1/linux-1", "wc-2/js/linux-1", "////"] {
            #expect(try UserAgent(parsing: text) == .unknown(text))
        }
        #expect(throws: UserAgentError.tooLong(513)) { try UserAgent(parsing: String(repeating: "a", count: 513)) }
        let ours = UserAgent.Software(
            language: "swift", version: "1.0.0", system: .init(family: "linux", version: "6.1.0"),
            environment: .init(name: "server"))
        #expect(try UserAgent(parsing: ours.description) == .known(ours))
    }
}
