#if Redis
    import NIOCore
    import Primitives
    import StorageRedis
    import Testing

    /// Replies of servers, whole, cut, damaged and made up.
    struct RESPTests {
        private static let replies: [(text: String, value: RESPValue)] = [
            ("+OK\r\n", .simple(Array("OK".utf8))), ("+\r\n", .simple([])),
            ("-ERR no\r\n", .error(Array("ERR no".utf8))), (":0\r\n", .integer(0)), (":-1\r\n", .integer(-1)),
            (":9223372036854775807\r\n", .integer(.max)), (":-9223372036854775808\r\n", .integer(.min)),
            ("$0\r\n\r\n", .bulk([])), ("$5\r\na\r\nb\0\r\n", .bulk(Array("a\r\nb\0".utf8))), ("$-1\r\n", .null),
            ("*0\r\n", .array([])), ("*-1\r\n", .null),
            (
                "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n*0\r\n",
                .array([.integer(1), .array([.bulk([0x78]), .null]), .array([])])
            ),
        ]

        private func buffer(_ text: some Sequence<UInt8>) -> ByteBuffer { ByteBuffer(bytes: text) }

        private func refusal(_ text: String, _ limits: RESPLimits = RESPLimits()) -> RESPError? {
            var (reader, bytes) = (RESPReader(limits: limits), buffer(text.utf8))
            do throws(RESPError) {
                while try reader.next(from: &bytes) != nil {}
                return nil
            } catch {
                return error
            }
        }

        @Test func `replies are read, however they arrive`() throws {
            let text = Self.replies.map(\.text).joined()
            for piece in [1, 2, 3, 7, text.utf8.count] {
                var (reader, bytes, found) = (RESPReader(), ByteBuffer(), [RESPValue]())
                var rest = Array(text.utf8)[...]
                while !rest.isEmpty {
                    bytes.writeBytes(rest.prefix(piece))
                    rest = rest.dropFirst(piece)
                    while let value = try reader.next(from: &bytes) { found.append(value) }
                }
                #expect(found == Self.replies.map(\.value), "in pieces of \(piece)")
                #expect(bytes.readableBytes == 0)
                #expect(!reader.isInside)
            }
        }

        @Test func `a reply that is cut off is none yet`() throws {
            for (text, _) in Self.replies {
                let bytes = Array(text.utf8)
                for count in 0..<bytes.count {
                    var (reader, cut) = (RESPReader(), buffer(bytes[..<count]))
                    #expect(try reader.next(from: &cut) == nil, "\(count) of \(text)")
                }
            }
        }

        @Test func `what follows a reply is the next one`() throws {
            for (text, value) in Self.replies {
                var (reader, bytes) = (RESPReader(), buffer((text + ":7\r\n").utf8))
                #expect(try reader.next(from: &bytes) == value)
                #expect(try reader.next(from: &bytes) == .integer(7))
            }
        }

        @Test(arguments: [
            ("hello", RESPError.unknownType(0x68)), ("HTTP/1.1 400\r\n", .unknownType(0x48)),
            ("\u{15}\u{3}\u{1}\0\u{2}\u{2}", .unknownType(0x15)), (":\r\n", .malformedNumber),
            (":+1\r\n", .malformedNumber), (": 1\r\n", .malformedNumber), (":01\r\n", .malformedNumber),
            (":-0\r\n", .malformedNumber), (":9223372036854775808\r\n", .malformedNumber), ("$x\r\n", .malformedNumber),
            ("$-2\r\n", .malformedNumber), ("*-2\r\n", .malformedNumber), ("$1\r\nab\r\n", .missingEnd),
            ("$1\r\na\n\r", .missingEnd), ("+a\rb\r\n", .malformedLine), ("+a\nb\r\n", .malformedLine),
        ])
        func `what is no RESP is refused`(text: String, error: RESPError) {
            #expect(refusal(text) == error)
        }

        @Test func `lengths are checked before anything is kept for them`() {
            #expect(refusal("$9223372036854775807\r\n") == .bulkTooLong(.max))
            #expect(refusal("*9223372036854775807\r\n") == .tooManyValues(.max))
            #expect(refusal("*65537\r\n") == .tooManyValues(65_537))
            #expect(refusal(String(repeating: "*1\r\n", count: 5)) == .nestedTooDeep)
            #expect(refusal("+" + String(repeating: "a", count: 20_000)) == .lineTooLong)
            var limits = RESPLimits()
            limits.replyBytesMax = 10
            #expect(refusal("*3\r\n$4\r\naaaa\r\n$4\r\naaaa\r\n$4\r\n", limits) == .replyTooLarge)
            limits.valuesMax = 4
            #expect(refusal("*2\r\n*2\r\n:1\r\n:2\r\n*2\r\n", limits) == .tooManyValues(5))
        }

        @Test func `one wrong bit changes a reply, or is refused, and never more`() {
            for (text, _) in Self.replies {
                for index in text.utf8.indices {
                    for bit in 0..<8 {
                        var bytes = Array(text.utf8)
                        bytes[text.utf8.distance(from: text.utf8.startIndex, to: index)] ^= 1 << UInt8(bit)
                        drain(bytes)
                    }
                }
            }
        }

        @Test func `random bytes are refused or wait for more`() {
            let seed = UInt64.random(in: 0...UInt64.max)
            let random = RandomSource.seeded(seed)
            let alphabet = Array("+-:$*\r\n0123456789ab\0\u{7F}".utf8)
            for round in 0..<3_000 {
                let count = Int(random.uint64(below: 60))
                let isText = round % 2 == 0
                drain(
                    (0..<count).map { _ in
                        isText
                            ? alphabet[Int(random.uint64(below: UInt64(alphabet.count)))]
                            : UInt8(truncatingIfNeeded: random.uint64())
                    }, "seed \(seed), round \(round)")
            }
        }

        /// Reads until there is nothing more to read; what is read is not longer than what was given.
        private func drain(_ bytes: [UInt8], _ comment: String = "") {
            var (reader, buffer) = (RESPReader(), ByteBuffer(bytes: bytes))
            var values = 0
            do throws(RESPError) {
                while try reader.next(from: &buffer) != nil { values += 1 }
            } catch {}
            #expect(values <= bytes.count, "\(comment) \(bytes)")
        }

        @Test func `commands are arrays of byte strings`() throws {
            var command = RESPCommand(parts: 3)
            command.add("SET")
            command.add([0, 13, 10])
            command.add("")
            #expect(String(buffer: command.bytes) == "*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n")
        }
    }
#endif
