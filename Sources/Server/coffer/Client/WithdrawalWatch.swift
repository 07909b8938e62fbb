import CofferClient
import Primitives

/// Follows withdrawals and shows what changes.
struct WithdrawalWatch: Sendable {
    private let client: APIClient
    private let output: Output
    private let redraws: Bool

    init(session: Session) {
        let output = session.output
        let width = output.terminal.width ?? 0
        // An id and a state need this much room; in less, lines are added instead of redrawn.
        let redraws = output.terminal.canRedraw && width >= 60 && !output.isJSON && !output.isPlain
        var client = session.client
        if redraws { client.notice = { text in try? output.write(LiveLines.note(text, width: width)) } }
        self.client = client
        self.output = output
        self.redraws = redraws
    }

    // MARK: One

    /// Follows one withdrawal until it is final and shows how it ended.
    ///
    /// - Parameter showsEvents: whether each change is data; else only the end is, and changes are messages.
    /// - Throws: ``SilentExit`` with `failed` when it ended without paying.
    func untilFinal(_ id: String, showsEvents: Bool) async throws {
        let path = "/v1/withdrawals/\(APICall.escaped(id))"
        let follower = EventFollower(.get("\(path)/events"), client: client)
        var live = LiveLines()
        var current = try await client.send(.get(path))
        if redraws { try draw([try current.json()], &live) }
        if try !isFinal(current) || showsEvents {
            try await follower.follow(
                take: { event in
                    let change = WithdrawalChange(event)
                    let ends = change?.state.map(WithdrawalState.isFinal) ?? false
                    if redraws {
                        current = try await client.send(.get(path))
                        try draw([try current.json()], &live)
                    } else if showsEvents {
                        try show(event, change, id: id)
                    } else if let change {
                        Output.message(change.line(id: id))
                    }
                    return ends ? .stop : .goOn
                },
                atEnd: { try isFinal(try await client.send(.get(path))) ? .stop : .goOn })
            current = try await client.send(.get(path))
        }
        let end = try current.json()
        if redraws { try draw([end], &live) } else if !showsEvents { try output.object(current) }
        if end["state"]?.string != "confirmed" { throw SilentExit(exit: .failed) }
    }

    private func isFinal(_ answer: APIAnswer) throws -> Bool {
        try answer.json()["state"]?.string.map(WithdrawalState.isFinal) ?? false
    }

    // MARK: All

    /// Follows everything until the person has seen enough.
    func everything() async throws {
        let follower = EventFollower(.get("/v1/events"), client: client)
        let listed = APICall.get("/v1/withdrawals", query: ["limit": "\(rowsMax)"])
        var live = LiveLines()
        var rows: [JSON] = []
        try await follower.follow(
            atStart: {
                guard redraws else { return }
                // Read after the stream stands: whatever happens from here on comes as an event as well.
                rows = try await client.send(listed).json()["data"]?.array ?? []
                try draw(rows, &live)
            },
            take: { event in
                let change = WithdrawalChange(event)
                guard redraws else {
                    if change != nil { try show(event, change, id: nil) }
                    return .goOn
                }
                guard let id = change?.id else { return .goOn }
                let answer = try await client.exchange(.get("/v1/withdrawals/\(APICall.escaped(id))"))
                guard answer.status == 200 else { return .goOn }
                rows.removeAll { $0["id"]?.string == id }
                rows.insert(try answer.json(), at: 0)
                rows = Array(rows.prefix(rowsMax))
                try draw(rows, &live)
                return .goOn
            })
    }

    /// A table that is higher than the window could not be drawn over.
    private var rowsMax: Int { max(1, min(50, (output.terminal.height ?? 24) - 4)) }

    // MARK: Showing

    private func show(_ event: ServerEvent, _ change: WithdrawalChange?, id: String?) throws {
        if output.isJSON {
            let text = event.data.contains(where: \.isNewline) ? try JSON.parse(event.data).text : event.data
            try output.write(text + "\n")
        } else if let change {
            if output.isPlain {
                let parts = [change.at ?? "", change.id ?? id ?? "", change.state ?? change.type, change.note]
                try output.write(parts.map(SafeText.line).joined(separator: "\t") + "\n")
            } else {
                try output.write(change.line(id: id) + "\n")
            }
        }
    }

    private func draw(_ rows: [JSON], _ live: inout LiveLines) throws {
        let table = ListView.withdrawals.table(rows)
        var lines = output.tableLines(output.terminal.width.map(table.fitting) ?? table)
        if rows.isEmpty { lines.append("no withdrawals yet") }
        lines.append(output.terminal.painted("Ctrl-C stops", .faint))
        try output.write(live.redraw(lines))
    }
}
