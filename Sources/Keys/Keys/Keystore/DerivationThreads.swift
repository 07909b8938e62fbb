import Glibc
import Synchronization

/// Runs key derivations on threads of their own: half a second of work must not sit on Swift's pool, which has one
/// thread a core, and a crowd of unlock attempts must not take all memory.
///
/// A class, because it counts what runs.
final class DerivationThreads: Sendable {
    /// Derivations at once; each takes up to 1 GiB.
    static let runningMax = 2
    /// Derivations that wait; more are refused.
    static let queuedMax = 8

    private struct Load {
        var running = 0
        var queue: [@Sendable () -> Void] = []
    }

    private let load = Mutex(Load())

    /// Runs `work` on a thread of its own and answers with its result.
    ///
    /// - Throws: ``KeyError``, code `overloaded`, or what `work` throws.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit(
                { continuation.resume(with: Result { try work() }) },
                refused: {
                    continuation.resume(throwing: KeyError(.overloaded, "too many passphrases are being tried"))
                })
        }
    }

    private func submit(_ job: @escaping @Sendable () -> Void, refused: () -> Void) {
        enum Place { case thread, queue, none }
        let place: Place = load.withLock { load in
            if load.running < Self.runningMax {
                load.running += 1
                return .thread
            }
            guard load.queue.count < Self.queuedMax else { return .none }
            load.queue.append(job)
            return .queue
        }
        switch place {
        case .queue: return
        case .none: refused()
        case .thread:
            if !startThread(job) {
                load.withLock { $0.running -= 1 }
                refused()
            }
        }
    }

    private func startThread(_ first: @escaping @Sendable () -> Void) -> Bool {
        let start = unsafe Unmanaged.passRetained(ThreadStart { self.runAll(from: first) })
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            unsafe start.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func runAll(from first: @Sendable () -> Void) {
        first()
        while let next = next() { next() }
    }

    private func next() -> (@Sendable () -> Void)? {
        load.withLock { load in
            if load.queue.isEmpty {
                load.running -= 1
                return nil
            }
            return load.queue.removeFirst()
        }
    }
}

/// Carries a closure through C.
private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}
