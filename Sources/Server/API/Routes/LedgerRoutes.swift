import Audit
import Cryptography
import HTTPTypes
import Ledger
import Primitives
import Storage
import Wallets
import Withdrawals

/// The books.
enum LedgerRoutes {
    private static let walletsPerReconcile = 100

    static func routes(_ services: APIServices) -> [Route] {
        [accounts(services), entries(services), verify(services), reconcile(services), deposit(services)]
    }

    private static func accounts(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/ledger/accounts", "listAccounts", tag: "Ledger", summary: "List accounts",
            permission: .scope("ledger:read"),
            query: [
                QueryParameter("kind", .word(Account.Kind.allCases.map(\.rawValue)), "Only this kind."),
                QueryParameter("owner", .text(bytesMax: 128), "Only this user's, wallet's or chain's."),
                QueryParameter("asset", .text(bytesMax: 256), "Only this asset."), .limit, .cursor,
            ], loadClass: .listing, responses: [RouteResponse(200, "A page.", .page(of: .reference("Account")))],
            problems: [.invalidCursor]
        ) { request in
            let size = request.query.pageSize
            let (after, query) = (try Cursor.id(in: request, listing: "accounts"), request.query)
            let found = try await services.store.read { tx in
                try services.ledger.accounts(
                    kind: query["kind"].flatMap { Account.Kind(rawValue: $0) }, owner: query["owner"],
                    asset: query["asset"], after: after, limit: size + 1, in: tx)
            }
            let (items, hasMore) = found.page(size)
            return .page(
                items.map(\.json),
                nextCursor: hasMore ? items.last.map { Cursor.text($0.id, listing: "accounts") } : nil, for: request)
        }
    }

    private static func entries(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/ledger/entries", "listEntries", tag: "Ledger", summary: "List movements",
            permission: .scope("ledger:read"),
            query: [QueryParameter("subject", .text(bytesMax: 64), "Only a withdrawal's."), .limit, .cursor],
            loadClass: .listing, responses: [RouteResponse(200, "A page.", .page(of: .reference("Entry")))],
            problems: [.invalidCursor, .invalidQueryParameter]
        ) { request in
            let size = request.query.pageSize
            let after = try Cursor.id(in: request, listing: "entries")
            let subject = try request.query["subject"].map { text in
                guard let id = try? SortableID(text: text.split(separator: "_").last.map(String.init) ?? "") else {
                    throw Problem(
                        .invalidQueryParameter,
                        errors: [FieldError(.query(parameter: "subject"), "must be an id such as wd_01J…")])
                }
                return id
            }
            let found = try await services.store.read { tx in
                try services.ledger.transfers(subject: subject, after: after, limit: size + 1, in: tx)
            }
            let (items, hasMore) = found.page(size)
            return .page(
                items.map(\.json),
                nextCursor: hasMore ? items.last.map { Cursor.text($0.id, listing: "entries") } : nil, for: request)
        }
    }

    private static func verify(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/ledger:verify", "verifyLedger", tag: "Ledger", summary: "Count the books again",
            description: "Adds up every movement a second time, in one consistent view, and compares.",
            permission: .scope("ledger:read"), loadClass: .listing,
            responses: [RouteResponse(200, "What the recount found.", .reference("LedgerReport"))]
        ) { _ in
            .json(try await services.store.read { tx in try services.ledger.verify(in: tx) }.json)
        }
    }

    private static func reconcile(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/ledger:reconcile", "reconcileLedger", tag: "Ledger",
            summary: "Compare the books with the chain",
            description: "Reads only. A page holds 100 wallets; follow `next_cursor`.",
            permission: .scope("ledger:read"), query: [.cursor], loadClass: .listing,
            responses: [
                RouteResponse(
                    200, "A line for each asset of each wallet.",
                    .object([
                        .required("matches", .boolean()),
                        .required("data", .array(of: .reference("ReconciliationLine"))),
                        .required("next_cursor", JSONSchema.string().nullable), .required("has_more", .boolean()),
                    ]))
            ], problems: [.chainUnavailable, .invalidCursor]
        ) { request in
            let after = try Cursor.id(in: request, listing: "reconcile")
            let page = try await services.wallets.list(userID: nil, after: after, limit: walletsPerReconcile + 1)
            let (wallets, hasMore) = page.page(walletsPerReconcile)
            var lines: [ReconciliationLine] = []
            for wallet in wallets { lines += try await services.reconciler.lines(of: wallet) }
            let next = hasMore ? wallets.last.map { Cursor.text($0.id, listing: "reconcile") } : nil
            return .json([
                "matches": .bool(lines.allSatisfy(\.matches)), "data": .array(lines.map(\.json)),
                "next_cursor": next.map { .string($0) } ?? .null, "has_more": .bool(hasMore),
            ])
        }
    }

    private static func deposit(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/ledger/deposits", "createDeposit", tag: "Ledger",
            summary: "Credit a user with coins that came in",
            description:
                "Books coins that lie at the wallet's address. The reconciler shows what the chain does not confirm.",
            permission: .scope("ledger:write"),
            request: .object([
                .required("user_id", Schemas.userID), .required("wallet_id", Schemas.id("wa")),
                .required("asset", Schemas.asset), .required("amount", Schemas.amount),
                .optional("reference", JSONSchema.string(length: 1...256).nullable),
            ]), idempotency: .required, bodyBytesMax: Route.withdrawalBytesMax,
            responses: [
                RouteResponse(
                    201, "The user's account after it.",
                    .object([.required("id", Schemas.id("de")), .required("account", .reference("Account"))]),
                    headers: [("Idempotency-Replayed", "`true` when the key was used for the same request before.")])
            ], problems: [.validationFailed, .walletNotFound, .unsupportedAsset, .idempotencyKeyReused]
        ) { request in
            let caller = try request.caller()
            let input = try request.read { body -> DepositInput? in try DepositInput(&body) }
            let asset = try services.wallets.assets.asset(input.asset)
            let wallet = try await services.wallets.wallet(input.wallet, seenBy: input.user)
            guard wallet.chain == asset.chain else {
                throw Problem(
                    .unsupportedAsset, errors: [FieldError(.body(pointer: "/asset"), "is not on the wallet's chain")])
            }
            let (answer, isReplay) = try await book(
                input, asset: asset, wallet: wallet, caller: caller, key: request.idempotencyKey ?? "", services)
            var response = APIResponse.json(bytes: Array(answer.utf8), status: .created)
            if isReplay { response.headers[.idempotencyReplayed] = "true" }
            return response
        }
    }

    private static func book(
        _ input: DepositInput, asset: Asset, wallet: Wallet, caller: Principal, key: String, _ services: APIServices
    ) async throws -> (answer: String, isReplay: Bool) {
        let (id, now) = (services.ids.next(), services.clock.now)
        let fingerprint = input.fingerprint
        return try await services.store.write { tx in
            let known = Storage.Query(
                DepositKeyTable.table, where: [DepositKeyTable.tenant == caller.tenant, DepositKeyTable.key == key])
            if let row = try tx.first(known) {
                guard try row.get(DepositKeyTable.fingerprint) == fingerprint else {
                    throw Problem(.idempotencyKeyReused)
                }
                return (try row.get(DepositKeyTable.answer), true)
            }
            let account = try services.ledger.deposit(
                user: input.user, wallet: wallet.ledgerOwner, asset: asset.key, amount: input.amount, subject: id,
                reference: input.reference, in: tx)
            let answer = JSON.object(["id": .string(id.text(prefix: "de")), "account": account.json]).text
            try tx.insert(
                into: DepositKeyTable.table,
                [
                    DepositKeyTable.tenant.set(caller.tenant), DepositKeyTable.key.set(key),
                    DepositKeyTable.fingerprint.set(fingerprint), DepositKeyTable.answer.set(answer),
                ])
            try AuditLog.append(
                actor: caller.id, action: "deposit.create", object: id.text(prefix: "de"),
                details: [
                    "user_id": .string(input.user), "wallet_id": .string(wallet.ledgerOwner),
                    "asset": .string(asset.key), "amount": .string("\(input.amount)"),
                ], at: now, in: tx)
            return (answer, false)
        }
    }
}

private struct DepositInput: Sendable {
    let user: String
    let wallet: SortableID
    let asset: AssetID
    let amount: UInt256
    let reference: String?

    init?(_ body: inout FieldReader) throws {
        let user = body.string("user_id", bytes: 1...Wallets.userIDBytesMax)
        let wallet = body.parse("wallet_id", "a wallet id such as wa_01J…") {
            try SortableID(text: $0, prefix: Wallet.idPrefix)
        }
        let asset = body.parse("asset", "a CAIP-19 asset id such as eip155:1/slip44:60") { try AssetID($0) }
        let amount = body.amount("amount")
        if let amount, amount.isZero { body.refuse("amount", "must be more than zero") }
        reference = body.optionalString("reference", bytes: 1...256)
        guard let user, let wallet, let asset, let amount, !amount.isZero else { return nil }
        self.user = user
        self.wallet = wallet
        self.asset = asset
        self.amount = amount
    }

    var fingerprint: Hash32 {
        let parts = [user, wallet.text, asset.description, "\(amount)", reference ?? ""]
        return SHA2.sha256(Array(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8))
    }
}
