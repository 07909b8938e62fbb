public import Primitives

/// Compares an answer with what was asked: the signature alone says that somebody signed something.
///
/// ```swift
/// try CacaoRules.compare(request: payload, cacao: cacao, now: clock.now)
/// let grant = try CacaoGrant(of: [cacao])                // accounts and methods for the session
/// ```
///
/// What was asked for may be narrowed by the wallet (fewer chains, methods and resources), never widened.
public enum CacaoRules {
    /// How far two clocks may differ, in seconds.
    public static let leewaySeconds: Int64 = 120

    /// Makes sure that `cacao` answers `request`.
    ///
    /// - Throws: the first ``CacaoMismatch``.
    public static func compare(
        request: AuthPayload, cacao: Cacao, now: Timestamp
    ) throws(CacaoMismatch) {
        if let first = mismatches(request: request, cacao: cacao, now: now).first { throw first }
    }

    /// Everything in which `cacao` is no answer to `request`; empty when it is one.
    public static func mismatches(request: AuthPayload, cacao: Cacao, now: Timestamp) -> [CacaoMismatch] {
        let payload = cacao.payload
        var found: [CacaoMismatch] = []
        func expect(_ holds: Bool, or mismatch: CacaoMismatch) {
            if !holds { found.append(mismatch) }
        }
        expect(["caip122", "eip4361"].containsText(cacao.header.type), or: .header(cacao.header.type))
        expect(payload.domain.isSameText(as: request.domain), or: .domain(payload.domain))
        let page = payload.audience.flatMap { $0.isEmpty ? nil : $0 } ?? payload.uri
        expect(isSame(page, request.audience), or: .audience(page))
        expect(payload.version.isSameText(as: request.version), or: .version(payload.version))
        expect(payload.nonce.isSameText(as: request.nonce), or: .nonce(payload.nonce))
        expect(isSame(payload.requestID, request.requestID), or: .requestID(payload.requestID))
        found += times(request: request, payload: payload, now: now)
        found += issuer(request: request, cacao: cacao)
        found += scope(request: request, payload: payload)
        return found
    }

    // MARK: - Times

    private static func times(request: AuthPayload, payload: Cacao.Payload, now: Timestamp) -> [CacaoMismatch] {
        var found: [CacaoMismatch] = []
        if let issued = try? Timestamp(rfc3339: payload.issuedAt) {
            // Wallets copy the time of the request; one that writes its own wrote it after the request and before now.
            let isCopied = payload.issuedAt.isSameText(as: request.issuedAt)
            let asked = try? Timestamp(rfc3339: request.issuedAt)
            let isFresh = asked.map { issued >= $0.adding(seconds: -leewaySeconds) } ?? false
            if !(isCopied || isFresh) || issued > now.adding(seconds: leewaySeconds) {
                found.append(.issuedAt(payload.issuedAt))
            }
        } else {
            found.append(.malformedTime("iat"))
        }

        let expiration = moment(payload.expiration)
        switch expiration {
        case .malformed: found.append(.malformedTime("exp"))
        case .absent: if moment(request.expiration) != .absent { found.append(.expiration(payload.expiration)) }
        case .at(let end):
            if case .at(let asked) = moment(request.expiration), end > asked {
                found.append(.expiration(payload.expiration))
            }
            if end <= now { found.append(.expired) }
        }

        switch moment(payload.notBefore) {
        case .malformed: found.append(.malformedTime("nbf"))
        case .absent: if moment(request.notBefore) != .absent { found.append(.notBefore(payload.notBefore)) }
        case .at(let start):
            if case .at(let asked) = moment(request.notBefore), start < asked {
                found.append(.notBefore(payload.notBefore))
            }
            if start > now.adding(seconds: leewaySeconds) { found.append(.notYetValid) }
        }
        return found
    }

    private enum Moment: Equatable {
        case absent, malformed
        case at(Timestamp)
    }

    /// An empty text counts as absent: the message does not show it.
    private static func moment(_ text: String?) -> Moment {
        guard let text, !text.isEmpty else { return .absent }
        guard let moment = try? Timestamp(rfc3339: text) else { return .malformed }
        return .at(moment)
    }

    // MARK: - Who

    private static func issuer(request: AuthPayload, cacao: Cacao) -> [CacaoMismatch] {
        guard let issuer = try? Issuer(cacao.payload.issuer) else { return [.issuer(cacao.payload.issuer)] }
        var found: [CacaoMismatch] = []
        let chain = issuer.chain.description
        if !request.chains.containsText(chain) { found.append(.chain(chain)) }
        if let types = request.signatureTypes(of: issuer.chain.namespace),
            !types.containsText(cacao.signature.type)
        {
            found.append(.signatureType(cacao.signature.type))
        }
        return found
    }

    // MARK: - What

    private static func scope(request: AuthPayload, payload: Cacao.Payload) -> [CacaoMismatch] {
        var found: [CacaoMismatch] = []
        let asked = request.resources ?? []
        let signed = payload.resources ?? []
        for resource in signed where !Recap.isRecap(resource) && !asked.containsText(resource) {
            found.append(.resource(resource))
        }

        // A ReCap that is not the last resource is not in the statement: the person was not shown it.
        for resource in signed.dropLast() where Recap.isRecap(resource) && !asked.containsText(resource) {
            found.append(.recap(resource))
        }
        var granted: Recap?
        if let last = signed.last, Recap.isRecap(last) {
            granted = Recap.tolerant(last)
            if let granted {
                if !asked.containsText(last) { found += excess(of: granted, over: asked) }
                for resource in granted.resources {
                    for chain in granted.chains(of: resource.name) where !request.chains.containsText(chain) {
                        found.append(.chain(chain))
                    }
                }
            } else {
                found.append(.recap(last))
            }
        }
        if !isStatement(payload.statement, of: request.statement, granted: granted) {
            found.append(.statement(payload.statement))
        }
        return found
    }

    /// What a signed ReCap allows and the resources that were asked for do not.
    ///
    /// Some wallets merge several ReCaps into the last one, so what was asked for is all of them together.
    private static func excess(of signed: Recap, over asked: [String]) -> [CacaoMismatch] {
        // By bytes, since String takes different spellings of a name for the same.
        func key(_ resource: String, _ ability: String) -> [UInt8] { Array("\(resource)\0\(ability)".utf8) }
        var known: [[UInt8]: [JSON]] = [:]
        for recap in asked.compactMap(Recap.tolerant) {
            for resource in recap.resources {
                // The first stays, as in ``Recap/merging(_:)``.
                for ability in resource.abilities where known[key(resource.name, ability.name)] == nil {
                    known[key(resource.name, ability.name)] = ability.limits
                }
            }
        }
        var found: [CacaoMismatch] = []
        for resource in signed.resources {
            for ability in resource.abilities {
                let limits = known[key(resource.name, ability.name)]
                if limits.map({ isNarrower(ability.limits, than: $0) }) != true {
                    found.append(.ability(resource: resource.name, name: ability.name))
                }
            }
        }
        return found
    }

    /// Whether limits allow no more than those that were asked for.
    ///
    /// Without limits (`[{}]` or `[]`) everything is narrower. Otherwise each must be one of those asked for, or one of
    /// them with chains added.
    private static func isNarrower(_ signed: [JSON], than asked: [JSON]) -> Bool {
        let isUnlimited = asked.allSatisfy { $0.members?.isEmpty == true }
        if isUnlimited { return true }
        if signed.isEmpty { return false }
        return signed.allSatisfy { limit in
            asked.contains(limit) || asked.contains(withoutChains(limit)) || isWithin(limit, asked)
        }
    }

    /// Whether a limit differs from one that was asked for only by naming fewer chains.
    private static func isWithin(_ limit: JSON, _ asked: [JSON]) -> Bool {
        guard let chains = limit["chains"]?.array, !chains.isEmpty else { return false }
        return asked.contains { other in
            guard let allowed = other["chains"]?.array else { return false }
            return withoutChains(other) == withoutChains(limit) && chains.allSatisfy { allowed.contains($0) }
        }
    }

    private static func withoutChains(_ limit: JSON) -> JSON {
        .object((limit.members ?? []).filter { !$0.name.isSameText(as: "chains") })
    }

    /// Whether the signed statement is the one asked for, or that with the sentence of the granted ReCap.
    private static func isStatement(_ signed: String?, of asked: String?, granted: Recap?) -> Bool {
        let (signed, asked) = (signed ?? "", asked ?? "")
        if signed.isSameText(as: asked) { return true }
        guard let granted else { return false }
        func isGranted(after prose: String) -> Bool {
            [Recap.StatementOrder.action, .ability].contains {
                signed.isSameText(as: granted.statement(after: prose, order: $0))
            }
        }
        if isGranted(after: asked) { return true }
        // A request whose statement already had the sentence of its own, wider ReCap.
        guard let sentence = asked.range(ofSentence: Recap.statementOpening) else { return false }
        let prose = asked[..<sentence]
        let own = prose.last == " " ? prose.dropLast() : prose
        return isGranted(after: String(own))
    }

    private static func isSame(_ left: String?, _ right: String?) -> Bool {
        (left ?? "").isSameText(as: right ?? "")
    }
}

extension String {
    /// Where `sentence` begins.
    fileprivate func range(ofSentence sentence: String) -> String.Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: sentence.utf8) { return start }
            start = utf8.index(after: start)
        }
        return nil
    }
}
