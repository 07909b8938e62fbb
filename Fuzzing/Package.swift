// swift-tools-version: 6.2
import PackageDescription

// Throws bytes at everything that reads what strangers send; `make fuzz` builds and runs it. A package of its own, since
// every module in it is compiled with libFuzzer's coverage: `swift build -c release -Xswiftc -sanitize=fuzzer`.
let package = Package(
    name: "fuzzing",
    dependencies: [.package(name: "coffer", path: "..")],
    targets: [
        // The one function of libFuzzer that a program with its own `main` calls.
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "CFuzzer", .product(name: "Primitives", package: "coffer"),
                .product(name: "Cryptography", package: "coffer"),
                .product(name: "WalletConnectProtocol", package: "coffer"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
                .treatAllWarnings(as: .error),
            ],
            // gold stops at the debug information of instrumented code.
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
)
