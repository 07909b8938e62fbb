import Primitives

/// The whole HTTP interface: what is dispatched, documented and checked are one table.
public enum APIRoutes {
    /// All routes, with the documentation that is made from them.
    public static func all(_ services: APIServices) -> [Route] {
        let routes = documented(services)
        return routes + DocsPage.routes(document: document(routes, version: services.version))
    }

    static func documented(_ services: APIServices) -> [Route] {
        WalletRoutes.routes(services) + WithdrawalRoutes.routes(services) + EventRoutes.routes(services)
            + ConnectionRoutes.routes(services) + LedgerRoutes.routes(services) + AdministrationRoutes.routes(services)
            + GuardRoutes.routes(services)
            + SystemRoutes.routes(services)
    }

    /// The OpenAPI document of some routes.
    static func document(_ routes: [Route], version: String) -> OpenAPIDocument {
        OpenAPIDocument(
            title: "Coffer", version: version,
            description:
                "A wallet backend that moves money out exactly once. Amounts are strings of base units; chains, accounts and assets have CAIP ids; errors are problem documents.",
            routes: routes, schemas: Schemas.components,
            tags: [
                "Wallets": "Addresses of users, and the keys behind them.",
                "Withdrawals": "Money that leaves.",
                "Connections": "Wallets that users hold themselves, connected over WalletConnect.",
                "Events": "What happens, live.",
                "Ledger": "Double entry in base units.", "Policies": "What may leave; nothing, without a rule.",
                "API keys": "Who may call.", "Audit": "The hash-chained log.",
                "Guard": "One nonce, one payment.", "System": "Health, sealing, backup.",
            ])
    }
}
