// A wallet approves what it supports of each proposal, and refuses to sign.

import Metrics
import NIOPosix
import Primitives
import Storage
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol
import WalletKit

// snippet.hide
let arguments = CommandLine.arguments.dropFirst()
let (uri, relay) = (arguments.first ?? "wc:", arguments.dropFirst().first ?? "ws://127.0.0.1:5555")
// snippet.show
// Records go into any Store; what is in them is sealed under a key that is kept elsewhere.
let store = MemoryStore()
try await store.migrate(TableKeyValueStore.migrations)
let about = Metadata(name: "Purse", description: "Keeps keys", url: "https://purse.example", icons: [])
let kit = WalletKit(
    settings: WalletKitSettings(metadata: about, relay: RelaySettings(urls: [relay])),
    records: TableKeyValueStore(store: store), storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
    transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
    metrics: NOOPMetricsHandler.instance)

let supported: NamespaceMap<SessionNamespace> = [
    "eip155": SessionNamespace(
        chains: ["eip155:1"], accounts: ["eip155:1:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"],
        methods: ["personal_sign"], events: ["chainChanged"])
]

try await withWalletKit(kit) { kit in
    // This wallet signs nobody in: without `.sessionAuthenticate` dApps are told so, and send a proposal.
    let events = kit.events([.sessionProposal, .sessionRequest, .sessionDelete])
    try await kit.pair(uri)
    for await event in events {
        do {
            switch event {
            case .sessionProposal(let received):
                // A person would be shown received.proposal.proposer here, and asked.
                let namespaces = try? WalletKit.buildApprovedNamespaces(for: received.proposal, supported: supported)
                if let namespaces, !namespaces.isEmpty {
                    try await kit.approveSession(received, namespaces: namespaces)
                } else {
                    try await kit.rejectSession(received, reason: WalletKit.reason(.unsupportedChains))
                }
            case .sessionRequest(let request):
                let answer = Answer.failure(SDKError.userRejected.peerError())
                try await kit.respondSessionRequest(request, with: answer)
            case .sessionDelete: return
            default: break
            }
        } catch let error as SignError {
            // Too late, or answered twice: one dApp's question ends nothing else.
            print("not answered: \(error)")
        }
    }
}
