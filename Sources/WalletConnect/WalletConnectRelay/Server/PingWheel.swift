import NIOCore
import Synchronization

/// Pings the sockets of one event loop, each once in a turn: one timer for all of them.
///
/// Lives on its loop alone.
final class PingWheel {
    /// Sockets are pinged in so many groups, so that no moment has them all.
    private static let spokes = 20

    private let period: TimeAmount
    private var groups: [[ObjectIdentifier: (socket: RelaySocket, context: ChannelHandlerContext)]]
    private var places: [ObjectIdentifier: Int] = [:]
    private var next = 0
    private var timer: RepeatedTask?

    init(seconds: Int64) {
        period = .milliseconds(max(1, seconds * 1_000 / Int64(Self.spokes)))
        groups = Array(repeating: [:], count: Self.spokes)
    }

    func add(_ socket: RelaySocket, _ context: ChannelHandlerContext) {
        let key = ObjectIdentifier(socket)
        // Behind the hand, so that its first ping is a whole turn away.
        let place = (next + Self.spokes - 1) % Self.spokes
        groups[place][key] = (socket, context)
        places[key] = place
        guard timer == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
            bound.value.turn()
        }
    }

    func remove(_ socket: RelaySocket) {
        let key = ObjectIdentifier(socket)
        if let place = places.removeValue(forKey: key) { groups[place].removeValue(forKey: key) }
        guard places.isEmpty else { return }
        timer?.cancel()
        timer = nil
    }

    /// One step; a socket may leave while it is pinged.
    func turn() {
        let group = groups[next]
        next = (next + 1) % Self.spokes
        for (socket, context) in group.values { socket.ping(context) }
    }
}

/// The wheels, one for each event loop.
final class PingWheels: Sendable {
    private let seconds: Int64
    private let wheels = Mutex<[ObjectIdentifier: NIOLoopBound<PingWheel>]>([:])

    init(seconds: Int64) {
        self.seconds = seconds
    }

    /// The wheel of the loop that is running now.
    func wheel(of loop: any EventLoop) -> PingWheel {
        loop.assertInEventLoop()
        let bound = wheels.withLock { wheels in
            if let known = wheels[ObjectIdentifier(loop)] { return known }
            let made = NIOLoopBound(PingWheel(seconds: seconds), eventLoop: loop)
            wheels[ObjectIdentifier(loop)] = made
            return made
        }
        return bound.value
    }
}
