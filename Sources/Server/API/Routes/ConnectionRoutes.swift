import ChainEVM
import HTTPTypes
import Primitives
import WalletConnectBackend
import WalletConnectProtocol

/// Wallets that users have connected over WalletConnect: connecting, looking, ending.
///
/// These keys are not ours: what a wallet signs, its owner has agreed to there. Nothing here touches the books.
enum ConnectionRoutes {
    /// What one connection may ask for.
    static let chainsMax = 64
    static let methodsMax = 64
    static let eventsMax = 64
    /// Characters of a method's or an event's name.
    static let nameBytesMax = 128

    static func routes(_ services: APIServices) -> [Route] {
        [
            create(services), list(services), cleanup(services), get(services), disconnect(services),
            ConnectionBalances.route(services),
        ] + ConnectionRequestRoutes.routes(services) + ConnectionEvents.routes(services)
    }

    static let topic = PathParameter(
        "topic", "The session's topic, or the pairing's as long as no wallet has answered.", schema: Schemas.topic)

    // MARK: Finding

    /// Seconds after which to come back to a backend that is not at work.
    static let closedRetrySeconds = 2

    /// The backend, at work.
    ///
    /// - Throws: `connections_disabled`; `closed` while sessions are restored, and after the backend has ended: what it
    ///   knows then is nothing, and no answer about connections would be true.
    static func backend(_ services: APIServices) throws -> WalletConnectBackend {
        guard let backend = services.connections else { throw Problem(.connectionsDisabled) }
        guard backend.state == .running else { throw Problem(.walletClosed, retryAfterSeconds: closedRetrySeconds) }
        return backend
    }

    /// The connection of a topic, of the caller's tenant.
    ///
    /// - Throws: `CONNECTION_NOT_FOUND`, also for another tenant's and for what is no topic; as ``backend(_:)``.
    static func find(
        _ request: APIRequest, _ services: APIServices
    ) throws -> (backend: WalletConnectBackend, connection: Connection) {
        let backend = try backend(services)
        let tenant = try WithdrawalRoutes.visibility(request)
        guard let topic = try? Topic(hex: request.path("topic")),
            let connection = backend.connection(topic), tenant == nil || connection.tenant == tenant
        else { throw Problem(.connectionNotFound, "there is no connection \(request.path("topic").prefix(64))") }
        return (backend, connection)
    }

    // MARK: Connecting

    private static let name = JSONSchema.string(length: 1...nameBytesMax, pattern: "^[!-~]+$")

    private static func create(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/connections", "createConnection", tag: "Connections", summary: "Connect a user's wallet",
            description:
                "Answers a URI and its QR code at once; show them to the user, whose wallet scans them. The connection is `pending` until the wallet answers, which its events tell. Chains, methods and events are asked for as optional: `GET /v1/connections/{topic}` says what the wallet granted. Methods and events left out are the usual ones of each chain's namespace.",
            permission: .scope("connections:write"),
            request: .object([
                .required("user_id", Schemas.userID),
                .required("chains", .array(of: Schemas.chain, count: 1...chainsMax)),
                .optional("methods", .array(of: name, count: 0...methodsMax)),
                .optional("events", .array(of: name, count: 0...eventsMax)),
            ]),
            requestExample: [
                "user_id": "user-1", "chains": ["eip155:1"], "methods": ["personal_sign", "eth_sendTransaction"],
                "events": ["chainChanged", "accountsChanged"],
            ], bodyBytesMax: 32 << 10, rateClass: "connections",
            responses: [
                RouteResponse(
                    201, "What the wallet has to scan.", .reference("Pairing"),
                    headers: [("Location", "Where the connection is.")])
            ],
            problems: [
                .validationFailed, .walletInvalidParams, .walletTooManySessions, .walletRelayUnreachable,
                .walletStoreUnavailable, .connectionsDisabled, .walletClosed, .draining,
            ]
        ) { request in
            if services.isDraining() { throw Problem(.draining, retryAfterSeconds: 2) }
            let backend = try backend(services)
            let caller = try request.caller()
            let wish = try request.read { body in Self.wish(&body, tenant: caller.tenant) }
            let pending = try await backend.connect(wish)
            let topic = pending.pairingTopic.hex
            return .created(
                [
                    "uri": .string(pending.uri), "qr_svg": .string(try pending.qrSVG()),
                    "pairing_topic": .string(topic),
                    "expires_at": .string(pending.expiresAt.rfc3339), "topic": .string(topic),
                    "user_id": .string(wish.userID), "state": "pending", "links": links(pending),
                ], location: "/v1/connections/\(topic)")
        }
    }

    private static func wish(_ body: inout FieldReader, tenant: String) -> ConnectionRequest? {
        let user = body.string("user_id", bytes: 1...BackendSettings.userIDBytesMax)
        if let user, user.utf8.contains(where: { !(0x21...0x7e).contains($0) }) {
            body.refuse("user_id", "must be visible ASCII characters")
        }
        let chains = body.strings("chains", count: 1...chainsMax, "a CAIP-2 chain id such as eip155:1") {
            try ChainID($0)
        }
        func names(_ field: String, _ max: Int) -> [String]? {
            guard body.has(field) else { return [] }
            return body.strings(field, count: 0...max, "a name of 1 to \(nameBytesMax) visible ASCII characters") {
                text in
                let isName =
                    (1...nameBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
                return isName ? text : nil
            }
        }
        let (methods, events) = (names("methods", methodsMax), names("events", eventsMax))
        guard let user, let chains, let methods, let events else { return nil }
        return ConnectionRequest(userID: user, chains: chains, methods: methods, events: events, tenant: tenant)
    }

    /// Links that open an app on the device that shows them, where a code on its own screen could not be scanned.
    ///
    /// `any` is the URI itself, which the device's system gives to whichever wallet has registered for it.
    private static func links(_ pending: PendingConnection) -> JSON {
        .object(
            [JSONMember(name: "any", value: .string(pending.uri))]
                + walletLinks.map { JSONMember(name: $0.key, value: .string(pending.link(to: $0.value))) })
    }

    /// Where widely used wallets take links, as they publish it.
    private static let walletLinks: KeyValuePairs<String, String> = [
        "metamask": "https://metamask.app.link", "rainbow": "https://rnbwapp.com",
        "trust": "https://link.trustwallet.com", "zerion": "https://wallet.zerion.io",
    ]

    // MARK: Looking

    private static func list(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/connections", "listConnections", tag: "Connections", summary: "List connections, oldest first",
            description: "Those that ended are listed for a day.", permission: .scope("connections:read"),
            query: [
                QueryParameter("user_id", .text(bytesMax: BackendSettings.userIDBytesMax), "Only this user's."),
                QueryParameter("state", .word(Connection.State.allCases.map(\.rawValue)), "Only in this state."),
                .limit, .cursor,
            ], loadClass: .listing, responses: [RouteResponse(200, "A page.", .page(of: .reference("Connection")))],
            problems: [.invalidCursor, .connectionsDisabled, .walletClosed]
        ) { request in
            let size = request.query.pageSize
            let found = try backend(services).connections(
                of: request.query["user_id"], tenant: try WithdrawalRoutes.visibility(request),
                state: request.query["state"].flatMap { Connection.State(rawValue: $0) },
                after: try Cursor.sequence(in: request, listing: "connections"), limit: size + 1)
            let (items, hasMore) = found.page(size)
            return .page(
                items.map(\.json),
                nextCursor: hasMore ? items.last.map { Cursor.text($0.id, listing: "connections") } : nil,
                for: request)
        }
    }

    private static func get(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/connections/{topic}", "getConnection", tag: "Connections", summary: "Read a connection",
            permission: .scope("connections:read"), pathParameters: [topic], loadClass: .essential,
            responses: [RouteResponse(200, "The connection.", .reference("Connection"))],
            problems: [.connectionNotFound, .connectionsDisabled, .walletClosed]
        ) { request in
            .json(try find(request, services).connection.json)
        }
    }

    // MARK: Ending

    private static func disconnect(_ services: APIServices) -> Route {
        Route(
            .delete, "/v1/connections/{topic}", "deleteConnection", tag: "Connections", summary: "End a connection",
            description: "The wallet is told. Ending one that has ended changes nothing.",
            permission: .scope("connections:write"), pathParameters: [topic],
            responses: [RouteResponse(204, "It has ended.")],
            problems: [.connectionNotFound, .walletStoreUnavailable, .connectionsDisabled, .walletClosed]
        ) { request in
            let (backend, connection) = try find(request, services)
            try await backend.disconnect(connection.topic)
            return .noContent
        }
    }

    private static func cleanup(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/connections:cleanup", "cleanupConnections", tag: "Connections",
            summary: "End what ran out, forget what ended long ago",
            description: "The server does the same by itself every few minutes. Of every tenant.",
            permission: .scope("admin"),
            responses: [
                RouteResponse(
                    200, "What was done.",
                    .object([
                        .required("ended", .integer()), .required("forgotten", .integer()),
                        .required("records_removed", .integer()),
                    ]))
            ], problems: [.walletStoreUnavailable, .connectionsDisabled, .walletClosed]
        ) { _ in
            let report = try await backend(services).cleanup()
            try await services.connectionCleanup.run()
            return .json([
                "ended": JSON(report.ended), "forgotten": JSON(report.forgotten),
                "records_removed": JSON(report.records),
            ])
        }
    }

    /// - Throws: the problem that says why a connection can be asked for nothing.
    static func requireActive(_ connection: Connection) throws {
        switch connection.state {
        case .active: break
        case .pending: throw Problem(.walletConnectionPending, retryAfterSeconds: 2)
        case .expired:
            throw Problem(
                connection.end?.reason == .proposalExpired ? .walletConnectionExpired : .walletSessionExpired)
        case .disconnected: throw Problem(.walletNotConnected)
        }
    }
}
