/// What each target may import.
///
/// docs/architecture.md says why; a new line here is a decision.
///
/// An arrow goes from a target to what it knows: Base ← Chains ← ports ← services ← API ← Bootstrap ← coffer. Adapters
/// depend on their port, and Bootstrap alone names them.
enum Arrows {
    /// Part of the language: taken anywhere.
    static let language: Set = ["Swift", "Synchronization"]

    static let allowed: [String: Set<String>] = [
        // Base: values in, values out.
        "Primitives": ["Glibc"],
        "Cryptography": ["Primitives", "CSecp256k1", "CSodium", "Crypto", "Glibc"],
        "QRCode": ["CQREncode", "Glibc"],

        // Pure codecs, the port, its adapter.
        "ChainEVM": ["Primitives", "Cryptography"],
        "ChainNode": ["Primitives", "Cryptography", "ChainEVM"],
        "ChainNodeHTTP": [
            "Primitives", "ChainEVM", "ChainNode", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "Logging", "Metrics",
        ],

        // Ports with their memory twins, and adapters.
        "Storage": ["Primitives", "Glibc"],
        "StorageSQL": ["Primitives", "Storage", "Logging", "Glibc"],
        "StorageSQLite": ["Primitives", "Storage", "StorageSQL", "CSQLite", "Glibc"],
        "StoragePostgreSQL": ["Primitives", "Storage", "StorageSQL", "CPostgreSQL", "Logging", "Glibc"],
        "StorageMySQL": ["Primitives", "Storage", "StorageSQL", "CMariaDB", "Logging", "Glibc"],
        "StorageRedis": ["Primitives", "Storage", "NIOCore", "NIOPosix", "NIOSSL"],
        "StorageMongoDB": ["Primitives", "Storage", "CMongo", "Glibc"],
        "Keys": ["Primitives", "Cryptography", "Storage", "Crypto", "Glibc"],
        "Queues": ["Primitives", "Storage"],

        // Services: use cases and state machines over ports.
        "Audit": ["Primitives", "Cryptography", "Storage"],
        "Ledger": ["Primitives", "Storage"],
        "Wallets": ["Primitives", "Cryptography", "Storage", "Audit", "Keys", "Ledger", "ChainEVM", "ChainNode"],
        "Withdrawals": [
            "Primitives", "Cryptography", "Storage", "Audit", "Keys", "Ledger", "Wallets", "ChainEVM", "ChainNode",
            "Logging", "Metrics",
        ],

        // WalletConnect: pure rules, the client around them, its network, the relay. None of them knows custody.
        "WalletConnectProtocol": ["Primitives", "Cryptography", "ChainEVM", "Crypto"],
        "WalletConnectClient": [
            "Primitives", "Cryptography", "ChainEVM", "ChainNode", "Storage", "WalletConnectProtocol", "Logging",
            "Metrics",
        ],
        "WalletConnectBackend": [
            "Primitives", "Cryptography", "ChainEVM", "ChainNode", "Storage", "QRCode", "WalletConnectProtocol",
            "WalletConnectClient", "Logging", "Metrics",
        ],
        "WalletKit": [
            "Primitives", "Storage", "WalletConnectClient", "WalletConnectProtocol", "Logging", "Metrics",
        ],
        "WalletConnectNetwork": [
            "Primitives", "WalletConnectClient", "AsyncHTTPClient", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket",
            "NIOSSL", "Logging",
        ],
        "WalletConnectHTTP": [
            "Primitives", "WalletConnectBackend", "Hummingbird", "HTTPTypes", "NIOCore", "Logging",
        ],
        "WalletConnectRelay": [
            "Primitives", "Cryptography", "Storage", "WalletConnectProtocol", "HummingbirdCore", "HTTPTypes", "NIOCore",
            "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "ServiceLifecycle", "Logging",
            "Metrics",
        ],
        // The test kit is a program of its own in a test: it puts the parts together.
        "WalletConnectTesting": [
            "Primitives", "Cryptography", "ChainEVM", "Storage", "StorageSQLite", "WalletConnectProtocol",
            "WalletConnectClient", "WalletConnectNetwork", "WalletConnectRelay", "NIOPosix", "Logging", "CoreMetrics",
        ],

        // Delivery.
        "Observability": ["Primitives", "CoreMetrics", "Logging", "Glibc"],
        "Dashboard": [],
        "API": [
            "Primitives", "Cryptography", "Storage", "Audit", "Keys", "Ledger", "Wallets", "Withdrawals", "Queues",
            "ChainEVM", "ChainNode", "Dashboard", "Observability", "WalletConnectBackend", "WalletConnectClient",
            "WalletConnectProtocol", "Hummingbird", "HTTPTypes", "NIOCore", "JWTKit",
            "Logging", "Metrics", "Foundation", "FoundationEssentials",
        ],
        "Bootstrap": [
            "Primitives", "Cryptography", "Storage", "StorageSQL", "StorageSQLite", "StoragePostgreSQL", "StorageMySQL",
            "StorageRedis", "StorageMongoDB", "Audit", "Keys", "Ledger", "Wallets", "Withdrawals", "Queues", "ChainEVM",
            "ChainNode",
            "ChainNodeHTTP", "WalletConnectProtocol",
            "WalletConnectRelay", "WalletConnectBackend", "WalletConnectClient", "WalletConnectNetwork", "API",
            "Observability", "Hummingbird", "HummingbirdCore", "HTTPTypes",
            "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix", "ServiceLifecycle", "UnixSignals", "Yams", "Logging",
            "Metrics", "CoreMetrics", "Foundation", "Glibc",
        ],
        "CofferClient": [
            "Primitives", "Cryptography", "ChainEVM", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix", "Glibc",
        ],
        "coffer": [
            "Primitives", "Cryptography", "ChainEVM", "Storage", "StorageSQLite", "QRCode", "WalletConnectProtocol",
            "WalletConnectClient", "WalletConnectNetwork", "Bootstrap", "CofferClient", "Observability",
            "ArgumentParser", "AsyncHTTPClient", "NIOCore", "Logging", "CoreMetrics", "Foundation", "Dispatch", "Glibc",
        ],
    ]

    /// Adapters, which the services must not know.
    static let adapters: Set = [
        "ChainNodeHTTP", "StorageSQL", "StorageSQLite", "StoragePostgreSQL", "StorageMySQL", "StorageRedis",
        "StorageMongoDB",
        "WalletConnectNetwork",
    ]

    /// Where Foundation is not taken in any form: it costs start-up and size, and it brings a clock, files and sockets.
    static let withoutFoundation: Set = [
        "Primitives", "Cryptography", "ChainEVM", "ChainNode", "Storage", "Keys", "Ledger", "Wallets", "Withdrawals",
        "Queues", "QRCode", "WalletKit", "WalletConnectProtocol", "WalletConnectClient", "WalletConnectBackend",
        "WalletConnectRelay",
    ]
    static let foundation: Set = [
        "Foundation", "FoundationEssentials", "FoundationInternationalization", "FoundationNetworking", "FoundationXML",
        "NIOFoundationCompat", "NIOFoundationEssentialsCompat", "Dispatch",
    ]

    /// Who may read the clock by themselves; everybody else is given a `WallClock`.
    static let clockReaders: Set = ["Observability", "Bootstrap", "coffer"]
    /// Who may write to standard output.
    static let printers: Set = ["Bootstrap", "coffer"]
}
