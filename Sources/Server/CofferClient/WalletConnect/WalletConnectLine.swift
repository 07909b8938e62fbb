package import Primitives

/// One thing that happened between a dApp and a wallet: a line of JSON for programs, lines of text for people.
package struct WalletConnectLine: Sendable, Equatable {
    /// What happened; the value of `event`.
    package let name: String
    /// The other members.
    package let members: [JSONMember]
    /// For people; data, so it goes to standard output.
    package let text: String

    /// Makes a line; members that are `nil` are left out.
    package init(_ name: String, _ members: KeyValuePairs<String, JSON?>, text: String) {
        self.name = name
        self.members = members.compactMap { name, value in value.map { JSONMember(name: name, value: $0) } }
        self.text = text
    }

    private init(_ name: String, members: [JSONMember], text: String) {
        self.name = name
        self.members = members
        self.text = text
    }

    /// `{"event":…,…}`, on one line.
    package var json: String {
        JSON.object([JSONMember(name: "event", value: .string(name))] + members).text
    }

    // MARK: Both sides

    /// A session is there.
    package static func session(
        topic: String, peer: JSON, namespaces: JSON, expiry: Int64, pairingTopic: String?
    ) -> WalletConnectLine {
        let accounts = accounts(in: namespaces)
        let lines = [
            "session \(SafeText.line(topic))", "  with      \(peerText(peer))",
            "  accounts  \(accounts.isEmpty ? "none" : accounts.map(SafeText.line).joined(separator: "\n            "))",
            "  until     \(Timestamp(milliseconds: expiry.multipliedReportingOverflow(by: 1000).partialValue))",
        ]
        return WalletConnectLine(
            "session",
            [
                "topic": .string(topic), "peer": peer, "accounts": .array(accounts.map { .string($0) }),
                "namespaces": namespaces, "expiry": JSON(expiry), "pairing_topic": pairingTopic.map { .string($0) },
            ], text: lines.joined(separator: "\n"))
    }

    /// A server has connected a wallet, or has not.
    package static func connected(_ connection: JSON) -> WalletConnectLine {
        let accounts = (connection["accounts"]?.array ?? []).compactMap(\.string)
        let topic = connection["topic"]?.string ?? ""
        let peer = connection["wallet"] ?? .null
        var lines = ["connection \(SafeText.line(topic)) is \(SafeText.line(connection["state"]?.string ?? ""))"]
        if peer != .null { lines.append("  with      \(peerText(peer))") }
        if !accounts.isEmpty {
            lines.append("  accounts  \(accounts.map(SafeText.line).joined(separator: "\n            "))")
        }
        if let reason = connection["end"]?["reason"]?.string { lines.append("  because   \(SafeText.line(reason))") }
        lines.append("  until     \(SafeText.line(connection["expires_at"]?.string ?? ""))")
        return WalletConnectLine(
            "session",
            [
                "topic": .string(topic), "state": connection["state"], "user_id": connection["user_id"], "peer": peer,
                "accounts": .array(accounts.map { .string($0) }), "expires_at": connection["expires_at"],
                "pairing_topic": connection["pairing_topic"], "end": connection["end"],
            ], text: lines.joined(separator: "\n"))
    }

    /// The other side answered a ping.
    package static func pong(milliseconds: Int64) -> WalletConnectLine {
        WalletConnectLine("ping", ["milliseconds": JSON(milliseconds)], text: "pong after \(milliseconds) ms")
    }

    /// The session is over.
    package static func ended(topic: String, by who: String, code: Int64?, message: String?) -> WalletConnectLine {
        let reason = message.map { ": \(SafeText.line($0))" } ?? ""
        return WalletConnectLine(
            "ended",
            [
                "topic": .string(topic), "by": .string(who), "code": code.map { JSON($0) },
                "message": message.map { .string($0) },
            ], text: "session ended by \(who)\(reason)")
    }

    /// The other side changed the namespaces.
    package static func updated(topic: String, namespaces: JSON) -> WalletConnectLine {
        WalletConnectLine(
            "updated", ["topic": .string(topic), "namespaces": namespaces],
            text: "the session has other accounts or chains now: "
                + accounts(in: namespaces).map(SafeText.line).joined(separator: " "))
    }

    /// The session lives longer.
    package static func extended(topic: String, expiry: Int64) -> WalletConnectLine {
        WalletConnectLine(
            "extended", ["topic": .string(topic), "expiry": JSON(expiry)],
            text: "the session lives until "
                + "\(Timestamp(milliseconds: expiry.multipliedReportingOverflow(by: 1000).partialValue))")
    }

    /// The other side told about something.
    package static func announced(name: String, data: JSON, chain: String) -> WalletConnectLine {
        WalletConnectLine(
            "announced", ["name": .string(name), "data": data, "chain": .string(chain)],
            text: "event \(SafeText.line(name)) on \(SafeText.line(chain)): \(SafeText.line(data.text))")
    }

    /// A step failed, and the program goes on or ends.
    package static func failed(_ what: String, code: JSON?, message: String) -> WalletConnectLine {
        WalletConnectLine(
            "error", ["what": .string(what), "code": code, "message": .string(message)],
            text: "\(what) failed: \(SafeText.line(message))")
    }

    // MARK: The dApp

    /// What the wallet has to scan.
    package static func uri(_ uri: String, expiry: Int64?) -> WalletConnectLine {
        WalletConnectLine("uri", ["uri": .string(uri), "expiry": expiry.map { JSON($0) }], text: uri)
    }

    /// The wallet answered a request.
    package static func response(
        id: Int64, method: String, chain: String, result: JSON, check: ResultCheck?, account: AccountID?
    ) -> WalletConnectLine {
        var text = "\(SafeText.line(method)) on \(chain)\n  \(SafeText.line(result.text))"
        if let check, let account { text += "\n  \(check.text(account: account))" }
        let members = [
            JSONMember(name: "id", value: JSON(id)), JSONMember(name: "method", value: .string(method)),
            JSONMember(name: "chain", value: .string(chain)), JSONMember(name: "result", value: result),
        ]
        return WalletConnectLine("response", members: members + (check?.members ?? []), text: text)
    }

    /// The wallet refused a request.
    package static func refusal(id: Int64?, method: String, chain: String, error: JSON) -> WalletConnectLine {
        let words = SafeText.line(error["message"]?.string ?? error.text)
        let number = error["code"]?.number.map { " (\($0))" } ?? ""
        return WalletConnectLine(
            "response",
            [
                "id": id.map { JSON($0) }, "method": .string(method), "chain": .string(chain), "error": error,
            ], text: "\(SafeText.line(method)) on \(chain)\n  refused: \(words)\(number)")
    }

    /// Somebody signed in.
    package static func authenticated(issuer: String, address: String, isVerified: Bool) -> WalletConnectLine {
        WalletConnectLine(
            "authenticated",
            ["issuer": .string(issuer), "address": .string(address), "verified": .bool(isVerified)],
            text: "\(SafeText.line(address)) signed in\(isVerified ? ", verified" : ", NOT verified")")
    }

    // MARK: The wallet

    /// A dApp asks for a session.
    package static func proposal(id: Int64, proposer: JSON, required: JSON, optional: JSON) -> WalletConnectLine {
        let names = { (namespaces: JSON) in
            (namespaces.members ?? []).map { member in
                let chains = (member.value["chains"]?.array ?? [.string(member.name)]).compactMap(\.string)
                let methods = (member.value["methods"]?.array ?? []).compactMap(\.string)
                return "\(chains.joined(separator: " ")): \(methods.joined(separator: " "))"
            }.map(SafeText.line).joined(separator: "\n            ")
        }
        var lines = ["proposal \(id)", "  from      \(peerText(proposer))"]
        for (label, text) in [("  requires  ", names(required)), ("  wishes    ", names(optional))] where !text.isEmpty
        {
            lines.append(label + text)
        }
        return WalletConnectLine(
            "proposal", ["id": JSON(id), "peer": proposer, "required": required, "optional": optional],
            text: lines.joined(separator: "\n"))
    }

    /// A dApp asks somebody to sign in.
    package static func signIn(id: Int64, requester: JSON, payload: JSON) -> WalletConnectLine {
        var lines = ["sign-in \(id)", "  from      \(peerText(requester))"]
        lines.append("  at        \(SafeText.line(payload["aud"]?.string ?? payload["domain"]?.string ?? ""))")
        if let statement = payload["statement"]?.string, !statement.isEmpty {
            lines.append("  says      \(SafeText.line(statement))")
        }
        return WalletConnectLine(
            "sign_in", ["id": JSON(id), "peer": requester, "payload": payload], text: lines.joined(separator: "\n"))
    }

    /// A dApp asks for something.
    package static func request(id: Int64, topic: String, method: String, params: JSON, chain: String)
        -> WalletConnectLine
    {
        WalletConnectLine(
            "request",
            [
                "id": JSON(id), "topic": .string(topic), "method": .string(method), "params": params,
                "chain": .string(chain),
            ], text: "request \(id): \(SafeText.line(method)) on \(SafeText.line(chain))\n  \(readable(method, params))"
        )
    }

    /// What the wallet answered.
    package static func answered(id: Int64, method: String, result: JSON, note: String?) -> WalletConnectLine {
        WalletConnectLine(
            "answered",
            [
                "id": JSON(id), "method": .string(method), "result": result, "note": note.map { .string($0) },
            ],
            text: "answered \(SafeText.line(method)): \(SafeText.line(result.text))"
                + (note.map { "\n  \(SafeText.line($0))" } ?? ""))
    }

    /// What the wallet refused.
    package static func refused(id: Int64, what: String, _ refusal: TestWalletRefusal) -> WalletConnectLine {
        WalletConnectLine(
            "refused",
            [
                "id": JSON(id), "what": .string(what), "code": JSON(refusal.code),
                "message": .string(refusal.message),
            ], text: "refused \(SafeText.line(what)): \(SafeText.line(refusal.message)) (\(refusal.code))")
    }

    // MARK: Parts

    /// The accounts of a session's namespaces, in order and each once.
    package static func accounts(in namespaces: JSON) -> [String] {
        var accounts: [String] = []
        for member in namespaces.members ?? [] {
            for account in (member.value["accounts"]?.array ?? []).compactMap(\.string)
            where !accounts.contains(account) { accounts.append(account) }
        }
        return accounts
    }

    private static func peerText(_ peer: JSON) -> String {
        let name = peer["name"]?.string ?? ""
        let url = peer["url"]?.string ?? ""
        return SafeText.line(url.isEmpty ? name : "\(name) (\(url))")
    }

    /// What a person is to look at before saying yes: the text of a message rather than its digits.
    private static func readable(_ method: String, _ params: JSON) -> String {
        if method == "personal_sign", let text = params[0]?.string,
            let bytes = try? Hex.decodePrefixed(text), let message = String(validating: bytes, as: UTF8.self)
        {
            return SafeText.line(message)
        }
        return SafeText.line(params.text)
    }
}
