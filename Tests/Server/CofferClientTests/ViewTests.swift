import CofferClient
import Primitives
import Testing

struct TerminalTests {
    @Test(
        arguments: [
            (true, ["TERM": "xterm"], false, true), (false, ["TERM": "xterm"], false, false),
            (true, ["TERM": "dumb"], false, false),
            (true, ["NO_COLOR": "1"], false, false), (true, ["NO_COLOR": ""], false, true), (true, [:], true, false),
        ] as [(Bool, [String: String], Bool, Bool)])
    func `colour is for terminals that want it`(
        isTerminal: Bool, environment: [String: String], flag: Bool, expected: Bool
    ) {
        let terminal = Terminal(isTerminal: isTerminal, size: (80, 24), environment: environment, noColour: flag)
        #expect(terminal.hasColour == expected)
        #expect(terminal.painted("x", .red) == (expected ? "\u{1B}[31mx\u{1B}[0m" : "x"))
    }

    @Test func `a dumb terminal is not redrawn, one without colour is`() {
        #expect(!Terminal(isTerminal: true, size: nil, environment: ["TERM": "dumb"]).canRedraw)
        #expect(Terminal(isTerminal: true, size: nil, environment: ["NO_COLOR": "1"]).canRedraw)
        #expect(!Terminal(isTerminal: false, size: nil, environment: [:]).canRedraw)
    }

    @Test func `a pipe has no width and a terminal that says nothing has 80 columns`() {
        #expect(Terminal(isTerminal: false, size: (120, 40), environment: ["COLUMNS": "90"]).width == nil)
        #expect(Terminal(isTerminal: true, size: (120, 40), environment: ["COLUMNS": "90"]).width == 120)
        #expect(Terminal(isTerminal: true, size: nil, environment: ["COLUMNS": "90"]).width == 90)
        #expect(Terminal(isTerminal: true, size: nil, environment: ["COLUMNS": "-1"]).width == 80)
    }

    @Test func `live lines go up over what they drew before`() {
        var live = LiveLines()
        #expect(live.redraw(["a", "b"]) == "\r\u{1B}[2Ka\n\r\u{1B}[2Kb\n\u{1B}[0J")
        #expect(live.redraw(["c"]) == "\u{1B}[2A\r\u{1B}[2Kc\n\u{1B}[0J")
        #expect(live.redraw(["d"]) == "\u{1B}[1A\r\u{1B}[2Kd\n\u{1B}[0J")
        #expect(LiveLines.note("a\nbcdefgh", width: 6) == "\r\u{1B}[2Ka …gh")
    }
}

struct WithdrawalChangeTests {
    @Test func `an event is read with and without its envelope`() {
        let bare = WithdrawalChange(
            ServerEvent(id: "4", type: "withdrawal.queued", data: #"{"id":"wd_1","state":"queued","at":"T"}"#))
        let wrapped = WithdrawalChange(
            ServerEvent(
                id: "4", type: "withdrawal.queued",
                data: #"{"sequence":4,"type":"withdrawal.queued","at":"T","data":{"id":"wd_1","state":"queued"}}"#))
        #expect(bare == wrapped)
        #expect(bare?.line() == "T  wd_1  queued")
    }

    @Test func `the state may stand in the type alone, and what is no state is a note`() {
        #expect(WithdrawalChange(ServerEvent(type: "withdrawal.mined", data: "{}"))?.state == "mined")
        let wish = WithdrawalChange(
            ServerEvent(type: "withdrawal.cancel_requested", data: #"{"id":"wd_1","state":"signed"}"#))
        #expect(wish?.state == "signed")
        #expect(wish?.note == "cancel_requested")
    }

    @Test func `other events and broken payloads are told apart`() {
        #expect(WithdrawalChange(ServerEvent(type: "wallet.created", data: "{}")) == nil)
        #expect(WithdrawalChange(ServerEvent(type: "withdrawal.failed", data: "{"))?.line(id: "wd_9") == "wd_9  failed")
    }
}

struct ViewTests {
    @Test func `a withdrawal is shown in the units of its asset, or said to be in base units`() throws {
        let known = try JSON.parse(#"{"id":"wd_1","state":"queued","amount":"1500","decimals":3}"#)
        let unknown = try JSON.parse(#"{"id":"wd_2","state":"queued","amount":"1500","decimals":null}"#)
        let rows = ListView.withdrawals.table([known, unknown]).rows
        #expect(rows.map { $0[2] } == ["1.5", "1500 base units"])
    }

    @Test func `one thing shows all its members by their names in the API`() throws {
        let list = ValueText.list(
            try JSON.parse(
                #"{"id":"wd_1","amount":"1500","decimals":3,"reason":null,"shared":false,"scopes":["a","b"]}"#))
        #expect(
            list.lines() == [
                "id        wd_1", "amount    1500  (= 1.5)", "decimals  3", "reason    -", "shared    no",
                "scopes    a, b",
            ])
    }

    @Test(arguments: [
        ("walets", "wallets"), ("wihtdrawals", "withdrawals"), ("withdr", "withdrawals"), ("stauts", "status"),
        ("zzz", nil),
    ])
    func `a slip finds the command that was meant`(typed: String, meant: String?) {
        #expect(Suggestion.nearest(to: typed, among: ["status", "wallets", "withdrawals"]) == meant)
    }

    @Test func `a wrong word is found at every level and values are left alone`() {
        let tree = CommandTree(
            "coffer", [CommandTree("wallets", [CommandTree("list"), CommandTree("get")]), CommandTree("status")])
        #expect(tree.misspelling(in: ["walets"])?.fix == "did you mean `coffer wallets`?")
        #expect(tree.misspelling(in: ["wallets", "lits"])?.fix == "did you mean `coffer wallets list`?")
        #expect(tree.misspelling(in: ["wallets", "qqq"])?.fix == "see `coffer wallets --help`")
        #expect(tree.misspelling(in: ["wallets", "get", "anything"]) == nil)
        #expect(tree.misspelling(in: ["help", "wallets"]) == nil)
        #expect(tree.misspelling(in: ["--version"]) == nil)
        #expect(tree.misspelling(in: []) == nil)
    }
}

struct DoctorTests {
    private static let now = Timestamp(milliseconds: 1_795_176_000_000)  // 2026-11-20T12:00:00Z

    @Test(arguments: [
        ("Fri, 20 Nov 2026 12:00:00 GMT", Finding.Verdict.ok), ("Fri, 20 Nov 2026 12:00:02 GMT", .ok),
        ("Fri, 20 Nov 2026 12:00:10 GMT", .warn), ("Fri, 20 Nov 2026 11:59:50 GMT", .warn),
        ("Fri, 20 Nov 2026 12:05:00 GMT", .fail), ("Fri, 20 Nov 2025 12:00:00 GMT", .fail), ("yesterday", .skip),
        ("Fri, 99 Nov 2026 12:00:00 GMT", .skip), ("Fri, 20 Nix 2026 12:00:00 GMT", .skip),
    ])
    func `clocks are compared`(header: String, verdict: Finding.Verdict) {
        let finding = Doctor.clock(dateHeader: header, now: Self.now, roundTripMilliseconds: 5)
        #expect(finding.verdict == verdict)
        #expect((finding.fix != nil) == (verdict == .warn || verdict == .fail))
    }

    @Test func `what is wrong is failed with a way out`() throws {
        let status = try JSON.parse(
            #"{"sealed":true,"chains":[{"id":"eip155:1","head":5,"healthy":false}],"lanes":[{"lane":"l","frozen_reason":"gap"}],"version":"9"}"#
        )
        let findings = [Doctor.sealed(status), Doctor.version(status)] + Doctor.chains(status) + Doctor.lanes(status)
        #expect(findings.map(\.verdict) == [.fail, .warn, .fail, .fail])
        #expect(findings.allSatisfy { $0.fix != nil })
        #expect(findings[0].fix == "coffer unseal")
        #expect(findings[3].fix?.contains("coffer guard unfreeze l") == true)
    }

    @Test func `an empty answer never counts as well`() {
        #expect(Doctor.ledger(.null).verdict == .fail)
        #expect(Doctor.audit(.null).verdict == .fail)
        #expect(Doctor.sealed(.null).verdict == .skip)
        #expect(Doctor.chains(.null).map(\.verdict) == [.fail])
    }

    @Test func `only old withdrawals are reported, the oldest by name`() throws {
        func item(_ id: String, _ at: String) -> JSON {
            ["id": .string(id), "state": "unknown", "created_at": .string(at)]
        }
        let open = [
            item("wd_1", "2026-11-20T11:59:00.000Z"), item("wd_2", "2026-11-20T11:00:00.000Z"),
            item("wd_3", "2026-11-20T11:30:00.000Z"),
        ]
        let finding = Doctor.withdrawals(open, isComplete: true, now: Self.now, olderThanSeconds: 600)
        #expect(finding.verdict == .warn)
        #expect(finding.detail == "2 open for more than 10 min; the oldest, wd_2, is unknown and 1 h old")
        #expect(finding.fix == "see why: coffer withdrawals events wd_2")
        #expect(Doctor.withdrawals([open[0]], isComplete: true, now: Self.now, olderThanSeconds: 600).verdict == .ok)
    }

    @Test func `a key that others can read or that crosses an open network is named`() throws {
        func finding(_ url: String, file: String?, source: String = "s") throws -> Finding {
            let credential = Connection.Credential(key: "secret-key", source: source, file: file)
            let connection = Connection(base: try BaseURL(url, source: "t"), urlSource: "t", user: credential)
            return Doctor.connection(connection, isReadableByOthers: { $0 == "open" })
        }
        #expect(try finding("http://127.0.0.1:1", file: "closed").verdict == .ok)
        #expect(try finding("http://127.0.0.1:1", file: "open").fix == "chmod 600 open")
        #expect(try finding("http://pay.example", file: "closed").verdict == .fail)
        #expect(try finding("http://127.0.0.1:1", file: nil, source: "COFFER_API_KEY").verdict == .warn)
        #expect(try !finding("http://127.0.0.1:1", file: "open").detail.contains("secret-key"))
    }
}
