import HTTPTypes
import Keys
import Ledger
import Primitives
import Wallets

/// Wallets of users.
enum WalletRoutes {
    static func routes(_ services: APIServices) -> [Route] {
        [create(services), list(services), get(services), activate(services), balances(services)]
    }

    private static let walletID = PathParameter("id", "The wallet.", schema: Schemas.id("wa"))

    private static func create(_ services: APIServices) -> Route {
        Route(
            .post, "/v1/wallets", "createWallet", tag: "Wallets", summary: "Make a wallet for a user",
            description: "Makes a key in the vault and shows its address. The key never leaves the vault.",
            permission: .scope("wallets:write"),
            request: .object([
                .required("user_id", Schemas.userID), .required("chain", Schemas.chain),
                .optional("label", JSONSchema.string(length: 1...128).nullable),
                .optional("key_backend", JSONSchema.words(["embedded"]).nullable),
                .optional(
                    "shared", .boolean("Whether every user's withdrawals may be paid from it; administrators only.")),
            ]),
            requestExample: ["user_id": "user-1", "chain": "eip155:31337", "label": "main"],
            responses: [
                RouteResponse(
                    201, "The wallet.", .reference("Wallet"), headers: [("Location", "Where the wallet is.")])
            ], problems: [.validationFailed, .unsupportedChain, .sealed]
        ) { request in
            let caller = try request.caller()
            let input = try request.read { body -> (String, ChainID, String?, Bool)? in
                let user = body.string("user_id", bytes: 1...Wallets.userIDBytesMax)
                let chain = body.parse("chain", "a CAIP-2 chain id such as eip155:1") { try ChainID($0) }
                let label = body.optionalString("label", bytes: 1...Wallets.labelBytesMax)
                if let backend = body.optionalString("key_backend"), backend != services.keystore.backend {
                    body.refuse("key_backend", "must be \(services.keystore.backend)")
                }
                let isShared = body.optionalBoolean("shared") ?? false
                guard let user, let chain else { return nil }
                if user.utf8.contains(where: { !(0x21...0x7e).contains($0) }) {
                    body.refuse("user_id", "must be visible ASCII characters")
                }
                return (user, chain, label, isShared)
            }
            if input.3, !caller.scopes.contains("admin") {
                throw Problem(.forbidden, "only administrators make shared wallets")
            }
            let wallet = try await services.wallets.create(
                userID: input.0, chain: input.1, label: input.2, isShared: input.3, actor: caller.id)
            return .created(wallet.json, location: "/v1/wallets/\(wallet.id.text(prefix: Wallet.idPrefix))")
        }
    }

    private static func list(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/wallets", "listWallets", tag: "Wallets", summary: "List wallets",
            permission: .scope("wallets:read"),
            query: [QueryParameter("user_id", .text(bytesMax: 128), "Only this user's."), .limit, .cursor],
            loadClass: .listing, responses: [RouteResponse(200, "A page.", .page(of: .reference("Wallet")))],
            problems: [.invalidCursor]
        ) { request in
            let size = request.query.pageSize
            let found = try await services.wallets.list(
                userID: request.query["user_id"], after: try Cursor.id(in: request, listing: "wallets"),
                limit: size + 1)
            let (items, hasMore) = found.page(size)
            return .page(
                items.map(\.json),
                nextCursor: hasMore ? items.last.map { Cursor.text($0.id, listing: "wallets") } : nil, for: request)
        }
    }

    private static func get(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/wallets/{id}", "getWallet", tag: "Wallets", summary: "Read a wallet",
            permission: .scope("wallets:read"), pathParameters: [walletID], loadClass: .essential,
            responses: [RouteResponse(200, "The wallet.", .reference("Wallet"))], problems: [.walletNotFound]
        ) { request in
            .json(try await find(request, services).json)
        }
    }

    private static func activate(_ services: APIServices) -> Route {
        Route(
            .put, "/v1/wallets/{id}/active", "activateWallet", tag: "Wallets",
            summary: "Make it the wallet that its user works with on its chain", permission: .scope("wallets:write"),
            pathParameters: [walletID], responses: [RouteResponse(200, "The wallet.", .reference("Wallet"))],
            problems: [.walletNotFound]
        ) { request in
            let wallet = try await find(request, services)
            let active = try await services.wallets.setActive(
                wallet.id, seenBy: nil, actor: try request.caller().id)
            return .json(active.json)
        }
    }

    private static func balances(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/wallets/{id}/balances", "getBalances", tag: "Wallets",
            summary: "Balances on the chain and in the books",
            description:
                "`on_chain` is null while no node answers. The `user_` amounts are the user's in all his wallets.",
            permission: .scope("wallets:read"), pathParameters: [walletID],
            responses: [
                RouteResponse(
                    200, "One entry for each listed asset.",
                    .object([
                        .required("wallet_id", Schemas.id("wa")), .required("data", .array(of: .reference("Balance"))),
                    ]))
            ], problems: [.walletNotFound]
        ) { request in
            let wallet = try await find(request, services)
            let balances = try await services.wallets.balances(of: wallet)
            return .json(["wallet_id": .string(wallet.ledgerOwner), "data": .array(balances.map(\.json))])
        }
    }

    static func find(_ request: APIRequest, _ services: APIServices) async throws -> Wallet {
        let id = try request.id("id", prefix: Wallet.idPrefix, notFound: .walletNotFound)
        return try await services.wallets.wallet(id, seenBy: nil)
    }
}
