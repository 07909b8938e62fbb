import Synchronization
import WalletConnectClient

/// Opens connections to this server's own relay, wherever the URL says that it is.
///
/// The relay may be known to the world by the name of a proxy in front of us, which its tokens must name. From the inside
/// it is on our own port, which is known once the server listens; until then opening waits.
struct LoopbackTransport: RelayTransport {
    /// Where our own port is, told by the server when it listens; a class, because both sides hold it.
    final class Place: Sendable {
        private let state = Mutex<String?>(nil)

        /// The `ws://` address without a path; nil before the server listens.
        var base: String? { state.withLock { $0 } }

        /// Tells where the server listens.
        func set(host: String, port: Int) {
            state.withLock { $0 = "ws://\(Self.dialled(host)):\(port)" }
        }

        /// A listening address as one that can be called: every interface has loopback among them.
        private static func dialled(_ host: String) -> String {
            switch host {
            case "0.0.0.0", "localhost", "": "127.0.0.1"
            case "::": "[::1]"
            default: host.contains(":") ? "[\(host)]" : host
            }
        }
    }

    /// How often it is looked whether the server listens, at its start alone.
    private static let glance = Duration.milliseconds(10)

    private let inner: any RelayTransport
    private let place: Place

    init(_ inner: any RelayTransport, _ place: Place) {
        self.inner = inner
        self.place = place
    }

    func open(_ request: RelayOpening) async throws(TransportError) -> any RelayConnection {
        let deadline = ContinuousClock.now + request.deadline
        while place.base == nil {
            guard ContinuousClock.now < deadline else {
                throw TransportError(.unreachable, "this server does not listen yet")
            }
            do {
                try await Task.sleep(for: Self.glance)
            } catch {
                throw TransportError(.cancelled, "the caller gave up")
            }
        }
        let tail = request.url.drop { $0 != "?" }
        return try await inner.open(
            RelayOpening(
                url: "\(place.base ?? "")/relay\(tail)", headers: request.headers, deadline: request.deadline,
                messageBytesMax: request.messageBytesMax))
    }
}
