package import NIOHTTP1
package import Primitives

/// One request to the API.
package struct APICall: Sendable {
    /// The method.
    package var method: HTTPMethod
    /// The path, its parameters already percent-encoded.
    package var path: String
    /// The query; a pair without a value is left out.
    package var query: [(name: String, value: String?)]
    /// The body.
    package var body: JSON?
    /// Makes the request safe to repeat.
    package var idempotencyKey: String?
    /// The wanted form of the answer.
    package var accept: String
    /// Which of the known credentials to use.
    package var credential: Connection.Role?

    private init(
        _ method: HTTPMethod, _ path: String, query: [(name: String, value: String?)] = [], body: JSON? = nil,
        idempotencyKey: String? = nil, accept: String = "application/json", credential: Connection.Role? = .user
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.idempotencyKey = idempotencyKey
        self.accept = accept
        self.credential = credential
    }

    /// Reads.
    package static func get(_ path: String, query: KeyValuePairs<String, String?> = [:]) -> APICall {
        APICall(.GET, path, query: query.map { (name: $0.key, value: $0.value) })
    }

    /// Asks for something to be done.
    package static func post(_ path: String, _ body: JSON? = nil, idempotencyKey: String? = nil) -> APICall {
        APICall(.POST, path, body: body, idempotencyKey: idempotencyKey)
    }

    /// Sets.
    package static func put(_ path: String, _ body: JSON? = nil) -> APICall { APICall(.PUT, path, body: body) }

    /// Removes.
    package static func delete(_ path: String) -> APICall { APICall(.DELETE, path) }

    /// The same with the administrator's credential, where the connection knows one.
    package var asAdministrator: APICall {
        var call = self
        call.credential = .administrator
        return call
    }

    /// The same without a credential: for what is open to everyone.
    package var asAnyone: APICall {
        var call = self
        call.credential = nil
        return call
    }

    /// The same, asking for another form of answer.
    package func accepting(_ type: String) -> APICall {
        var call = self
        call.accept = type
        return call
    }

    /// Path and query as they go on the wire.
    package var target: String {
        let pairs = query.compactMap { pair in
            pair.value.map { "\(Self.escaped(pair.name))=\(Self.escaped($0))" }
        }
        return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    }

    /// Whether a second request after a lost answer cannot do harm.
    var isRepeatable: Bool { method == .GET || idempotencyKey != nil }

    /// `text` with everything percent-encoded but the unreserved characters
    /// ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2.3)), so that an argument cannot leave its segment.
    package static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(byte)
            default: output += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        // A segment of dots would be taken as a step up the path.
        if output == [0x2E] { return "%2E" }
        if output == [0x2E, 0x2E] { return "%2E%2E" }
        return String(decoding: output, as: UTF8.self)
    }
}

/// What came back.
package struct APIAnswer: Sendable {
    /// The status.
    package var status: Int
    /// The header fields.
    package var headers: HTTPHeaders
    /// The body as sent.
    package var body: [UInt8]

    /// Makes an answer.
    package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The body as JSON; `null` when it is empty.
    ///
    /// - Throws: ``ClientError`` when it is something else, as behind a proxy that answers with a page.
    package func json() throws -> JSON {
        if body.isEmpty { return .null }
        do {
            return try JSON.parse(body, limits: .rpc)
        } catch {
            throw ClientError(
                .failed, "the server's answer is not what Coffer sends: \(error)",
                fix: "check that the URL is Coffer's and not a proxy's or another program's")
        }
    }

    /// The first value of a header field; its name in any case.
    package func header(_ name: String) -> String? { headers.first(name: name) }

    /// How long the server wants to be left alone.
    var retryAfterMilliseconds: Int64 {
        guard let text = headers.first(name: "Retry-After"), let seconds = Int64(text), seconds > 0 else { return 0 }
        return min(seconds, 3600) * 1000
    }
}
