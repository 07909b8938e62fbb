import ChainEVM
import ChainNode
import Keys
import Primitives
import Wallets
import Withdrawals

/// Whether a frozen lane may sign again: asks the guard, the chain and the database, and believes the strictest.
struct LaneRelease: Sendable {
    /// Withdrawals that a refusal names at most.
    private static let namedMax = 50
    private static let lanesMax = 1_000_000
    /// How far above all that is known a nonce may be: room for what waits in a pool that we don't see.
    ///
    /// It can't go down again: a slip of the finger would leave the wallet behind a gap that nobody ever fills.
    private static let aheadMax: UInt64 = 100
    private static let pageSize = 500

    let services: APIServices

    /// Refuses what could pay twice.
    ///
    /// - Throws: `Problem` with `validation_failed` for a nonce that was used, with `conflict` while withdrawals wait
    ///   that payments forgotten by the database may have paid; `NodeError` while no node can be asked.
    func check(_ lane: String, nextNonce: Int64) async throws {
        // A lane that is not there is refused where it is looked up to be changed.
        guard let status = try await services.lanes.lanes(limit: Self.lanesMax).first(where: { $0.lane == lane }) else {
            return
        }
        let highest = try await services.signer.highest(lane)
        if let highest, nextNonce <= highest {
            throw refusal("must be above \(highest), the highest that the guard has let through")
        }
        let count = try await chainCount(lane)
        if let count, UInt64(clamping: nextNonce) < count {
            throw refusal("must be at least \(count), the number of nonces that the chain has seen used")
        }
        let known = max(status.nextNonce, highest.map { UInt64(clamping: $0) &+ 1 } ?? 0, count ?? 0)
        guard UInt64(clamping: nextNonce) <= known &+ Self.aheadMax else {
            throw refusal(
                "must be at most \(Self.aheadMax) above \(known), the first that nobody is known to have used")
        }
        guard let since = try await forgotten(status, highest: highest, count: count) else { return }
        let suspects = try await waiting(status.walletID, createdUpTo: since)
        guard suspects.isEmpty else {
            let names = suspects.prefix(Self.namedMax).map(\.idText)
            throw Problem(
                .conflict,
                "the chain or the guard knows payments that this database has forgotten, and they may have paid \(suspects.count) withdrawals that still wait here: \(names.joined(separator: ", ")); cancel them, and ask again for those that the chain has not paid"
            )
        }
    }

    private func refusal(_ detail: String) -> Problem {
        Problem(.validationFailed, errors: [FieldError(.body(pointer: "/next_nonce"), detail)])
    }

    /// How many nonces the chain has seen used; `nil` for a lane of a chain that is not served any more.
    private func chainCount(_ lane: String) async throws -> UInt64? {
        let parts = lane.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let source = services.chains.first(where: { "\($0.chain)" == parts[0] }),
            let sender = try? Address(checksummed: String(parts[1]))
        else { return nil }
        return try await source.node.transactionCount(of: sender, at: .latest)
    }

    /// The time up to which requests may have been paid by payments that the database has forgotten, because it was
    /// set back to a backup; `nil` when it has forgotten none.
    private func forgotten(_ lane: LaneStatus, highest: Int64?, count: UInt64?) async throws -> Timestamp? {
        var since: Timestamp?
        if let highest, UInt64(clamping: highest) >= lane.nextNonce {
            since = try await services.signer.slot(lane.lane, highest)?.payloads.map(\.recordedAt).max()
        }
        let recorded = max(lane.nextNonce, highest.map { UInt64(clamping: $0) &+ 1 } ?? 0)
        // Nobody here has recorded these, so nobody knows when they were made; but this process did not make them.
        if let count, count > recorded { since = max(since ?? services.startedAt, services.startedAt) }
        return since
    }

    /// What waits for a nonce of this wallet and was asked for by then.
    private func waiting(_ wallet: SortableID, createdUpTo since: Timestamp) async throws -> [Withdrawal] {
        var found: [Withdrawal] = []
        for state in [Withdrawal.State.accepted, .validating, .awaitingApproval, .queued] {
            var last: SortableID?
            while true {
                let page = try await services.withdrawals.list(state: state, before: last, limit: Self.pageSize)
                found += page.filter { $0.walletID == wallet && $0.createdAt <= since && !$0.isCancelRequested }
                guard page.count == Self.pageSize else { break }
                last = page.last?.id
            }
        }
        return found
    }
}
