import Foundation

/// Many users connect to one backend over one relay socket, the backend is killed with SIGKILL in the middle of their
/// requests, and after the restart every session has to answer.
///
///     RestartCampaign [--users 300] [--folder FOLDER] [--reference]
///
/// Ends with 0 only when each user's session answered with a signature of that user's account, and each request of the
/// process that was killed has its answer. Each line of standard output
/// is a JSON object with a `phase`; with `--reference` the bare client's figures on the same records come last.
@main
struct RestartCampaign {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if arguments.first == "backend" {
                try await BackendProcess(arguments: arguments.dropFirst()).run()
            } else {
                let folder = try option("--folder", &arguments)
                let users = try option("--users", &arguments).map { Int($0) ?? 0 } ?? 300
                let hasReference = arguments.contains("--reference")
                guard users > 0, arguments.allSatisfy({ $0 == "--reference" }) else { throw Usage() }
                try await Campaign(users: users, hasReference: hasReference, folder: folder).run()
            }
        } catch is Usage {
            complain("usage: RestartCampaign [--users 300] [--folder FOLDER] [--reference]")
            exit(64)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    private static func option(_ name: String, _ arguments: inout [String]) throws -> String? {
        guard let index = arguments.firstIndex(of: name) else { return nil }
        guard index + 1 < arguments.count else { throw Usage() }
        defer { arguments.removeSubrange(index...index + 1) }
        return arguments[index + 1]
    }

    private struct Usage: Error {}
}

/// Why the campaign failed.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Writes a line at once, so that whoever reads it does not wait for a full buffer.
func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

func complain(_ line: String) { FileHandle.standardError.write(Data("restart campaign: \(line)\n".utf8)) }
