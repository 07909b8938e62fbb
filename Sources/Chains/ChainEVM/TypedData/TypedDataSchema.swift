import Primitives

/// The struct types of a message: every name resolved, no type inside itself.
struct TypedDataSchema {
    /// The struct type of the domain.
    static let domainType = "EIP712Domain"

    indirect enum Kind: Hashable {
        case atomic(ABI.Kind)
        case structure(String)
        case array(Kind, count: Int?)
    }

    struct Member {
        let name: String
        let kind: Kind
        /// The type as declared, which is what the type's hash has.
        let type: String
    }

    private(set) var structs: [String: [Member]] = [:]

    init(json: JSON, domain: JSON) throws(TypedDataError) {
        guard var declared = json.members else { throw .malformed("types") }
        if json[Self.domainType] == nil {
            declared.append(JSONMember(name: Self.domainType, value: try Self.standardDomain(domain)))
        }
        guard declared.count <= TypedData.typesMax + 1 else { throw .tooLarge }
        let names = Set(declared.map(\.name))
        guard names.count == declared.count else { throw .invalidName("types") }
        for structure in declared {
            guard Self.isIdentifier(structure.name), Self.atomic(structure.name) == nil else {
                throw .invalidName(structure.name)
            }
            structs[structure.name] = try Self.members(structure.value, of: structure.name, structs: names)
        }
        var finished: Set<String> = []
        for name in structs.keys.sorted() {
            try checkAcyclic(name, open: [], finished: &finished)
        }
    }

    /// `Mail(Person from,Person to,string contents)Person(string name,address wallet)`: the type itself, then all
    /// others it reaches, by name.
    func encodedType(_ name: String) throws(TypedDataError) -> String {
        var reached: Set<String> = []
        var waiting = [name]
        while let next = waiting.popLast() {
            guard reached.insert(next).inserted else { continue }
            for member in structs[next] ?? [] {
                if let inner = Self.structure(in: member.kind) { waiting.append(inner) }
            }
        }
        reached.remove(name)
        // Sorted by bytes; identifiers are ASCII, so that is also the order of JavaScript's and Python's sort.
        var text = ""
        for type in [name] + reached.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let members = (structs[type] ?? []).map { "\($0.type) \($0.name)" }
            text += "\(type)(\(members.joined(separator: ",")))"
            // Each struct type repeats those it reaches; without a limit a short message asks for megabytes of text.
            guard text.utf8.count <= TypedData.encodedTypeBytesMax else { throw .tooLarge }
        }
        return text
    }
}

extension TypedDataSchema {
    private static func members(
        _ json: JSON, of structure: String, structs: Set<String>
    ) throws(TypedDataError) -> [Member] {
        guard let items = json.array else { throw .malformed("types.\(structure)") }
        guard items.count <= TypedData.membersMax else { throw .tooLarge }
        var members: [Member] = []
        var names: Set<String> = []
        for item in items {
            guard let fields = item.members, fields.count == 2, let name = item["name"]?.string,
                let type = item["type"]?.string
            else { throw .malformed("types.\(structure)") }
            guard isIdentifier(name), names.insert(name).inserted else { throw .invalidName(name) }
            members.append(Member(name: name, kind: try kind(type, structs: structs), type: type))
        }
        return members
    }

    /// `uint256`, `Person`, `Person[]`, `bytes32[2][]`.
    private static func kind(_ type: String, structs: Set<String>) throws(TypedDataError) -> Kind {
        // Longer texts are no name of a type, and are not repeated in an error.
        guard type.utf8.count <= 256 else { throw .tooLarge }
        guard let bracket = type.firstIndex(of: "[") else {
            if let kind = atomic(type) { return .atomic(kind) }
            guard structs.contains(type), type != domainType else { throw .unknownType(type) }
            return .structure(type)
        }
        var kind = try kind(String(type[..<bracket]), structs: structs)
        var depth = 0
        var rest = type[bracket...]
        while !rest.isEmpty {
            guard rest.first == "[", let close = rest.firstIndex(of: "]") else { throw .unknownType(type) }
            let digits = rest[rest.index(after: rest.startIndex)..<close]
            depth += 1
            guard depth <= 8 else { throw .tooLarge }
            if digits.isEmpty {
                kind = .array(kind, count: nil)
            } else {
                guard let count = number(digits), count <= TypedData.valuesMax else { throw .unknownType(type) }
                kind = .array(kind, count: count)
            }
            rest = rest[rest.index(after: close)...]
        }
        return kind
    }

    /// The standard's atomic types.
    ///
    /// It has no `uint` and `int` without a size.
    private static func atomic(_ name: String) -> ABI.Kind? {
        switch name {
        case "address": return .address
        case "bool": return .bool
        case "string": return .string
        case "bytes": return .bytes
        default: break
        }
        if name.hasPrefix("uint"), let bits = number(name.dropFirst(4)), bits.isMultiple(of: 8), bits <= 256 {
            return .uint(bits: bits)
        }
        if name.hasPrefix("int"), let bits = number(name.dropFirst(3)), bits.isMultiple(of: 8), bits <= 256 {
            return .int(bits: bits)
        }
        if name.hasPrefix("bytes"), let count = number(name.dropFirst(5)), count <= 32 { return .fixedBytes(count) }
        return nil
    }

    /// A positive number of at most five digits without leading zeros.
    private static func number(_ digits: Substring) -> Int? {
        guard (1...5).contains(digits.utf8.count), digits.utf8.first != UInt8(ascii: "0"),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(digits)
    }

    private static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 128 else { return false }
        func isLetter(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "_"), UInt8(ascii: "$"): true
            default: false
            }
        }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return isLetter(first) && name.utf8.allSatisfy { isLetter($0) || digits.contains($0) }
    }

    private static func structure(in kind: Kind) -> String? {
        switch kind {
        case .atomic: nil
        case .structure(let name): name
        case .array(let element, _): structure(in: element)
        }
    }

    /// Recursion goes no deeper than there are types.
    private func checkAcyclic(_ name: String, open: Set<String>, finished: inout Set<String>) throws(TypedDataError) {
        if finished.contains(name) { return }
        guard !open.contains(name) else { throw .cyclicType(name) }
        for member in structs[name] ?? [] {
            if let inner = Self.structure(in: member.kind) {
                try checkAcyclic(inner, open: open.union([name]), finished: &finished)
            }
        }
        finished.insert(name)
    }

    private static func standardDomain(_ domain: JSON) throws(TypedDataError) -> JSON {
        let standard = [
            ("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"),
            ("salt", "bytes32"),
        ]
        let members = standard.filter { domain[$0.0] != nil }.map { name, type in
            JSON.object([
                JSONMember(name: "name", value: .string(name)), JSONMember(name: "type", value: .string(type)),
            ])
        }
        return .array(members)
    }
}
