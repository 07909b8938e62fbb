// swift-tools-version: 6.2
import PackageDescription

// What `make bench` runs beside the server: a load client, a bare Hummingbird server, and loops over single functions.
// A package of its own, so that nobody who builds Coffer builds these.
let package = Package(
    name: "benchmarks",
    dependencies: [
        .package(name: "coffer", path: ".."),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
    ],
    targets: [
        // What Coffer is compared with, as C: SQLite and libsecp256k1 without anything in between; and Linux's epoll.
        .target(
            name: "CReference",
            linkerSettings: [.linkedLibrary("sqlite3"), .linkedLibrary("secp256k1")]),
        .executableTarget(name: "Load", dependencies: ["CReference"]),
        .executableTarget(
            name: "BareServer",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "WebSocketEcho",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOWebSocket", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "Sockets",
            dependencies: [
                "CReference", .product(name: "Primitives", package: "coffer"),
                .product(name: "Cryptography", package: "coffer"),
                .product(name: "WalletConnectProtocol", package: "coffer"),
            ]),
        .executableTarget(
            name: "RoundTrips",
            dependencies: [
                .product(name: "Primitives", package: "coffer"), .product(name: "Storage", package: "coffer"),
                .product(name: "StorageSQLite", package: "coffer"),
                .product(name: "WalletConnectProtocol", package: "coffer"),
                .product(name: "WalletConnectClient", package: "coffer"),
                .product(name: "WalletConnectNetwork", package: "coffer"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "Micro",
            dependencies: [
                "CReference", .product(name: "Primitives", package: "coffer"),
                .product(name: "Cryptography", package: "coffer"), .product(name: "ChainEVM", package: "coffer"),
                .product(name: "Keys", package: "coffer"), .product(name: "Storage", package: "coffer"),
                .product(name: "StorageSQLite", package: "coffer"),
            ]),
    ]
)

for target in package.targets where target.name != "CReference" {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
