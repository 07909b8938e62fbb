public import Primitives

extension Recap {
    /// Whether a resource of a message is a ReCap; says nothing about its content.
    public static func isRecap(_ resource: String) -> Bool {
        resource.utf8.starts(with: prefix.utf8)
    }

    /// The ReCap of a message: its last resource, if that is one.
    ///
    /// - Throws: ``AuthError/recap(_:)`` when it is one and cannot be read.
    public static func last(in resources: [String]?) throws(AuthError) -> Recap? {
        guard let last = resources?.last, isRecap(last) else { return nil }
        return try decode(last)
    }

    /// Reads `urn:recap:` and Base64 in either alphabet, with or without padding.
    ///
    /// - Throws: ``AuthError/recap(_:)``.
    public static func decode(_ text: String) throws(AuthError) -> Recap {
        guard isRecap(text) else { throw .recap(.notAURN) }
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        // Four digits for three bytes, and padding.
        guard digits.count <= AuthLimits.recapBytesMax / 3 * 4 + 4 else { throw .tooLong("recap") }
        guard let bytes = bytes(base64: digits), let json = try? JSON.parse(bytes, limits: limits) else {
            throw .recap(.notJSON)
        }
        return try Recap(json: json)
    }

    /// Reads the JSON object.
    ///
    /// An ability without limits (`[]`) is refused, as the JavaScript client does.
    ///
    /// - Throws: ``AuthError/recap(_:)`` with the JavaScript client's sentence.
    public init(json: JSON?) throws(AuthError) {
        do { self = try Self.read(json, takesEmptyLimits: false) } catch { throw .recap(error) }
    }

    /// The ReCap of a signed message: as ``last(in:)``, but abilities may be without limits, as some wallets write them.
    static func signed(in resources: [String]?) throws(AuthError) -> Recap? {
        guard let last = resources?.last, isRecap(last) else { return nil }
        if let recap = tolerant(last) { return recap }
        return try decode(last)
    }

    /// As ``init(json:)``, but takes abilities with an empty array of limits, which reown-swift writes.
    static func tolerant(_ text: String) -> Recap? {
        guard isRecap(text), let bytes = bytes(base64: text.utf8.dropFirst(prefix.utf8.count)),
            let json = try? JSON.parse(bytes, limits: limits)
        else { return nil }
        return try? read(json, takesEmptyLimits: true)
    }

    private static func read(_ json: JSON?, takesEmptyLimits: Bool) throws(RecapError) -> Recap {
        guard let json, !json.isNull else { throw .noRecap }
        guard let attribute = json["att"], !attribute.isNull else { throw .noAttribute }
        guard let members = attribute.members, !members.isEmpty else { throw .noResources }
        var resources: [Resource] = []
        for member in members {
            guard let entries = member.value.members else { throw .notAnObject(resource: member.name) }
            guard !entries.isEmpty else { throw .emptyResource(member.name) }
            var abilities: [Ability] = []
            for entry in entries {
                guard let limits = entry.value.array, limits.allSatisfy({ $0.members != nil }) else {
                    throw .limitsNotAnArray(ability: entry.name, found: asJavaScriptPrints(entry.value))
                }
                guard !limits.isEmpty || takesEmptyLimits else { throw .emptyLimits(ability: entry.name) }
                let ability = Ability(name: entry.name, limits: limits)
                guard ability.action != nil else { throw .noAction(ability: entry.name) }
                abilities.append(ability)
            }
            resources.append(Resource(name: member.name, abilities: abilities))
        }
        return Recap(resources: resources)
    }

    /// The JSON object, in the order of the parts.
    public var json: JSON {
        .object([
            JSONMember(
                name: "att",
                value: .object(
                    resources.map { resource in
                        JSONMember(
                            name: resource.name,
                            value: .object(
                                resource.abilities.map { JSONMember(name: $0.name, value: .array($0.limits)) }))
                    }))
        ])
    }

    /// `urn:recap:` and Base64 in the standard alphabet without padding, as the JavaScript client writes it.
    public var encoded: String {
        var text = Base64.encode(json.serialized())
        while text.last == "=" { text.removeLast() }
        return Self.prefix + text
    }

    private static let limits = JSONLimits(
        bytesMax: AuthLimits.recapBytesMax, depthMax: 16, keysPerObjectMax: 256, valuesMax: 4_096)

    /// Base64 of either alphabet and any padding; nil when it is none.
    private static func bytes(base64 digits: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        var standard: [UInt8] = []
        standard.reserveCapacity(digits.count + 3)
        var rest = digits[...]
        while rest.last == UInt8(ascii: "=") { rest.removeLast() }
        for digit in rest {
            switch digit {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            default: standard.append(digit)
            }
        }
        while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
        return try? Base64.decode(String(decoding: standard, as: UTF8.self))
    }

    /// A value as it stands in a JavaScript sentence.
    private static func asJavaScriptPrints(_ value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text
        case .object: "[object Object]"
        case .array(let elements): elements.map { $0.isNull ? "" : asJavaScriptPrints($0) }.joined(separator: ",")
        }
    }
}
