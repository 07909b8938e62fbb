/// Gives the result of `body`, beside which `run` goes on until then.
///
/// - Parameters:
///   - run: ends when its task is cancelled, without an error.
///   - ended: thrown when neither gives a result.
/// - Throws: what `body` or `run` throws first; the other one is cancelled and waited for.
package func whileRunning<Result: Sendable>(
    _ run: @escaping @Sendable () async throws -> Void, ended: any Error,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            try await run()
            return nil
        }
        group.addTask { try await body() }
        while let finished = try await group.next() {
            guard let result = finished else { continue }
            group.cancelAll()
            while try await group.next() != nil {}
            return result
        }
        throw ended
    }
}
