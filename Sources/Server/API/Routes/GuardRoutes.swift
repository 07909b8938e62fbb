import Audit
import HTTPTypes
import Keys
import Primitives
import Storage

/// The signing guard for operators: what was signed, by lane; export and import; limits.
enum GuardRoutes {
    static func routes(_ services: APIServices) -> [Route] {
        [lanes(services), export(services), `import`(services), set(services)]
    }

    private static func lanes(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/guard/lanes", "listGuardLanes", tag: "Guard", summary: "Lanes that something was signed for",
            permission: .scope("guard:manage"), loadClass: .listing,
            responses: [
                RouteResponse(
                    200, "All lanes.",
                    .object([
                        .required(
                            "data",
                            .array(
                                of: .object([
                                    .required("lane", .string()), .required("highest", JSONSchema.integer().nullable),
                                    .required("low", JSONSchema.integer().nullable),
                                    .required("high", JSONSchema.integer().nullable), .required("enabled", .boolean()),
                                ])))
                    ]))
            ]
        ) { _ in
            var data: [JSON] = []
            for lane in try await services.signer.lanes() {
                let highest = try await services.signer.highest(lane.lane)
                data.append([
                    "lane": .string(lane.lane), "highest": highest.map { JSON($0) } ?? .null,
                    "low": lane.low.map { JSON($0) } ?? .null, "high": lane.high.map { JSON($0) } ?? .null,
                    "enabled": .bool(lane.isEnabled),
                ])
            }
            return .json(["data": .array(data)])
        }
    }

    private static func export(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/guard:export", "exportGuard", tag: "Guard", summary: "Everything that was signed",
            description: "The document that another server imports before it may sign with the same keys.",
            permission: .scope("guard:manage"), loadClass: .listing,
            responses: [RouteResponse(200, "The history.", .any("See docs/guard.md."))]
        ) { _ in
            .json(try await services.signer.export())
        }
    }

    private static func `import`(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/guard:import", "importGuard", tag: "Guard", summary: "Merge a history",
            description: "The result is the stricter of both: no slot that either has signed is ever free again.",
            permission: .scope("guard:manage"),
            request: .object([
                .required("document", .any("What export gave.")), .optional("dry_run", .boolean()),
            ]), bodyBytesMax: 32 << 20,
            responses: [
                RouteResponse(
                    200, "What was merged.",
                    .object([
                        .required("lanes", .integer()), .required("lanes_changed", .integer()),
                        .required("slots", .integer()), .required("slots_added", .integer()),
                        .required("payloads_added", .integer()), .required("signatures_added", .integer()),
                        .required("frozen", .array(of: .string())), .required("dry_run", .boolean()),
                    ]))
            ], problems: [.validationFailed]
        ) { request in
            let (document, isDryRun) = try request.read(limits: .rpc) { body -> (JSON, Bool)? in
                let document = body.json("document")
                let isDryRun = body.optionalBoolean("dry_run") ?? false
                return document.map { ($0, isDryRun) }
            }
            let report = try await services.signer.import(document, dryRun: isDryRun)
            if !isDryRun {
                try await audit(services, request, "guard.import", object: "\(report.slotsAdded) slots")
            }
            return .json([
                "lanes": JSON(report.lanes), "lanes_changed": JSON(report.lanesChanged), "slots": JSON(report.slots),
                "slots_added": JSON(report.slotsAdded), "payloads_added": JSON(report.payloadsAdded),
                "signatures_added": JSON(report.signaturesAdded),
                "frozen": .array(report.frozen.map { .string($0) }), "dry_run": .bool(report.isDryRun),
            ])
        }
    }

    private static func set(_ services: APIServices) -> Route {
        Route(
            .put, "/v1/guard/lanes", "setGuardLane", tag: "Guard", summary: "Limit or switch off a lane",
            description:
                "`low`: nothing at or below is ever signed again. `high`: nothing above is signed. Left out means unchanged.",
            permission: .scope("guard:manage"),
            request: .object([
                .required("lane", .string(length: 1...256)), .optional("low", JSONSchema.integer(0...Int.max).nullable),
                .optional("high", JSONSchema.integer(0...Int.max).nullable), .optional("enabled", .boolean()),
            ]), responses: [RouteResponse(204, "It holds from the next signature on.")], problems: [.validationFailed]
        ) { request in
            let (lane, low, high, isEnabled) = try request.read { body -> (String, Int64?, Int64?, Bool?)? in
                let lane = body.string("lane", bytes: 1...256)
                let low = body.optionalInteger("low", in: 0...Int64.max)
                let high = body.optionalInteger("high", in: 0...Int64.max)
                let isEnabled = body.optionalBoolean("enabled")
                return lane.map { ($0, low, high, isEnabled) }
            }
            if low != nil || high != nil {
                try await services.signer.setWatermarks(lane, low: low, high: high)
            }
            if let isEnabled { try await services.signer.setLaneEnabled(lane, isEnabled) }
            try await audit(services, request, "guard.set", object: lane)
            return .noContent
        }
    }

    private static func audit(
        _ services: APIServices, _ request: APIRequest, _ action: String, object: String
    ) async throws {
        let (actor, now) = (try request.caller().id, services.clock.now)
        try await services.store.write { tx in
            try AuditLog.append(actor: actor, action: action, object: object, at: now, in: tx)
        }
    }
}
