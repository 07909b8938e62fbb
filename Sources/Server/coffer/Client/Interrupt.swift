import Dispatch
import Glibc

/// Ctrl-C: the first one stops the work in good order, the second one ends the program at once.
enum Interrupt {
    /// The person wanted to stop.
    struct Stopped: Error {}

    private enum Outcome: Sendable {
        case finished, interrupted
    }

    /// Runs `work` until it ends or SIGINT or SIGTERM comes; then it is cancelled and waited for.
    ///
    /// - Throws: ``Stopped``, or what `work` throws.
    static func run(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let sources = [SIGINT, SIGTERM].map { number in
            // The default action would end the process before the handler runs.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(number, SIG_DFL)
                continuation.yield()
            }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            signal(SIGINT, SIG_DFL)
            signal(SIGTERM, SIG_DFL)
        }
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask {
                try await work()
                return .finished
            }
            group.addTask {
                for await _ in signals { return .interrupted }
                return .finished
            }
            let first = try await group.next()
            group.cancelAll()
            guard case .interrupted? = first else { return }
            _ = try? await group.next()
            throw Stopped()
        }
    }

    /// Ends the program the way the signal would have, so that a calling script sees an interruption.
    static func end() -> Never {
        signal(SIGINT, SIG_DFL)
        raise(SIGINT)
        exit(130)
    }
}
