public import ChainEVM
import Cryptography
public import Primitives

extension NodePool {
    // MARK: Reads that fail over

    public func reportedChainID() async throws(NodeError) -> UInt64 {
        try await failover { (node) async throws(NodeError) -> UInt64 in try await node.reportedChainID() }
    }

    /// The header; at `finalized` the highest block that `quorum` nodes call final.
    public func header(_ tag: BlockTag) async throws(NodeError) -> BlockHeader? {
        guard quorum > 1, tag == .finalized || tag == .latest else {
            return try await failover { (node) async throws(NodeError) -> BlockHeader? in try await node.header(tag) }
        }
        return try await attempts { () async throws(NodeError) -> BlockHeader? in
            tag == .finalized ? try await self.finalizedAnchor()?.header : try await self.reachedHead()
        }
    }

    /// The highest head that `quorum` nodes have reached: depths are counted from it, so one node that runs ahead of the
    /// others, or pretends to, makes nothing final.
    private func reachedHead() async throws(NodeError) -> BlockHeader? {
        let heads = try enough(
            await askAll { (node) async throws(NodeError) -> BlockHeader? in try await node.header(.latest) }
        )
        .compactMap(\.value).sorted { $0.number > $1.number }
        return heads.count >= quorum ? heads[quorum - 1] : nil
    }

    public func balance(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt256 {
        try await failover { (node) async throws(NodeError) -> UInt256 in try await node.balance(of: address, at: tag) }
    }

    public func code(at address: Address, tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await failover { (node) async throws(NodeError) -> [UInt8] in try await node.code(at: address, tag: tag) }
    }

    public func call(_ request: CallRequest, at tag: BlockTag) async throws(NodeError) -> [UInt8] {
        try await failover { (node) async throws(NodeError) -> [UInt8] in try await node.call(request, at: tag) }
    }

    public func estimateGas(_ request: CallRequest) async throws(NodeError) -> UInt64 {
        try await failover { (node) async throws(NodeError) -> UInt64 in try await node.estimateGas(request) }
    }

    public func feeHistory(
        blockCount: Int, newest: BlockTag, percentiles: [Double]
    ) async throws(NodeError) -> FeeHistory {
        try await failover { (node) async throws(NodeError) -> FeeHistory in
            try await node.feeHistory(blockCount: blockCount, newest: newest, percentiles: percentiles)
        }
    }

    // MARK: Reads that decide money

    /// The next nonce.
    ///
    /// At `finalized`: what `quorum` nodes say at one and the same final block; throws `.disagreement` when they differ.
    /// At `latest` and `pending`: the highest of at least `quorum` nodes, because a node that lags names a nonce already used.
    public func transactionCount(of address: Address, at tag: BlockTag) async throws(NodeError) -> UInt64 {
        guard quorum > 1 else {
            return try await failover { (node) async throws(NodeError) -> UInt64 in
                try await node.transactionCount(of: address, at: tag)
            }
        }
        switch tag {
        case .finalized:
            return try await attempts { () async throws(NodeError) -> UInt64 in
                try await self.finalizedCount(of: address)
            }
        case .latest, .pending, .safe, .earliest, .number, .hash:
            return try await attempts { () async throws(NodeError) -> UInt64 in
                let answers = try self.enough(
                    await self.askAll { (node) async throws(NodeError) -> UInt64 in
                        try await node.transactionCount(of: address, at: tag)
                    })
                return answers.map(\.value).max() ?? 0
            }
        }
    }

    /// Receipts that `quorum` nodes show alike; nil where fewer do, since nil is never evidence.
    ///
    /// Throws `.disagreement` when two nodes show different receipts for one transaction: one of them is on another branch.
    public func receipts(_ hashes: [Hash32]) async throws(NodeError) -> [Receipt?] {
        guard quorum > 1 else {
            return try await failover { (node) async throws(NodeError) -> [Receipt?] in
                try Self.checked(try await node.receipts(hashes), for: hashes)
            }
        }
        return try await attempts { () async throws(NodeError) -> [Receipt?] in
            let answers = try self.enough(
                await self.askAll { (node) async throws(NodeError) -> [Receipt?] in
                    try Self.checked(try await node.receipts(hashes), for: hashes)
                })
            var merged: [Receipt?] = []
            for (place, hash) in hashes.enumerated() {
                let shown = answers.compactMap { $0.value[place] }
                guard let first = shown.first else {
                    merged.append(nil)
                    continue
                }
                guard shown.allSatisfy({ $0 == first }) else {
                    throw NodeError(.disagreement, "nodes show different receipts for \(hash)")
                }
                merged.append(shown.count >= self.quorum ? first : nil)
            }
            return merged
        }
    }

    /// What is known of transactions by any node: a block number if one names it, else that it waits.
    public func transactions(_ hashes: [Hash32]) async throws(NodeError) -> [KnownTransaction?] {
        guard nodes.count > 1 else {
            return try await failover { (node) async throws(NodeError) -> [KnownTransaction?] in
                try Self.checked(try await node.transactions(hashes), for: hashes)
            }
        }
        return try await attempts { () async throws(NodeError) -> [KnownTransaction?] in
            let answers = await self.askAll { (node) async throws(NodeError) -> [KnownTransaction?] in
                try Self.checked(try await node.transactions(hashes), for: hashes)
            }
            let good = answers.compactMap { try? $0.result.get() }
            guard !good.isEmpty else { throw Self.firstError(answers) }
            return hashes.indices.map { place in
                let known = good.compactMap { $0[place] }
                return known.first { $0.inclusion != nil } ?? known.first
            }
        }
    }

    // MARK: Broadcast

    /// Sends to every node and merges: accepted by any is accepted; the same refusal by all is that refusal; else unknown.
    public func broadcast(_ raws: [[UInt8]]) async -> [BroadcastOutcome] {
        guard !raws.isEmpty else { return [] }
        let hashes = raws.map { Keccak256.hash($0) }
        let perNode = await sendToAll(raws, hashes: hashes)
        return raws.indices.map { place in
            Self.merged(perNode.map { $0[place] }, hash: hashes[place])
        }
    }

    /// Every node's outcomes.
    ///
    /// Once each transaction is with some node, the slow ones get the grace period and are then given up:
    /// an accepted transaction must not wait for a dead node.
    private func sendToAll(_ raws: [[UInt8]], hashes: [Hash32]) async -> [[BroadcastOutcome]] {
        let deadline = timing.deadline
        let grace = policy.broadcastGrace
        return await withTaskGroup(of: [BroadcastOutcome]?.self) { group in
            for index in nodes.indices { group.addTask { await self.send(raws, to: index) } }
            var perNode: [[BroadcastOutcome]] = []
            var graceRuns = false
            while perNode.count < nodes.count, let next = await group.next() {
                guard let outcomes = next else { break }
                perNode.append(outcomes)
                let allTaken = raws.indices.allSatisfy { place in
                    perNode.contains { $0[place] == .accepted(hashes[place]) || $0[place] == .known }
                }
                if allTaken, !graceRuns, perNode.count < nodes.count {
                    graceRuns = true
                    group.addTask {
                        try? await deadline(grace)
                        return nil
                    }
                }
            }
            group.cancelAll()
            return perNode
        }
    }

    /// One outcome out of every node's.
    static func merged(_ outcomes: [BroadcastOutcome], hash: Hash32) -> BroadcastOutcome {
        if outcomes.contains(.accepted(hash)) { return .accepted(hash) }
        if outcomes.contains(.known) { return .known }
        var reasons: Set<BroadcastRejection> = []
        var messages: [String] = []
        var allTyped = !outcomes.isEmpty
        for outcome in outcomes {
            switch outcome {
            case .rejected(let reason, let message):
                reasons.insert(reason)
                messages.append("\(reason.rawValue): \(message)")
            case .accepted(let other):
                allTyped = false
                messages.append("accepted as \(other), which is not these bytes")
            case .unknown(let message):
                allTyped = false
                messages.append("unknown: \(message)")
            case .known:
                allTyped = false
            }
        }
        // Sorted, because answers arrive in any order and the merged text must not depend on it.
        messages.sort()
        if allTyped, reasons.count == 1, let reason = reasons.first {
            return .rejected(
                reason, message: messages.first.map { String($0.dropFirst(reason.rawValue.count + 2)) } ?? "")
        }
        return .unknown(message: messages.joined(separator: "; "))
    }

    // MARK: Agreement

    private struct Anchor {
        let header: BlockHeader
        let members: [Int]
    }

    /// The finalized nonce at a block that `quorum` nodes hold final.
    private func finalizedCount(of address: Address) async throws(NodeError) -> UInt64 {
        guard let anchor = try await finalizedAnchor() else {
            throw NodeError(.unknownBlock, "fewer than \(quorum) nodes have a finalized block")
        }
        let number = anchor.header.number
        let answers = await askAll { (node) async throws(NodeError) -> UInt64 in
            try await node.transactionCount(of: address, at: .number(number))
        }.filter { anchor.members.contains($0.index) }
        let values = try enough(answers).map(\.value)
        guard let first = values.first, values.allSatisfy({ $0 == first }) else {
            throw NodeError(.disagreement, "nodes name different nonces at finalized block \(number)")
        }
        return first
    }

    /// The highest block that `quorum` nodes call final, with the nodes that know it; nil when too few have finality.
    ///
    /// Final heads differ by a block or two at any moment, so agreement is asked about one height: that of the slowest of
    /// the `quorum` fastest nodes. There every one of them must have the same block.
    private func finalizedAnchor() async throws(NodeError) -> Anchor? {
        let heads = try enough(
            await askAll { (node) async throws(NodeError) -> BlockHeader? in try await node.header(.finalized) }
        )
        .compactMap { head in head.value.map { (index: head.index, header: $0) } }
        .sorted { $0.header.number > $1.header.number }
        guard heads.count >= quorum else { return nil }
        let anchor = heads[quorum - 1].header
        let members = heads.filter { $0.header.number >= anchor.number }.map(\.index)
        let number = anchor.number
        let same = await askAll { (node) async throws(NodeError) -> BlockHeader? in
            try await node.header(.number(number))
        }
        .filter { members.contains($0.index) }
        let headers = try enough(same).compactMap(\.value)
        guard headers.count >= quorum else {
            throw NodeError(.unknownBlock, "fewer than \(quorum) nodes have block \(number)")
        }
        guard headers.allSatisfy({ $0.hash == anchor.hash }) else {
            throw NodeError(.disagreement, "nodes have different finalized blocks at height \(number)")
        }
        return Anchor(header: anchor, members: members)
    }

    /// The good answers, when there are at least `quorum`.
    private func enough<R: Sendable>(
        _ answers: [(index: Int, result: Result<R, NodeError>)]
    ) throws(NodeError) -> [(index: Int, value: R)] {
        let good = answers.compactMap { answer in (try? answer.result.get()).map { (index: answer.index, value: $0) } }
        guard good.count >= quorum else { throw Self.firstError(answers) }
        return good
    }

    private static func firstError<R>(_ answers: [(index: Int, result: Result<R, NodeError>)]) -> NodeError {
        var errors: [NodeError] = []
        for answer in answers { if case .failure(let error) = answer.result { errors.append(error) } }
        // A retryable one first: it decides whether to try again.
        return errors.first { $0.isRetryable } ?? errors.first
            ?? NodeError(.unknownBlock, "too few nodes answered")
    }

    /// Repeats a question to all nodes while its failure is of the kind that passes.
    private func attempts<R: Sendable>(
        _ question: () async throws(NodeError) -> R
    ) async throws(NodeError) -> R {
        for attempt in 1..<policy.readAttemptsMax {
            do { return try await question() } catch {
                guard error.isRetryable else { throw error }
                try await pause(before: attempt)
            }
        }
        return try await question()
    }

    private static func checked(_ answers: [Receipt?], for hashes: [Hash32]) throws(NodeError) -> [Receipt?] {
        guard answers.count == hashes.count else {
            throw NodeError(.badAnswer, "\(hashes.count) receipts asked, \(answers.count) answered")
        }
        for (receipt, hash) in zip(answers, hashes) {
            if let receipt, receipt.transactionHash != hash {
                throw NodeError(.badAnswer, "asked for the receipt of \(hash), got that of \(receipt.transactionHash)")
            }
        }
        return answers
    }

    private static func checked(
        _ answers: [KnownTransaction?], for hashes: [Hash32]
    ) throws(NodeError) -> [KnownTransaction?] {
        guard answers.count == hashes.count else {
            throw NodeError(.badAnswer, "\(hashes.count) transactions asked, \(answers.count) answered")
        }
        for (known, hash) in zip(answers, hashes) {
            if let known, known.hash != hash {
                throw NodeError(.badAnswer, "asked for transaction \(hash), got \(known.hash)")
            }
        }
        return answers
    }
}
