#if Redis
    package import NIOCore

    /// Questions that were written and not answered, oldest first; answers come in the same order.
    ///
    /// A late question is given up alone. Its place is kept, so that its answer is not taken for another's, and those
    /// behind it may still be in time. A connection is dead only when nothing at all was heard on it for a while.
    package struct RedisPending {
        private struct Entry {
            let request: RedisRequest
            let writtenAt: NIODeadline
            var isLate = false
        }

        /// How long a server that was asked something may say nothing at all.
        package let silenceMax: TimeAmount
        private var entries = CircularBuffer<Entry>()
        private var heardAt = NIODeadline.uptimeNanoseconds(0)

        package init(silenceMax: TimeAmount) {
            self.silenceMax = silenceMax
        }

        package mutating func append(_ request: RedisRequest, at now: NIODeadline) {
            entries.append(Entry(request: request, writtenAt: now))
        }

        /// The oldest question, whether it was given up or not.
        package mutating func popFirst() -> RedisRequest? { entries.popFirst()?.request }

        /// Notes that the server said something.
        package mutating func heard(at now: NIODeadline) {
            heardAt = now
        }

        /// When the connection is dead unless something is heard before; nil while the server owes nothing.
        package var deadAt: NIODeadline? { entries.first.map { max($0.writtenAt, heardAt) + silenceMax } }

        /// When to look next; nil while the server owes nothing.
        package var nextMoment: NIODeadline? {
            guard let deadAt else { return nil }
            return entries.lazy.filter { !$0.isLate }.map(\.request.deadline).min().map { min($0, deadAt) } ?? deadAt
        }

        /// The questions that have become late since it was asked last.
        package mutating func overdue(at now: NIODeadline) -> [RedisRequest] {
            var late: [RedisRequest] = []
            for index in entries.indices where !entries[index].isLate && entries[index].request.deadline <= now {
                entries[index].isLate = true
                late.append(entries[index].request)
            }
            return late
        }
    }
#endif
