import Foundation
import Primitives
import WalletConnectProtocol

/// What both sides of the tests know.
enum Fixture {
    static let chain = "eip155:1"
    static let account = "eip155:1:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    static let methods = ["personal_sign", "eth_signTypedData_v4", "eth_sendTransaction"]
    static let events = ["chainChanged", "accountsChanged"]

    /// What our dApp asks for.
    static let wanted: NamespaceMap<ProposalNamespace> = [
        "eip155": ProposalNamespace(chains: [chain], methods: methods, events: events)
    ]

    /// What our wallet grants.
    static let granted: NamespaceMap<SessionNamespace> = [
        "eip155": SessionNamespace(chains: [chain], accounts: [account], methods: methods, events: events)
    ]

    static func metadata(_ name: String) -> Metadata {
        Metadata(
            name: name, description: "A client under test", url: "https://\(name.lowercased()).example",
            icons: ["https://\(name.lowercased()).example/icon.png"])
    }

    /// The largest number that survives a double.
    static let safeIntegerMax: Int64 = (1 << 53) - 1
    static let dayMilliseconds: Int64 = 86_400_000
}

/// Chosen once a run and printed, so that a run can be repeated: `COFFER_SEED`.
let interopSeed: UInt64 = {
    let seed = ProcessInfo.processInfo.environment["COFFER_SEED"].flatMap { UInt64($0) } ?? .random(in: 1..<1 << 32)
    print("seed \(seed); again with COFFER_SEED=\(seed)")
    return seed
}()
