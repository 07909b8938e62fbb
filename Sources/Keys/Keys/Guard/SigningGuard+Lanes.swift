import Primitives
import Storage

extension SigningGuard {
    /// All slots of a lane, by position, with everything that was let through.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    public func history(_ lane: String) async throws -> [GuardSlot] {
        try await read { try GuardRows.slots(lane, in: $0) }
    }

    /// One slot; `nil` when nothing was ever let through for it.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    public func slot(_ lane: String, _ position: Int64) async throws -> GuardSlot? {
        try await read { try GuardRows.slot(in: lane, at: position, $0) }
    }

    /// The highest recorded position of a lane; `nil` when it has none.
    ///
    /// A database that was restored from a backup compares its own highest slot with this one: where the guard knows a
    /// higher one, the backup has forgotten payments.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    public func highest(_ lane: String) async throws -> Int64? {
        try await read { tx in
            try tx.first(
                Query(SlotTable.table, where: [SlotTable.lane == lane], order: [.descending(SlotTable.position)])
            )?.get(SlotTable.position)
        }
    }

    /// All lanes with their bounds, by name.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    public func lanes() async throws -> [GuardLane] {
        try await read { try GuardRows.lanes(in: $0) }
    }

    /// Sets what a lane accepts: positions above `low` and up to `high`; `nil` is no bound.
    ///
    /// A low watermark keeps pruned history from being signed again; a high one freezes everything beyond it, for
    /// example before the keys move to another cluster.
    ///
    /// - Throws: ``KeyError``: `invalidInput` for a low watermark that falls or disappears (what was pruned below it is
    ///   not known any more), `storage`, `unavailable`.
    public func setWatermarks(_ lane: String, low: Int64?, high: Int64?) async throws {
        try checkName(lane)
        try await write { tx in
            var bounds = try GuardRows.openLane(lane, in: tx)
            guard bounds.low.map({ old in low.map { $0 >= old } ?? false }) ?? true else {
                throw KeyError(.invalidInput, "a low watermark never falls")
            }
            bounds.low = low
            bounds.high = high
            try GuardRows.change(bounds, lane, in: tx)
        }
    }

    /// Lets a lane sign, or not.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    public func setLaneEnabled(_ lane: String, _ isEnabled: Bool) async throws {
        try checkName(lane)
        try await write { tx in
            var bounds = try GuardRows.openLane(lane, in: tx)
            bounds.isEnabled = isEnabled
            try GuardRows.change(bounds, lane, in: tx)
        }
    }

    /// What was refused after number `sequence`, oldest first.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    public func refusals(after sequence: Int64 = 0, lane: String? = nil, limit: Int) async throws -> [GuardRefusal] {
        try await read { tx in
            let terms = [RefusalTable.sequence > sequence] + (lane.map { [RefusalTable.lane == $0] } ?? [])
            return try tx.select(
                Query(RefusalTable.table, where: terms, order: [.ascending(RefusalTable.sequence)], limit: limit)
            ).map { try GuardRows.refusal($0) }
        }
    }

    func checkName(_ lane: String) throws(KeyError) {
        guard 1...Self.laneBytesMax ~= lane.utf8.count else {
            throw KeyError(.invalidInput, "a lane's name has 1 to \(Self.laneBytesMax) bytes")
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await store.read(body)
        } catch {
            throw KeyError(storage: error)
        }
    }

    @discardableResult
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any WriteTransaction) throws -> Value
    ) async throws -> Value {
        for _ in 0..<Self.racesMax {
            do {
                return try await store.write(body)
            } catch let error as StorageError where error.code == .uniqueViolation {
                continue
            } catch is LostRace {
                continue
            } catch let error as DryRun {
                throw error
            } catch {
                throw KeyError(storage: error)
            }
        }
        throw KeyError(.unavailable, "other processes keep changing the same slots")
    }
}
