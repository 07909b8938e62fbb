import WalletConnectProtocol

/// Whose turn it is among the requests of each session, when one is shown at a time.
struct RequestTurns {
    private struct Line {
        var shown: RPCID?
        /// In the order they came.
        var waiting: [RPCID] = []
    }

    private var lines: [Topic: Line] = [:]

    /// A request came; the one to show now, if one is.
    ///
    /// - Parameter pending: what of its session is not answered yet; answers that went past the kit are seen in it.
    mutating func admit(_ request: PendingRequest, pending: [PendingRequest]) -> PendingRequest? {
        var line = lines[request.topic] ?? Line()
        guard line.shown != request.id, !line.waiting.contains(request.id) else { return nil }
        // Never more than the client holds: what ended meanwhile leaves the line.
        line.waiting.removeAll { id in !pending.contains { $0.id == id } }
        line.waiting.append(request.id)
        lines[request.topic] = line
        return next(on: request.topic, pending: pending)
    }

    /// The request whose turn it is now; nil when one is still shown, or none waits.
    mutating func next(on topic: Topic, pending: [PendingRequest]) -> PendingRequest? {
        guard var line = lines[topic] else { return nil }
        guard !pending.contains(where: { $0.id == line.shown }) else { return nil }
        while !line.waiting.isEmpty {
            let id = line.waiting.removeFirst()
            guard let request = pending.first(where: { $0.id == id }) else { continue }
            line.shown = id
            lines[topic] = line
            return request
        }
        lines[topic] = nil
        return nil
    }

    /// The session is gone.
    mutating func end(_ topic: Topic) {
        lines[topic] = nil
    }
}
