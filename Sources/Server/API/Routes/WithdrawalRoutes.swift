import ChainEVM
import HTTPTypes
import Logging
import Primitives
import Storage
import Wallets
import Withdrawals

/// Asking for withdrawals, looking at them, taking them back.
enum WithdrawalRoutes {
    /// Withdrawals in one batch.
    static let batchMax = 500

    static func routes(_ services: APIServices) -> [Route] {
        [
            create(services, path: "/v1/withdrawals", operationID: "createWithdrawal"), batch(services), list(services),
            summary(services, path: "/v1/withdrawals/summary", operationID: "getWithdrawalSummary"),
            get(services, path: "/v1/withdrawals/{id}", operationID: "getWithdrawal"), cancel(services),
            attempts(services), EventRoutes.ofWithdrawal(services),
            // The routes that older callers know.
            create(services, path: "/withdrawal/request", operationID: "requestWithdrawal"),
            get(services, path: "/withdrawal/status/{id}", operationID: "getWithdrawalStatus"),
            summary(services, path: "/withdrawal/queue/status", operationID: "getQueueStatus"),
        ]
    }

    static let withdrawalID = PathParameter("id", "The withdrawal.", schema: Schemas.id("wd"))

    private static let fields: [JSONSchema.Property] = [
        .required("user_id", Schemas.userID), .required("wallet_id", Schemas.id("wa")),
        .required("asset", Schemas.asset), .required("to", Schemas.address), .required("amount", Schemas.amount),
        .optional("reference", JSONSchema.string("Your own words for it.", length: 1...256).nullable),
    ]

    private static let example: JSON = [
        "user_id": "user-1", "wallet_id": "wa_01J00000000000000000000000", "asset": "eip155:31337/slip44:60",
        "to": "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F", "amount": "1000000000000000",
    ]

    /// Whose withdrawals the caller sees: all, for an administrator; else his tenant's.
    static func visibility(_ request: APIRequest) throws -> String? {
        let caller = try request.caller()
        return caller.scopes.contains("admin") ? nil : caller.tenant
    }

    static func json(_ withdrawal: Withdrawal, _ services: APIServices) -> JSON {
        let asset = (try? AssetID(withdrawal.asset)).flatMap { try? services.wallets.assets.asset($0) }
        return withdrawal.json(decimals: asset?.decimals)
    }

    // MARK: Asking

    private static func create(_ services: APIServices, path: String, operationID: String) -> Route {
        Route(
            .post, path, operationID, tag: "Withdrawals", summary: "Ask for a withdrawal",
            description:
                "When 202 comes back, the withdrawal is on the disk and its amount is bound. The same key with the same body gets the first answer again, for ever; with another body it is refused.",
            permission: .scope("withdrawals:create"), request: .object(fields), requestExample: example,
            idempotency: .required, bodyBytesMax: Route.withdrawalBytesMax, rateClass: "withdrawals",
            responses: [
                RouteResponse(
                    202, "Accepted, durably.", .reference("Withdrawal"),
                    headers: [
                        ("Location", "Where to look at it."),
                        ("Idempotency-Replayed", "`true` when the key was used for the same request before."),
                    ])
            ],
            problems: [
                .validationFailed, .walletNotFound, .insufficientFunds, .invalidRecipient, .unsupportedAsset,
                .idempotencyKeyReused, .storageUnavailable, .overloaded, .draining,
            ]
        ) { request in
            if services.isDraining() { throw Problem(.draining, retryAfterSeconds: 2) }
            let caller = try request.caller()
            let key = request.idempotencyKey ?? ""
            let asked = try request.read { body in try read(&body, client: caller.tenant, key: key) }
            let acceptance = try await services.withdrawals.accept(asked, actor: caller.id)
            let withdrawal = acceptance.withdrawal
            var response = APIResponse.accepted(
                json(withdrawal, services), location: "/v1/withdrawals/\(withdrawal.idText)")
            if acceptance.isReplay {
                response.headers.append(HTTPField(name: .idempotencyReplayed, value: "true"))
            }
            return response
        }
    }

    private static func read(
        _ body: inout FieldReader, client: String, key: String?
    ) throws -> WithdrawalRequest? {
        let user = body.string("user_id", bytes: 1...Wallets.userIDBytesMax)
        let wallet = body.parse("wallet_id", "a wallet id such as wa_01J…") {
            try SortableID(text: $0, prefix: Wallet.idPrefix)
        }
        let asset = body.parse("asset", "a CAIP-19 asset id such as eip155:1/slip44:60") { try AssetID($0) }
        let to = body.parse("to", "an address of 20 bytes with its EIP-55 checksum, or in lower case") {
            try Address(checksummed: $0)
        }
        let amount = body.amount("amount")
        if let amount, amount.isZero { body.refuse("amount", "must be more than zero") }
        let reference = body.optionalString("reference", bytes: 1...WithdrawalRequest.referenceBytesMax)
        guard let key, let user, let wallet, let asset, let to, let amount, !amount.isZero else { return nil }
        return try WithdrawalRequest(
            client: client, idempotencyKey: key, userID: user, walletID: wallet, asset: asset, to: to, amount: amount,
            reference: reference)
    }

    /// The key of an item in a batch, where it is a field and not a header.
    private static func idempotencyKey(_ body: inout FieldReader) -> String? {
        guard let key = body.string("idempotency_key", bytes: 1...WithdrawalRequest.idempotencyKeyBytesMax) else {
            return nil
        }
        guard key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            body.refuse("idempotency_key", "must be visible ASCII characters")
            return nil
        }
        return key
    }

    private static func batch(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/withdrawals:batch", "createWithdrawals", tag: "Withdrawals",
            summary: "Ask for up to 500 withdrawals",
            description:
                "Each item has its own idempotency key and its own result; one refused item harms no other. Send the same batch again after a lost answer: what was accepted is not accepted twice.",
            permission: .scope("withdrawals:create"),
            request: .object([
                .required(
                    "items",
                    .array(
                        of: .object(
                            [.required("idempotency_key", .string(length: 1...255, pattern: "^[!-~]+$"))] + fields),
                        count: 1...batchMax))
            ]), bodyBytesMax: 512 << 10, rateClass: "withdrawals",
            responses: [
                RouteResponse(
                    200, "A result for each item, in order.",
                    .object([
                        .required(
                            "data",
                            .array(
                                of: .object([
                                    .required("index", .integer()), .required("status", .integer()),
                                    .optional("withdrawal", .reference("Withdrawal")),
                                    .optional("replayed", .boolean()),
                                    .optional("problem", .any("A problem document.")),
                                ]))), .required("accepted", .integer()), .required("refused", .integer()),
                    ]))
            ], problems: [.validationFailed, .storageUnavailable, .overloaded, .draining]
        ) { request in
            if services.isDraining() { throw Problem(.draining, retryAfterSeconds: 2) }
            let caller = try request.caller()
            let items = try request.read { body -> [JSON]? in
                guard let list = body.json("items") else { return nil }
                guard case .array(let items) = list, (1...batchMax).contains(items.count) else {
                    body.refuse("items", "must be an array of 1 to \(batchMax) objects")
                    return nil
                }
                return items
            }
            // All at once: they share commits, and each waits only for its own.
            let results = await withTaskGroup(of: (Int, Result<Acceptance, any Error>).self) { group in
                for (index, item) in items.enumerated() {
                    group.addTask {
                        do {
                            let asked = try FieldReader.read(item) { body in
                                let key = idempotencyKey(&body)
                                return try read(&body, client: caller.tenant, key: key)
                            }
                            return (index, .success(try await services.withdrawals.accept(asked, actor: caller.id)))
                        } catch {
                            return (index, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            return batchAnswer(results, count: items.count, request, services)
        }
    }

    private static func batchAnswer(
        _ results: [Int: Result<Acceptance, any Error>], count: Int, _ request: APIRequest, _ services: APIServices
    ) -> APIResponse {
        var (data, accepted): ([JSON], Int) = ([], 0)
        for index in 0..<count {
            switch results[index] {
            case .success(let acceptance)?:
                accepted += 1
                data.append([
                    "index": JSON(index), "status": 202, "withdrawal": json(acceptance.withdrawal, services),
                    "replayed": .bool(acceptance.isReplay),
                ])
            case .failure(let error)?:
                let problem =
                    (error as? Problem) ?? (error as? any ProblemConvertible)?.problem
                    ?? Problem(.internalError, logged: "\(error)")
                if problem.code.status >= 500 {
                    request.logger.error("batch item failed", metadata: ["error": "\(error)"])
                }
                data.append([
                    "index": JSON(index), "status": JSON(problem.code.status),
                    "problem": problem.json(
                        instance: "\(request.rawPath)#/items/\(index)", requestID: request.requestID),
                ])
            case nil: break
            }
        }
        return .json([
            "data": .array(data), "accepted": JSON(accepted), "refused": JSON(count - accepted),
        ])
    }

    // MARK: Looking

    private static func get(_ services: APIServices, path: String, operationID: String) -> Route {
        Route(
            .get, path, operationID, tag: "Withdrawals", summary: "Read a withdrawal",
            permission: .scope("withdrawals:read"), pathParameters: [withdrawalID], loadClass: .essential,
            responses: [RouteResponse(200, "The withdrawal.", .reference("Withdrawal"))],
            problems: [.withdrawalNotFound]
        ) { request in
            let id = try request.id("id", prefix: Withdrawal.idPrefix, notFound: .withdrawalNotFound)
            let withdrawal = try await services.withdrawals.get(id, client: try visibility(request))
            return .json(json(withdrawal, services))
        }
    }

    private static func list(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/withdrawals", "listWithdrawals", tag: "Withdrawals", summary: "List withdrawals, newest first",
            permission: .scope("withdrawals:read"),
            query: [
                QueryParameter("state", .word(Withdrawal.State.allCases.map(\.rawValue)), "Only in this state."),
                QueryParameter("user_id", .text(bytesMax: 128), "Only this user's."), .limit, .cursor,
            ], loadClass: .listing,
            responses: [RouteResponse(200, "A page.", .page(of: .reference("Withdrawal")))],
            problems: [.invalidCursor]
        ) { request in
            let size = request.query.pageSize
            let found = try await services.withdrawals.list(
                client: try visibility(request), userID: request.query["user_id"],
                state: request.query["state"].flatMap { Withdrawal.State(rawValue: $0) },
                before: try Cursor.id(in: request, listing: "withdrawals"), limit: size + 1)
            let (items, hasMore) = found.page(size)
            return .page(
                items.map { json($0, services) },
                nextCursor: hasMore ? items.last.map { Cursor.text($0.id, listing: "withdrawals") } : nil,
                for: request)
        }
    }

    private static func summary(_ services: APIServices, path: String, operationID: String) -> Route {
        Route(
            .get, path, operationID, tag: "Withdrawals", summary: "How many withdrawals stand in each state",
            permission: .scope("withdrawals:read"), loadClass: .listing,
            responses: [
                RouteResponse(
                    200, "Counts.",
                    .object([
                        .required("counts", .map(of: .integer())), .required("open", .integer()),
                        .required("total", .integer()),
                    ]))
            ]
        ) { _ in
            let counts = try await services.withdrawals.counts()
            return .json([
                "counts": .object(
                    Withdrawal.State.allCases.map { JSONMember(name: $0.rawValue, value: JSON(counts[$0] ?? 0)) }),
                "open": JSON(counts.filter { !$0.key.isFinal }.values.reduce(0, +)),
                "total": JSON(counts.values.reduce(0, +)),
            ])
        }
    }

    private static func attempts(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/withdrawals/{id}/attempts", "listAttempts", tag: "Withdrawals",
            summary: "Every transaction that was signed for it", permission: .scope("withdrawals:read"),
            pathParameters: [withdrawalID],
            responses: [
                RouteResponse(
                    200, "Oldest first.", .object([.required("data", .array(of: .reference("Attempt")))]))
            ], problems: [.withdrawalNotFound]
        ) { request in
            let id = try request.id("id", prefix: Withdrawal.idPrefix, notFound: .withdrawalNotFound)
            _ = try await services.withdrawals.get(id, client: try visibility(request))
            let attempts = try await services.withdrawals.attempts(of: id)
            return .json(["data": .array(attempts.map(\.json))])
        }
    }

    // MARK: Taking back

    private static func cancel(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/withdrawals/{id}:cancel", "cancelWithdrawal", tag: "Withdrawals", summary: "Take it back",
            description:
                "At once (200) while nothing is signed for it. After that (202) a transaction that pays nobody competes for its nonce, and the chain decides; follow its state.",
            permission: .scope("withdrawals:cancel"), pathParameters: [withdrawalID],
            responses: [
                RouteResponse(200, "It is cancelled.", .reference("Withdrawal")),
                RouteResponse(202, "The chain will decide.", .reference("Withdrawal")),
            ], problems: [.withdrawalNotFound, .notCancellable]
        ) { request in
            let id = try request.id("id", prefix: Withdrawal.idPrefix, notFound: .withdrawalNotFound)
            let withdrawal = try await services.withdrawals.cancel(
                id, client: try visibility(request), actor: try request.caller().id)
            return .json(
                json(withdrawal, services), status: withdrawal.state == .cancelled ? .ok : .accepted)
        }
    }
}
