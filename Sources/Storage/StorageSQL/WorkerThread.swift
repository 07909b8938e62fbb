import Glibc
import Synchronization

/// One thread that runs blocks one after the other, for a connection that blocks.
///
/// A class, because it owns a thread. Blocking calls must not sit on Swift's own pool, which has one thread a core.
@safe
final class WorkerThread<Job: Sendable>: @unchecked Sendable {
    // Sendable: the variables are touched only while `mutex` is held, `run` only on the thread.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let hasWork: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [Job] = []
    private var isRunning = false
    private var isStopping = false
    private var hasEnded = false
    private var whenEnded: [@Sendable () -> Void] = []
    private let batchMax: Int
    private let queuedMax: Int
    private let run: ([Job]?) -> Void

    /// - Parameters:
    ///   - batchMax: how many waiting jobs one call of `run` gets at most.
    ///   - queuedMax: how many jobs may wait; more are refused.
    ///   - run: called on the thread with the jobs that wait, oldest first, never empty; with `nil` once, at the end.
    init(batchMax: Int, queuedMax: Int, run: sending @escaping ([Job]?) -> Void) {
        self.batchMax = batchMax
        self.queuedMax = queuedMax
        self.run = run
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe self.mutex = mutex
        let hasWork = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        unsafe pthread_cond_init(hasWork, nil)
        unsafe self.hasWork = hasWork
        start()
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
        unsafe pthread_cond_destroy(hasWork)
        unsafe hasWork.deallocate()
    }

    private func start() {
        // The thread keeps the object alive until it stops.
        let box = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let object = unsafe Unmanaged<AnyObject>.fromOpaque(argument).takeRetainedValue()
                (object as? any RunLoop)?.loop()
                return nil
            }, unsafe box.toOpaque())
        precondition(code == 0, "a thread for a connection can be started")
        pthread_detach(thread)
    }

    enum Refusal {
        case full, stopping
    }

    /// Queues a job; answers why not, or `nil` when it will run.
    func submit(_ job: Job) -> Refusal? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if isStopping { return .stopping }
        if jobs.count >= queuedMax { return .full }
        jobs.append(job)
        // With more than one waiting, the thread is awake already: it sleeps on an empty queue only.
        if jobs.count == 1 { unsafe pthread_cond_signal(hasWork) }
        return nil
    }

    /// Takes no more jobs, lets the thread end once the queue is empty, and calls `ended` then.
    func stop(ended: (@Sendable () -> Void)? = nil) {
        unsafe pthread_mutex_lock(mutex)
        isStopping = true
        let isOver = hasEnded
        if !isOver, let ended { whenEnded.append(ended) }
        unsafe pthread_cond_signal(hasWork)
        unsafe pthread_mutex_unlock(mutex)
        if isOver { ended?() }
    }

    /// How many jobs wait.
    var queued: Int {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return jobs.count
    }

    /// How many jobs wait or run.
    var load: Int {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return jobs.count + (isRunning ? 1 : 0)
    }

    fileprivate func loop() {
        while true {
            unsafe pthread_mutex_lock(mutex)
            isRunning = false
            while jobs.isEmpty, !isStopping { unsafe pthread_cond_wait(hasWork, mutex) }
            var batch: [Job] = []
            if jobs.count <= batchMax {
                swap(&batch, &jobs)
            } else {
                batch = Array(jobs.prefix(batchMax))
                jobs.removeFirst(batchMax)
            }
            isRunning = true
            unsafe pthread_mutex_unlock(mutex)
            if batch.isEmpty { return end() }
            run(batch)
        }
    }

    private func end() {
        run(nil)
        unsafe pthread_mutex_lock(mutex)
        hasEnded = true
        let waiting = whenEnded
        whenEnded = []
        unsafe pthread_mutex_unlock(mutex)
        for ended in waiting { ended() }
    }
}

/// Lets the thread's C entry point call a generic class without naming its parameter.
private protocol RunLoop: AnyObject {
    func loop()
}

extension WorkerThread: RunLoop {}
