import ChainEVM
import Cryptography
import HTTPTypes
import Primitives
import WalletConnectBackend
import WalletConnectProtocol

/// Asking connected wallets for things.
enum ConnectionRequestRoutes {
    /// How long an answer is waited for when the caller does not say.
    static let waitSecondsDefault: Int64 = 25
    /// The longest wait: below what proxies between here and the caller give an answer.
    static let waitSecondsMax: Int64 = 55
    /// While a caller waits, a stop of the server is noticed so often.
    private static let sliceMilliseconds: Int64 = 500

    static func routes(_ services: APIServices) -> [Route] { [ask(services), get(services)] }

    private static let requestID = PathParameter("id", "The request.", schema: .string(pattern: "^[0-9]{1,19}$"))

    private static func ask(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/connections/{topic}/requests", "createWalletRequest", tag: "Connections",
            summary: "Ask the wallet for something",
            description:
                "Passes a request on to the wallet, whose owner decides. 200 with `result` or `error` when the wallet answers within `wait_seconds`; else 202, and the answer is at `Location` when it comes, also after a restart of the server. A request is on the disk before the wallet hears of it. Repeating one asks the person again, unless it has the same `Idempotency-Key`: then the first one is answered, and where a crash left it open whether the wallet was asked, it is refused as `idempotency_in_doubt`. A key is kept for two weeks.",
            permission: .scope("connections:write"), pathParameters: [ConnectionRoutes.topic],
            request: .object([
                .required("chain", Schemas.chain),
                .required("method", .string(length: 1...ConnectionRoutes.nameBytesMax, pattern: "^[!-~]+$")),
                .required("params", .any("As the method takes them: an array or an object.")),
                .optional(
                    "expiry_seconds",
                    JSONSchema.integer(
                        Int(
                            BackendSettings.requestSecondsRange.lowerBound)...Int(
                                BackendSettings.requestSecondsRange.upperBound), "How long the wallet may take."
                    ).nullable),
                .optional(
                    "wait_seconds",
                    JSONSchema.integer(0...Int(waitSecondsMax), "How long this call waits; 25 unless given.").nullable),
            ]),
            requestExample: [
                "chain": "eip155:1", "method": "personal_sign",
                "params": ["0x68656c6c6f", "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"],
            ],
            idempotency: .optional,
            responses: [
                RouteResponse(
                    200, "The wallet answered: `result` or `error`.", .reference("WalletRequest"), headers: [replayed]),
                RouteResponse(
                    202, "It has not answered yet.", .reference("WalletRequest"),
                    headers: [("Location", "Where to look for the answer."), replayed]),
            ],
            problems: [
                .validationFailed, .connectionNotFound, .walletNotConnected, .walletConnectionPending,
                .walletSessionExpired, .walletUnsupportedChain, .walletUnsupportedMethod, .walletParamsTooLarge,
                .walletInvalidParams, .walletTooManyRequests, .walletRefusedByPlugin, .walletRelayUnreachable,
                .walletStoreUnavailable, .walletRequestInDoubt, .connectionsDisabled, .draining, .idempotencyKeyReused,
                .idempotencyInProgress,
                .idempotencyInDoubt, .walletClosed,
            ]
        ) { request in
            if services.isDraining() { throw Problem(.draining, retryAfterSeconds: 2) }
            // The body first: what is wrong with it stays wrong.
            let wish = try request.read(limits: .rpc) { body in Wish(&body) }
            let (backend, connection) = try ConnectionRoutes.find(request, services)
            let (id, isReplay) = try await once(request, wish, backend, connection, services) { id in
                try ConnectionRoutes.requireActive(connection)
                var options = CallOptions(expirySeconds: wish.expirySeconds)
                options.id = id
                _ = try await backend.request(
                    wish.method, wish.params, on: wish.chain, for: .topic(connection.topic), options: options)
            }
            try await wait(for: id, seconds: wish.waitSeconds, backend, services)
            var response = try await answer(id, connection, backend)
            if isReplay { response.headers[.idempotencyReplayed] = "true" }
            return response
        }
    }

    private static let replayed = (
        name: "Idempotency-Replayed", description: "`true` when the key was used for the same request before."
    )

    /// Makes a request, or finds the one that was made under the same key.
    private static func once(
        _ request: APIRequest, _ wish: Wish, _ backend: WalletConnectBackend, _ connection: Connection,
        _ services: APIServices, make: (_ id: Int64) async throws -> Void
    ) async throws -> (id: Int64, isReplay: Bool) {
        var id = backend.reserveRequestID()
        guard let key = request.idempotencyKey else {
            try await make(id)
            return (id, false)
        }
        let keys = services.walletRequestKeys
        let tenant = try request.caller().tenant
        let claim = try await keys.claim(key, tenant: tenant, fingerprint: wish.fingerprint(connection), request: id)
        if claim == .inProgress { throw Problem(.idempotencyInProgress, retryAfterSeconds: 2) }
        defer { keys.end(key, tenant: tenant) }
        if case .request(let known, let since) = claim {
            if try await wasMade(known, since: since, backend, services) { return (known, true) }
            id = known
        }
        do {
            try await make(id)
        } catch let error as BackendError where error.code == .requestInDoubt {
            // The key stays taken: the next start knows.
            throw error
        } catch {
            try await keys.release(key, tenant: tenant)
            throw error
        }
        return (id, false)
    }

    /// Whether the request that a key stands for was made.
    ///
    /// - Throws: `idempotency_in_doubt` when its answer may have been forgotten.
    private static func wasMade(
        _ id: Int64, since: Timestamp, _ backend: WalletConnectBackend, _ services: APIServices
    ) async throws -> Bool {
        do throws(BackendError) {
            _ = try await backend.status(of: id)
            return true
        } catch {
            guard error.code == .unknownRequest else { throw error }
        }
        // Half the time, for the records' database has a clock of its own.
        guard services.clock.now < since.adding(seconds: backend.settings.answerSeconds / 2) else {
            throw Problem(
                .idempotencyInDoubt,
                "what became of the request with this key is not kept any more: look at the events of the connection")
        }
        return false
    }

    private struct Wish {
        let chain: ChainID
        let method: String
        let params: JSON
        let expirySeconds: Int64?
        let waitSeconds: Int64

        init?(_ body: inout FieldReader) {
            let chain = body.parse("chain", "a CAIP-2 chain id such as eip155:1") { try ChainID($0) }
            let method = body.parse(
                "method", "a name of 1 to \(ConnectionRoutes.nameBytesMax) visible ASCII characters"
            ) {
                text in
                let isName =
                    (1...ConnectionRoutes.nameBytesMax).contains(text.utf8.count)
                    && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
                return isName ? text : nil
            }
            let params = body.json("params")
            if let params, params.array == nil, params.members == nil {
                body.refuse("params", "must be an array or an object")
            }
            expirySeconds = body.optionalInteger("expiry_seconds", in: BackendSettings.requestSecondsRange)
            waitSeconds =
                body.optionalInteger("wait_seconds", in: 0...waitSecondsMax) ?? waitSecondsDefault
            guard let chain, let method, let params else { return nil }
            (self.chain, self.method, self.params) = (chain, method, params)
        }

        /// What makes it the same request: not how long the caller waits.
        func fingerprint(_ connection: Connection) -> Hash32 {
            let parts = [
                connection.topic.hex, "\(chain)", method, params.text, expirySeconds.map { "\($0)" } ?? "",
            ]
            return SHA2.sha256(Array(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8))
        }
    }

    private static func get(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/connections/{topic}/requests/{id}", "getWalletRequest", tag: "Connections",
            summary: "Read a request to a wallet",
            description: "200 with `result` or `error` when it has ended, 202 as long as the wallet has not answered.",
            permission: .scope("connections:read"), pathParameters: [ConnectionRoutes.topic, requestID],
            query: [
                QueryParameter(
                    "wait_seconds", .integer(0...Int(waitSecondsMax)), "How long to wait for the end; 0 unless given.")
            ], loadClass: .essential,
            responses: [
                RouteResponse(200, "It has ended: `result` or `error`.", .reference("WalletRequest")),
                RouteResponse(202, "The wallet has not answered yet.", .reference("WalletRequest")),
            ],
            problems: [.connectionNotFound, .walletUnknownRequest, .connectionsDisabled, .walletClosed]
        ) { request in
            let (backend, connection) = try ConnectionRoutes.find(request, services)
            guard let id = Int64(request.path("id")) else { throw unknown(request.path("id")) }
            _ = try await status(id, connection, backend)
            let seconds = Int64(request.query.integer("wait_seconds") ?? 0)
            try await wait(for: id, seconds: seconds, backend, services)
            return try await answer(id, connection, backend)
        }
    }

    /// Returns when the request has ended, the time is over, or the server is about to stop.
    private static func wait(
        for id: Int64, seconds: Int64, _ backend: WalletConnectBackend, _ services: APIServices
    ) async throws {
        var leftMilliseconds = seconds * 1_000
        while leftMilliseconds > 0, !services.isDraining() {
            let slice = min(leftMilliseconds, sliceMilliseconds)
            if try await backend.poll(id, waitMilliseconds: slice) != nil { return }
            leftMilliseconds -= slice
        }
    }

    /// What is known of a request of the connection.
    ///
    /// - Throws: `unknown_request`, also for another connection's.
    private static func status(
        _ id: Int64, _ connection: Connection, _ backend: WalletConnectBackend
    ) async throws -> (hasEnded: Bool, json: JSON) {
        let status = try await backend.status(of: id)
        guard status.call.topic == connection.topic else { throw unknown("\(id)") }
        return (status.outcome != nil, status.call.json(status.outcome, answeredAt: status.answeredAt))
    }

    private static func unknown(_ id: String) -> Problem {
        Problem(.walletUnknownRequest, "the connection has no request \(id.prefix(20))")
    }

    private static func answer(
        _ id: Int64, _ connection: Connection, _ backend: WalletConnectBackend
    ) async throws -> APIResponse {
        let status = try await status(id, connection, backend)
        if status.hasEnded { return .json(status.json) }
        return .accepted(
            status.json, location: "/v1/connections/\(connection.topic.hex)/requests/\(id)")
    }
}
