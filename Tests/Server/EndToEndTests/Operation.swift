import Primitives

/// One operation of `/openapi.json`.
struct Operation: Sendable, CustomStringConvertible {
    let method: String
    let template: String
    let name: String
    let isSecured: Bool
    let takesBody: Bool
    let needsIdempotencyKey: Bool

    /// Every operation that the server documents.
    static func all(of server: Server) async throws -> [Operation] {
        let document = try await server.anybody.get("/openapi.json").json
        var operations: [Operation] = []
        for path in document["paths"]?.members ?? [] {
            for method in path.value.members ?? [] {
                let parameters = method.value["parameters"]?.array ?? []
                operations.append(
                    Operation(
                        method: method.name.uppercased(), template: path.name,
                        name: method.value["operationId"]?.string ?? "",
                        isSecured: !(method.value["security"]?.array ?? []).isEmpty,
                        takesBody: method.value["requestBody"] != nil,
                        needsIdempotencyKey: parameters.contains {
                            $0["$ref"]?.string == "#/components/parameters/IdempotencyKey"
                        }))
            }
        }
        return operations
    }

    /// The path with ids that are well-formed and name nothing.
    var path: String {
        let prefix: String
        switch template {
        case let text where text.contains("/wallets/"): prefix = "wa"
        case let text where text.contains("/policies/"): prefix = "po"
        case let text where text.contains("/apikeys/"): prefix = "ak"
        default: prefix = "wd"
        }
        return template.replacing("{id}", with: "\(prefix)_01JD2Q00000000000000000000")
    }

    /// Headers without which another fault would be found first.
    var headers: [(String, String)] { needsIdempotencyKey ? [("Idempotency-Key", "bad-input-\(name)")] : [] }

    var description: String { "\(method) \(template)" }
}

/// What bad input must not change: answers of the server, by name.
struct Footprint: Sendable {
    private let values: [String: JSON]

    init(_ server: Server) async throws {
        let admin = server.admin
        var values: [String: JSON] = [:]
        for path in ["/v1/withdrawals", "/v1/ledger/accounts", "/v1/ledger/entries", "/v1/wallets"] {
            values[path] = .array(try await admin.all(path))
        }
        for path in ["/v1/policies", "/v1/guard/lanes", "/v1/seal"] { values[path] = try await admin.get(path).json }
        // Without the time of their last use.
        values["keys"] = .array(try await admin.all("/v1/apikeys").map { $0["id"] ?? .null })
        values["audit"] = try await admin.post("/v1/audit:verify")["head"]
        self.values = values
    }

    /// What is otherwise now, with both values.
    func changes(since before: Footprint) -> [String] {
        values.keys.sorted().filter { values[$0] != before.values[$0] }
            .map { "\($0): \(before.values[$0]?.text ?? "") -> \(values[$0]?.text ?? "")" }
    }
}
