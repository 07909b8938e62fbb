import Primitives
import WalletConnectProtocol

/// Every connection and every request that waits, in memory; it lives under one lock.
struct Directory {
    /// A text that is compared byte by byte, as databases do.
    struct Name: Hashable {
        let bytes: [UInt8]

        init(_ text: String) { bytes = Array(text.utf8) }
    }

    private(set) var connections: [Int64: Connection] = [:]
    /// Ids in order; they grow with time, so new ones come at the end.
    private var order: [Int64] = []
    private var byTopic: [Topic: Int64] = [:]
    private var byUser: [Name: [Int64]] = [:]
    private(set) var calls: [Int64: WalletCall] = [:]
    private(set) var figures = BackendFigures()
    private var reserved: [Name: Int] = [:]
    private var reservedCount = 0

    // MARK: Room

    /// Takes the room of one connection, until it is put or given back.
    mutating func reserve(_ userID: String, settings: BackendSettings) throws(BackendError) {
        guard figures.pending + figures.active + reservedCount < settings.sessionsMax else {
            throw BackendError(.tooManySessions, "there are \(settings.sessionsMax) connections, as many as allowed")
        }
        let name = Name(userID)
        let own = (byUser[name] ?? []).count { connections[$0]?.isLiving == true }
        guard own + (reserved[name] ?? 0) < settings.sessionsPerUserMax else {
            throw BackendError(
                .tooManySessions, "the user has \(settings.sessionsPerUserMax) connections, as many as allowed",
                field: "user_id")
        }
        reserved[name, default: 0] += 1
        reservedCount += 1
    }

    /// Gives room back that no connection took.
    mutating func release(_ userID: String) {
        let name = Name(userID)
        guard let count = reserved[name] else { return }
        reserved[name] = count > 1 ? count - 1 : nil
        reservedCount -= 1
    }

    // MARK: Connections

    mutating func put(_ connection: Connection) {
        if let old = connections.updateValue(connection, forKey: connection.id) {
            count(old.state, -1)
        } else {
            // Nearly always the newest: the search is for clocks that were set back.
            var place = order.count
            while place > 0, order[place - 1] > connection.id { place -= 1 }
            order.insert(connection.id, at: place)
            let name = Name(connection.userID)
            var own = byUser[name] ?? []
            if own.isEmpty { figures.users += 1 }
            own.append(connection.id)
            own.sort()
            byUser[name] = own
        }
        count(connection.state, 1)
        byTopic[connection.pairingTopic] = connection.id
        if let topic = connection.sessionTopic { byTopic[topic] = connection.id }
    }

    mutating func remove(_ ids: Set<Int64>) {
        guard !ids.isEmpty else { return }
        for id in ids {
            guard let old = connections.removeValue(forKey: id) else { continue }
            count(old.state, -1)
            byTopic[old.pairingTopic] = nil
            if let topic = old.sessionTopic { byTopic[topic] = nil }
            let name = Name(old.userID)
            byUser[name]?.removeAll { $0 == id }
            if byUser[name]?.isEmpty == true {
                byUser[name] = nil
                figures.users -= 1
            }
        }
        order.removeAll { ids.contains($0) }
    }

    private mutating func count(_ state: Connection.State, _ change: Int) {
        switch state {
        case .pending: figures.pending += change
        case .active: figures.active += change
        case .expired: figures.expired += change
        case .disconnected: figures.disconnected += change
        }
    }

    func connection(_ topic: Topic) -> Connection? { byTopic[topic].flatMap { connections[$0] } }

    /// The user's connections, the oldest first.
    func connections(of userID: String) -> [Connection] {
        (byUser[Name(userID)] ?? []).compactMap { connections[$0] }
    }

    /// A page of connections, the oldest first.
    func list(
        _ userID: String?, tenant: String?, state: Connection.State?, after: Int64?, limit: Int
    ) -> [Connection] {
        let ids = userID.map { byUser[Name($0)] ?? [] } ?? order
        var (low, high) = (0, ids.count)
        if let after {
            while low < high {
                let middle = (low + high) / 2
                if ids[middle] <= after { low = middle + 1 } else { high = middle }
            }
        }
        let wanted = tenant.map { Name($0) }
        var page: [Connection] = []
        for id in ids[low...] {
            guard page.count < limit else { break }
            guard let connection = connections[id], state == nil || connection.state == state,
                wanted == nil || connection.tenant.map({ Name($0) }) == wanted
            else { continue }
            page.append(connection)
        }
        return page
    }

    // MARK: Requests

    mutating func put(_ call: WalletCall, id: Int64) {
        calls[id] = call
        figures.requests = calls.count
    }

    mutating func removeCall(_ id: Int64) -> WalletCall? {
        defer { figures.requests = calls.count }
        return calls.removeValue(forKey: id)
    }
}

extension Connection {
    /// Whether it takes room.
    var isLiving: Bool { state == .pending || state == .active }
}
