import HTTPTypes
public import Primitives

/// Writes the [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.1.html) document of a table of routes.
///
/// ```swift
/// let document = OpenAPIDocument(title: "Coffer", version: "1", routes: routes, schemas: ["Wallet": walletSchema])
/// let bytes = document.json.serialized()
/// ```
public struct OpenAPIDocument: Sendable {
    /// The document.
    public let json: JSON

    /// Makes the document.
    ///
    /// - Parameters:
    ///   - title: the name of the interface.
    ///   - version: the version of the interface.
    ///   - description: what it is for.
    ///   - routes: the operations; those that are not documented are left out.
    ///   - schemas: components by name, in the order they are shown. Every reference must resolve.
    ///   - tags: words for the groups.
    public init(
        title: String, version: String, description: String = "", routes: [Route],
        schemas: KeyValuePairs<String, JSONSchema>, tags: KeyValuePairs<String, String> = [:]
    ) {
        let documented = routes.filter(\.isDocumented)
        let names = Set(schemas.map(\.key)).union(["Problem"])
        var paths: [JSONMember] = []
        for route in documented {
            let operation = JSONMember(name: route.method.rawValue.lowercased(), value: Self.operation(route))
            if let index = paths.firstIndex(where: { $0.name == route.path }),
                case .object(var members) = paths[index].value
            {
                members.append(operation)
                paths[index].value = .object(members)
            } else {
                paths.append(JSONMember(name: route.path, value: .object([operation])))
            }
        }
        var components = schemas.map { JSONMember(name: $0.key, value: $0.value.json) }
        components.append(JSONMember(name: "Problem", value: Self.problemSchema.json))
        var info: [JSONMember] = [
            JSONMember(name: "title", value: .string(title)), JSONMember(name: "version", value: .string(version)),
        ]
        if !description.isEmpty { info.append(JSONMember(name: "description", value: .string(description))) }
        info.append(
            JSONMember(name: "license", value: ["name": "Apache-2.0", "identifier": "Apache-2.0"]))
        let described = Set(tags.map(\.key))
        var tagList: [JSON] = tags.map { ["name": .string($0.key), "description": .string($0.value)] }
        var seen = described
        for route in documented where seen.insert(route.tag).inserted { tagList.append(["name": .string(route.tag)]) }
        json = .object([
            JSONMember(name: "openapi", value: "3.1.0"),
            JSONMember(name: "info", value: .object(info)),
            JSONMember(name: "servers", value: [["url": "/", "description": "This server."]]),
            JSONMember(name: "tags", value: .array(tagList)),
            JSONMember(name: "paths", value: .object(paths)),
            JSONMember(
                name: "components",
                value: [
                    "schemas": .object(components),
                    "headers": Self.headers,
                    "parameters": Self.parameters,
                    "responses": Self.problemResponses(documented),
                    "securitySchemes": [
                        "bearer": [
                            "type": "http", "scheme": "bearer",
                            "description": "An API key (`coffer_live_…`) or a token. Scopes are listed per operation.",
                        ]
                    ],
                ]),
        ])
        for name in Self.references(in: json) {
            precondition(names.contains(name), "the schema \(name) is referred to and not declared")
        }
    }

    // MARK: Operations

    private static func operation(_ route: Route) -> JSON {
        var members = [
            JSONMember(name: "operationId", value: .string(route.operationID)),
            JSONMember(name: "summary", value: .string(route.summary)),
            JSONMember(name: "description", value: .string(description(route))),
            JSONMember(name: "tags", value: [.string(route.tag)]),
        ]
        let parameters = self.parameters(of: route)
        if !parameters.isEmpty { members.append(JSONMember(name: "parameters", value: .array(parameters))) }
        if let request = route.request {
            var media = [JSONMember(name: "schema", value: request.json)]
            if let example = route.requestExample { media.append(JSONMember(name: "example", value: example)) }
            members.append(
                JSONMember(
                    name: "requestBody",
                    value: ["required": true, "content": ["application/json": .object(media)]]))
        }
        members.append(JSONMember(name: "responses", value: .object(responses(of: route))))
        switch route.permission {
        case .everyone: members.append(JSONMember(name: "security", value: []))
        default: members.append(JSONMember(name: "security", value: [["bearer": []]]))
        }
        let scopes = route.permission.scopeNames
        if !scopes.isEmpty {
            members.append(JSONMember(name: "x-required-scopes", value: .array(scopes.map { .string($0) })))
        }
        return .object(members)
    }

    private static func description(_ route: Route) -> String {
        var parts: [String] = []
        if !route.description.isEmpty { parts.append(route.description) }
        switch route.permission {
        case .everyone: parts.append("Open to everyone.")
        case .authenticated: parts.append("Needs a valid credential.")
        case .scope(let scope): parts.append("Needs the scope `\(scope)`.")
        case .anyScope(let scopes):
            parts.append("Needs one of the scopes \(scopes.map { "`\($0)`" }.joined(separator: ", ")).")
        }
        if route.request != nil { parts.append("Takes at most \(route.bodyBytesMax) bytes.") }
        return parts.joined(separator: " ")
    }

    private static func parameters(of route: Route) -> [JSON] {
        var parameters: [JSON] = route.parameterNames.map { name in
            let known = route.pathParameters.first { $0.name == name }
            return [
                "name": .string(name), "in": "path", "required": true,
                "description": .string(known?.description ?? "Identifies the resource."),
                "schema": known?.schema.json ?? JSONSchema.string(length: 1...256).json,
            ]
        }
        for parameter in route.query {
            parameters.append([
                "name": .string(parameter.name), "in": "query", "required": .bool(parameter.isRequired),
                "description": .string(parameter.description), "schema": parameter.schema.json,
            ])
        }
        switch route.idempotency {
        case .none: break
        case .optional: parameters.append(["$ref": "#/components/parameters/OptionalIdempotencyKey"])
        case .required: parameters.append(["$ref": "#/components/parameters/IdempotencyKey"])
        }
        parameters.append(["$ref": "#/components/parameters/RequestId"])
        return parameters
    }

    private static func responses(of route: Route) -> [JSONMember] {
        var members: [JSONMember] = []
        for response in route.responses {
            var headers = [JSONMember(name: "X-Request-Id", value: ["$ref": "#/components/headers/RequestId"])]
            if route.permission != .everyone {
                headers.append(JSONMember(name: "RateLimit", value: ["$ref": "#/components/headers/RateLimit"]))
                headers.append(
                    JSONMember(name: "RateLimit-Policy", value: ["$ref": "#/components/headers/RateLimitPolicy"]))
            }
            if response.status == 201 || response.status == 202 {
                headers.append(JSONMember(name: "Location", value: ["$ref": "#/components/headers/Location"]))
            }
            if route.idempotency != .none {
                headers.append(
                    JSONMember(name: "Idempotency-Replayed", value: ["$ref": "#/components/headers/Replayed"]))
            }
            for header in response.headers {
                // The route's own words go before ours: no name may stand twice in an object.
                headers.removeAll { $0.name == header.name }
                headers.append(
                    JSONMember(
                        name: header.name,
                        value: ["description": .string(header.description), "schema": ["type": "string"]]))
            }
            var value = [
                JSONMember(name: "description", value: .string(response.description)),
                JSONMember(name: "headers", value: .object(headers)),
            ]
            if let schema = response.schema {
                var media = [JSONMember(name: "schema", value: schema.json)]
                if let example = response.example { media.append(JSONMember(name: "example", value: example)) }
                value.append(
                    JSONMember(
                        name: "content",
                        value: .object([JSONMember(name: response.contentType, value: .object(media))])))
            }
            members.append(JSONMember(name: String(response.status), value: .object(value)))
        }
        for status in problemStatuses(of: route) where !members.contains(where: { $0.name == String(status) }) {
            members.append(
                JSONMember(name: String(status), value: ["$ref": .string("#/components/responses/\(name(status))")]))
        }
        members.append(JSONMember(name: "default", value: ["$ref": "#/components/responses/Problem"]))
        return members
    }

    /// Statuses of the problems that a request to the route can meet.
    private static func problemStatuses(of route: Route) -> [Int] {
        var statuses: Set<Int> = [400, 405, 414, 429, 431, 500, 503]
        if route.permission != .everyone { statuses.formUnion([401, 403]) }
        if !route.parameterNames.isEmpty { statuses.insert(404) }
        if route.method != .get { statuses.formUnion([408, 413, 415, 422]) }
        if route.idempotency != .none { statuses.formUnion([409, 422]) }
        statuses.formUnion(route.problems.map(\.status))
        return statuses.sorted()
    }

    // MARK: Components

    private static func name(_ status: Int) -> String { "Problem\(status)" }

    private static func problemResponses(_ routes: [Route]) -> JSON {
        let statuses = Set(routes.flatMap { problemStatuses(of: $0) }).sorted()
        var members = statuses.map { status in
            let codes = ProblemCode.all.filter { $0.status == status }
            let text = codes.map { "`\($0.code)`: \($0.title)" }.joined(separator: " ")
            return JSONMember(
                name: name(status), value: problemResponse(text.isEmpty ? "A problem." : text, status: status))
        }
        members.append(JSONMember(name: "Problem", value: problemResponse("Any other problem.", status: nil)))
        return .object(members)
    }

    private static func problemResponse(_ description: String, status: Int?) -> JSON {
        var headers: [JSONMember] = [
            JSONMember(name: "X-Request-Id", value: ["$ref": "#/components/headers/RequestId"])
        ]
        if let status, [409, 429, 503].contains(status) {
            headers.append(JSONMember(name: "Retry-After", value: ["$ref": "#/components/headers/RetryAfter"]))
        }
        return [
            "description": .string(description), "headers": .object(headers),
            "content": ["application/problem+json": ["schema": JSONSchema.reference("Problem").json]],
        ]
    }

    private static let headers: JSON = [
        "RequestId": [
            "description": "The id under which the request is logged.", "schema": ["type": "string"],
        ],
        "RateLimit": [
            "description": "What is left of each policy and when it is whole again.",
            "schema": ["type": "string", "examples": ["\"default\";r=12;t=1"]],
        ],
        "RateLimitPolicy": [
            "description": "The policies that apply: quota and window in seconds.",
            "schema": ["type": "string", "examples": ["\"default\";q=50;w=1"]],
        ],
        "Location": ["description": "Where to read the resource.", "schema": ["type": "string"]],
        "RetryAfter": [
            "description": "Seconds to wait before a retry.", "schema": ["type": "integer", "minimum": 1],
        ],
        "Replayed": [
            "description": "`true` when the answer repeats the first one of this Idempotency-Key.",
            "schema": ["type": "string", "enum": ["true"]],
        ],
    ]

    private static let parameters: JSON = [
        "IdempotencyKey": idempotencyKey(required: true),
        "OptionalIdempotencyKey": idempotencyKey(required: false),
        "RequestId": [
            "name": "X-Request-Id", "in": "header", "required": false,
            "description": "An id of the caller's, taken over into logs and the answer.",
            "schema": ["type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"],
        ],
    ]

    private static func idempotencyKey(required: Bool) -> JSON {
        [
            "name": "Idempotency-Key", "in": "header", "required": .bool(required),
            "description": "One fresh value per intent, repeated on every retry of it.",
            "schema": [
                "type": "string", "pattern": #"^("[!#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$"#,
                "examples": ["5f0c3f1e-6f0d-4a54-8a1b-0c6e3ad5b8a1"],
            ],
        ]
    }

    private static let problemSchema = JSONSchema.object(
        [
            .required("type", .string("The page that explains the code.", example: "/problems/validation-failed")),
            .required("title", .string("The same for every occurrence of the code.")),
            .required("status", .integer(400...599)),
            .optional("detail", .string("What happened this time.")),
            .required("instance", .string("The path of the request.")),
            .required("code", .string("The stable name to compare.", example: "validation_failed")),
            .required("request_id", .string("Tell the operator this id.")),
            .optional(
                "errors",
                .array(
                    of: .object([
                        .optional("pointer", .string("JSON pointer into the body.")),
                        .optional("parameter", .string("A parameter of the query.")),
                        .optional("path_parameter", .string("A parameter of the path.")),
                        .optional("header", .string("A header field.")),
                        .required("detail", .string("What the field takes.")),
                    ]))),
            .optional("violated-policies", .array(of: .string("The name of a rate policy."))),
        ], "A refusal, as RFC 9457 describes it."
    ).open

    /// Names of all schemas that are referred to.
    private static func references(in json: JSON) -> Set<String> {
        let prefix = "#/components/schemas/"
        var names: Set<String> = []
        var rest = [json]
        while let next = rest.popLast() {
            switch next {
            case .object(let members):
                for member in members {
                    if member.name == "$ref", let text = member.value.string, text.hasPrefix(prefix) {
                        names.insert(String(text.dropFirst(prefix.count)))
                    }
                    rest.append(member.value)
                }
            case .array(let elements): rest.append(contentsOf: elements)
            default: break
            }
        }
        return names
    }
}
