#if MongoDB
    import Primitives
    import StorageMongoDB
    import Testing

    /// Documents, whole, cut, damaged and made up.
    struct BSONTests {
        private static let document: BSONDocument = [
            "_id": .document(["c": .string("notes"), "k": .string("\u{E9}\0\u{1F511}")]), "v": .binary([0, 1, 255]),
            "n": .int64(.max), "i": .int32(.min), "d": .double(-0.5), "x": .date(-1), "b": .boolean(true), "z": .null,
            "m": .maxKey, "a": .array([.int32(1), .document([:]), .string("")]),
        ]

        @Test func `what is written is read`() throws {
            #expect(try BSONDocument(bytes: Self.document.bytes) == Self.document)
            #expect(try BSONDocument(bytes: BSONDocument().bytes) == BSONDocument())
        }

        /// The examples of [bsonspec.org](https://bsonspec.org/faq.html).
        @Test func `vectors of the specification`() {
            let hello: BSONDocument = ["hello": .string("world")]
            #expect(
                hello.bytes == Array("\u{16}\0\0\0\u{2}hello\0\u{6}\0\0\0world\0\0".utf8))
            let parts: BSONDocument = ["BSON": .array([.string("awesome"), .double(5.05), .int32(1986)])]
            #expect(
                parts.bytes == Array("1\0\0\0\u{4}BSON\0&\0\0\0\u{2}0\0\u{8}\0\0\0awesome\0\u{1}1\0".utf8)
                    + [0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x14, 0x40, 0x10, 0x32, 0, 0xC2, 7, 0, 0, 0, 0])
        }

        @Test func `types that replies carry are passed over`() throws {
            let fields: [[UInt8]] = [
                [7] + Array("a\0".utf8) + [UInt8](repeating: 9, count: 12),
                [0x11] + Array("t\0".utf8) + [UInt8](repeating: 9, count: 8),
                [0x13] + Array("d\0".utf8) + [UInt8](repeating: 9, count: 16),
                [0x0B] + Array("r\0x\0i\0".utf8), [0xFF] + Array("m\0".utf8),
            ]
            let body = fields.flatMap { $0 }
            let document = try BSONDocument(bytes: [UInt8(body.count + 5), 0, 0, 0] + body + [0])
            #expect(document.fields.map(\.name) == ["a", "t", "d", "r", "m"])
        }

        @Test func `a document that is cut off or goes on is none`() {
            let bytes = Self.document.bytes
            for count in bytes.indices {
                #expect(throws: BSONError.self, "\(count) bytes") { try BSONDocument(bytes: Array(bytes[..<count])) }
            }
            #expect(throws: BSONError.wrongLength) { try BSONDocument(bytes: bytes + [0]) }
        }

        @Test func `documents in documents end somewhere`() {
            var document = BSONDocument()
            for _ in 0..<BSONDocument.depthMax { document = ["a": .document(document)] }
            #expect(throws: BSONError.nestedTooDeep) { try BSONDocument(bytes: document.bytes) }
        }

        @Test func `wrong bits and random bytes are read or refused`() {
            let bytes = Self.document.bytes
            for index in bytes.indices {
                for bit in 0..<8 {
                    var wrong = bytes
                    wrong[index] ^= 1 << UInt8(bit)
                    _ = try? BSONDocument(bytes: wrong)
                }
            }
            let seed = UInt64.random(in: 0...UInt64.max)
            let random = RandomSource.seeded(seed)
            var read = 0
            for _ in 0..<2_000 {
                var bytes = random.bytes(5 + Int(random.uint64(below: 40)))
                bytes.replaceSubrange(0..<4, with: [UInt8(bytes.count), 0, 0, 0])
                bytes[bytes.count - 1] = 0
                bytes[4] = [0, 1, 2, 3, 4, 5, 8, 9, 10, 16, 18][Int(random.uint64(below: 11))]
                if (try? BSONDocument(bytes: bytes)) != nil { read += 1 }
            }
            #expect(read < 2_000, "seed \(seed)")
        }
    }
#endif
