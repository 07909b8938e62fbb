import Synchronization

/// One question about a database's health at a time, whose answer all callers share, each with a deadline of its own.
///
/// A class, because its callers share it.
final class HealthProbe: Sendable {
    typealias Answer = Result<Void, KeyValueError>

    /// Milliseconds between two questions that write: a disk that is full shows no sooner.
    static let writeMilliseconds = 1_000

    private struct Waiter {
        let continuation: CheckedContinuation<Answer, Never>
        let timer: Task<Void, Never>
    }

    private struct State {
        var isAsking = false
        /// When a write succeeded last, unless something failed since.
        var wroteAt: ContinuousClock.Instant?
        var waiters: [UInt64: Waiter] = [:]
        var number: UInt64 = 0
    }

    private let deadlineMilliseconds: Int64
    private let state = Mutex(State())

    init(deadlineMilliseconds: Int64) {
        self.deadlineMilliseconds = deadlineMilliseconds
    }

    /// Asks, or waits for the answer to what another caller has asked.
    ///
    /// - Parameter question: told whether to write; one that was not answered in time goes on, and nobody asks another.
    /// - Throws: `KeyValueError` of the question; `unavailable` when there is no answer in time.
    func ask(_ question: @escaping @Sendable (_ writes: Bool) async -> Answer) async throws(KeyValueError) {
        let answer = await withCheckedContinuation { continuation in
            guard let writes = join(continuation) else { return }
            Task { self.finish(await question(writes), writes: writes) }
        }
        try answer.get()
    }

    /// Whether the question that is now to be asked writes; nil while one is on its way.
    private func join(_ continuation: CheckedContinuation<Answer, Never>) -> Bool? {
        state.withLock { state in
            state.number += 1
            let (number, deadline) = (state.number, ContinuousClock.now + .milliseconds(deadlineMilliseconds))
            let timer = Task {
                guard (try? await Task.sleep(until: deadline)) != nil else { return }
                self.giveUp(number)
            }
            state.waiters[number] = Waiter(continuation: continuation, timer: timer)
            if state.isAsking { return nil }
            state.isAsking = true
            return state.wroteAt.map { $0 + .milliseconds(Self.writeMilliseconds) <= .now } ?? true
        }
    }

    private func finish(_ answer: Answer, writes: Bool) {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            state.isAsking = false
            switch answer {
            case .success: if writes { state.wroteAt = .now }
            case .failure: state.wroteAt = nil
            }
            return state.waiters.values
        }
        for waiter in waiters {
            waiter.timer.cancel()
            waiter.continuation.resume(returning: answer)
        }
    }

    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
        waiter?.continuation.resume(
            returning: .failure(
                KeyValueError(.unavailable, "the database did not answer within \(deadlineMilliseconds) ms")))
    }
}
