/// Work that must end in time.
package enum Deadline {
    /// The time is over.
    package struct Exceeded: Error {}

    /// Runs `work` for at most `seconds`; then it is cancelled.
    ///
    /// - Throws: ``Exceeded``, or what `work` throws.
    package static func run<Result: Sendable>(
        seconds: Double, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: .milliseconds(Int64(min(seconds, 86_400) * 1000)))
                return nil
            }
            guard let first = try await group.next(), let result = first else {
                try Task.checkCancellation()
                throw Exceeded()
            }
            return result
        }
    }
}
