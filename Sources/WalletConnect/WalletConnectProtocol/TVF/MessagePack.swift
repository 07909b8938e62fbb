import Primitives

/// Finds a value in a MessagePack map without reading the rest into memory.
///
/// Only as much as a signed Algorand transaction needs: a hash is made over the exact bytes of one value, so nothing is
/// written again. Standard: [MessagePack](https://github.com/msgpack/msgpack/blob/master/spec.md).
struct MessagePack {
    private var reader: ByteReader

    /// The deepest nesting that is followed.
    private static let depthMax = 16
    /// The most values that are passed over.
    private static let valuesMax = 10_000
    private var valuesLeft = Self.valuesMax

    /// The bytes of the value under `name` in the map that `bytes` is; nil when there is none or it is no such map.
    static func value(of name: String, in bytes: [UInt8]) -> [UInt8]? {
        var pack = MessagePack(reader: ByteReader(bytes))
        guard let count = try? pack.mapCount() else { return nil }
        var found: [UInt8]?
        for _ in 0..<count {
            guard let key = try? pack.text(), let start = Optional(pack.reader.position),
                (try? pack.skip(depthLeft: depthMax)) != nil
            else { return nil }
            if key == Array(name.utf8) {
                // Twice the same name could mean two transactions.
                guard found == nil else { return nil }
                found = Array(bytes[start..<pack.reader.position])
            }
        }
        return pack.reader.isAtEnd ? found : nil
    }

    private init(reader: ByteReader) {
        self.reader = reader
    }

    private mutating func mapCount() throws(ReadError) -> Int {
        let at = reader.position
        switch try reader.uint8() {
        case let head where head & 0xF0 == 0x80: return Int(head & 0x0F)
        case 0xDE: return Int(try reader.uint16())
        default: throw .trailingBytes(at: at)
        }
    }

    private mutating func text() throws(ReadError) -> [UInt8] {
        let at = reader.position
        switch try reader.uint8() {
        case let head where head & 0xE0 == 0xA0: return try reader.take(Int(head & 0x1F))
        case 0xD9: return try reader.take(Int(try reader.uint8()))
        default: throw .trailingBytes(at: at)
        }
    }

    private mutating func skip(depthLeft: Int) throws(ReadError) {
        guard depthLeft > 0, valuesLeft > 0 else { throw .tooLong(at: reader.position, limit: Self.valuesMax) }
        valuesLeft -= 1
        switch try reader.uint8() {
        case 0x00...0x7F, 0xE0...0xFF, 0xC0, 0xC2, 0xC3: return
        case let head where head & 0xF0 == 0x80: try skip(values: 2 * Int(head & 0x0F), depthLeft)
        case let head where head & 0xF0 == 0x90: try skip(values: Int(head & 0x0F), depthLeft)
        case let head where head & 0xE0 == 0xA0: try reader.skip(Int(head & 0x1F))
        case 0xC4, 0xD9: try reader.skip(Int(try reader.uint8()))
        case 0xC5, 0xDA: try reader.skip(Int(try reader.uint16()))
        case 0xC6, 0xDB: try reader.skip(Int(try reader.uint32()))
        case 0xCC, 0xD0: try reader.skip(1)
        case 0xCD, 0xD1: try reader.skip(2)
        case 0xCA, 0xCE, 0xD2: try reader.skip(4)
        case 0xCB, 0xCF, 0xD3: try reader.skip(8)
        case 0xDC: try skip(values: Int(try reader.uint16()), depthLeft)
        case 0xDE: try skip(values: 2 * Int(try reader.uint16()), depthLeft)
        // Extensions and larger containers: no transaction has them.
        default: throw .trailingBytes(at: reader.position - 1)
        }
    }

    private mutating func skip(values: Int, _ depthLeft: Int) throws(ReadError) {
        for _ in 0..<values { try skip(depthLeft: depthLeft - 1) }
    }
}
