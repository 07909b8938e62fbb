import NIOCore

/// Where the relay's words to one connection go.
protocol RelayPeer: AnyObject, Sendable {
    /// Sends one text frame; in order, without waiting.
    func send(_ text: ByteBuffer)
    /// Ends the connection after what was sent before.
    func close(_ reason: RelayClose)
    /// Whether messages are pushed here; an HTTP call gets its one answer alone.
    var takesPushes: Bool { get }
}

/// Why a relay ends a connection.
///
/// Clients act on the numbers: 3000 is fatal for them, after the others they come back.
enum RelayClose: Sendable, Hashable {
    /// 3000: who is calling was not accepted; the text says why.
    case unauthorized(String)
    /// 1001: the relay stops.
    case goingAway
    /// 1003: not text.
    case notText
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
        case .notText: 1_003
        case .tooLarge: 1_009
        case .tryAgainLater: 1_013
        case .replaced: 4_010
        }
    }

    var reason: String {
        switch self {
        case .unauthorized(let text): text
        case .goingAway: "The relay stops"
        case .notText: "Only text frames"
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
    var sends: [(peer: any RelayPeer, text: ByteBuffer)] = []
    var closes: [(peer: any RelayPeer, reason: RelayClose)] = []
    var watched: [WatchedMessage] = []
    /// There is work for the store.
    var wakesStore = false

    mutating func send(_ text: ByteBuffer, to peer: any RelayPeer) {
        sends.append((peer, text))
    }

    func carryOut() {
        for (peer, text) in sends { peer.send(text) }
        for (peer, reason) in closes { peer.close(reason) }
    }
}
