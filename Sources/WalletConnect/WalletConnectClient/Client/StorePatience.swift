package import Primitives
package import Storage

/// For how long a store that fails is tried again, and how often.
///
/// A database that fails over is away for 10 to 60 seconds; a process that ends meanwhile helps nobody. The wait doubles
/// with each failure up to a limit, and is drawn from its upper half, so that many processes do not come back at once.
package struct StorePatience: Sendable {
    private let seconds: Int64
    private let delayMilliseconds: ClosedRange<Int64>
    private let pace: Pace
    private let random: RandomSource

    package init(_ settings: SignClientSettings, pace: Pace, random: RandomSource) {
        seconds = settings.storeSecondsMax
        let first = max(1, settings.storageDelayMilliseconds)
        delayMilliseconds = first...max(first, settings.storageDelayMillisecondsMax)
        self.pace = pace
        self.random = random
    }

    /// Runs `body` until it succeeds, fails for good, or has failed for as long as the settings say.
    package func trying<Value: Sendable>(
        _ body: () async throws(KeyValueError) -> Value
    ) async throws(KeyValueError) -> Value {
        var attempts = begin()
        while true {
            do throws(KeyValueError) {
                return try await body()
            } catch {
                guard await attempts.wait(after: error) else { throw error }
            }
        }
    }

    /// The time that one thing may take begins.
    package func begin() -> Attempts { Attempts(patience: self, began: pace.now) }

    /// The attempts at one thing.
    package struct Attempts: Sendable {
        /// Attempts after the end of whoever asked; they follow at once.
        private static let lastAttemptsMax = 6

        private let patience: StorePatience
        private let began: Timestamp
        /// How often it has failed.
        package private(set) var failures = 0
        private var lastAttempts = 0

        fileprivate init(patience: StorePatience, began: Timestamp) {
            self.patience = patience
            self.began = began
        }

        /// Waits before the next attempt.
        ///
        /// - Returns: false when there is to be none.
        package mutating func wait(after error: KeyValueError) async -> Bool {
            failures += 1
            guard error.isRetryable else { return false }
            if Task.isCancelled {
                lastAttempts += 1
                return lastAttempts < Self.lastAttemptsMax
            }
            let left = patience.seconds * 1000 - patience.pace.now.milliseconds(since: began)
            guard left > 0 else { return false }
            await patience.pace.sleep(milliseconds: min(patience.delay(failures), left))
            return true
        }
    }

    private func delay(_ failures: Int) -> Int64 {
        let doubled = delayMilliseconds.lowerBound << Int64(min(failures - 1, 20))
        let cap = min(doubled, delayMilliseconds.upperBound)
        return cap / 2 + Int64(random.uint64(below: UInt64(cap - cap / 2 + 1)))
    }
}
