import ArgumentParser
import CofferClient
import Primitives

struct StatusCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how the server, its chains and its queues stand.",
        discussion: """
            Example:
              coffer status
            """)

    @OptionGroup var options: ClientOptions

    func perform(_ session: Session) async throws {
        let output = session.output
        let answer = try await session.client.send(.get("/v1/status").asAdministrator)
        if output.isJSON { return try output.raw(answer.body) }
        let status = try answer.json()
        var head = KeyValueList()
        head.add("server", session.client.connection.base.text)
        head.add("version", ValueText.of(status["version"]))
        head.add("mode", ValueText.of(status["mode"]))
        head.add("keystore", status["sealed"]?.bool.map { $0 ? "sealed (coffer unseal)" : "unsealed" })
        if let seconds = status["uptime_seconds"]?.int, seconds >= 0, seconds < Int64.max / 1000 {
            head.add("up for", DurationText.short(milliseconds: seconds * 1000))
        }
        let counts = (status["withdrawals"]?.members ?? []).filter { $0.value.int != 0 }
        head.add(
            "withdrawals",
            counts.isEmpty ? "none" : counts.map { "\(ValueText.of($0.value)) \($0.name)" }.joined(separator: ", "))
        if let queued = status["storage"]?["queued_units"] { head.add("storage queue", ValueText.of(queued)) }
        try output.keyValues(head)
        for (items, view) in [(status["chains"]?.array ?? [], ListView.chains), (status["lanes"]?.array ?? [], .lanes)]
        {
            if items.isEmpty { continue }
            try output.write("\n")
            try output.table(view.table(items))
        }
    }
}

struct DoctorCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check everything and say how to mend it.",
        discussion: """
            Example:
              coffer doctor

            Checks the connection, the clocks, the key, the keystore, chains, lanes, old withdrawals, the books and the \
            audit log. Exit code 1 when a check fails, 69 when the server cannot be reached, 77 when the key is refused.
            """)

    @OptionGroup var options: ClientOptions

    @Option(
        name: .customLong("older-than"),
        help: ArgumentHelp("Report withdrawals open for longer: 90s, 10m, 2h, 1d.", valueName: "time"),
        transform: Parse.duration)
    var olderThanSeconds: Int64 = 600

    func perform(_ session: Session) async throws {
        let output = session.output
        let report = try await DoctorRound(client: session.client, olderThanSeconds: olderThanSeconds).run()
        if output.isJSON {
            let json: JSON = [
                "healthy": .bool(report.exit == .done), "checks": .array(report.findings.map(\.json)),
            ]
            try output.write(json.text + "\n")
        } else if output.isPlain {
            try output.lines(
                report.findings.map {
                    [$0.verdict.rawValue, $0.name, $0.detail, $0.fix ?? ""].map(SafeText.line).joined(separator: "\t")
                })
        } else {
            try output.lines(report.findings.flatMap { $0.lines(output.terminal) })
        }
        if report.exit != .done { throw SilentExit(exit: report.exit) }
    }
}
