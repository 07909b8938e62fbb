import CoreMetrics
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Observability
import Primitives
import Synchronization

@testable import API

/// A responder with a few routes that show every check, and a clock that stands still.
struct Server {
    let responder: APIResponder
    let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_000))
    let registry = PrometheusRegistry(includesProcess: false)
    let log = CapturedLog()

    init(
        routes: [Route] = SampleRoutes.all, limits: RateLimits = .unlimited, shedding: LoadShedding = .never,
        authenticator: any Authenticator = SampleKeys(), configure: (inout APIConfiguration) -> Void = { _ in }
    ) {
        var configuration = APIConfiguration(rateLimits: limits, loadShedding: shedding)
        configure(&configuration)
        let sink = log.sink
        let clock = clock.clock
        var logger = Logger(label: "test") { JSONLogHandler(label: $0, level: .debug, sink: sink, clock: clock) }
        logger.logLevel = .debug
        responder = APIResponder(
            routes: routes, authenticator: authenticator, configuration: configuration, clock: clock,
            random: .seeded(7), logger: logger, metrics: registry)
    }

    func send(
        _ method: HTTPRequest.Method, _ target: String, key: String? = "reader", headers: [(String, String)] = [],
        body: String? = nil, from address: String? = "192.0.2.1"
    ) async throws -> Answer {
        var fields = HTTPFields()
        if let key { fields.append(HTTPField(name: .authorization, value: "Bearer \(key)")) }
        if let body {
            fields.append(HTTPField(name: .contentLength, value: String(body.utf8.count)))
            if !headers.contains(where: { $0.0.lowercased() == "content-type" }) {
                fields.append(HTTPField(name: .contentType, value: "application/json"))
            }
        }
        for (name, value) in headers { fields.append(HTTPField(name: HTTPField.Name(name)!, value: value)) }
        let request = Request(
            head: HTTPRequest(method: method, scheme: nil, authority: nil, path: target, headerFields: fields),
            body: RequestBody(buffer: ByteBuffer(string: body ?? "")))
        return try await send(request, from: address)
    }

    func send(_ request: Request, from address: String? = "192.0.2.1") async throws -> Answer {
        let response = try await responder.respond(to: request, context: APIContext(clientAddress: address))
        let collector = BodyCollector()
        try await response.body.write(collector)
        return Answer(status: response.status.code, headers: response.headers, bytes: collector.bytes)
    }
}

struct Answer {
    let status: Int
    let headers: HTTPFields
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSON? { try? JSON.parse(bytes) }
    var code: String? { json?["code"]?.string }
    func header(_ name: String) -> String? { headers[HTTPField.Name(name)!] }
    func pointers() -> [String] { json?["errors"]?.array?.compactMap { $0["pointer"]?.string } ?? [] }
}

/// Collects what a response writes; a class, because writers are passed by value.
final class BodyCollector: ResponseBodyWriter, Sendable {
    private let state = Mutex<(bytes: [UInt8], isFinished: Bool)>(([], false))
    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var isFinished: Bool { state.withLock { $0.isFinished } }

    func write(_ buffer: ByteBuffer) async throws {
        state.withLock { $0.bytes.append(contentsOf: buffer.readableBytesView) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {
        state.withLock { $0.isFinished = true }
    }
}

final class CapturedLog: Sendable {
    private let lines = Mutex<[String]>([])
    var sink: LogSink { LogSink { [self] line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } } }
    var text: String { lines.withLock { $0.joined() } }
    var all: [String] { lines.withLock { $0 } }
}

struct SampleKeys: Authenticator {
    struct Broken: Error {}

    func authenticate(_ credential: String, at time: Timestamp) async throws -> Principal? {
        switch credential {
        case "reader": Principal(id: "key_reader", kind: .apiKey, tenant: "t1", scopes: ["things:read"])
        case "writer":
            Principal(id: "key_writer", kind: .apiKey, tenant: "t1", scopes: ["things:read", "things:write"])
        case "admin": Principal(id: "key_admin", kind: .apiKey, tenant: "t1", scopes: ["*"])
        case "bench": Principal(id: "key_bench", kind: .apiKey, tenant: "t2", scopes: ["*"], rate: .unlimited)
        case "broken": throw Broken()
        default: nil
        }
    }
}

struct SecretiveError: Error, CustomStringConvertible {
    var description: String { "password=hunter2 coffer_live_0123456789abcdefABCDEF" }
}

struct DomainError: Error, ProblemConvertible {
    var problem: Problem { Problem(.sealed, retryAfterSeconds: 5) }
}

enum Colour: String, CaseIterable { case red, green }

enum SampleRoutes {
    static let all: [Route] = [
        get("/", "root") { _ in .text("home", contentType: "text/plain") },
        get(
            "/v1/things", "listThings",
            query: [.limit, .cursor, QueryParameter("colour", .word(["red", "green"]), "Colour.")]
        ) {
            request in .page([.string(request.query["colour"] ?? "-")], nextCursor: "abc", for: request)
        },
        get("/v1/things/{id}", "getThing") { request in .json(["id": .string(request.path("id"))], etag: "\"v1\"") },
        get("/v1/things/{id}/parts/{part}", "getPart") { request in
            .json([.string(request.path("id")), .string(request.path("part"))])
        },
        get("/v1/things/special", "getSpecial") { _ in .json("special") },
        post("/v1/things", "createThing", idempotency: .required) { request in
            let thing = try request.read { body -> JSON? in
                let name = body.string("name", bytes: 1...16)
                let amount = body.amount("amount")
                let colour = body.optionalWord("colour", as: Colour.self)
                let parts = body.objects("parts", count: 0...3) { part in part.string("label") }
                guard let name, let amount, let parts else { return nil }
                return [
                    "name": .string(name), "amount": .string("\(amount)"),
                    "colour": colour.map { .string($0.rawValue) } ?? .null, "parts": JSON(parts.count),
                    "key": .string(request.idempotencyKey ?? ""),
                ]
            }
            return .created(thing, location: "/v1/things/1")
        },
        post("/v1/things:batch", "batch") { _ in .json("batch") },
        Route(
            .post, "/v1/things/{id}:cancel", "cancel", tag: "Things", summary: "Cancel",
            permission: .scope("things:write"), responses: [RouteResponse(200, "Done.", .string())]
        ) { request in .json(.string("cancel " + request.path("id"))) },
        Route(
            .put, "/v1/things/{id}", "putThing", tag: "Things", summary: "Change",
            permission: .scope("things:write"), request: .object([.required("name", .string())]),
            responses: [RouteResponse(204, "Done.")]
        ) { request in
            try request.requireMatch("\"v1\"")
            return .noContent
        },
        get("/open", "open", permission: .everyone) { _ in .noContent },
        get("/any", "anyScope", permission: .anyScope(["other:read", "things:write"])) { _ in .noContent },
        get("/fails", "fails") { _ in throw SecretiveError() },
        get("/domain", "domainError") { _ in throw DomainError() },
        get("/missing", "missing") { _ in throw Problem(.walletNotFound, "wallet x does not exist") },
        get("/events", "events") { _ in
            .events { writer in
                try await writer.event("state", data: ["n": 1], id: "1")
                try await writer.keepAlive()
            }
        },
    ]

    static func get(
        _ path: String, _ operationID: String, permission: Permission = .scope("things:read"),
        query: [QueryParameter] = [], handler: @escaping Route.Handler
    ) -> Route {
        Route(
            .get, path, operationID, tag: "Things", summary: "Read", permission: permission, query: query,
            loadClass: path == "/v1/things" ? .listing : .essential,
            responses: [RouteResponse(200, "The thing.", .reference("Thing"))], problems: [.walletNotFound],
            handler: handler)
    }

    static func post(
        _ path: String, _ operationID: String, idempotency: IdempotencyRequirement = .none,
        handler: @escaping Route.Handler
    ) -> Route {
        Route(
            .post, path, operationID, tag: "Things", summary: "Create", permission: .scope("things:write"),
            request: .reference("NewThing"), idempotency: idempotency, bodyBytesMax: Route.withdrawalBytesMax,
            rateClass: "withdrawals", responses: [RouteResponse(201, "Created.", .reference("Thing"))],
            handler: handler)
    }

    static let schemas: KeyValuePairs<String, JSONSchema> = [
        "Thing": .object([.required("id", .string(example: "thing_1"))], "A thing."),
        "NewThing": .object(
            [
                .required("name", .string("Its name.", length: 1...16)),
                .required("amount", .string("Base units.", pattern: "^(0|[1-9][0-9]{0,77})$")),
                .optional("colour", .words(["red", "green"]).nullable),
                .optional("parts", .array(of: .object([.required("label", .string())]), count: 0...3)),
                .optional("note", .reference("Thing").nullable),
            ], "A new thing."),
    ]
}
