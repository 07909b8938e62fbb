import Synchronization

/// Two tasks of which the end of either ends the other.
enum Watched {
    /// Runs `work` while `watch` looks on.
    ///
    /// - Returns: what `work` came to; `nil` when `watch` ended first, and `work` was cancelled.
    static func run<Result: Sendable>(
        _ watch: @escaping @Sendable () async throws -> Void,
        while work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await watch()
                return nil
            }
            group.addTask { try await work() }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Waits until the task is cancelled.
    static func forever() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        defer { continuation.finish() }
        for await _ in stream {}
        try Task.checkCancellation()
    }
}

/// A note that one task leaves and another one reads; a class, because they share it.
final class Mark: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
