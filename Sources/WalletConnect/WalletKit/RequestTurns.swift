import WalletConnectProtocol

/// Whose turn it is among the requests of each session, when one is shown at a time.
///
/// What waits, and in which order, is what the client says at the moment: an event that was lost loses no request.
struct RequestTurns {
    private var shown: [Topic: RPCID] = [:]
    /// Sessions whose request nobody took, the longest waiting first.
    private var stalled: [Topic] = []

    /// The request whose turn it is now; nil when one is still shown, or none waits.
    ///
    /// - Parameter pending: what of the session is not answered yet, the oldest first.
    mutating func next(on topic: Topic, pending: [PendingRequest]) -> PendingRequest? {
        if let id = shown[topic], pending.contains(where: { $0.id == id }) { return nil }
        stalled.removeAll { $0 == topic }
        shown[topic] = pending.first?.id
        return pending.first
    }

    /// Nobody took a request that was to be shown: it is shown again when a listener has time.
    mutating func nobodyTook(_ request: PendingRequest) {
        guard shown[request.topic] == request.id else { return }
        shown[request.topic] = nil
        stalled.append(request.topic)
    }

    /// Sessions whose turn is to be given again, at most so many.
    func stalled(atMost count: Int) -> [Topic] { Array(stalled.prefix(count)) }

    /// The session is gone.
    mutating func end(_ topic: Topic) {
        shown[topic] = nil
        stalled.removeAll { $0 == topic }
    }
}
