import Primitives
import WalletConnectProtocol

/// Every connection and every request that waits, in memory; it lives under one lock.
struct Directory {
    /// A text that is compared byte by byte, as databases do.
    struct Name: Hashable {
        let bytes: [UInt8]

        init(_ text: String) { bytes = Array(text.utf8) }
    }

    /// Whose a connection is: users of different tenants are different users, whatever their ids.
    struct Owner: Hashable {
        let tenant: Name?
        let user: Name

        init(_ userID: String, tenant: String?) {
            self.tenant = tenant.map { Name($0) }
            user = Name(userID)
        }
    }

    /// One user's connections.
    private struct Holding {
        /// In order.
        var ids: [Int64] = []
        /// Those that are pending or active.
        var living = 0

        var ended: Int { ids.count - living }
    }

    /// The minute in which a wallet told something, and how often.
    private struct Window {
        var began: Timestamp
        var count: Int
    }

    private static let windowMilliseconds: Int64 = 60_000

    private(set) var connections: [Int64: Connection] = [:]
    /// Ids in order; they grow with time, so new ones come at the end.
    private var order: [Int64] = []
    private var byTopic: [Topic: Int64] = [:]
    private var byOwner: [Owner: Holding] = [:]
    /// The users of one id, of whatever tenants.
    private var namesakes: [Name: Set<Owner>] = [:]
    private var windows: [Int64: Window] = [:]
    private(set) var calls: [Int64: WalletCall] = [:]
    private(set) var figures = BackendFigures()
    private var reserved: [Owner: Int] = [:]
    private var reservedCount = 0

    // MARK: Room

    /// Takes the room of one connection, until it is put or given back.
    mutating func reserve(_ owner: Owner, settings: BackendSettings) throws(BackendError) {
        guard figures.pending + figures.active + reservedCount < settings.sessionsMax else {
            throw BackendError(.tooManySessions, "there are \(settings.sessionsMax) connections, as many as allowed")
        }
        let own = byOwner[owner]?.living ?? 0
        guard own + (reserved[owner] ?? 0) < settings.sessionsPerUserMax else {
            throw BackendError(
                .tooManySessions, "the user has \(settings.sessionsPerUserMax) connections, as many as allowed",
                field: "user_id")
        }
        reserved[owner, default: 0] += 1
        reservedCount += 1
    }

    /// Gives room back that no connection took.
    mutating func release(_ owner: Owner) {
        guard let count = reserved[owner] else { return }
        reserved[owner] = count > 1 ? count - 1 : nil
        reservedCount -= 1
    }

    // MARK: Connections

    mutating func put(_ connection: Connection) {
        let (id, owner) = (connection.id, connection.owner)
        let old = connections.updateValue(connection, forKey: id)
        if let old {
            count(old.state, -1)
        } else {
            Self.insert(id, into: &order)
            if byOwner[owner] == nil {
                figures.users += 1
                namesakes[owner.user, default: []].insert(owner)
            }
            Self.insert(id, into: &byOwner[owner, default: Holding()].ids)
        }
        byOwner[owner]?.living += (connection.isLiving ? 1 : 0) - (old?.isLiving == true ? 1 : 0)
        count(connection.state, 1)
        byTopic[connection.pairingTopic] = id
        if let topic = connection.sessionTopic { byTopic[topic] = id }
        if !connection.isLiving { windows[id] = nil }
    }

    /// Nearly always the newest: the search is for clocks that were set back.
    private static func insert(_ id: Int64, into ids: inout [Int64]) {
        var place = ids.count
        while place > 0, ids[place - 1] > id { place -= 1 }
        ids.insert(id, at: place)
    }

    /// The place of the first id behind this one.
    private static func place(behind id: Int64, in ids: [Int64]) -> Int {
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func remove(_ ids: Set<Int64>) {
        for id in ids {
            guard let old = connections.removeValue(forKey: id) else { continue }
            count(old.state, -1)
            byTopic[old.pairingTopic] = nil
            if let topic = old.sessionTopic { byTopic[topic] = nil }
            windows[id] = nil
            let owner = old.owner
            if old.isLiving { byOwner[owner]?.living -= 1 }
            byOwner[owner]?.ids.removeAll { $0 == id }
            if byOwner[owner]?.ids.isEmpty == true {
                byOwner[owner] = nil
                namesakes[owner.user]?.remove(owner)
                if namesakes[owner.user]?.isEmpty == true { namesakes[owner.user] = nil }
                figures.users -= 1
            }
        }
        if ids.count == 1, let id = ids.first {
            let place = Self.place(behind: id, in: order) - 1
            if place >= 0, order[place] == id { order.remove(at: place) }
        } else if !ids.isEmpty {
            order.removeAll { ids.contains($0) }
        }
    }

    /// The connections of the same user that ended first, as far as more have ended than are kept; never this one.
    func surplus(beside connection: Connection, endedMax: Int) -> Set<Int64> {
        guard let own = byOwner[connection.owner], own.ended > endedMax else { return [] }
        let ended = own.ids.compactMap { connections[$0] }.filter { !$0.isLiving && $0.id != connection.id }
        let inOrder = ended.sorted { ($0.updatedAt, $0.id) < ($1.updatedAt, $1.id) }
        return Set(inOrder.prefix(own.ended - endedMax).map(\.id))
    }

    /// Whether one more event of a connection's wallet is told of in this minute.
    mutating func takesEvent(of id: Int64, at steady: Timestamp, perMinuteMax: Int) -> Bool {
        var window = windows[id] ?? Window(began: steady, count: 0)
        if steady.milliseconds(since: window.began) >= Self.windowMilliseconds {
            window = Window(began: steady, count: 0)
        }
        window.count += 1
        windows[id] = window
        return window.count <= perMinuteMax
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
    func connections(of owner: Owner) -> [Connection] {
        (byOwner[owner]?.ids ?? []).compactMap { connections[$0] }
    }

    /// A page of connections, the oldest first.
    func list(
        _ userID: String?, tenant: String?, state: Connection.State?, after: Int64?, limit: Int
    ) -> [Connection] {
        let ids: [Int64]
        switch (userID, tenant) {
        case (nil, _): ids = order
        case (let userID?, let tenant?): ids = byOwner[Owner(userID, tenant: tenant)]?.ids ?? []
        case (let userID?, nil):
            ids = (namesakes[Name(userID)] ?? []).flatMap { byOwner[$0]?.ids ?? [] }.sorted()
        }
        let low = after.map { Self.place(behind: $0, in: ids) } ?? 0
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
    /// Whose it is.
    var owner: Directory.Owner { Directory.Owner(userID, tenant: tenant) }

    /// Whether it takes room.
    var isLiving: Bool { state == .pending || state == .active }
}
