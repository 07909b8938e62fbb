// A wallet pairs, approves what it supports, and answers what is asked; docs/guides/getting-started-wallet.md explains.

import ChainEVM
import Cryptography
import Metrics
import NIOPosix
import Primitives
import Storage
import WalletConnectClient
import WalletConnectNetwork
import WalletConnectProtocol
import WalletKit

// snippet.hide
let arguments = CommandLine.arguments + ["", "ws://127.0.0.1:5555"]
let (uri, relay) = (arguments[1], arguments[2])
let key = Secp256k1.PrivateKey()
// snippet.show
let kit = WalletKit(
    settings: WalletKitSettings(
        metadata: Metadata(name: "My wallet", description: "Signs", url: "https://wallet.example", icons: []),
        relay: RelaySettings(urls: [relay])),
    records: MemoryKeyValueStore(), storeKey: SecretBytes.random(count: SealedRecords.storeKeyBytesMin),
    transport: try WebSocketTransport(eventLoops: MultiThreadedEventLoopGroup.singleton),
    metrics: NOOPMetricsHandler.instance)

let supported: NamespaceMap<SessionNamespace> = [
    "eip155": SessionNamespace(
        chains: ["eip155:1"], accounts: ["eip155:1:\(Address(publicKey: key.publicKey))"],
        methods: ["personal_sign"], events: [])
]

try await withWalletKit(kit) { kit in
    // A wallet that handles no sign-ins leaves them out: dApps fall back to a proposal.
    let events = kit.events([.sessionProposal, .sessionRequest, .sessionDelete])
    try await kit.pair(uri)
    for await event in events {
        do {
            switch event {
            case .sessionProposal(let received):
                // Show the person who asks and for what, and ask. Where something required is missing, nothing is granted.
                let namespaces = try? WalletKit.buildApprovedNamespaces(for: received.proposal, supported: supported)
                if let namespaces, !namespaces.isEmpty {
                    try await kit.approveSession(received, namespaces: namespaces)
                } else {
                    try await kit.rejectSession(received, reason: WalletKit.reason(.unsupportedChains))
                }
            case .sessionRequest(let request):
                // Show the person what would be signed, and ask. A no is an answer too.
                guard let text = request.params?[0]?.string, let message = try? Hex.decodePrefixed(text) else {
                    try await kit.respondSessionRequest(
                        request, with: .failure(SDKError.userRejectedRequest.peerError()))
                    continue
                }
                let signature = TransactionSignature(key.sign(digest: EIP191.hash(message: message)))
                try await kit.respondSessionRequest(
                    request, with: .result(.string(Hex.encodePrefixed(signature.bytes65))))
            case .sessionDelete: return
            default: break
            }
        } catch let error as SignError {
            // Too late, or answered twice: one dApp's question ends nothing else.
            print("not answered: \(error)")
        }
    }
}
