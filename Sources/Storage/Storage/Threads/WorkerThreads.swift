import Glibc

/// Threads that take jobs from one queue, each with a connection of its own that blocks.
///
/// A class, because it owns threads. Blocking calls must not sit on Swift's own pool, which has one thread a core. One
/// queue for all of them: a job never waits behind a long one while another thread is free.
@safe
package final class WorkerThreads<Job: Sendable>: @unchecked Sendable {
    // Sendable: the variables are touched only while `mutex` is held, each of `runs` only on its own thread.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let hasWork: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [Job] = []
    private var isStopping = false
    private var threadsAlive: Int
    private var whenEnded: [@Sendable () -> Void] = []
    private let batchMax: Int
    private let queuedMax: Int
    private let runs: [([Job]?) -> Void]

    /// - Parameters:
    ///   - batchMax: how many waiting jobs one call gets at most.
    ///   - queuedMax: how many jobs may wait; more are refused.
    ///   - runs: one for each thread, called there with the jobs that wait, oldest first, never empty; with `nil` once,
    ///     at the end.
    package init(batchMax: Int, queuedMax: Int, runs: sending [([Job]?) -> Void]) {
        self.batchMax = batchMax
        self.queuedMax = queuedMax
        self.threadsAlive = runs.count
        self.runs = runs
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe self.mutex = mutex
        let hasWork = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        unsafe pthread_cond_init(hasWork, nil)
        unsafe self.hasWork = hasWork
        for index in runs.indices { start(index) }
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
        unsafe pthread_cond_destroy(hasWork)
        unsafe hasWork.deallocate()
    }

    private func start(_ index: Int) {
        // The thread keeps the object alive until it stops.
        let box = unsafe Unmanaged.passRetained(ThreadEntry { self.loop(self.runs[index]) })
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let entry = unsafe Unmanaged<ThreadEntry>.fromOpaque(argument).takeRetainedValue()
                entry.body()
                return nil
            }, unsafe box.toOpaque())
        precondition(code == 0, "a thread for a connection can be started")
        pthread_detach(thread)
    }

    /// Why a job is not taken.
    package enum Refusal {
        case full, stopping
    }

    /// Queues a job; answers why not, or `nil` when it will run.
    package func submit(_ job: Job) -> Refusal? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if isStopping { return .stopping }
        if jobs.count >= queuedMax { return .full }
        jobs.append(job)
        // One thread sleeps on an empty queue only; of several, another may sleep while the first has work.
        if jobs.count == 1 || runs.count > 1 { unsafe pthread_cond_signal(hasWork) }
        return nil
    }

    /// Takes no more jobs, lets the threads end once the queue is empty, and calls `ended` then.
    package func stop(ended: (@Sendable () -> Void)? = nil) {
        unsafe pthread_mutex_lock(mutex)
        isStopping = true
        let isOver = threadsAlive == 0
        if !isOver, let ended { whenEnded.append(ended) }
        unsafe pthread_cond_broadcast(hasWork)
        unsafe pthread_mutex_unlock(mutex)
        if isOver { ended?() }
    }

    /// How many jobs wait.
    package var queued: Int {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return jobs.count
    }

    private func loop(_ run: ([Job]?) -> Void) {
        while true {
            unsafe pthread_mutex_lock(mutex)
            while jobs.isEmpty, !isStopping { unsafe pthread_cond_wait(hasWork, mutex) }
            var batch: [Job] = []
            if jobs.count <= batchMax {
                swap(&batch, &jobs)
            } else {
                batch = Array(jobs.prefix(batchMax))
                jobs.removeFirst(batchMax)
            }
            unsafe pthread_mutex_unlock(mutex)
            if batch.isEmpty { return end(run) }
            run(batch)
        }
    }

    private func end(_ run: ([Job]?) -> Void) {
        run(nil)
        var waiting: [@Sendable () -> Void] = []
        unsafe pthread_mutex_lock(mutex)
        threadsAlive -= 1
        if threadsAlive == 0 { swap(&waiting, &whenEnded) }
        unsafe pthread_mutex_unlock(mutex)
        for ended in waiting { ended() }
    }
}

/// What a thread runs, in the shape that C can carry.
private final class ThreadEntry {
    let body: () -> Void

    init(_ body: @escaping () -> Void) {
        self.body = body
    }
}
