public import Primitives

extension ABI {
    /// The encoding of values: a function's arguments without the selector.
    ///
    /// - Throws: ``ABIError`` if a value is not of its kind.
    public static func encode(_ values: [Value], as kinds: [Kind]) throws(ABIError) -> [UInt8] {
        try Kind.tuple(kinds).validate(depthLeft: depthMax + 1)
        var out: [UInt8] = []
        var elementsLeft = elementsMax
        try append(values, as: kinds, to: &out, elementsLeft: &elementsLeft)
        return out
    }

    /// A call: the selector and the encoding of the arguments.
    ///
    /// - Throws: ``ABIError`` if a value is not of its kind.
    public static func call(
        _ selector: Selector, _ values: [Value], as kinds: [Kind]
    ) throws(ABIError) -> [UInt8] {
        selector.bytes + (try encode(values, as: kinds))
    }

    private static func append(
        _ values: [Value], as kinds: [Kind], to out: inout [UInt8], elementsLeft: inout Int
    ) throws(ABIError) {
        guard values.count == kinds.count else {
            throw .mismatch(expected: Kind.tuple(kinds).description, index: min(values.count, kinds.count))
        }
        // Offsets count from the start of this tuple. The head is written with holes, then the tails fill them.
        let start = out.count
        var holes: [(position: Int, index: Int)] = []
        for index in kinds.indices {
            if kinds[index].isDynamic {
                holes.append((out.count, index))
                out.append(contentsOf: repeatElement(0, count: 32))
            } else {
                try append(values[index], as: kinds[index], index: index, to: &out, elementsLeft: &elementsLeft)
            }
        }
        for hole in holes {
            let offset = UInt64(out.count - start)
            for byte in 0..<8 {
                out[hole.position + 31 - byte] = UInt8(truncatingIfNeeded: offset >> UInt64(8 * byte))
            }
            try append(
                values[hole.index], as: kinds[hole.index], index: hole.index, to: &out, elementsLeft: &elementsLeft)
        }
    }

    private static func append(
        _ value: Value, as kind: Kind, index: Int, to out: inout [UInt8], elementsLeft: inout Int
    ) throws(ABIError) {
        guard elementsLeft > 0 else { throw .tooManyElements(at: out.count) }
        elementsLeft -= 1
        switch (kind, value) {
        case (.uint(let bits), .uint(let word)) where word.bitWidth <= bits:
            out.append(contentsOf: word.bigEndianBytes)
        case (.int(let bits), .int(let word)) where fits(word, signedBits: bits):
            out.append(contentsOf: word.bigEndianBytes)
        case (.address, .address(let address)):
            out.append(contentsOf: repeatElement(0, count: 12))
            address.append(to: &out)
        case (.bool, .bool(let flag)):
            out.append(contentsOf: repeatElement(0, count: 31))
            out.append(flag ? 1 : 0)
        case (.fixedBytes(let count), .fixedBytes(let bytes)) where bytes.count == count:
            out.append(contentsOf: bytes)
            out.append(contentsOf: repeatElement(0, count: 32 - count))
        case (.bytes, .bytes(let bytes)):
            appendDynamic(bytes, to: &out)
        case (.string, .string(let text)):
            appendDynamic(Array(text.utf8), to: &out)
        case (.array(let element), .array(let values)):
            guard values.count <= elementsLeft else { throw .tooManyElements(at: out.count) }
            appendWord(values.count, to: &out)
            let kinds = [Kind](repeating: element, count: values.count)
            try append(values, as: kinds, to: &out, elementsLeft: &elementsLeft)
        case (.fixedArray(let element, let count), .array(let values)) where values.count == count:
            let kinds = [Kind](repeating: element, count: count)
            try append(values, as: kinds, to: &out, elementsLeft: &elementsLeft)
        case (.tuple(let kinds), .tuple(let values)):
            try append(values, as: kinds, to: &out, elementsLeft: &elementsLeft)
        default:
            throw .mismatch(expected: kind.description, index: index)
        }
    }

    private static func appendDynamic(_ bytes: [UInt8], to out: inout [UInt8]) {
        appendWord(bytes.count, to: &out)
        out.append(contentsOf: bytes)
        out.append(contentsOf: repeatElement(0, count: (32 - bytes.count % 32) % 32))
    }

    private static func appendWord(_ count: Int, to out: inout [UInt8]) {
        out.append(contentsOf: UInt256(count).bigEndianBytes)
    }
}
