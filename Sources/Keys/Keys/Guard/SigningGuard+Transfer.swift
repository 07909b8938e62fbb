public import Primitives
import Storage

extension SigningGuard {
    /// The whole history as one document, for another guard's ``import(_:dryRun:)``.
    ///
    /// ```json
    /// {"version": 1, "exported_at": "2026-11-20T12:00:00.000Z", "lanes": [
    ///   {"lane": "eip155:1/0x…", "low": 6, "high": null, "enabled": true, "slots": [
    ///     {"position": 7, "frozen": false, "payloads": [
    ///       {"digest": "0x…", "intent": "0x…", "purpose": "payout", "signer": "0x02…",
    ///        "max_fee_per_gas": "30000000000", "max_priority_fee_per_gas": "1000000000",
    ///        "recorded_at": "2026-11-20T11:59:58.120Z", "signature": "0x…"}]}]}]}
    /// ```
    /// Hashes are 32 bytes, signers 33 (compressed), signatures 65 (r, s, recovery id), in hex with `0x`; fees are wei
    /// in decimal. `signature` is missing where nothing was signed.
    ///
    /// - Throws: ``KeyError``: `storage`, `unavailable`.
    public func export() async throws -> JSON {
        let document = try await read { tx in
            GuardDocument(
                lanes: try GuardRows.lanes(in: tx).map { lane in
                    GuardDocument.Lane(
                        name: lane.lane,
                        bounds: GuardRules.Lane(low: lane.low, high: lane.high, isEnabled: lane.isEnabled),
                        slots: try GuardRows.slots(lane.lane, in: tx).map {
                            GuardDocument.Slot(position: $0.position, isFrozen: $0.isFrozen, payloads: $0.payloads)
                        })
                })
        }
        return document.json(exportedAt: clock.now)
    }

    /// Takes another guard's history in; of two rules the stricter one stands, and nothing recorded is lost.
    ///
    /// The higher low watermark, the lower high one, and "disabled" win. Slots and payloads are united, and of the fees
    /// the highest count. Where the two histories disagree about a slot (another intent, another signer, a digest that
    /// stands in two slots) the slot is frozen: it takes no payload any more. All of it is one unit of work.
    ///
    /// - Parameter dryRun: report only; nothing is written.
    /// - Throws: ``KeyError``: `invalidInput`, which names the place; `badSignature` for a signature that is not its
    ///   signer's; `storage`, `unavailable`. Nothing is imported then.
    public func `import`(_ history: JSON, dryRun: Bool = false) async throws -> GuardImportReport {
        let document = try GuardDocument(history)
        let now = clock.now
        do {
            return try await write { tx in
                var merge = GuardMerge(isDryRun: dryRun, at: now)
                try merge.merge(document, in: tx)
                // Thrown, so that the unit of work is undone: the report then is of what would have happened.
                if dryRun { throw DryRun(report: merge.report) }
                return merge.report
            }
        } catch let error as DryRun {
            return error.report
        }
    }
}

/// Carries the report out of a unit of work that is not to be stored.
struct DryRun: Error {
    let report: GuardImportReport
}
