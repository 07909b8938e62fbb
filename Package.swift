// swift-tools-version: 6.2
import PackageDescription

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1: Target.Dependency = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "coffer",
    products: [
        .library(name: "Primitives", targets: ["Primitives"]),
        .library(name: "Cryptography", targets: ["Cryptography"]),
        .library(name: "ChainEVM", targets: ["ChainEVM"]),
        .library(name: "ChainNode", targets: ["ChainNode"]),
        .library(name: "ChainNodeHTTP", targets: ["ChainNodeHTTP"]),
        .library(name: "Keys", targets: ["Keys"]),
        .library(name: "Storage", targets: ["Storage"]),
        .library(name: "StorageSQLite", targets: ["StorageSQLite"]),
        .library(name: "StoragePostgreSQL", targets: ["StoragePostgreSQL"]),
        .library(name: "StorageMySQL", targets: ["StorageMySQL"]),
        .library(name: "StorageRedis", targets: ["StorageRedis"]),
        .library(name: "StorageMongoDB", targets: ["StorageMongoDB"]),
        .library(name: "Queues", targets: ["Queues"]),
        .library(name: "Ledger", targets: ["Ledger"]),
        .library(name: "Wallets", targets: ["Wallets"]),
        .library(name: "Withdrawals", targets: ["Withdrawals"]),
        .library(name: "WalletConnectProtocol", targets: ["WalletConnectProtocol"]),
        .library(name: "WalletConnectClient", targets: ["WalletConnectClient"]),
        .library(name: "WalletConnectNetwork", targets: ["WalletConnectNetwork"]),
        .library(name: "WalletKit", targets: ["WalletKit"]),
        .library(name: "WalletConnectBackend", targets: ["WalletConnectBackend"]),
        .library(name: "WalletConnectHTTP", targets: ["WalletConnectHTTP"]),
        .library(name: "WalletConnectRelay", targets: ["WalletConnectRelay"]),
        .library(name: "Observability", targets: ["Observability"]),
        .library(name: "WalletConnectTesting", targets: ["WalletConnectTesting"]),
        .executable(name: "coffer", targets: ["coffer"]),
    ],
    traits: [
        .trait(name: "SQLite", description: "Keep state in SQLite (libsqlite3); what `coffer dev` uses."),
        .trait(name: "PostgreSQL", description: "Keep state in PostgreSQL (libpq)."),
        .trait(name: "MySQL", description: "Keep state in MySQL or MariaDB (libmariadb)."),
        .trait(name: "MongoDB", description: "Keep records in MongoDB (libmongoc-1.0)."),
        .trait(name: "Redis", description: "Keep records in Redis or Valkey; needs no library of the system."),
        .default(enabledTraits: ["SQLite"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", exact: "5.7.1"),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
    ],
    targets: [
        // Base: values in, values out. No I/O, no clock, no Foundation.
        .target(name: "Primitives", path: "Sources/Base/Primitives"),
        .target(
            name: "Cryptography",
            dependencies: ["Primitives", "CSecp256k1", "CSodium", crypto],
            path: "Sources/Base/Cryptography"),

        .target(name: "QRCode", dependencies: ["CQREncode"], path: "Sources/Base/QRCode"),

        // Chains: pure codecs, and the port that asks a node.
        .target(name: "ChainEVM", dependencies: ["Primitives", "Cryptography"], path: "Sources/Chains/ChainEVM"),
        .target(
            name: "ChainNode", dependencies: ["Primitives", "Cryptography", "ChainEVM"],
            path: "Sources/Chains/ChainNode"),
        .target(
            name: "ChainNodeHTTP",
            dependencies: ["ChainNode", "ChainEVM", "Primitives", httpClient, nioCore, nioHTTP1, log, metrics],
            path: "Sources/Chains/ChainNodeHTTP"),

        // Ports, each with its memory twin.
        .target(name: "Storage", dependencies: ["Primitives"], path: "Sources/Storage/Storage"),
        .target(name: "StorageSQL", dependencies: ["Storage", "Primitives", log], path: "Sources/Storage/StorageSQL"),
        .target(
            name: "StorageSQLite",
            dependencies: [
                "StorageSQL", "Storage", "Primitives",
                .target(name: "CSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Sources/Storage/StorageSQLite"),
        .target(
            name: "StoragePostgreSQL",
            dependencies: [
                "StorageSQL", "Storage", "Primitives", log,
                .target(name: "CPostgreSQL", condition: .when(traits: ["PostgreSQL"])),
            ],
            path: "Sources/Storage/StoragePostgreSQL"),
        .target(
            name: "StorageMySQL",
            dependencies: [
                "StorageSQL", "Storage", "Primitives", log,
                .target(name: "CMariaDB", condition: .when(traits: ["MySQL"])),
            ],
            path: "Sources/Storage/StorageMySQL"),
        .target(
            name: "StorageRedis", dependencies: ["Storage", "Primitives", nioCore, nioPosix, nioSSL],
            path: "Sources/Storage/StorageRedis"),
        .target(
            name: "StorageMongoDB",
            dependencies: [
                "Storage", "Primitives", .target(name: "CMongo", condition: .when(traits: ["MongoDB"])),
            ],
            path: "Sources/Storage/StorageMongoDB"),
        .target(
            name: "Keys", dependencies: ["Primitives", "Cryptography", "Storage", crypto], path: "Sources/Keys/Keys"),
        .target(name: "Queues", dependencies: ["Primitives", "Storage"], path: "Sources/Queues/Queues"),

        // Services: use cases and state machines over ports.
        .target(
            name: "Audit", dependencies: ["Primitives", "Storage", "Cryptography"], path: "Sources/Custody/Audit"),
        .target(name: "Ledger", dependencies: ["Primitives", "Storage"], path: "Sources/Custody/Ledger"),
        .target(
            name: "Wallets",
            dependencies: [
                "Primitives", "Storage", "Audit", "Keys", "Ledger", "ChainEVM", "ChainNode", "Cryptography",
            ],
            path: "Sources/Custody/Wallets"),
        .target(
            name: "Withdrawals",
            dependencies: [
                "Primitives", "Cryptography", "Storage", "Audit", "Keys", "Ledger", "Wallets", "ChainEVM", "ChainNode",
                log,
                metrics,
            ],
            path: "Sources/Custody/Withdrawals"),

        // WalletConnect v2: the wire and its rules (pure), the client in both roles, its network, the relay.
        .target(
            name: "WalletConnectProtocol", dependencies: ["Primitives", "Cryptography", "ChainEVM", crypto],
            path: "Sources/WalletConnect/WalletConnectProtocol"),
        .target(
            name: "WalletConnectClient",
            dependencies: [
                "WalletConnectProtocol", "Storage", "Primitives", "Cryptography", "ChainEVM", "ChainNode", log, metrics,
            ],
            path: "Sources/WalletConnect/WalletConnectClient"),
        .target(
            name: "WalletConnectBackend",
            dependencies: [
                "WalletConnectClient", "WalletConnectProtocol", "Storage", "Primitives", "Cryptography", "ChainEVM",
                "ChainNode", "QRCode", log, metrics,
            ],
            path: "Sources/WalletConnect/WalletConnectBackend"),
        .target(
            name: "WalletKit",
            dependencies: ["WalletConnectClient", "WalletConnectProtocol", "Storage", "Primitives", log, metrics],
            path: "Sources/WalletConnect/WalletKit"),
        .target(
            name: "WalletConnectNetwork",
            dependencies: [
                "WalletConnectClient", "Primitives", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, httpClient, log,
            ],
            path: "Sources/WalletConnect/WalletConnectNetwork"),
        .target(
            name: "WalletConnectHTTP",
            dependencies: ["WalletConnectBackend", "Primitives", hummingbird, httpTypes, nioCore, log],
            path: "Sources/WalletConnect/WalletConnectHTTP"),
        .target(
            name: "WalletConnectRelay",
            dependencies: [
                "WalletConnectProtocol", "Storage", "Primitives", "Cryptography", nioCore, nioPosix, nioHTTP1,
                nioWebSocket, nioHTTPTypes, nioHTTPTypesHTTP1, hummingbirdCore, httpTypes, lifecycle, log, metrics,
            ],
            path: "Sources/WalletConnect/WalletConnectRelay"),
        .target(
            name: "WalletConnectTesting",
            dependencies: [
                "WalletConnectRelay", "WalletConnectNetwork", "WalletConnectClient", "WalletConnectProtocol", "Storage",
                "ChainEVM", "Cryptography", "Primitives", nioPosix, log, coreMetrics,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Sources/WalletConnect/WalletConnectTesting"),

        // Delivery.
        .target(
            name: "Observability", dependencies: ["Primitives", log, coreMetrics], path: "Sources/Server/Observability"),
        .target(name: "Dashboard", path: "Sources/Server/Dashboard"),
        .target(
            name: "API",
            dependencies: [
                "Primitives", "Cryptography", "Storage", "Audit", "Keys", "Ledger", "Wallets", "Withdrawals",
                "ChainEVM", "ChainNode", "Dashboard", "WalletConnectBackend", "WalletConnectClient",
                "WalletConnectProtocol", hummingbird, httpTypes, nioCore, jwt, log,
                metrics,
            ],
            path: "Sources/Server/API"),
        .target(
            name: "Bootstrap",
            dependencies: [
                "API", "Observability", "Primitives", "Cryptography", "Storage", "StorageSQL", "Audit", "Keys",
                "Ledger", "Wallets", "WalletConnectRelay", "WalletConnectBackend", "WalletConnectClient",
                "WalletConnectNetwork", "WalletConnectProtocol",
                "Withdrawals", "ChainEVM", "ChainNode", "ChainNodeHTTP", hummingbird, httpClient, lifecycle,
                unixSignals, httpTypes, metrics, nioCore, nioHTTP1, hummingbirdCore, log,
                coreMetrics, nioPosix, yaml,
                .target(name: "StoragePostgreSQL", condition: .when(traits: ["PostgreSQL"])),
                .target(name: "StorageMySQL", condition: .when(traits: ["MySQL"])),
                .target(name: "StorageRedis", condition: .when(traits: ["Redis"])),
                .target(name: "StorageMongoDB", condition: .when(traits: ["MongoDB"])),
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Sources/Server/Bootstrap"),
        .target(
            name: "CofferClient",
            dependencies: ["Primitives", "Cryptography", "ChainEVM", httpClient, nioCore, nioHTTP1, nioPosix],
            path: "Sources/Server/CofferClient"),
        .executableTarget(
            name: "coffer",
            dependencies: [
                "Bootstrap", "CofferClient", "Primitives", "Cryptography", "ChainEVM", "QRCode", "Storage",
                "WalletConnectProtocol", "WalletConnectClient", "WalletConnectNetwork", arguments, httpClient, nioCore,
                "Observability", log, coreMetrics,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Sources/Server/coffer"),

        // Examples/README.md: not exported, but compiled, and run by `make examples`.
        .executableTarget(
            name: "MinimalDApp",
            dependencies: [
                "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol", "Storage", "ChainEVM",
                "Primitives", nioPosix, coreMetrics,
            ],
            path: "Examples/MinimalDApp"),
        .executableTarget(
            name: "MinimalWallet",
            dependencies: [
                "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol", "Storage", "ChainEVM",
                "Cryptography", "Primitives", nioPosix, coreMetrics,
            ],
            path: "Examples/MinimalWallet"),
        .executableTarget(
            name: "KitWallet",
            dependencies: [
                "WalletKit", "WalletConnectTesting", "WalletConnectClient", "WalletConnectNetwork",
                "WalletConnectProtocol", "Storage", "ChainEVM", "Cryptography", "Primitives", nioPosix, coreMetrics,
            ],
            path: "Examples/KitWallet"),
        .executableTarget(
            name: "StandInWallet", dependencies: ["WalletConnectTesting", "WalletConnectProtocol"],
            path: "Examples/StandInWallet"),
        .executableTarget(
            name: "BasicUsage",
            dependencies: [
                "WalletConnectBackend", "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol",
                "Storage",
                "ChainEVM", "Primitives", nioPosix, coreMetrics,
            ],
            path: "Examples/BasicUsage"),
        .executableTarget(
            name: "Plugin",
            dependencies: [
                "WalletConnectBackend", "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol",
                "Storage",
                "ChainEVM", "Primitives", nioPosix, coreMetrics,
            ],
            path: "Examples/Plugin"),
        .executableTarget(
            name: "RESTServer",
            dependencies: [
                "WalletConnectHTTP", "WalletConnectBackend", "WalletConnectClient", "WalletConnectNetwork",
                "WalletConnectProtocol", "Storage", "ChainEVM", "Cryptography", "Primitives", hummingbird, httpTypes,
                nioCore, nioPosix, coreMetrics,
            ],
            path: "Examples/RESTServer"),
        .executableTarget(
            name: "TelegramBot",
            dependencies: [
                "WalletConnectBackend", "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol",
                "Storage",
                "StorageSQL", "Primitives", httpClient, nioCore, nioHTTP1, nioPosix, coreMetrics,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Examples/TelegramBot"),

        // C libraries of the system: module maps only.
        .systemLibrary(
            name: "CSecp256k1", path: "Sources/CLibraries/CSecp256k1", pkgConfig: "libsecp256k1",
            providers: [.apt(["libsecp256k1-dev"])]),
        .systemLibrary(
            name: "CSodium", path: "Sources/CLibraries/CSodium", pkgConfig: "libsodium",
            providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/CLibraries/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CPostgreSQL", path: "Sources/CLibraries/CPostgreSQL", pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CMariaDB", path: "Sources/CLibraries/CMariaDB", pkgConfig: "libmariadb",
            providers: [.apt(["libmariadb-dev"])]),

        .systemLibrary(
            name: "CQREncode", path: "Sources/CLibraries/CQREncode", pkgConfig: "libqrencode",
            providers: [.apt(["libqrencode-dev"])]),

        .systemLibrary(
            name: "CMongo", path: "Sources/CLibraries/CMongo", pkgConfig: "libmongoc-1.0",
            providers: [.apt(["libmongoc-dev"])]),

        // `make campaign`: thousands of users, a kill, and every session answers.
        .executableTarget(
            name: "RestartCampaign",
            dependencies: [
                "WalletConnectTesting", "WalletConnectBackend", "WalletConnectClient", "WalletConnectNetwork",
                "WalletConnectProtocol", "ChainEVM", "Storage", "StorageSQL", "Primitives", "WalletConnectRelay",
                nioPosix,
                coreMetrics,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/WalletConnect/RestartCampaign"),

        // Tests mirror Sources; Contracts holds what every adapter of a port must pass.
        .target(name: "Contracts", dependencies: ["Storage", "Queues", "Primitives"], path: "Tests/Contracts"),
        // Servers that tests start, kill and start again.
        .target(name: "TestServers", path: "Tests/TestServers"),
        .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"], path: "Tests/Base/PrimitivesTests"),
        .testTarget(name: "QRCodeTests", dependencies: ["QRCode"], path: "Tests/Base/QRCodeTests"),
        .testTarget(
            name: "CryptographyTests", dependencies: ["Cryptography", "Primitives", "TestServers"],
            path: "Tests/Base/CryptographyTests"),
        .testTarget(
            name: "ChainEVMTests", dependencies: ["ChainEVM", "Cryptography", "Primitives", "TestServers"],
            path: "Tests/Chains/ChainEVMTests"),
        .testTarget(
            name: "ChainNodeTests",
            dependencies: [
                "ChainNode", "ChainNodeHTTP", "ChainEVM", "Cryptography", "Primitives", httpClient, nioCore, nioPosix,
                coreMetrics, "TestServers",
            ],
            path: "Tests/Chains/ChainNodeTests"),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Storage", "StorageSQL", "Contracts", "Primitives",
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/Storage/StorageTests"),
        .testTarget(
            name: "StorageServersTests",
            dependencies: [
                "Storage", "StorageSQL", "Contracts", "TestServers", "Primitives", log,
                .target(name: "StoragePostgreSQL", condition: .when(traits: ["PostgreSQL"])),
                .target(name: "StorageMySQL", condition: .when(traits: ["MySQL"])),
            ],
            path: "Tests/Storage/StorageServersTests"),
        .testTarget(
            name: "StorageRecordsTests",
            dependencies: [
                "StorageRedis", "StorageMongoDB", "Storage", "Contracts", "TestServers", "Primitives", nioCore,
                nioPosix,
            ],
            path: "Tests/Storage/StorageRecordsTests"),
        .testTarget(
            name: "StorageSealedTests",
            dependencies: [
                "WalletConnectClient", "Storage", "StorageSQL", "StorageRedis", "StorageMongoDB", "TestServers",
                "Primitives", "Cryptography", nioPosix, log,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
                .target(name: "StoragePostgreSQL", condition: .when(traits: ["PostgreSQL"])),
                .target(name: "StorageMySQL", condition: .when(traits: ["MySQL"])),
            ],
            path: "Tests/Storage/StorageSealedTests"),
        .testTarget(
            name: "KeysTests",
            dependencies: [
                "Keys", "Cryptography", "Contracts", "Storage", "Primitives",
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/Keys/KeysTests"),
        .testTarget(
            name: "QueuesTests",
            dependencies: [
                "Queues", "Contracts", "Storage", "Primitives",
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/Queues/QueuesTests"),
        .testTarget(
            name: "CustodyTests",
            dependencies: [
                "Audit", "Ledger", "Wallets", "Withdrawals", "Keys", "Storage", "ChainNode", "ChainEVM", "Cryptography",
                "Primitives", "Contracts", "Queues", log,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/Custody/CustodyTests"),
        .testTarget(
            name: "WalletConnectProtocolTests",
            dependencies: ["WalletConnectProtocol", "ChainEVM", "Cryptography", "Primitives", "TestServers", crypto],
            path: "Tests/WalletConnect/WalletConnectProtocolTests"),
        .testTarget(
            name: "WalletConnectClientTests",
            dependencies: [
                "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol", "ChainNode", "ChainEVM",
                "Cryptography", "Storage", "Contracts", "Primitives", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL,
                httpClient, log,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/WalletConnect/WalletConnectClientTests"),
        .testTarget(
            name: "WalletConnectBackendTests",
            dependencies: [
                "WalletConnectBackend", "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol",
                "WalletConnectTesting", "WalletConnectRelay", "ChainEVM", "ChainNode", "Cryptography", "Storage",
                "Primitives", nioPosix, coreMetrics,
            ],
            path: "Tests/WalletConnect/WalletConnectBackendTests"),
        .testTarget(
            name: "WalletConnectHTTPTests",
            dependencies: [
                "WalletConnectHTTP", "WalletConnectBackend", "WalletConnectTesting", "WalletConnectNetwork",
                "WalletConnectProtocol", "Storage", "Primitives", hummingbird, hummingbirdTesting, httpTypes, nioCore,
                nioPosix, log, coreMetrics,
            ],
            path: "Tests/WalletConnect/WalletConnectHTTPTests"),
        .testTarget(
            name: "WalletConnectRelayTests",
            dependencies: [
                "WalletConnectRelay", "WalletConnectProtocol", "Cryptography", "Storage", "Primitives", nioCore,
                nioPosix, nioEmbedded, nioHTTP1, nioWebSocket, httpTypes, httpClient, hummingbirdCore, log, coreMetrics,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/WalletConnect/WalletConnectRelayTests"),
        .testTarget(
            name: "WalletConnectTestingTests",
            dependencies: [
                "WalletConnectTesting", "WalletConnectRelay", "WalletConnectClient", "WalletConnectProtocol", "Storage",
                "ChainEVM", "Cryptography", "Primitives",
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/WalletConnect/WalletConnectTestingTests"),
        .testTarget(
            name: "WalletConnectInteropTests",
            dependencies: [
                "WalletConnectRelay", "WalletConnectClient", "WalletConnectNetwork", "WalletConnectProtocol",
                "ChainEVM", "Cryptography", "Storage", "Primitives", "TestServers", nioCore, nioPosix, nioHTTP1,
                nioWebSocket, hummingbirdCore, httpTypes, log, coreMetrics,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/WalletConnect/WalletConnectInteropTests"),
        .testTarget(
            name: "WalletKitTests",
            dependencies: [
                "WalletKit", "WalletConnectRelay", "WalletConnectClient", "WalletConnectNetwork",
                "WalletConnectProtocol", "ChainEVM", "Cryptography", "Storage", "Primitives", nioPosix, log,
                coreMetrics,
                .target(name: "StorageSQLite", condition: .when(traits: ["SQLite"])),
            ],
            path: "Tests/WalletConnect/WalletKitTests"),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "API", "Observability", "Dashboard", "Bootstrap", "WalletConnectBackend", "WalletConnectClient",
                "WalletConnectProtocol", "Storage", "Primitives", "Cryptography", hummingbird, httpTypes, nioCore, jwt,
                log, coreMetrics, httpClient,
            ],
            path: "Tests/Server/ServerTests"),
        .testTarget(
            name: "ObservabilityTests", dependencies: ["Observability", "Primitives", log],
            path: "Tests/Server/ObservabilityTests"),
        .testTarget(
            name: "CofferClientTests",
            dependencies: [
                "CofferClient", "ChainEVM", "Cryptography", "Primitives", httpClient, nioCore, nioPosix, nioHTTP1,
            ],
            path: "Tests/Server/CofferClientTests"),
        .testTarget(
            name: "EndToEndTests", dependencies: ["TestServers", "Primitives", httpClient, nioCore, nioHTTP1, crypto],
            path: "Tests/Server/EndToEndTests"),
        .testTarget(name: "ArchitectureTests", path: "Tests/ArchitectureTests"),
    ]
)

// Documentation is made by a plugin that nobody else needs: COFFER_DOCS=1, as `make docs` sets it.
if Context.environment["COFFER_DOCS"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin.git", exact: "1.5.0"))
}

// The same strict settings for every target of ours; see docs/architecture.md, "Settings".
for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .strictMemorySafety(),
            .treatAllWarnings(as: .error),
        ]
}
