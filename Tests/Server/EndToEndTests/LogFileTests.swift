import Foundation
import Glibc
import Primitives
import Testing

extension EndToEnd {
    /// The log of a server in a file.
    @Suite struct LogFileTests {
        @Test func `the log goes to its file, and SIGHUP begins a new one`() async throws {
            let folder = try Folder()
            let log = folder.path("relay.log")
            let relay = try Child.start(
                Places.binary, ["relay", "--port", "0", "--data-dir", folder.path("relay"), "--json"],
                environment: ["COFFER_LOG__FILE": log, "COFFER_LOG__FORMAT": "json"])
            do {
                let first = try await eventually(within: 30, "a line in the log") {
                    Folder.text(log).split(separator: "\n").first.map(String.init)
                }
                #expect(try JSON.parse(first)["level"]?.string == "info")
                try FileManager.default.moveItem(atPath: log, toPath: "\(log).moved")
                relay.send(SIGHUP)
                _ = try await eventually(within: 30, "a new file") {
                    FileManager.default.fileExists(atPath: log) ? true : nil
                }
                relay.send(SIGTERM)
                #expect(try await relay.exit() == .code(0))
                #expect(relay.stderr.isEmpty, "\(relay.stderr)")
                #expect(Folder.text("\(log).moved").contains(first))
            } catch {
                await relay.end()
                throw error
            }
        }

        @Test func `a log that cannot be written is told before anything starts`() async throws {
            let folder = try Folder()
            let nowhere = try await Child.run(
                Places.binary,
                ["relay", "--port", "0", "--data-dir", folder.path("relay"), "--log-file", folder.path("no/such.log")])
            #expect(nowhere.exit == .code(78) && nowhere.stderr.contains("log.file"), "\(nowhere)")
            let small = try await Child.run(
                Places.binary, ["relay", "--port", "0", "--data-dir", folder.path("relay")],
                environment: ["COFFER_LOG__FILES_MAX": "0"])
            #expect(small.exit == .code(78) && small.stderr.contains("log.files_max"), "\(small)")
        }
    }
}
