import Audit
import ChainEVM
import HTTPTypes
import Keys
import Primitives
import Storage
import Wallets
import Withdrawals

/// Policies, API keys, the audit log and lanes.
enum AdministrationRoutes {
    static func routes(_ services: APIServices) -> [Route] {
        [
            listPolicies(services), addPolicy(services), removePolicy(services), listKeys(services),
            createKey(services), revokeKey(services), listAudit(services), verifyAudit(services),
            unfreeze(services),
        ]
    }

    // MARK: Policies

    private static func listPolicies(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/policies", "listPolicies", tag: "Policies", summary: "List rules",
            description: "Any deny rule that matches refuses; else some allow rule must match; else it is refused.",
            permission: .scope("policies:read"),
            responses: [
                RouteResponse(
                    200, "All rules.", .object([.required("data", .array(of: .reference("PolicyRule")))]))
            ]
        ) { _ in
            .json(["data": .array(try await services.policies.rules().map(\.json))])
        }
    }

    private static func addPolicy(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/policies", "createPolicy", tag: "Policies", summary: "Add a rule",
            description: "A field left out matches everything. It holds for everything that is not signed yet.",
            permission: .scope("policies:write"),
            request: .object([
                .required("action", .words(["allow", "deny"])), .optional("chain", Schemas.chain.nullable),
                .optional("asset", Schemas.asset.nullable), .optional("user_id", Schemas.userID.nullable),
                .optional("to", Schemas.address.nullable), .optional("max_amount", Schemas.amount.nullable),
                .optional("window_seconds", JSONSchema.integer(1...31_536_000).nullable),
                .optional("window_amount", Schemas.amount.nullable),
                .optional("note", JSONSchema.string(length: 1...256).nullable),
            ]), requestExample: ["action": "allow", "chain": "eip155:31337", "max_amount": "1000000000000000000"],
            responses: [RouteResponse(201, "The rule.", .reference("PolicyRule"))], problems: [.validationFailed]
        ) { request in
            let id = services.ids.next()
            let rule = try request.read { body -> PolicyRule? in
                let action = body.word("action", as: PolicyRule.Action.self)
                let chain = body.optionalParse("chain", "a CAIP-2 chain id") { try ChainID($0) }
                let asset = body.optionalParse("asset", "a CAIP-19 asset id in the asset list") {
                    try services.wallets.assets.asset(AssetID($0))
                }
                let user = body.optionalString("user_id", bytes: 1...Wallets.userIDBytesMax)
                let to = body.optionalParse("to", "an address with its EIP-55 checksum") {
                    try Address(checksummed: $0)
                }
                let max =
                    body.has("max_amount")
                    ? body.optionalParse("max_amount", "decimal digits") { try UInt256(decimal: $0) } : nil
                let seconds = body.optionalInteger("window_seconds", in: 1...31_536_000)
                let window = body.optionalParse("window_amount", "decimal digits") { try UInt256(decimal: $0) }
                let note = body.optionalString("note", bytes: 1...256)
                if (seconds == nil) != (window == nil) {
                    body.refuse("window_seconds", "stands together with window_amount or not at all")
                }
                guard let action else { return nil }
                return PolicyRule(
                    id: id, action: action, chain: chain?.description, asset: asset?.key, userID: user,
                    to: to?.description, amountMax: max, windowSeconds: seconds, windowAmountMax: window, note: note)
            }
            try await services.policies.add(rule, actor: try request.caller().id)
            return .created(rule.json, location: "/v1/policies/\(id.text(prefix: PolicyRule.idPrefix))")
        }
    }

    private static func removePolicy(_ services: APIServices) -> Route {
        Route(
            .delete, "/v1/policies/{id}", "deletePolicy", tag: "Policies", summary: "Remove a rule",
            permission: .scope("policies:write"),
            pathParameters: [PathParameter("id", "The rule.", schema: Schemas.id("po"))],
            responses: [RouteResponse(204, "It is gone.")], problems: [.notFound]
        ) { request in
            let id = try request.id("id", prefix: PolicyRule.idPrefix, notFound: .notFound)
            guard try await services.policies.remove(id, actor: try request.caller().id) else {
                throw Problem(.notFound, "there is no such rule")
            }
            return .noContent
        }
    }

    // MARK: API keys

    private static func listKeys(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/apikeys", "listAPIKeys", tag: "API keys", summary: "List keys",
            permission: .scope("apikeys:manage"), query: [.limit, .cursor], loadClass: .listing,
            responses: [RouteResponse(200, "A page.", .page(of: .reference("APIKey")))], problems: [.invalidCursor]
        ) { request in
            let size = request.query.pageSize
            let found = try await services.keys.list(
                after: try Cursor.id(in: request, listing: "apikeys"), limit: size + 1)
            let (items, hasMore) = found.page(size)
            return .page(
                items.map(\.json),
                nextCursor: hasMore ? items.last.map { Cursor.text($0.id, listing: "apikeys") } : nil, for: request)
        }
    }

    private static func createKey(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/apikeys", "createAPIKey", tag: "API keys", summary: "Make a key",
            description:
                "The answer is the only place where the key is shown. It can't have scopes that its maker lacks.",
            permission: .scope("apikeys:manage"),
            request: .object([
                .required("name", .string(length: 1...64)),
                .required("scopes", .array(of: .string(pattern: "^[a-z_]+(:[a-z_]+)?$"), count: 1...32)),
                .optional("expires_at", Schemas.time.nullable),
            ]), requestExample: ["name": "shop", "scopes": ["withdrawals:create", "withdrawals:read"]],
            responses: [RouteResponse(201, "The key, once.", .reference("APIKey"))],
            problems: [.validationFailed, .forbidden]
        ) { request in
            let caller = try request.caller()
            let (name, scopes, expires) = try request.read { body -> (String, ScopeSet, Timestamp?)? in
                let name = body.string("name", bytes: 1...64)
                let words = body.strings("scopes", count: 1...32, "a known scope") { text in
                    Self.scopes.contains(text) ? Scope(text) : nil
                }
                let expires = body.optionalParse("expires_at", "an RFC 3339 time") { try Timestamp(rfc3339: $0) }
                if let expires, expires <= services.clock.now { body.refuse("expires_at", "must be in the future") }
                guard let name, let words else { return nil }
                return (name, ScopeSet(words), expires)
            }
            for scope in scopes.names where !caller.scopes.contains("admin") {
                guard let scope = Scope(scope), caller.scopes.contains(scope) else {
                    throw Problem(.forbidden, "a key can't be given the scope \(scope), which its maker lacks")
                }
            }
            let (key, secret) = try await services.keys.create(
                name: name, scopes: Roles.expanded(scopes), tenant: caller.tenant, isDevelopment: services.mode == .dev,
                expiresAt: expires, actor: caller.id)
            return .created(
                key.json(secret: secret), location: "/v1/apikeys/\(key.id.text(prefix: APIKey.idPrefix))")
        }
    }

    /// The scopes that keys can have.
    static let scopes = Roles.all

    private static func revokeKey(_ services: APIServices) -> Route {
        Route(
            .delete, "/v1/apikeys/{id}", "revokeAPIKey", tag: "API keys", summary: "End a key",
            permission: .scope("apikeys:manage"),
            pathParameters: [PathParameter("id", "The key.", schema: Schemas.id("ak"))],
            responses: [RouteResponse(204, "It works no more.")], problems: [.notFound]
        ) { request in
            let id = try request.id("id", prefix: APIKey.idPrefix, notFound: .notFound)
            guard try await services.keys.revoke(id, actor: try request.caller().id) else {
                throw Problem(.notFound, "there is no such key")
            }
            return .noContent
        }
    }

    // MARK: Audit

    private static func listAudit(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/audit", "listAudit", tag: "Audit", summary: "The audit log, oldest first",
            permission: .scope("audit:read"), query: [.limit, .cursor], loadClass: .listing,
            responses: [RouteResponse(200, "A page.", .page(of: .reference("AuditEntry")))], problems: [.invalidCursor]
        ) { request in
            let size = request.query.pageSize
            let after = try Cursor.sequence(in: request, listing: "audit") ?? 0
            let found = try await services.store.read { tx in
                try AuditLog.entries(after: after, limit: size + 1, in: tx)
            }
            let (items, hasMore) = found.page(size)
            return .page(
                items.map(\.json),
                nextCursor: hasMore ? items.last.map { Cursor.text($0.sequence, listing: "audit") } : nil,
                for: request)
        }
    }

    private static func verifyAudit(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/audit:verify", "verifyAudit", tag: "Audit", summary: "Walk the audit chain",
            description:
                "Give a `sequence` and `hash` that you kept elsewhere, and a cut or rewritten log is noticed too.",
            permission: .scope("audit:read"),
            query: [
                QueryParameter("sequence", .integer(1...Int.max), "A number kept elsewhere."),
                QueryParameter("hash", .text(bytesMax: 64), "Its hash."),
            ], loadClass: .listing, responses: [RouteResponse(200, "What it found.", .reference("AuditReport"))],
            problems: [.invalidQueryParameter]
        ) { request in
            let head = try trustedHead(request)
            return .json(try await services.store.read { tx in try AuditLog.verify(trusting: head, in: tx) }.json)
        }
    }

    /// The head that the caller kept; `nil` when none was sent.
    private static func trustedHead(_ request: APIRequest) throws -> AuditHead? {
        let (sequence, text) = (request.query.integer("sequence"), request.query["hash"])
        guard sequence != nil || text != nil else { return nil }
        // Half a head would be checked against nothing, and the answer would still say that all is well.
        guard let sequence, let text else {
            let missing = sequence == nil ? "sequence" : "hash"
            throw Problem(
                .invalidQueryParameter,
                errors: [FieldError(.query(parameter: missing), "sequence and hash stand together or not at all")])
        }
        guard let hash = try? Hash32(hex: text) else {
            throw Problem(
                .invalidQueryParameter,
                errors: [FieldError(.query(parameter: "hash"), "must be 64 hexadecimal digits")])
        }
        return AuditHead(sequence: Int64(sequence), hash: hash)
    }

    // MARK: Lanes

    private static func unfreeze(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/lanes:unfreeze", "unfreezeLane", tag: "System", summary: "Let a frozen lane sign again",
            description:
                "After you have compared the chain, the guard and the database. `next_nonce` is the first that may be used; it can't go down, and must be above what the guard and the chain know. Refused (409) while withdrawals wait that payments forgotten by a restored database may have paid: cancel those first.",
            permission: .scope("admin"),
            request: .object([
                .required("lane", .string(length: 1...128)), .required("next_nonce", .integer(0...Int.max)),
            ]), responses: [RouteResponse(204, "It works again.")],
            problems: [.validationFailed, .withdrawalNotFound, .conflict, .chainUnavailable]
        ) { request in
            let (lane, nonce) = try request.read { body -> (String, Int64)? in
                let lane = body.string("lane", bytes: 1...128)
                let nonce = body.integer("next_nonce", in: 0...Int64.max)
                guard let lane, let nonce else { return nil }
                return (lane, nonce)
            }
            try await LaneRelease(services: services).check(lane, nextNonce: nonce)
            try await services.lanes.unfreeze(
                lane, nextNonce: UInt64(clamping: nonce), actor: try request.caller().id)
            return .noContent
        }
    }
}
