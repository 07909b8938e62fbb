import NIOCore

/// Where the relay's words to one connection go.
///
/// Words are put down while the core decides, so that they are in its order, and carried off afterwards: a socket that
/// is written to may call the core again.
protocol RelayPeer: AnyObject, Sendable {
    /// Puts down one text frame; touches no socket.
    func put(_ text: ByteBuffer)
    /// Puts down a message for it, which may leave a little later than an answer.
    func putPush(_ text: ByteBuffer)
    /// Puts down the end of the connection, behind everything else.
    func putClose(_ reason: RelayClose)
    /// Carries off what was put down; from any thread.
    func deliver()
    /// Whether messages are pushed here; an HTTP call gets its one answer alone.
    var takesPushes: Bool { get }
}

extension RelayPeer {
    func putPush(_ text: ByteBuffer) { put(text) }
}

/// Why a relay ends a connection.
///
/// Clients act on the numbers: 3000 is fatal for them, after the others they come back.
enum RelayClose: Sendable, Hashable {
    /// 3000: who is calling was not accepted; the text says why.
    case unauthorized(String)
    /// 1001: the relay stops.
    case goingAway
    /// 1009: more than a frame may have.
    case tooLarge
    /// 1013: too much at once, or a reader that does not read.
    case tryAgainLater
    /// 4010: another socket of the same client took its place.
    case replaced

    var code: UInt16 {
        switch self {
        case .unauthorized: 3_000
        case .goingAway: 1_001
        case .tooLarge: 1_009
        case .tryAgainLater: 1_013
        case .replaced: 4_010
        }
    }

    var reason: String {
        switch self {
        case .unauthorized(let text): text
        case .goingAway: "The relay stops"
        case .tooLarge: "Frame too large"
        case .tryAgainLater: "Too many requests"
        case .replaced: "Replaced by a newer connection"
        }
    }
}

/// A number for one connection, never used twice.
struct ConnectionID: Hashable, Sendable {
    let number: UInt64
}

/// What is to be done outside the core: it decides, the caller acts.
struct RelayOutput: Sendable {
    private var peers: [any RelayPeer] = []
    var watched: [WatchedMessage] = []
    /// There is work for the store.
    var wakesStore = false

    mutating func send(_ text: ByteBuffer, to peer: any RelayPeer) {
        peer.put(text)
        note(peer)
    }

    mutating func push(_ text: ByteBuffer, to peer: any RelayPeer) {
        peer.putPush(text)
        note(peer)
    }

    mutating func close(_ peer: any RelayPeer, _ reason: RelayClose) {
        peer.putClose(reason)
        note(peer)
    }

    private mutating func note(_ peer: any RelayPeer) {
        // Delivering twice does no harm; a run of frames to one peer is the usual case.
        if peers.last !== peer { peers.append(peer) }
    }

    func deliver() {
        for peer in peers { peer.deliver() }
    }
}
