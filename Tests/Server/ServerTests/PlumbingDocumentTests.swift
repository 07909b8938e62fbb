import Foundation
import HTTPTypes
import Primitives
import Testing

@testable import API

/// The Python that has openapi-spec-validator: `COFFER_PYTHON`, or the project's own environment.
private let python: String? = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    let candidates: [String?] = [
        ProcessInfo.processInfo.environment["COFFER_PYTHON"], root.appending(path: ".venv/bin/python").path,
    ]
    return candidates.compactMap { $0 }.first { FileManager.default.isExecutableFile(atPath: $0) }
}()

struct PlumbingDocumentTests {
    static let document = OpenAPIDocument(
        title: "Sample", version: "1", description: "For tests.", routes: SampleRoutes.all,
        schemas: SampleRoutes.schemas,
        tags: ["Things": "All about things."])

    @Test func `every documented operation stands in the document with its problems`() throws {
        let json = Self.document.json
        #expect(json["openapi"] == "3.1.0")
        for route in SampleRoutes.all {
            let operation = try #require(json["paths"]?[route.path]?[route.method.rawValue.lowercased()])
            #expect(operation["operationId"]?.string == route.operationID)
            let responses = try #require(operation["responses"])
            for status in ["400", "429", "500", "503", "default"] { #expect(responses[status] != nil) }
            #expect((responses["401"] != nil) == (route.permission != .everyone))
            #expect((operation["requestBody"] != nil) == (route.request != nil))
        }
        let create = try #require(json["paths"]?["/v1/things"]?["post"])
        #expect(create["parameters"]?[0]?["$ref"] == "#/components/parameters/IdempotencyKey")
        #expect(create["responses"]?["201"]?["headers"]?["Location"] != nil)
        #expect(create["x-required-scopes"] == ["things:write"])
        #expect(json["paths"]?["/v1/things/{id}:cancel"]?["post"]?["parameters"]?[0]?["name"] == "id")
    }

    @Test func `the document is served as it was made`() async throws {
        let server = Server(routes: DocsPage.routes(document: Self.document))
        let answer = try await server.send(.get, "/openapi.json", key: nil)
        #expect(answer.json == Self.document.json)
        #expect(try await server.send(.get, "/openapi.yaml", key: nil).header("Content-Type") == "application/yaml")
    }

    @Test(.enabled(if: python != nil, "no Python with openapi-spec-validator (COFFER_PYTHON or .venv)"))
    func `openapi-spec-validator accepts the document`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "openapi-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(Self.document.json.serialized()).write(to: file)
        let (status, output) = try run(try #require(python), ["-m", "openapi_spec_validator", file.path])
        #expect(status == 0, "\(output)")
    }

    @Test func `the docs page is offline, small and free of inline code`() async throws {
        let server = Server(routes: DocsPage.routes(document: Self.document))
        var size = 0
        for path in ["/docs", "/docs/app.js", "/docs/app.css"] {
            let answer = try await server.send(.get, path, key: nil)
            #expect(answer.status == 200)
            size += answer.bytes.count
            #expect(!answer.text.contains("http://") && !answer.text.contains("https://"))
            #expect(!answer.text.contains("innerHTML"))
        }
        #expect(size < 60_000)
        let page = try await server.send(.get, "/docs", key: nil)
        #expect(page.header("Content-Type") == "text/html; charset=utf-8")
        #expect(page.header("Content-Security-Policy")?.contains("script-src 'self'") == true)
        #expect(page.headers[values: .contentSecurityPolicy].count == 1)
        #expect(!page.text.contains("<script>") && !page.text.contains("style=") && !page.text.contains("onclick"))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/node"), "node is not installed"))
    func `the docs script parses`() async throws {
        let server = Server(routes: DocsPage.routes(document: Self.document))
        let script = try await server.send(.get, "/docs/app.js", key: nil)
        let file = FileManager.default.temporaryDirectory.appending(path: "docs-\(UUID().uuidString).js")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(script.bytes).write(to: file)
        let (status, output) = try run("/usr/bin/node", ["--check", file.path])
        #expect(status == 0, "\(output)")
    }

    @Test func `an undeclared schema is a programmer error`() async {
        await #expect(processExitsWith: .failure) {
            _ = OpenAPIDocument(title: "x", version: "1", routes: SampleRoutes.all, schemas: [:])
        }
    }

    @Test func `schemas say what they mean`() {
        #expect(
            JSONSchema.object([.required("a", .string(length: 1...2)), .optional("b", .integer(0...9).nullable)]).json
                .text
                == #"{"type":"object","properties":{"a":{"type":"string","minLength":1,"maxLength":2},"b":{"type":["integer","null"],"minimum":0,"maximum":9}},"required":["a"],"additionalProperties":false}"#
        )
        #expect(
            JSONSchema.reference("A").nullable.json.text
                == ##"{"anyOf":[{"$ref":"#/components/schemas/A"},{"type":"null"}]}"##)
    }
}

/// Runs a program and returns its status and everything it printed.
func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    if let input {
        let file = FileManager.default.temporaryDirectory.appending(path: "input-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        process.standardInput = try FileHandle(forReadingFrom: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try process.run()
    } else {
        try process.run()
    }
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}
