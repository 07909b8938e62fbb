public import Primitives

extension ABI {
    /// The values that `data` encodes: a function's result, or its arguments after the selector.
    ///
    /// Words must hold values of their kind; padding after `bytes` and `string`, and bytes after the last value, are
    /// not looked at, because contracts are free there. Every offset and length is checked against the data.
    ///
    /// - Throws: ``ABIError`` with the offset of the word at fault.
    public static func decode(_ data: [UInt8], as kinds: [Kind]) throws(ABIError) -> [Value] {
        try Kind.tuple(kinds).validate(depthLeft: depthMax + 1)
        var decoder = ABIDecoder(data: data)
        return try decoder.tuple(kinds, at: 0)
    }

    /// The arguments of a call that must name this function (or the members of this error).
    ///
    /// - Throws: `ABIError.wrongSelector`, or as ``decode(_:as:)`` with offsets that count after the selector.
    public static func decodeCall(
        _ selector: Selector, _ data: [UInt8], as kinds: [Kind]
    ) throws(ABIError) -> [Value] {
        guard data.count >= 4, Array(data[..<4]) == selector.bytes else { throw .wrongSelector }
        return try decode(Array(data[4...]), as: kinds)
    }
}

private struct ABIDecoder {
    let data: [UInt8]
    var elementsLeft = ABI.elementsMax
    // Offsets may share bytes, so that a small answer unfolds into a large one. An honest encoder never does that:
    // what is copied in all is never more than the data.
    var bytesLeft: Int

    init(data: [UInt8]) {
        self.data = data
        bytesLeft = data.count
    }

    mutating func tuple(_ kinds: [ABI.Kind], at start: Int) throws(ABIError) -> [ABI.Value] {
        var values: [ABI.Value] = []
        var head = start
        for kind in kinds {
            values.append(try member(kind, head: head, start: start))
            head += kind.headSize
        }
        return values
    }

    private mutating func elements(_ kind: ABI.Kind, count: Int, at start: Int) throws(ABIError) -> [ABI.Value] {
        guard count <= elementsLeft else { throw .tooManyElements(at: start) }
        let size = kind.headSize
        var values: [ABI.Value] = []
        values.reserveCapacity(min(count, data.count / 32 + 1))
        for index in 0..<count {
            values.append(try member(kind, head: start + index * size, start: start))
        }
        return values
    }

    /// A value whose head is at `head`; the offset of a dynamic one counts from `start`.
    private mutating func member(_ kind: ABI.Kind, head: Int, start: Int) throws(ABIError) -> ABI.Value {
        guard kind.isDynamic else { return try value(kind, at: head) }
        let offset = try length(at: head)
        guard offset <= data.count - start else { throw .offsetOutOfRange(at: head) }
        return try value(kind, at: start + offset)
    }

    private mutating func value(_ kind: ABI.Kind, at position: Int) throws(ABIError) -> ABI.Value {
        guard elementsLeft > 0 else { throw .tooManyElements(at: position) }
        elementsLeft -= 1
        switch kind {
        case .uint(let bits):
            let word = try word(at: position)
            guard word.bitWidth <= bits else { throw .invalidValue(at: position) }
            return .uint(word)
        case .int(let bits):
            let word = try word(at: position)
            guard ABI.fits(word, signedBits: bits) else { throw .invalidValue(at: position) }
            return .int(word)
        case .address:
            let bytes = try slice(at: position, count: 32)
            guard bytes.prefix(12).allSatisfy({ $0 == 0 }), let address = Address(bytes: bytes.dropFirst(12)) else {
                throw .invalidValue(at: position)
            }
            return .address(address)
        case .bool:
            switch try word(at: position).uint64 {
            case 0: return .bool(false)
            case 1: return .bool(true)
            default: throw .invalidValue(at: position)
            }
        case .fixedBytes(let count):
            let bytes = try slice(at: position, count: 32)
            guard bytes.dropFirst(count).allSatisfy({ $0 == 0 }) else { throw .invalidValue(at: position) }
            return .fixedBytes(Array(bytes.prefix(count)))
        case .bytes:
            return .bytes(Array(try counted(at: position)))
        case .string:
            guard let text = String(validating: try counted(at: position), as: UTF8.self) else {
                throw .invalidValue(at: position)
            }
            return .string(text)
        case .array(let element):
            return .array(try elements(element, count: try length(at: position), at: position + 32))
        case .fixedArray(let element, let count):
            return .array(try elements(element, count: count, at: position))
        case .tuple(let kinds):
            return .tuple(try tuple(kinds, at: position))
        }
    }

    private func slice(at position: Int, count: Int) throws(ABIError) -> ArraySlice<UInt8> {
        guard position <= data.count, count <= data.count - position else { throw .truncated(at: position) }
        return data[position..<position + count]
    }

    private func word(at position: Int) throws(ABIError) -> UInt256 {
        UInt256(bytes32: try slice(at: position, count: 32))
    }

    /// An offset or a length: no larger than the data, or than the most elements (those of `()[]` take no bytes).
    private func length(at position: Int) throws(ABIError) -> Int {
        guard let length = try word(at: position).uint64, length <= UInt64(max(data.count, ABI.elementsMax)) else {
            throw .offsetOutOfRange(at: position)
        }
        return Int(length)
    }

    private mutating func counted(at position: Int) throws(ABIError) -> ArraySlice<UInt8> {
        let count = try length(at: position)
        guard count <= bytesLeft else { throw .tooManyElements(at: position) }
        bytesLeft -= count
        guard count <= data.count - position - 32 else { throw .offsetOutOfRange(at: position) }
        return data[position + 32..<position + 32 + count]
    }
}
