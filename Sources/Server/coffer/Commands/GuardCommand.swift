import ArgumentParser
import CofferClient
import Primitives

struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard", abstract: "Look after the record of what was ever signed.",
        discussion: """
            Example:
              coffer guard lanes
            """,
        subcommands: [Lanes.self, Export.self, Import.self, Set.self, Unfreeze.self])

    struct Lanes: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "lanes", abstract: "List lanes with their bounds and their highest slot.",
            discussion: """
                Example:
                  coffer guard lanes
                """)

        @OptionGroup var options: ClientOptions

        func perform(_ session: Session) async throws {
            try await session.showList(
                APICall.get("/v1/guard/lanes").asAdministrator, as: .guardLanes, nothing: "nothing was signed yet")
        }
    }

    struct Export: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Write the record as JSON, for a move to another server.",
            discussion: """
                Example:
                  coffer guard export > guard.json
                """)

        @OptionGroup var options: ClientOptions
        @Option(help: ArgumentHelp("A new file for it, instead of standard output.", valueName: "file"))
        var out: String?

        func perform(_ session: Session) async throws {
            let answer = try await session.client.send(.get("/v1/guard:export").asAdministrator)
            try session.output.document(answer.body, to: out)
        }
    }

    struct Import: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Merge a record from another server; bounds only ever get tighter.",
            discussion: """
                Example:
                  coffer guard import guard.json --dry-run
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var confirmation: ConfirmOptions
        @Argument(help: "The file, or - for standard input.") var file: String
        @Flag(name: .customLong("dry-run"), help: "Only say what would change.") var dryRun = false

        func perform(_ session: Session) async throws {
            let document = try Parse.document(file)
            if !dryRun {
                try session.confirm("this changes what may be signed from now on", word: "import", confirmation)
            }
            let body: JSON = ["document": document, "dry_run": .bool(dryRun)]
            try await session.show(APICall.post("/v1/guard:import", body).asAdministrator)
            if dryRun { session.output.hint("nothing was changed; without --dry-run it will be") }
        }
    }

    struct Set: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Change the bounds of a lane, or close it.",
            discussion: """
                Example:
                  coffer guard set --disable \\
                    eip155:31337/0x70997970C51812dc3A010C7d01b50e0d17dc79C8
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var confirmation: ConfirmOptions
        @Argument(help: "The lane.") var lane: String
        @Option(help: "Nothing is signed below this slot.") var low: Int64?
        @Option(help: "Nothing is signed above this slot.") var high: Int64?
        @Flag(help: "Let the lane sign.") var enable = false
        @Flag(help: "Let the lane sign nothing.") var disable = false

        func validate() throws {
            guard !(enable && disable) else { throw ValidationError("--enable and --disable exclude each other") }
            guard low != nil || high != nil || enable || disable else {
                throw ValidationError("say what to set: --low, --high, --enable or --disable")
            }
        }

        func perform(_ session: Session) async throws {
            try session.confirm("this changes what may be signed in \(SafeText.line(lane))", word: lane, confirmation)
            let body = JSON.object(omittingNil: [
                "lane": .string(lane), "low": low.map { JSON($0) }, "high": high.map { JSON($0) },
                "enabled": enable ? .bool(true) : disable ? .bool(false) : nil,
            ])
            try await session.show(APICall.put("/v1/guard/lanes", body).asAdministrator)
        }
    }

    struct Unfreeze: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "unfreeze", abstract: "Let a frozen lane sign again, after a check against chain and guard.",
            discussion: """
                Example:
                  coffer guard unfreeze --next-nonce 42 \\
                    eip155:31337/0x70997970C51812dc3A010C7d01b50e0d17dc79C8

                The nonce is the first that nobody has used: above all that the chain counts, above the highest of \
                `coffer guard lanes`. It can't go down.
                """)

        @OptionGroup var options: ClientOptions
        @OptionGroup var confirmation: ConfirmOptions
        @Argument(help: "The lane.") var lane: String
        @Option(name: .customLong("next-nonce"), help: ArgumentHelp("The first that may be used.", valueName: "nonce"))
        var nextNonce: Int64

        func perform(_ session: Session) async throws {
            try session.confirm(
                "this lets \(SafeText.line(lane)) sign again, from nonce \(nextNonce) on", word: lane, confirmation)
            let body: JSON = ["lane": .string(lane), "next_nonce": JSON(nextNonce)]
            let answer = try await session.client.send(APICall.post("/v1/lanes:unfreeze", body).asAdministrator)
            if session.output.isJSON, !answer.body.isEmpty { try session.output.raw(answer.body) }
            session.output.hint("it signs again; see: coffer status")
        }
    }
}
