import Glibc
import Storage

/// Runs groups of units of work on one connection, each group in one commit.
final class CommitGroup {
    /// How often a group runs when the server goes away in the middle of it.
    private static let attemptsMax = 3

    /// How far a group came.
    private enum Phase {
        case beginning, running, committing
    }

    private let connection: any SQLConnection
    private let transaction: SQLTransaction
    private let onCommit: @Sendable (Int, UInt64) -> Void
    /// Set for ever once the disk has failed: after a failed sync nobody knows what is on the disk.
    private var diskFailure: StorageError?

    init(connection: any SQLConnection, onCommit: @escaping @Sendable (Int, UInt64) -> Void) {
        self.connection = connection
        self.transaction = SQLTransaction(connection: connection)
        self.onCommit = onCommit
    }

    func run(_ jobs: [WriteJob]) {
        var units: [any AnyWriteUnit] = []
        for job in jobs {
            switch job.kind {
            case .unit(let unit): units.append(unit)
            case .alone(let body, let done):
                commit(units)
                units.removeAll()
                done(Result { try body(connection) })
            }
        }
        commit(units)
    }

    func close() {
        connection.close()
    }

    private func commit(_ units: [any AnyWriteUnit]) {
        guard !units.isEmpty else { return }
        if let diskFailure {
            for unit in units { unit.finish(failure: diskFailure) }
            return
        }
        let started = monotonicNanoseconds()
        for attempt in 1...Self.attemptsMax {
            guard let failure = store(units) else {
                for unit in units { unit.finish(failure: nil) }
                onCommit(units.count, monotonicNanoseconds() - started)
                return
            }
            // The server went away before the commit: nothing is stored, and the units run again on a new connection.
            if failure.phase != .beginning, failure.error.code == .unavailable, !connection.isConnected,
                attempt < Self.attemptsMax
            {
                continue
            }
            return fail(units, failure.error, in: failure.phase)
        }
    }

    private func fail(_ units: [any AnyWriteUnit], _ error: StorageError, in phase: Phase) {
        if error.code == .inputOutput { diskFailure = error }
        if error.code == .inputOutput, phase == .committing {
            // What was written before the sync failed may be found after the next start.
            let unknown = StorageError(
                .outcomeUnknown, "the disk failed during a commit: \(error.message)", cause: error)
            for unit in units { unit.finish(failure: unknown) }
            return
        }
        if error.code == .full, units.count > 1 {
            // A disk too full for all of them may have room for some.
            for unit in units { commit([unit]) }
            return
        }
        for unit in units { unit.finish(failure: error) }
    }

    /// One try, answered by `nil` when everything is stored.
    private func store(_ units: [any AnyWriteUnit]) -> (error: StorageError, phase: Phase)? {
        var phase = Phase.beginning
        do throws(StorageError) {
            try begin()
            phase = .running
            if try !runTogether(units) {
                try connection.rollback()
                try begin()
                try runOneByOne(units)
            }
            phase = .committing
            try connection.commit()
            return nil
        } catch {
            // Fails where the engine has rolled back by itself.
            try? connection.rollback()
            return (error, phase)
        }
    }

    private func begin() throws(StorageError) {
        transaction.beginGroup()
        try connection.beginWriting()
    }

    /// `false` when a unit failed after it had written, or spoiled the transaction, so that the whole group must be
    /// undone.
    private func runTogether(_ units: [any AnyWriteUnit]) throws(StorageError) -> Bool {
        for unit in units {
            let succeeded = unit.run(in: transaction)
            // Without its transaction the next statement would be stored by itself, whatever becomes of its unit.
            if let failure = transaction.failure { throw failure }
            if transaction.isSpoiled { return false }
            if !succeeded, transaction.hasWritten { return false }
        }
        return true
    }

    private func runOneByOne(_ units: [any AnyWriteUnit]) throws(StorageError) {
        for unit in units {
            try connection.execute("SAVEPOINT unit")
            var succeeded = unit.run(in: transaction)
            if transaction.isSpoiled {
                try connection.execute("ROLLBACK TO SAVEPOINT unit")
                transaction.guardsStatements = true
                succeeded = unit.run(in: transaction)
                transaction.guardsStatements = false
            }
            if let failure = transaction.failure { throw failure }
            if !succeeded { try connection.execute("ROLLBACK TO SAVEPOINT unit") }
            try connection.execute("RELEASE SAVEPOINT unit")
        }
    }
}

private func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
