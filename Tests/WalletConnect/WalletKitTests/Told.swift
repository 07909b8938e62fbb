import Primitives
import Synchronization
import WalletConnectClient
import WalletConnectProtocol
import WalletKit

/// What an app was told; a test takes what it waits for.
final class Told<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])

    /// What was told and not taken.
    var rest: [Event] { events.withLock { $0 } }

    func take(_ event: Event) { events.withLock { $0.append(event) } }

    /// Takes everything from a stream for as long as `body` lasts.
    func listening(
        to stream: AsyncStream<Event>?, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            if let stream {
                group.addTask {
                    for await event in stream { self.take(event) }
                    return false
                }
            }
            group.addTask {
                try await body()
                return true
            }
            defer { group.cancelAll() }
            while let isDone = try await group.next() {
                if isDone { return }
            }
        }
    }

    /// Takes the first event that `pick` wants, waiting for it.
    func event<Value>(_ what: String, _ pick: (Event) -> Value?) async throws -> Value {
        try await eventually("\(what); told was \(rest.suffix(8))") {
            events.withLock { events -> Value? in
                for (index, event) in events.enumerated() {
                    if let value = pick(event) {
                        events.remove(at: index)
                        return value
                    }
                }
                return nil
            }
        }
    }
}

extension Told where Event == WalletKitEvent {
    func proposal() async throws -> ReceivedProposal {
        try await event("a proposal") { event in
            guard case .sessionProposal(let received) = event else { return nil }
            return received
        }
    }

    func request() async throws -> PendingRequest {
        try await event("a request") { event in
            guard case .sessionRequest(let request) = event else { return nil }
            return request
        }
    }

    func authentication() async throws -> ReceivedAuthentication {
        try await event("a sign-in") { event in
            guard case .sessionAuthenticate(let received) = event else { return nil }
            return received
        }
    }

    func deletion(of topic: Topic) async throws -> SessionDeletion {
        try await event("the end of a session") { event in
            guard case .sessionDelete(let deletion) = event, deletion.topic == topic else { return nil }
            return deletion
        }
    }
}

/// Asks again until something elsewhere has come so far.
///
/// The only wait in these tests: what they wait for happens behind a socket and can't call back.
func eventually<Value>(_ what: @autoclosure () -> String, _ look: () async throws -> Value?) async throws -> Value {
    let deadline = ContinuousClock.now + .seconds(40)
    while true {
        if let value = try await look() { return value }
        guard ContinuousClock.now < deadline else { throw Ended(what: "not in time: \(what())") }
        try await Task.sleep(for: .milliseconds(3))
    }
}

/// As above, for what is true or not.
func eventually(_ what: @autoclosure () -> String, _ isSo: () async throws -> Bool) async throws {
    try await eventually(what()) { try await isSo() ? () : nil }
}

/// Something did not happen.
struct Ended: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}

/// A number that several tasks count up.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    @discardableResult
    func add() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

/// What callbacks were called with.
final class Notes<Note: Sendable>: Sendable {
    private let notes = Mutex<[Note]>([])

    var all: [Note] { notes.withLock { $0 } }

    func add(_ note: Note) { notes.withLock { $0.append(note) } }
}
