import HTTPTypes
import Primitives
import WalletConnectBackend
import WalletConnectProtocol
import Wallets

/// What the accounts of a connection hold.
enum ConnectionBalances {
    static func route(_ services: APIServices) -> Route {
        Route(
            .get, "/v1/connections/{topic}/balances", "getConnectionBalances", tag: "Connections",
            summary: "Native coins of the connected accounts",
            description: "`amount` is null where no node is configured or none answers; `error` says which.",
            permission: .scope("connections:read"), pathParameters: [ConnectionRoutes.topic],
            responses: [
                RouteResponse(
                    200, "One entry for each account.",
                    .object([
                        .required("topic", Schemas.topic),
                        .required(
                            "data",
                            .array(
                                of: .object([
                                    .required("account", Schemas.accountID), .required("chain", Schemas.chain),
                                    .required("amount", Schemas.amount.nullable),
                                    .required("symbol", JSONSchema.string().nullable),
                                    .required("decimals", JSONSchema.integer(0...255).nullable),
                                    .required("error", JSONSchema.string().nullable),
                                ]))),
                    ]))
            ],
            problems: [
                .connectionNotFound, .walletNotConnected, .walletConnectionPending, .walletSessionExpired,
                .connectionsDisabled, .walletClosed,
            ]
        ) { request in
            let (backend, connection) = try ConnectionRoutes.find(request, services)
            try ConnectionRoutes.requireActive(connection)
            let found = try await backend.balances(for: .topic(connection.topic))
            return .json(["topic": .string(connection.topic.hex), "data": .array(found.map { json($0, services) })])
        }
    }

    private static func json(_ balance: AccountBalance, _ services: APIServices) -> JSON {
        let (account, chain) = (balance.account, balance.account.chain)
        let native = services.wallets.assets.native(on: chain)
        var (amount, error): (JSON, JSON) = (.null, .null)
        switch balance.result {
        case .success(let value): amount = .string("\(value)")
        case .failure(let failure): error = .string(failure.code.rawValue)
        }
        return [
            "account": .string("\(account)"), "chain": .string("\(chain)"), "amount": amount,
            "symbol": native?.symbol.map { .string($0) } ?? .null,
            "decimals": native?.decimals.map { JSON(Int($0)) } ?? .null, "error": error,
        ]
    }
}
