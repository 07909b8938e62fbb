import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol

/// Hears what a client sends to its relay.
final class Tap: Sendable {
    private let texts = Mutex<[[UInt8]]>([])

    func hear(_ sent: [[UInt8]]) { texts.withLock { $0 += sent } }

    /// The sealed messages that were published on a topic, oldest first.
    func messages(on topic: Topic) -> [String] {
        texts.withLock { $0 }.compactMap { text in
            guard let frame = try? JSON.parse(text, limits: PeerMessage.limits), let params = frame["params"] else {
                return nil
            }
            switch frame["method"]?.string {
            case "irn_publish" where params["topic"]?.string == topic.hex: return params["message"]?.string
            case "wc_proposeSession" where params["pairingTopic"]?.string == topic.hex:
                return params["sessionProposal"]?.string
            default: return nil
            }
        }
    }
}

/// A transport that is listened to.
struct TappedTransport: RelayTransport {
    let base: any RelayTransport
    let tap: Tap

    func open(_ request: RelayOpening) async throws(TransportError) -> any RelayConnection {
        TappedConnection(base: try await base.open(request), tap: tap)
    }
}

private struct TappedConnection: RelayConnection {
    let base: any RelayConnection
    let tap: Tap

    func send(_ texts: [[UInt8]]) {
        tap.hear(texts)
        base.send(texts)
    }

    func receive() async -> RelayInbound { await base.receive() }

    func close(code: UInt16, reason: String) { base.close(code: code, reason: reason) }
}
