import Primitives
import Synchronization

/// Events of connections on their way to the log: put in one by one, taken out all at once.
///
/// A class, because both sides share it.
final class ConnectionEventQueue: Sendable {
    /// One event, as the log takes it.
    struct Entry: Sendable {
        let type: String
        let subject: SortableID
        let payload: String
        let at: Timestamp
    }

    /// As many events wait as may.
    struct Full: Error, CustomStringConvertible {
        var description: String { "\(ConnectionEventQueue.waitingMax) events of connections wait to be written" }
    }

    /// Events that wait to be written; a few tens of megabytes.
    static let waitingMax = 65_536
    /// Events of one unit of work, so that payments need not wait for long.
    static let batchMax = 256

    /// Rings when something was put in; ends with the queue.
    let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let waiting = Mutex<[Entry]>([])

    init() {
        (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ entry: Entry) throws(Full) {
        let hasRoom = waiting.withLock { waiting in
            guard waiting.count < Self.waitingMax else { return false }
            waiting.append(entry)
            return true
        }
        guard hasRoom else { throw Full() }
        ring.yield()
    }

    /// Everything that waits, in order.
    func take() -> [Entry] {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }

    /// Nothing more is put in.
    func finish() {
        ring.finish()
    }
}
