import ChainNode
import Keys
import Storage
import Withdrawals

/// One running server: its services over the shared ground, which may die at any place.
struct Process: Sendable {
    let name: String
    let crash: CrashSwitch
    let bank: Bank

    /// - Parameter wrap: what stands between the services and the databases, beside the crashes; for mutations.
    init(
        _ name: String, ground: Ground, vault: (any KeyVault)? = nil, node: any EVMNode, witness: BroadcastWitness,
        settings: ChainSettings,
        fatal: Int? = nil, wrap: (any Store) -> any Store = { $0 },
        interlude: @escaping @Sendable () async -> Void = {}
    ) {
        self.name = name
        let crash = CrashSwitch(fatal: fatal)
        self.crash = crash
        bank = Bank(
            ground, holder: name, store: CrashingStore(base: wrap(ground.store), crash: crash),
            guardStore: CrashingStore(base: ground.guardStore, crash: crash),
            vault: CrashingVault(base: vault ?? ground.vault, crash: crash),
            node: ProcessNode(node, crash: crash, witness: witness, interlude: interlude), settings: settings)
    }
}
