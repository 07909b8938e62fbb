import Foundation
import Primitives
import Testing

extension EndToEnd {
    /// The interface's own description, held against the running server by other people's tools.
    struct DocumentTests {
        /// What one run of schemathesis tries for each operation.
        static let examples = Places.number("COFFER_EXAMPLES", default: 20)
        /// They would end the run itself: the keystore, the key in use, an endless stream, a folder on the disk.
        static let excluded = ["seal", "unseal", "revokeAPIKey", "streamEvents", "streamConnectionEvents", "backup"]

        @Test(.enabled(if: Places.hasPython, Comment(rawValue: Places.withoutPython)))
        func `the OpenAPI document is valid`() async throws {
            try await Server.withDev { server, folder in
                let document = try await server.anybody.get("/openapi.json")
                let file = try folder.write(document.text, to: "openapi.json")
                let found = try await Child.run(
                    Places.python, ["-m", "openapi_spec_validator", file], within: 60)
                #expect(found.exit == .code(0), "\(found)")
            }
        }

        @Test(.enabled(if: Places.hasPython, Comment(rawValue: Places.withoutPython)))
        func `every operation answers as the document says`() async throws {
            try await Server.withDev { server, folder in
                let program = Places.python.replacing(/[^\/]+$/, with: "schemathesis")
                var arguments = [
                    "run", "\(server.url)/openapi.json", "-H", "Authorization: Bearer \(server.adminKey)",
                    "--max-examples", "\(Self.examples)", "--phases", "examples,coverage,fuzzing",
                    "--request-timeout", "20", "--no-color", "--checks",
                    "not_a_server_error,status_code_conformance,content_type_conformance,"
                        + "response_schema_conformance,response_headers_conformance",
                ]
                for name in Self.excluded { arguments += ["--exclude-operation-id", name] }
                let found = try await Child.run(program, arguments, in: folder.path, within: 300)
                #expect(found.exit == .code(0), "\(found.stdout.suffix(6_000))")
                #expect(found.stdout.contains("Coverage") && found.stdout.contains("passed"), "\(found.stdout)")
                #expect(try await server.faults() == [])
            }
        }

        @Test(
            .enabled(if: Places.tool("promtool") != nil, "promtool is not installed"))
        func `promtool has nothing to say about the metrics`() async throws {
            try await Server.withDev { server, folder in
                let id = try await server.withdraw("for-metrics")
                _ = try await server.waitFor(id)
                let metrics = try await server.anybody.get("/metrics")
                #expect(metrics.text.contains("coffer_sign_total"), "\(metrics.text.prefix(2_000))")
                let file = try folder.write(metrics.text, to: "metrics.txt")
                let found = try await Child.run(
                    "/bin/sh", ["-c", "promtool check metrics < \(file)"], within: 30)
                #expect(found.exit == .code(0) && found.stdout.isEmpty && found.stderr.isEmpty, "\(found)")
            }
        }
    }
}
