package import Primitives

/// A line of standard input with which a script drives `coffer connect` or `coffer wallet pair`.
///
/// ```
/// {"do":"request","chain":"eip155:1","method":"personal_sign","params":["0x68656c6c6f","{account}"]}
/// {"do":"emit","name":"chainChanged","data":1,"chain":"eip155:1"}
/// {"do":"approve","id":1700000000000001}
/// ```
package enum DriverCommand: Sendable, Equatable {
    /// Asks the wallet; dApp only.
    case request(PlannedRequest)
    /// Asks whether the other side is there.
    case ping
    /// Tells the other side about an event.
    case emit(name: String, data: JSON, chain: ChainID?)
    /// Ends the session.
    case disconnect
    /// Says yes to the proposal or request of that id; wallet only. Without an id, to the one that waits longest.
    case approve(id: Int64?)
    /// Says no.
    case reject(id: Int64?)
    /// Gives the session new namespaces; wallet only.
    case update(namespaces: JSON)
    /// Gives the session seven days from now; wallet only.
    case extend
    /// Ends the program; the session stays.
    case quit

    /// Reads a line.
    ///
    /// - Throws: ``ClientError`` with `usage`, which names what is wrong.
    package init(line: String) throws(ClientError) {
        guard line.utf8.count <= PlannedRequest.bytesMax else {
            throw ClientError(.usage, "a line is longer than \(PlannedRequest.bytesMax) bytes")
        }
        let json: JSON
        do {
            json = try JSON.parse(line, limits: .rpc)
        } catch {
            throw ClientError(.usage, "the line is \(error)")
        }
        let word = json["do"]?.string
        switch word {
        case "request":
            guard let method = json["method"]?.string, !method.isEmpty else {
                throw Self.missing("method", in: "request")
            }
            self = .request(
                PlannedRequest(chain: try Self.chain(json), method: method, params: json["params"] ?? []))
        case "ping": self = .ping
        case "emit":
            guard let name = json["name"]?.string, !name.isEmpty else { throw Self.missing("name", in: "emit") }
            self = .emit(name: name, data: json["data"] ?? .null, chain: try Self.chain(json))
        case "disconnect": self = .disconnect
        case "approve": self = .approve(id: json["id"]?.int)
        case "reject": self = .reject(id: json["id"]?.int)
        case "update":
            guard let namespaces = json["namespaces"], namespaces.members != nil else {
                throw Self.missing("namespaces", in: "update")
            }
            self = .update(namespaces: namespaces)
        case "extend": self = .extend
        case "quit": self = .quit
        default:
            throw ClientError(
                .usage,
                "a line is an object whose \"do\" is request, ping, emit, disconnect, approve, reject, "
                    + "update, extend or quit")
        }
    }

    private static func chain(_ json: JSON) throws(ClientError) -> ChainID? {
        guard let text = json["chain"], !text.isNull else { return nil }
        guard let chain = text.string.flatMap({ try? ChainID($0) }) else {
            throw ClientError(.usage, "\"chain\" is no CAIP-2 name such as eip155:1")
        }
        return chain
    }

    private static func missing(_ member: String, in word: String) -> ClientError {
        ClientError(.usage, "\"\(word)\" needs \"\(member)\"")
    }
}
