import Primitives

/// Reads an object's members by type; what goes wrong names the member.
struct RPCObject {
    private let json: JSON

    init(_ json: JSON) throws(RPCDecodingError) {
        guard json.members != nil else {
            throw RPCDecodingError(field: "", problem: json.isNull ? .missing : .wrongType)
        }
        self.json = json
    }

    /// The member; nil where it is absent or null, which nodes use alike.
    func optional(_ name: String) -> JSON? {
        guard let value = json[name], !value.isNull else { return nil }
        return value
    }

    func required(_ name: String) throws(RPCDecodingError) -> JSON {
        guard let value = optional(name) else { throw RPCDecodingError(field: name, problem: .missing) }
        return value
    }

    func text(_ name: String) throws(RPCDecodingError) -> String {
        try RPCObject.text(try required(name), name)
    }

    func uint256(_ name: String) throws(RPCDecodingError) -> UInt256 {
        try RPCObject.uint256(try required(name), name)
    }

    func uint64(_ name: String) throws(RPCDecodingError) -> UInt64 {
        try RPCObject.uint64(try required(name), name)
    }

    func hash(_ name: String) throws(RPCDecodingError) -> Hash32 {
        try RPCObject.hash(try required(name), name)
    }

    func address(_ name: String) throws(RPCDecodingError) -> Address {
        try RPCObject.address(try required(name), name)
    }

    func bytes(_ name: String) throws(RPCDecodingError) -> [UInt8] {
        try RPCObject.bytes(try required(name), name)
    }

    func array(_ name: String) throws(RPCDecodingError) -> [JSON] {
        guard let values = try required(name).array else { throw RPCDecodingError(field: name, problem: .wrongType) }
        return values
    }

    func optionalUInt256(_ name: String) throws(RPCDecodingError) -> UInt256? {
        guard let value = optional(name) else { return nil }
        return try RPCObject.uint256(value, name)
    }

    func optionalUInt64(_ name: String) throws(RPCDecodingError) -> UInt64? {
        guard let value = optional(name) else { return nil }
        return try RPCObject.uint64(value, name)
    }

    func optionalHash(_ name: String) throws(RPCDecodingError) -> Hash32? {
        guard let value = optional(name) else { return nil }
        return try RPCObject.hash(value, name)
    }

    func optionalAddress(_ name: String) throws(RPCDecodingError) -> Address? {
        guard let value = optional(name) else { return nil }
        return try RPCObject.address(value, name)
    }

    func optionalBytes(_ name: String) throws(RPCDecodingError) -> [UInt8]? {
        guard let value = optional(name) else { return nil }
        return try RPCObject.bytes(value, name)
    }

    /// The transaction type; absent in the answers of nodes from before EIP-2718, which is type 0.
    func type() throws(RPCDecodingError) -> UInt8 {
        guard let type = UInt8(exactly: try optionalUInt64("type") ?? 0) else {
            throw RPCDecodingError(field: "type", problem: .inconsistent)
        }
        return type
    }

    func accessList(_ name: String) throws(RPCDecodingError) -> [AccessListEntry] {
        guard optional(name) != nil else { return [] }
        var entries: [AccessListEntry] = []
        for (index, item) in try array(name).enumerated() {
            do {
                let object = try RPCObject(item)
                var keys: [Hash32] = []
                for key in try object.array("storageKeys") { keys.append(try RPCObject.hash(key, "storageKeys")) }
                entries.append(AccessListEntry(address: try object.address("address"), storageKeys: keys))
            } catch {
                throw error.inside("\(name)[\(index)]")
            }
        }
        return entries
    }
}

extension RPCObject {
    static func text(_ json: JSON, _ field: String) throws(RPCDecodingError) -> String {
        guard let text = json.string else { throw RPCDecodingError(field: field, problem: .wrongType) }
        return text
    }

    static func uint256(_ json: JSON, _ field: String) throws(RPCDecodingError) -> UInt256 {
        let text = try text(json, field)
        do {
            return try UInt256(hexQuantity: text)
        } catch {
            throw RPCDecodingError(field: field, problem: error == .overflow ? .inconsistent : .malformed)
        }
    }

    static func uint64(_ json: JSON, _ field: String) throws(RPCDecodingError) -> UInt64 {
        guard let value = try uint256(json, field).uint64 else {
            throw RPCDecodingError(field: field, problem: .inconsistent)
        }
        return value
    }

    static func bytes(_ json: JSON, _ field: String) throws(RPCDecodingError) -> [UInt8] {
        let text = try text(json, field)
        do {
            return try Hex.decodePrefixed(text)
        } catch {
            throw RPCDecodingError(field: field, problem: .malformed)
        }
    }

    static func hash(_ json: JSON, _ field: String) throws(RPCDecodingError) -> Hash32 {
        guard let hash = Hash32(try bytes(json, field)) else {
            throw RPCDecodingError(field: field, problem: .malformed)
        }
        return hash
    }

    static func address(_ json: JSON, _ field: String) throws(RPCDecodingError) -> Address {
        let text = try text(json, field)
        do {
            return try Address(ignoringChecksum: text)
        } catch {
            throw RPCDecodingError(field: field, problem: .malformed)
        }
    }
}
