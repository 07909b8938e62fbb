#if MongoDB
    extension BSONDocument {
        /// Documents in documents; a record nests two deep, a reply of a server a few more.
        package static let depthMax = 16
        /// Bytes of a document: what MongoDB takes, and to spare for a reply around one.
        package static let bytesMax = (16 << 20) + 65_536

        // MARK: Writing

        /// The document as bytes.
        package var bytes: [UInt8] {
            var bytes: [UInt8] = []
            write(to: &bytes)
            return bytes
        }

        private func write(to bytes: inout [UInt8]) {
            Self.write(fields.map { ($0.name, $0.value) }, to: &bytes)
        }

        private static func write(_ fields: [(String, BSONValue)], to bytes: inout [UInt8]) {
            let start = bytes.count
            bytes.append(contentsOf: [0, 0, 0, 0])
            for (name, value) in fields { write(name, value, to: &bytes) }
            bytes.append(0)
            let count = UInt32(bytes.count - start)
            for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: count >> UInt32(8 * index)) }
        }

        private static func write(_ name: String, _ value: BSONValue, to bytes: inout [UInt8]) {
            precondition(!name.utf8.contains(0), "a name ends with a zero byte")
            bytes.append(value.type)
            bytes.append(contentsOf: name.utf8)
            bytes.append(0)
            switch value {
            case .double(let number): append(number.bitPattern, to: &bytes)
            case .string(let text):
                append(UInt32(text.utf8.count + 1), to: &bytes)
                bytes.append(contentsOf: text.utf8)
                bytes.append(0)
            case .document(let document): document.write(to: &bytes)
            case .array(let values):
                write(values.enumerated().map { ("\($0.offset)", $0.element) }, to: &bytes)
            case .binary(let data):
                append(UInt32(data.count), to: &bytes)
                bytes.append(0)
                bytes.append(contentsOf: data)
            case .boolean(let isTrue): bytes.append(isTrue ? 1 : 0)
            case .date(let number), .int64(let number): append(UInt64(bitPattern: number), to: &bytes)
            case .int32(let number): append(UInt32(bitPattern: number), to: &bytes)
            case .null, .maxKey: break
            case .other: preconditionFailure("what was not read is not written")
            }
        }

        private static func append(_ number: some FixedWidthInteger & UnsignedInteger, to bytes: inout [UInt8]) {
            for index in 0..<number.bitWidth / 8 {
                bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index)))
            }
        }

        // MARK: Reading

        /// Reads a document that is all of `bytes`.
        package init(bytes: [UInt8]) throws(BSONError) {
            guard bytes.count <= Self.bytesMax else { throw .wrongLength }
            var reader = BSONReader(bytes: bytes[...])
            self = try reader.document(depth: 0)
            guard reader.bytes.isEmpty else { throw .wrongLength }
        }
    }

    extension BSONValue {
        /// The byte that names the type.
        fileprivate var type: UInt8 {
            switch self {
            case .double: 0x01
            case .string: 0x02
            case .document: 0x03
            case .array: 0x04
            case .binary: 0x05
            case .boolean: 0x08
            case .date: 0x09
            case .null: 0x0A
            case .int32: 0x10
            case .int64: 0x12
            case .maxKey: 0x7F
            case .other(let type): type
            }
        }
    }

    /// Takes documents apart; every length is checked against the bytes that are there.
    private struct BSONReader {
        var bytes: ArraySlice<UInt8>

        mutating func document(depth: Int) throws(BSONError) -> BSONDocument {
            guard depth < BSONDocument.depthMax else { throw .nestedTooDeep }
            let count = try length()
            guard count >= 5, count - 4 <= bytes.count else { throw .wrongLength }
            let rest = bytes.dropFirst(count - 4)
            bytes = bytes.prefix(count - 4)
            guard bytes.popLast() == 0 else { throw .wrongLength }
            var document = BSONDocument()
            while let type = bytes.popFirst() {
                let name = try name()
                document.append(name, try value(type, depth: depth))
            }
            bytes = rest
            return document
        }

        private mutating func value(_ type: UInt8, depth: Int) throws(BSONError) -> BSONValue {
            switch type {
            case 0x01: return .double(Double(bitPattern: try word()))
            case 0x02: return .string(try text())
            case 0x03: return .document(try document(depth: depth + 1))
            case 0x04: return .array(try document(depth: depth + 1).fields.map(\.value))
            case 0x05:
                let count = try length()
                _ = try take(1)
                return .binary(Array(try take(count)))
            case 0x08:
                let byte = try take(1)
                return .boolean(byte.first == 1)
            case 0x09: return .date(Int64(bitPattern: try word()))
            case 0x0A: return .null
            case 0x10: return .int32(Int32(truncatingIfNeeded: Int64(bitPattern: try number(4))))
            case 0x12: return .int64(Int64(bitPattern: try word()))
            case 0x7F: return .maxKey
            // Undefined, minimal key; object id, timestamp, decimal; script and symbol; regular expression.
            case 0x06, 0xFF: break
            case 0x07: _ = try take(12)
            case 0x11: _ = try take(8)
            case 0x13: _ = try take(16)
            case 0x0D, 0x0E: _ = try text()
            case 0x0B: _ = (try name(), try name())
            default: throw .unknownType(type)
            }
            return .other(type)
        }

        private mutating func take(_ count: Int) throws(BSONError) -> ArraySlice<UInt8> {
            guard count <= bytes.count else { throw .wrongLength }
            defer { bytes = bytes.dropFirst(count) }
            return bytes.prefix(count)
        }

        private mutating func number(_ count: Int) throws(BSONError) -> UInt64 {
            try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }

        private mutating func word() throws(BSONError) -> UInt64 { try number(8) }

        private mutating func length() throws(BSONError) -> Int {
            let number = try number(4)
            guard number <= UInt64(BSONDocument.bytesMax) else { throw .wrongLength }
            return Int(number)
        }

        private mutating func name() throws(BSONError) -> String {
            guard let end = bytes.firstIndex(of: 0),
                let name = String(validating: bytes[..<end], as: UTF8.self)
            else { throw .badText }
            bytes = bytes[bytes.index(after: end)...]
            return name
        }

        private mutating func text() throws(BSONError) -> String {
            let count = try length()
            guard count >= 1 else { throw .badText }
            let text = try take(count)
            guard text.last == 0, let text = String(validating: text.dropLast(), as: UTF8.self) else {
                throw .badText
            }
            return text
        }
    }
#endif
