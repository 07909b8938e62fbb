import Audit
import Dashboard
import HTTPTypes
import Keys
import Primitives
import Storage
import WalletConnectBackend
import WalletConnectClient
import Withdrawals

/// Health, status, sealing, backup, metrics, and the pages.
enum SystemRoutes {
    static func routes(_ services: APIServices) -> [Route] {
        [
            live(), ready(services), health(services), metrics(services), version(services), status(services),
            sealState(services), seal(services), unseal(services), backup(services),
        ] + pages()
    }

    // MARK: Health

    private static let healthSchema = JSONSchema.object([.required("status", .string())]).open

    private static func live() -> Route {
        Route(
            .get, "/live", "live", tag: "System", summary: "The process answers", permission: .everyone,
            loadClass: .essential, responses: [RouteResponse(200, "It does.", healthSchema)]
        ) { _ in .json(["status": "ok"]) }
    }

    /// Migrated, unsealed, sessions restored, the own storage answers, not stopping.
    ///
    /// Chains are not asked: without them requests can still be accepted. Nor is a backend of connections that has ended:
    /// payments go on, and `/health` says so.
    private static func ready(_ services: APIServices) -> Route {
        Route(
            .get, "/ready", "ready", tag: "System", summary: "Whether it takes work", permission: .everyone,
            loadClass: .essential,
            responses: [
                RouteResponse(200, "It does.", healthSchema),
                RouteResponse(503, "It does not; see `reason`.", healthSchema),
            ]
        ) { _ in
            if let reason = await unreadiness(services) {
                return .json(["status": "unavailable", "reason": .string(reason)], status: .serviceUnavailable)
            }
            return .json(["status": "ok"])
        }
    }

    private static func unreadiness(_ services: APIServices) async -> String? {
        if services.isDraining() { return "draining" }
        if services.keystore.isSealed { return "sealed" }
        if services.connections?.state == .restoring { return "restoring" }
        do {
            // As a unit of writing, though it writes nothing: a store that failed once is still read, and takes no more.
            _ = try await services.store.write { tx in try EventLog.head(in: tx) }
        } catch {
            return "storage"
        }
        return nil
    }

    private static func health(_ services: APIServices) -> Route {
        Route(
            .get, "/health", "health", tag: "System", summary: "How each part is", permission: .everyone,
            loadClass: .essential, responses: [RouteResponse(200, "Each part.", healthSchema)]
        ) { _ in
            let reason = await unreadiness(services)
            let now = services.clock.now
            var chains: [JSON] = []
            for source in services.chains {
                let look = await source.look(at: now)
                chains.append([
                    "id": .string("\(source.chain)"), "status": look == nil ? "degraded" : "ok",
                    "head": look.map { JSON($0.number) } ?? .null,
                ])
            }
            let connections = await connectionHealth(services)
            let isDegraded =
                reason != nil || chains.contains { $0["status"]?.string != "ok" }
                || !["ok", "disabled"].contains(connections["status"]?.string)
            return .json([
                "status": .string(reason == nil ? (isDegraded ? "degraded" : "ok") : "unavailable"),
                "version": .string(services.version),
                "components": [
                    "keystore": ["status": services.keystore.isSealed ? "sealed" : "ok"],
                    "storage": ["status": reason == "storage" ? "unavailable" : "ok"], "chains": .array(chains),
                    "connections": connections,
                ],
            ])
        }
    }

    /// Wallets that users connect: without the relay the rest works, so this makes the whole degraded at most.
    private static func connectionHealth(_ services: APIServices) async -> JSON {
        guard let backend = services.connections else { return ["status": "disabled"] }
        let health = await backend.health()
        let words: [BackendHealth.Status: JSON] = [.up: "ok", .degraded: "degraded", .down: "unavailable"]
        return [
            "status": words[health.status] ?? "unavailable", "relay": .string(word(of: health.relay)),
            "records": health.store.error == nil ? "ok" : "unavailable",
            "active": JSON(health.figures.active), "pending": JSON(health.figures.pending),
            "requests_pending": JSON(health.figures.requests),
        ]
    }

    private static func word(of relay: RelayStatus) -> String {
        switch relay {
        case .idle: "idle"
        case .connecting: "connecting"
        case .online: "online"
        case .refused: "refused"
        }
    }

    private static func metrics(_ services: APIServices) -> Route {
        Route(
            .get, "/metrics", "metrics", tag: "System", summary: "Metrics for Prometheus", permission: .everyone,
            loadClass: .essential,
            responses: [RouteResponse(200, "Text format 0.0.4.", .string(), contentType: "text/plain")]
        ) { request in
            let (text, type) = services.metricsText(request.headers[.accept])
            return .text(text, contentType: type)
        }
    }

    private static func version(_ services: APIServices) -> Route {
        Route(
            .get, "/version", "version", tag: "System", summary: "The version", permission: .everyone,
            loadClass: .essential,
            responses: [RouteResponse(200, "The version.", .object([.required("version", .string())]))]
        ) { _ in .json(["version": .string(services.version)]) }
    }

    // MARK: Status

    private static func status(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/status", "getStatus", tag: "System", summary: "How the server is doing",
            permission: .scope("system:read"), loadClass: .listing,
            responses: [
                RouteResponse(
                    200, "Everything at a glance.",
                    .object([
                        .required("version", .string()), .required("mode", .words(["dev", "serve"])),
                        .required("sealed", .boolean()), .required("time", Schemas.time),
                        .required("uptime_seconds", .integer()),
                        .required("chains", .array(of: JSONSchema.object([.required("id", .string())]).open)),
                        .required("withdrawals", .map(of: .integer())),
                        .required("lanes", .array(of: .reference("Lane"))),
                        .required("storage", .object([.required("queued_units", .integer())])),
                    ]))
            ]
        ) { _ in
            let now = services.clock.now
            var chains: [JSON] = []
            for source in services.chains { chains.append(await source.json(at: now)) }
            let counts = try await services.withdrawals.counts()
            let lanes = try await services.lanes.lanes(limit: 100)
            return .json([
                "version": .string(services.version), "mode": .string(services.mode.rawValue),
                "sealed": .bool(services.keystore.isSealed), "time": .string(now.rfc3339),
                "uptime_seconds": JSON(now.milliseconds(since: services.startedAt) / 1_000), "chains": .array(chains),
                "withdrawals": .object(
                    counts.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                        JSONMember(name: $0.key.rawValue, value: JSON($0.value))
                    }), "lanes": .array(lanes.map(\.json)),
                "storage": ["queued_units": JSON(services.queuedUnits())],
            ])
        }
    }

    // MARK: Sealing

    private static let sealSchema = JSONSchema.object([.required("sealed", .boolean())])

    private static func sealState(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/seal", "getSeal", tag: "System", summary: "Whether the keystore is sealed",
            permission: .scope("seal:manage"), loadClass: .essential,
            responses: [RouteResponse(200, "The state.", sealSchema)]
        ) { _ in .json(["sealed": .bool(services.keystore.isSealed)]) }
    }

    private static func seal(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/seal:seal", "seal", tag: "System", summary: "Forget the root key at once",
            description: "Nothing signs until it is unsealed. What was accepted waits.",
            permission: .scope("seal:manage"), loadClass: .essential,
            responses: [RouteResponse(200, "It is sealed.", sealSchema)]
        ) { request in
            services.keystore.seal()
            try await note("keystore.seal", request, services)
            return .json(["sealed": true])
        }
    }

    private static func unseal(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/seal:unseal", "unseal", tag: "System", summary: "Open the keystore with a passphrase",
            description: "On a new server the passphrase makes the keystore.",
            permission: .scope("seal:manage"),
            request: .object([.required("passphrase", .string(length: 1...1024))]), bodyBytesMax: 4 << 10,
            loadClass: .essential, rateClass: "unseal",
            responses: [RouteResponse(200, "It is open.", sealSchema)], problems: [.validationFailed, .forbidden]
        ) { request in
            let secret = try Passphrase.read(from: request.body)
            if try await services.keystore.isInitialised() {
                try await services.keystore.unseal(passphrase: secret.bytes)
                try await note("keystore.unseal", request, services)
            } else {
                // The first passphrase makes the keystore.
                try await services.keystore.initialise(passphrase: secret.bytes)
                if services.keystore.isSealed { try await services.keystore.unseal(passphrase: secret.bytes) }
                try await note("keystore.initialise", request, services)
            }
            return .json(["sealed": false])
        }
    }

    private static func note(_ action: String, _ request: APIRequest, _ services: APIServices) async throws {
        let (actor, now) = (try request.caller().id, services.clock.now)
        try await services.store.write { tx in
            try AuditLog.append(actor: actor, action: action, object: "keystore", at: now, in: tx)
        }
    }

    // MARK: Backup

    private static func backup(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/system:backup", "backup", tag: "System", summary: "Copy all databases, while everything runs",
            description: "Into a new folder on the server. Keys in the copy are sealed as they are in the original.",
            permission: .scope("admin"), request: .object([.required("path", .string(length: 1...1024))]),
            responses: [
                RouteResponse(
                    200, "The files.",
                    .object([
                        .required("path", .string()), .required("files", .array(of: .string())),
                        .required(
                            "notes", .array(of: .string("What a restore needs besides, or will not bring back."))),
                    ]))
            ], problems: [.validationFailed, .storageUnavailable]
        ) { request in
            let path = try request.read { body in body.string("path", bytes: 1...1024) }
            let (files, notes) = try await services.backup(path)
            try await note("system.backup", request, services)
            return .json([
                "path": .string(path), "files": .array(files.map { .string($0) }),
                "notes": .array(notes.map { .string($0) }),
            ])
        }
    }

    // MARK: Pages

    private static func pages() -> [Route] {
        func page(_ path: String, _ operationID: String, _ make: @escaping @Sendable () -> APIResponse) -> Route {
            Route(
                .get, path, operationID, tag: "Dashboard", summary: "A part of the dashboard", permission: .everyone,
                loadClass: .essential, responses: [RouteResponse(200, "A file.", .string(), contentType: "text/html")],
                isDocumented: false
            ) { _ in make() }
        }
        return [
            page("/", "dashboard") { DocsPage.html(DashboardPage.html) },
            page("/dashboard/app.js", "dashboardScript") {
                .text(DashboardPage.script, contentType: "text/javascript; charset=utf-8")
            },
            page("/dashboard/app.css", "dashboardStyle") {
                .text(DashboardPage.style, contentType: "text/css; charset=utf-8")
            },
        ]
    }
}
