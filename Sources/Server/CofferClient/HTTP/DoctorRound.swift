import Glibc
import NIOHTTP1
package import Primitives

/// Goes through the checks of `coffer doctor` against a server.
package struct DoctorRound: Sendable {
    private let client: APIClient
    private let clock: WallClock
    private let olderThanSeconds: Int64

    /// Makes a round.
    ///
    /// - Parameter olderThanSeconds: a withdrawal that is open for longer is reported.
    package init(client: APIClient, clock: WallClock = .system, olderThanSeconds: Int64) {
        self.client = client
        self.clock = clock
        self.olderThanSeconds = olderThanSeconds
    }

    /// What was found, and what the shell should see.
    package struct Report: Sendable {
        /// The findings in the order of the checks.
        package var findings: [Finding]
        /// `done` without failed checks; `unavailable` and `notAllowed` when nothing more could be checked.
        package var exit: CommandExit
    }

    /// Asks everything.
    ///
    /// Checks that need an earlier one to succeed are left out when it did not.
    package func run() async throws -> Report {
        var findings = [Doctor.connection(client.connection, isReadableByOthers: LocalFile.isReadableByOthers)]
        let start = ContinuousClock.now
        let live: APIAnswer
        do {
            live = try await client.exchange(.get("/live").asAnyone)
        } catch let error as ClientError {
            findings.append(Finding("reachable", .fail, error.message, fix: error.fix))
            return Report(findings: findings, exit: .unavailable)
        }
        let elapsed = start.duration(to: .now).components
        let milliseconds = elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000
        findings.append(
            live.status == 200
                ? Finding("reachable", .ok, "\(client.connection.base.text) answered in \(milliseconds) ms")
                : Finding("reachable", .fail, "/live answers \(live.status)", fix: "read the server's log"))
        findings.append(
            Doctor.clock(
                dateHeader: live.headers.first(name: "Date"), now: clock.now, roundTripMilliseconds: milliseconds))
        let ready = try await client.exchange(.get("/ready").asAnyone)
        findings.append(
            ready.status == 200
                ? Finding("ready", .ok, "the server takes requests")
                : Finding("ready", .fail, "/ready answers \(ready.status)", fix: "see `coffer status` and /health"))

        let status: JSON
        do {
            status = try await client.send(.get("/v1/status").asAdministrator).json()
            findings.append(Finding("credential", .ok, "the key is accepted"))
        } catch let error as ClientError {
            findings.append(Finding("credential", .fail, error.problem?.detail ?? error.message, fix: error.fix))
            return Report(findings: findings, exit: error.exit)
        }
        findings.append(Doctor.version(status))
        findings.append(Doctor.sealed(status))
        findings += Doctor.chains(status)
        findings += Doctor.lanes(status)
        findings.append(try await check("withdrawals") { try await withdrawals(status) })
        findings.append(
            try await check("ledger") {
                Doctor.ledger(try await client.send(.post("/v1/ledger:verify").asAdministrator).json())
            })
        findings.append(
            try await check("audit") {
                Doctor.audit(try await client.send(.post("/v1/audit:verify").asAdministrator).json())
            })
        let hasFailed = findings.contains { $0.verdict == .fail }
        return Report(findings: findings, exit: hasFailed ? .failed : .done)
    }

    /// A check that the key may not be allowed to make.
    private func check(_ name: String, _ body: () async throws -> Finding) async throws -> Finding {
        do {
            return try await body()
        } catch let error as ClientError where error.exit == .notAllowed {
            return Finding(
                name, .skip, error.problem?.detail ?? error.message, fix: "use a key with the scope, or the admin key")
        } catch let error as ClientError {
            return Finding(name, .fail, error.problem?.detail ?? error.message, fix: error.fix)
        }
    }

    private func withdrawals(_ status: JSON) async throws -> Finding {
        var open: [JSON] = []
        var isComplete = true
        let counts = status["withdrawals"]
        for state in WithdrawalState.open where counts?[state]?.int != 0 {
            var cursor: String?
            // Five pages of a state are a thousand withdrawals; whoever has more open knows it.
            for page in 1...5 {
                let call = APICall.get("/v1/withdrawals", query: ["state": state, "limit": "200", "cursor": cursor])
                let answer = try await client.send(call.asAdministrator).json()
                open += answer["data"]?.array ?? []
                cursor = answer["next_cursor"]?.string
                if cursor == nil { break }
                if page == 5 { isComplete = false }
            }
        }
        return Doctor.withdrawals(open, isComplete: isComplete, now: clock.now, olderThanSeconds: olderThanSeconds)
    }
}
