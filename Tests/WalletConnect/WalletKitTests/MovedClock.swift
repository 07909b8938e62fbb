import Primitives
import Synchronization
import WalletConnectProtocol
import WalletKit

/// The time of day, moved on by a test.
final class MovedClock: Sendable {
    private let seconds = Mutex<Int64>(0)

    var clock: WallClock {
        WallClock { WallClock.system.now.adding(seconds: self.seconds.withLock { $0 }) }
    }

    /// Moves the time, and lets the kit look at it.
    func move(bySeconds count: Int64, for kit: WalletKit) async throws {
        seconds.withLock { $0 += count }
        // Nothing ends, since there is no such session; but what is due is looked for after every call.
        try await kit.disconnectSession(Topic(Hash32(repeating: 0xEE)))
    }
}
