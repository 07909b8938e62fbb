import HTTPTypes

/// Finds the route of a request.
///
/// Literal segments win over parameters. A custom verb (`/v1/withdrawals/{id}:cancel`) counts only when the text after
/// the last colon of the segment is a verb known at that place, because identifiers such as `eip155:1` hold colons
/// too; a colon sent as `%3A` is never the start of a verb.
///
/// Built once; looking up costs one dictionary access per segment and no allocation for paths without parameters.
public struct RouteTable: Sendable {
    /// What a lookup found.
    enum Match {
        /// A route by its index, and the raw texts of its parameters in order.
        case route(Int, [Substring])
        /// The path exists; these methods do.
        case otherMethods(allow: String)
        /// No such path.
        case none
    }

    private struct Node: Sendable {
        var literals: [Substring: Int] = [:]
        var parameter: Int?
        /// Nodes for the verbs after a parameter in the last segment.
        var verbs: [Substring: Int] = [:]
        var endpoints: [(method: HTTPRequest.Method, route: Int)] = []
        var allow = ""
    }

    /// The routes in the order they were given.
    public let routes: [Route]

    /// Segments of the longest path; longer requests are refused before they are split.
    private static let segmentsMax = 16

    private var nodes: [Node] = [Node()]
    /// Paths without parameters, the most common ones.
    private var staticPaths: [Substring: Int] = [:]

    /// Builds the table.
    ///
    /// - Parameter routes: no two with the same method and path, no two with the same operation id.
    public init(_ routes: [Route]) {
        self.routes = routes
        var names: Set<String> = []
        for (index, route) in routes.enumerated() {
            precondition(names.insert(route.operationID).inserted, "operation \(route.operationID) is declared twice")
            let node = insert(route)
            precondition(
                !nodes[node].endpoints.contains { $0.method == route.method },
                "\(route.method.rawValue) \(route.path) is declared twice")
            nodes[node].endpoints.append((route.method, index))
            if route.parameterNames.isEmpty { staticPaths[Substring(route.path)] = node }
        }
        for index in nodes.indices {
            var methods = nodes[index].endpoints.map(\.method.rawValue)
            if methods.contains("GET") { methods.append("HEAD") }
            methods.append("OPTIONS")
            nodes[index].allow = methods.sorted().joined(separator: ", ")
        }
    }

    private mutating func insert(_ route: Route) -> Int {
        precondition(route.path.hasPrefix("/"), "a path begins with a slash")
        if route.path == "/" { return 0 }
        let segments = route.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        precondition(segments.count <= Self.segmentsMax, "a path has at most \(Self.segmentsMax) segments")
        var node = 0
        for (position, segment) in segments.enumerated() {
            precondition(!segment.isEmpty, "\(route.path) has an empty segment")
            guard segment.hasPrefix("{") else {
                node = child(of: node, in: \.literals, segment)
                continue
            }
            guard let close = segment.lastIndex(of: "}") else {
                preconditionFailure("\(route.path) has a parameter without an end")
            }
            let parameter = nodes[node].parameter ?? appendNode()
            nodes[node].parameter = parameter
            let verb = segment[segment.index(after: close)...]
            if verb.isEmpty {
                node = parameter
            } else {
                precondition(
                    verb.hasPrefix(":") && position == segments.count - 1, "\(route.path): a verb ends the path")
                node = child(of: parameter, in: \.verbs, verb.dropFirst())
            }
        }
        return node
    }

    private mutating func child(
        of node: Int, in map: WritableKeyPath<Node, [Substring: Int]>, _ name: Substring
    ) -> Int {
        if let known = nodes[node][keyPath: map][name] { return known }
        let new = appendNode()
        nodes[node][keyPath: map][name] = new
        return new
    }

    private mutating func appendNode() -> Int {
        nodes.append(Node())
        return nodes.count - 1
    }

    /// Looks up a method and a raw path (without query, not percent-decoded).
    func match(_ method: HTTPRequest.Method, _ path: Substring) -> Match {
        if let node = staticPaths[path] { return endpoint(method, node, []) }
        guard path.utf8.first == UInt8(ascii: "/") else { return .none }
        if path.utf8.count == 1 { return endpoint(method, 0, []) }
        var parameters: [Substring] = []
        var node = 0
        var rest = path.dropFirst()
        for _ in 0..<Self.segmentsMax {
            let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/"))
            let segment = slash.map { rest[..<$0] } ?? rest
            guard !segment.isEmpty else { return .none }
            if let literal = nodes[node].literals[segment] {
                node = literal
            } else if let parameter = nodes[node].parameter {
                node = parameter
                if slash == nil, !nodes[parameter].verbs.isEmpty,
                    let colon = segment.utf8.lastIndex(of: UInt8(ascii: ":")),
                    let verb = nodes[parameter].verbs[segment[segment.utf8.index(after: colon)...]]
                {
                    guard colon > segment.startIndex else { return .none }
                    parameters.append(segment[..<colon])
                    return endpoint(method, verb, parameters)
                }
                parameters.append(segment)
            } else {
                return .none
            }
            guard let slash else { return endpoint(method, node, parameters) }
            rest = rest[rest.utf8.index(after: slash)...]
        }
        return .none
    }

    private func endpoint(_ method: HTTPRequest.Method, _ node: Int, _ parameters: [Substring]) -> Match {
        let endpoints = nodes[node].endpoints
        guard !endpoints.isEmpty else { return .none }
        for endpoint in endpoints where endpoint.method == method { return .route(endpoint.route, parameters) }
        if method == .head {
            for endpoint in endpoints where endpoint.method == .get { return .route(endpoint.route, parameters) }
        }
        return .otherMethods(allow: nodes[node].allow)
    }
}
