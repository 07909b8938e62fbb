package import Primitives

/// A request as it stands on the command line: `[CHAIN ]METHOD[ PARAMS]`.
///
/// ```
/// personal_sign ["0x68656c6c6f","{account}"]
/// eip155:137 eth_sendTransaction [{"from":"{account}","to":"0x…","value":"0x1"}]
/// ```
///
/// `{account}` stands for the session's address on the chain and `{chain}` for the chain's number in hex, because
/// neither is known before the wallet answered.
package struct PlannedRequest: Sendable, Equatable {
    /// The chain; `nil` is the first one of the session.
    package var chain: ChainID?
    /// The method.
    package var method: String
    /// The parameters, places not yet filled.
    package var params: JSON

    /// The longest text of a request on the command line or in a line of standard input.
    package static let bytesMax = 256 << 10

    /// Makes a request.
    package init(chain: ChainID?, method: String, params: JSON) {
        self.chain = chain
        self.method = method
        self.params = params
    }

    /// Reads a request.
    ///
    /// - Throws: ``ClientError`` with `usage`.
    package init(_ text: String) throws(ClientError) {
        var rest = Self.trimmed(text[...])
        guard !rest.isEmpty, rest.utf8.count <= Self.bytesMax else {
            throw ClientError(.usage, "a request is written METHOD PARAMS, for example \(Self.example)")
        }
        chain = nil
        if let named = try? ChainID(String(rest.prefix { $0 != " " })) {
            chain = named
            rest = Self.trimmed(rest.drop { $0 != " " })
        }
        method = String(rest.prefix { $0 != " " })
        guard !method.isEmpty, method.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !method.utf8.contains(where: { $0 == 0x7B || $0 == 0x5B || $0 == 0x22 })
        else { throw ClientError(.usage, "a request begins with its method", fix: "write for example \(Self.example)") }
        let params = Self.trimmed(rest.drop { $0 != " " })
        do {
            self.params = params.isEmpty ? [] : try JSON.parse(String(params), limits: .rpc)
        } catch {
            throw ClientError(
                .usage, "the parameters of \(method) are \(error)", fix: "write for example \(Self.example)")
        }
        guard self.params.array != nil || self.params.members != nil else {
            throw ClientError(.usage, "the parameters of \(method) are neither a list nor an object")
        }
    }

    private static let example = #"'personal_sign ["0x68656c6c6f","{account}"]'"#

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " || text.last == "\n" { text.removeLast() }
        return text
    }

    /// The parameters with their places filled.
    package func params(account: String, on chain: ChainID) -> JSON {
        let number = EVMChain.number(chain).map { UInt256($0).hexQuantity } ?? chain.reference
        return Self.filled(params, ["{account}": account, "{chain}": number])
    }

    /// JSON is at most 128 levels deep, so the recursion is too.
    private static func filled(_ json: JSON, _ places: [String: String]) -> JSON {
        switch json {
        case .string(let text): return .string(places[text] ?? text)
        case .array(let values): return .array(values.map { filled($0, places) })
        case .object(let members):
            return .object(members.map { JSONMember(name: $0.name, value: filled($0.value, places)) })
        default: return json
        }
    }
}

/// An event as it stands on the command line: `[CHAIN ]NAME[ JSON]`.
package struct Announcement: Sendable, Equatable {
    /// The chain; `nil` is the first one of the session.
    package var chain: ChainID?
    /// The name.
    package var name: String
    /// What is told.
    package var data: JSON

    /// Makes an event.
    package init(chain: ChainID?, name: String, data: JSON) {
        self.chain = chain
        self.name = name
        self.data = data
    }

    /// Reads an event.
    ///
    /// - Throws: ``ClientError`` with `usage`.
    package init(_ text: String) throws(ClientError) {
        var words = text.split(separator: " ", maxSplits: 2).map(String.init)
        chain = words.first.flatMap { try? ChainID($0) }
        if chain == nil, words.count == 3 { words = [words[0], words[1] + " " + words[2]] }
        if chain != nil { words.removeFirst() }
        guard let name = words.first, !name.isEmpty else {
            throw ClientError(.usage, "an event is written NAME DATA, for example 'chainChanged 1'")
        }
        self.name = name
        guard words.count > 1 else {
            data = .null
            return
        }
        do {
            data = try JSON.parse(words[1], limits: .rpc)
        } catch {
            throw ClientError(.usage, "what is told with \(SafeText.line(name)) is \(error)")
        }
    }
}
