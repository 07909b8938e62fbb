import Cryptography
import Primitives

/// Hashes the values of a message; each one is visited once.
struct TypedDataHasher {
    private let schema: TypedDataSchema
    private var typeHashes: [String: Hash32] = [:]
    private var valuesLeft = TypedData.valuesMax

    init(schema: TypedDataSchema) {
        self.schema = schema
    }

    /// `hashStruct` of the standard.
    mutating func hash(
        _ json: JSON, as name: String, path: String, depthLeft: Int
    ) throws(TypedDataError) -> Hash32 {
        guard depthLeft > 0 else { throw .tooLarge }
        guard let given = json.members else { throw .malformed(path) }
        guard let members = schema.structs[name] else { throw .unknownType(name) }
        var bytes = try typeHash(name).bytes
        bytes.reserveCapacity(32 * (1 + members.count))
        for member in members {
            guard let value = json[member.name] else { throw .malformed("\(path).\(member.name)") }
            try append(value, as: member.kind, to: &bytes, path: "\(path).\(member.name)", depthLeft: depthLeft - 1)
        }
        // Names of declared members are distinct, and all of them are there.
        guard given.count == members.count else {
            let declared = Set(members.map(\.name))
            let unknown = given.first { !declared.contains($0.name) }
            throw .unknownMember("\(path).\(unknown?.name ?? "")")
        }
        return Keccak256.hash(bytes)
    }

    private mutating func typeHash(_ name: String) throws(TypedDataError) -> Hash32 {
        if let known = typeHashes[name] { return known }
        let hash = Keccak256.hash(Array(try schema.encodedType(name).utf8))
        typeHashes[name] = hash
        return hash
    }

    private mutating func append(
        _ json: JSON, as kind: TypedDataSchema.Kind, to bytes: inout [UInt8], path: String, depthLeft: Int
    ) throws(TypedDataError) {
        guard valuesLeft > 0 else { throw .tooLarge }
        valuesLeft -= 1
        switch kind {
        case .atomic(let kind):
            try append(json, as: kind, to: &bytes, path: path)
        case .structure(let name):
            try hash(json, as: name, path: path, depthLeft: depthLeft).append(to: &bytes)
        case .array(let element, let count):
            guard depthLeft > 0 else { throw .tooLarge }
            guard let items = json.array else { throw .malformed(path) }
            guard items.count == count ?? items.count else { throw .invalidValue(path) }
            var inner: [UInt8] = []
            for (index, item) in items.enumerated() {
                try append(item, as: element, to: &inner, path: "\(path)[\(index)]", depthLeft: depthLeft - 1)
            }
            Keccak256.hash(inner).append(to: &bytes)
        }
    }

    private func append(
        _ json: JSON, as kind: ABI.Kind, to bytes: inout [UInt8], path: String
    ) throws(TypedDataError) {
        switch kind {
        case .uint(let bits):
            let number = try integer(json, path: path)
            guard !number.isNegative, number.magnitude.bitWidth <= bits else { throw .invalidValue(path) }
            bytes.append(contentsOf: number.magnitude.bigEndianBytes)
        case .int(let bits):
            let number = try integer(json, path: path)
            let word =
                number.isNegative
                ? UInt256.zero.subtractingReportingOverflow(number.magnitude).partialValue : number.magnitude
            // The sign of the word is the sign that was written; of a magnitude of 2^255 and more it would not be.
            let isNegative = !word.shiftedRight(by: 255).isZero
            guard ABI.fits(word, signedBits: bits), isNegative == (number.isNegative && !word.isZero) else {
                throw .invalidValue(path)
            }
            bytes.append(contentsOf: word.bigEndianBytes)
        case .bool:
            guard let flag = json.bool else { throw .malformed(path) }
            bytes.append(contentsOf: repeatElement(0, count: 31))
            bytes.append(flag ? 1 : 0)
        case .address:
            guard let text = json.string else { throw .malformed(path) }
            guard let address = try? Address(checksummed: text) else { throw .invalidValue(path) }
            bytes.appendWord(address)
        case .string:
            guard let text = json.string else { throw .malformed(path) }
            Keccak256.hash(Array(text.utf8)).append(to: &bytes)
        case .bytes:
            Keccak256.hash(try byteString(json, path: path)).append(to: &bytes)
        case .fixedBytes(let count):
            let value = try byteString(json, path: path)
            guard value.count == count else { throw .invalidValue(path) }
            bytes.append(contentsOf: value)
            bytes.append(contentsOf: repeatElement(0, count: 32 - count))
        case .array, .fixedArray, .tuple:
            throw .unknownType(kind.description)
        }
    }

    private func byteString(_ json: JSON, path: String) throws(TypedDataError) -> [UInt8] {
        guard let text = json.string else { throw .malformed(path) }
        guard let bytes = try? Hex.decodePrefixed(text) else { throw .invalidValue(path) }
        return bytes
    }

    private func integer(
        _ json: JSON, path: String
    ) throws(TypedDataError) -> (magnitude: UInt256, isNegative: Bool) {
        // A JSON number is taken as written: exact, however large. Fractions and exponents are no integers.
        guard let text = json.string ?? json.number else { throw .malformed(path) }
        if json.string != nil, text.hasPrefix("0x") {
            guard let magnitude = try? UInt256(hexQuantity: text) else { throw .invalidValue(path) }
            return (magnitude, false)
        }
        let isNegative = text.hasPrefix("-")
        guard let magnitude = try? UInt256(decimal: isNegative ? String(text.dropFirst()) : text) else {
            throw .invalidValue(path)
        }
        return (magnitude, isNegative)
    }
}
