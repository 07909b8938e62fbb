/// How soon a request is refused when the server is too busy, least important first.
public enum LoadClass: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// Lists and searches: refused first.
    case listing
    /// New pairings and other interactive starts.
    case pairing
    /// New withdrawals and other new work.
    case work
    /// Reads of one resource, health and unsealing: never refused.
    case essential

    /// Whether `left` is refused before `right`.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The value of the metric label.
    var label: String {
        switch self {
        case .listing: "listing"
        case .pairing: "pairing"
        case .work: "work"
        case .essential: "essential"
        }
    }
}

/// Decides whether a request is refused to protect the rest.
public struct LoadShedding: Sendable {
    private let decide: @Sendable (LoadClass, Int) -> Int?

    /// Makes a rule.
    ///
    /// - Parameter retryAfterSeconds: takes the class and the number of requests in flight, and returns `nil` to go on
    ///   or the seconds after which the caller should retry. Runs on every request: it must not block.
    public init(_ retryAfterSeconds: @escaping @Sendable (LoadClass, _ inFlight: Int) -> Int?) {
        self.decide = retryAfterSeconds
    }

    /// Refuses nothing.
    public static let never = LoadShedding { _, _ in nil }

    /// Refuses classes in turn as requests pile up: listings at half of `inFlightMax`, pairings at three quarters,
    /// new work at all of it.
    public static func inFlight(max inFlightMax: Int) -> LoadShedding {
        LoadShedding { loadClass, inFlight in
            let limit: Int? =
                switch loadClass {
                case .listing: inFlightMax / 2
                case .pairing: inFlightMax * 3 / 4
                case .work: inFlightMax
                case .essential: nil
                }
            guard let limit, inFlight > limit else { return nil }
            return 1
        }
    }

    func retryAfterSeconds(_ loadClass: LoadClass, inFlight: Int) -> Int? { decide(loadClass, inFlight) }
}
