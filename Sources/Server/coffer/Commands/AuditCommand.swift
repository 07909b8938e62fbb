import ArgumentParser
import CofferClient
import Primitives

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Read the log of who did what, and prove it whole.",
        discussion: """
            Example:
              coffer audit list --limit 20
            """,
        subcommands: [List.self, Verify.self, Export.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List entries.",
            discussion: """
                Example:
                  coffer audit list --limit 20
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var page: PageOptions

        func perform(_ session: Session) async throws {
            let call = APICall.get("/v1/audit", query: ["limit": "\(page.limit)", "cursor": page.cursor])
            try await session.showList(call.asAdministrator, as: .audit, nothing: "no entries")
        }
    }

    struct Verify: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Check the chain of hashes; exit code 1 when it is broken.",
            discussion: """
                Example:
                  coffer audit verify
                """)

        @OptionGroup var options: ClientOptions

        func perform(_ session: Session) async throws {
            let report = try await session.show(APICall.post("/v1/audit:verify").asAdministrator)
            if report["intact"]?.bool != true { throw SilentExit(exit: .failed) }
            session.output.hint("keep the head elsewhere: it proves the log up to here")
        }
    }

    struct Export: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Write all entries, one JSON object a line.",
            discussion: """
                Example:
                  coffer audit export > audit.ndjson
                """)

        @OptionGroup var options: ClientOptions

        func perform(_ session: Session) async throws {
            var cursor: String?
            var count = 0
            // Ends with the log: the server gives no cursor with its last page, and none may come twice.
            repeat {
                let call = APICall.get("/v1/audit", query: ["limit": "200", "cursor": cursor])
                let page = try await session.client.send(call.asAdministrator).json()
                let entries = page["data"]?.array ?? []
                try session.output.write(entries.map { $0.text + "\n" }.joined())
                count += entries.count
                let next = page["next_cursor"]?.string
                guard next == nil || next != cursor else {
                    throw ClientError(.failed, "the server repeats a page; the export ends after \(count) entries")
                }
                cursor = next
            } while cursor != nil
            session.output.hint("\(count) entries")
        }
    }
}
