import Foundation
import Primitives
import Testing

/// A relay, and what is said over it: real processes, spoken to in lines of JSON.
struct Conversation: Sendable {
    /// One side.
    struct Side: Sendable {
        let child: Child

        /// What it said so far.
        var lines: [JSON] {
            // The last piece may be half a line.
            child.stdout.split(separator: "\n").compactMap { try? JSON.parse(String($0)) }
        }

        /// The line with this event and what else is asked of it, once it is there.
        func line(_ event: String, where matches: (JSON) -> Bool = { _ in true }) async throws -> JSON {
            try await eventually(within: 30, "\(event) from process \(child.pid): \(child.stdout) \(child.stderr)") {
                lines.first { $0["event"]?.string == event && matches($0) }
            }
        }

        func say(_ command: JSON) throws { try child.write(command.text) }
    }

    let relay: String
    let folder: Folder
    private let started = Started()

    /// Starts a relay on a free port, lends it, and ends every process that was started meanwhile.
    static func with(_ body: (Conversation) async throws -> Void) async throws {
        let folder = try Folder()
        let child = try Child.start(
            Places.binary, ["relay", "--port", "0", "--json", "--data-dir", folder.path("relay")])
        let started: Conversation
        do {
            let url = try await eventually(within: 30, "the relay: \(child.stderr)") {
                (try? JSON.parse(child.stdout))?["relay_url"]?.string
            }
            started = Conversation(relay: url, folder: folder)
            try await body(started)
        } catch {
            await child.end()
            throw error
        }
        for side in await started.started.all { await side.end() }
        await child.end()
    }

    private init(relay: String, folder: Folder) {
        self.relay = relay
        self.folder = folder
    }

    private actor Started {
        var all: [Child] = []
        func add(_ child: Child) { all.append(child) }
    }

    /// Starts one side; `name` is its data directory, and without one it keeps nothing.
    func side(_ arguments: [String], keptIn name: String? = nil, takesInput: Bool = false) async throws -> Side {
        let state = name.map { ["--data-dir", folder.path($0)] } ?? ["--ephemeral"]
        let child = try Child.start(
            Places.binary, arguments + ["--json", "--relay-url", relay, "--timeout", "60"] + state,
            takesInput: takesInput)
        await started.add(child)
        return Side(child: child)
    }
}
