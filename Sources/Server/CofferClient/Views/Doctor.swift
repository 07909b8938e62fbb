package import Primitives

/// Judges what the server says about itself.
///
/// Pure: ``DoctorRound`` asks the questions.
package enum Doctor {
    /// Where the URL and the credential came from, and whether they are safe there.
    package static func connection(
        _ connection: Connection, isReadableByOthers: (String) -> Bool
    ) -> Finding {
        let name = "connection"
        guard let credential = connection.credential(for: .administrator) else {
            return Finding(
                name, .warn, "\(connection.base.text) from \(connection.urlSource), without an API key",
                fix: "pass --api-key-file, or set COFFER_API_KEY_FILE")
        }
        let detail = "\(connection.base.text) from \(connection.urlSource), key from \(credential.source)"
        if connection.exposesCredential {
            return Finding(
                name, .fail, "\(detail); the key crosses the network in the open", fix: "use an https:// URL")
        }
        if let file = credential.file, isReadableByOthers(file) {
            return Finding(name, .warn, "\(detail); other users can read that file", fix: "chmod 600 \(file)")
        }
        if credential.source == "COFFER_API_KEY" {
            return Finding(
                name, .warn, "\(detail); an environment is inherited by every child process",
                fix: "put the key in a file and name it with COFFER_API_KEY_FILE")
        }
        return Finding(name, .ok, detail)
    }

    /// The server's clock against ours.
    ///
    /// The header has whole seconds, so two seconds mean nothing.
    package static func clock(dateHeader: String?, now: Timestamp, roundTripMilliseconds: Int64) -> Finding {
        let name = "clock"
        guard let server = dateHeader.flatMap(HTTPDate.parse) else {
            return Finding(name, .skip, "the server's answers carry no date")
        }
        let skew = now.milliseconds(since: server)
        let distance = max(0, abs(skew) - 1000 - roundTripMilliseconds)
        let fix = "let both machines keep time with NTP (`timedatectl`)"
        let text = "this clock is \(DurationText.short(milliseconds: abs(skew))) \(skew < 0 ? "behind" : "ahead")"
        if distance > 30_000 { return Finding(name, .fail, text, fix: fix) }
        if distance > 2000 { return Finding(name, .warn, text, fix: fix) }
        return Finding(name, .ok, "both clocks agree within seconds")
    }

    /// Whether keys can be used.
    package static func sealed(_ status: JSON) -> Finding {
        switch status["sealed"]?.bool {
        case true?: Finding("keystore", .fail, "the keystore is sealed; nothing is signed", fix: "coffer unseal")
        case false?: Finding("keystore", .ok, "the keystore is unsealed")
        case nil: Finding("keystore", .skip, "the server does not say whether the keystore is sealed")
        }
    }

    /// Whether each chain answers and moves.
    package static func chains(_ status: JSON) -> [Finding] {
        let chains = status["chains"]?.array ?? []
        guard !chains.isEmpty else {
            return [
                Finding("chains", .fail, "no chain is configured", fix: "name one under `chains` in the configuration")
            ]
        }
        return chains.map { chain in
            let name = ValueText.of(chain["id"])
            guard chain["healthy"]?.bool ?? false else {
                return Finding(
                    "chain", .fail, "\(name) is not healthy; the newest block is \(ValueText.of(chain["head"]))",
                    fix: "check the RPC URLs of \(name) and their nodes")
            }
            return Finding("chain", .ok, "\(name) is at block \(ValueText.of(chain["head"]))")
        }
    }

    /// Whether any sender has stopped signing.
    package static func lanes(_ status: JSON) -> [Finding] {
        let lanes = status["lanes"]?.array ?? []
        let frozen = lanes.filter { $0["frozen_reason"]?.string != nil }
        guard !frozen.isEmpty else { return [Finding("lanes", .ok, "none of \(lanes.count) frozen")] }
        return frozen.map { lane in
            let name = ValueText.of(lane["lane"])
            return Finding(
                "lanes", .fail, "\(name) is frozen: \(ValueText.of(lane["frozen_reason"]))",
                fix: "find out why (docs/operate/frozen-lane.md), then: coffer guard unfreeze \(name) --next-nonce N")
        }
    }

    /// Withdrawals that have been open for longer than they should.
    package static func withdrawals(_ open: [JSON], isComplete: Bool, now: Timestamp, olderThanSeconds: Int64)
        -> Finding
    {
        let name = "withdrawals"
        let limit = now.adding(seconds: -olderThanSeconds)
        var old: [(id: String, state: String, age: Int64)] = []
        for item in open {
            guard let text = item["created_at"]?.string, let created = try? Timestamp(rfc3339: text), created < limit
            else {
                continue
            }
            old.append((ValueText.of(item["id"]), ValueText.of(item["state"]), now.milliseconds(since: created)))
        }
        guard let oldest = old.max(by: { $0.age < $1.age }) else {
            return Finding(name, .ok, "\(isComplete ? "" : "more than ")\(open.count) open, none old")
        }
        let fix =
            oldest.state == "awaiting_approval"
            ? "have it approved, or: coffer withdrawals cancel \(oldest.id)"
            : "see why: coffer withdrawals events \(oldest.id)"
        let age = DurationText.short(milliseconds: oldest.age)
        return Finding(
            name, .warn,
            "\(old.count) open for more than \(DurationText.short(milliseconds: olderThanSeconds * 1000)); the oldest, "
                + "\(oldest.id), is \(oldest.state) and \(age) old", fix: fix)
    }

    /// Whether the books add up.
    package static func ledger(_ report: JSON) -> Finding {
        let problems = report["problems"]?.array ?? []
        guard report["balanced"]?.bool ?? false, problems.isEmpty else {
            return Finding(
                "ledger", .fail,
                "the books do not balance: \(problems.first.map { ValueText.of($0) } ?? "no reason given")",
                fix: "stop withdrawals with `coffer seal`, then read: coffer ledger verify")
        }
        return Finding(
            "ledger", .ok,
            "\(ValueText.of(report["accounts"])) accounts, \(ValueText.of(report["transfers"])) transfers, in balance")
    }

    /// Whether nobody has changed the audit log.
    package static func audit(_ report: JSON) -> Finding {
        guard report["intact"]?.bool ?? false else {
            return Finding(
                "audit", .fail,
                "the audit log is broken at \(ValueText.of(report["first_bad"])): \(ValueText.of(report["reason"]))",
                fix: "keep the data directory as evidence; compare with your last `coffer audit export`")
        }
        return Finding("audit", .ok, "intact up to entry \(ValueText.of(report["head"]?["sequence"]))")
    }

    /// Whether client and server are of one version.
    package static func version(_ status: JSON) -> Finding {
        guard let server = status["version"]?.string else {
            return Finding("version", .skip, "the server names no version")
        }
        guard server == CofferVersion.number else {
            return Finding(
                "version", .warn, "this is \(CofferVersion.number), the server is \(server)",
                fix: "use the client that came with the server")
        }
        return Finding("version", .ok, "both are \(server)")
    }
}
