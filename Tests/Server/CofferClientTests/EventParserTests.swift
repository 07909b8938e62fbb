import CofferClient
import Testing

struct EventParserTests {
    private static let stream = """
        \u{FEFF}: welcome\r\nretry: 1500\r
        id: 7\nevent: withdrawal.queued\ndata: {"state":\rdata:  "queued"}\n
        : keep-alive\n\ndata\ndata:\nid\n\nevent: nothing\n\nfield: unknown\ndata: é🙂\r\n\r
        id: 9\ndata: unfinished\n
        """

    private static let events = [
        ServerEvent(id: "7", type: "withdrawal.queued", data: "{\"state\":\n \"queued\"}"),
        ServerEvent(id: "", type: "message", data: "\n"),
        ServerEvent(id: "", type: "message", data: "é🙂"),
    ]

    @Test func `a stream is read as the standard says`() throws {
        var parser = EventParser()
        #expect(try parser.feed(Self.stream.utf8) == Self.events)
        #expect(parser.retryMilliseconds == 1500)
    }

    @Test func `every cut into two gives the same events`() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in 0...bytes.count {
            var parser = EventParser()
            let events = try parser.feed(bytes[..<cut]) + parser.feed(bytes[cut...])
            #expect(events == Self.events, "cut at \(cut)")
        }
    }

    @Test(arguments: 1...7) func `pieces of any size give the same events`(size: Int) throws {
        let bytes = Array(Self.stream.utf8)
        var parser = EventParser()
        var events: [ServerEvent] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += try parser.feed(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(events == Self.events)
    }

    @Test func `the id stays until another one comes and survives a connection`() throws {
        var parser = EventParser(lastEventID: "4")
        #expect(try parser.feed("data: a\n\nid: 5\ndata: b\n\ndata: c\n\n".utf8).map(\.id) == ["4", "5", "5"])
        #expect(parser.lastEventID == "5")
    }

    @Test func `an id with a zero byte or of an unfinished event does not count`() throws {
        var parser = EventParser(lastEventID: "4")
        #expect(try parser.feed("id: 1\u{0}2\ndata: a\n\nid: 8\ndata: b".utf8).map(\.id) == ["4"])
        #expect(parser.lastEventID == "4")
    }

    @Test func `an endless line is refused before it fills the memory`() {
        var parser = EventParser()
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: EventParser.eventBytesMax + 1)
        #expect(throws: EventStreamError.tooLong(limit: EventParser.eventBytesMax)) { try parser.feed(line) }
    }

    @Test func `an event of endless lines is refused too`() {
        var parser = EventParser()
        let lines = String(repeating: "data: \(String(repeating: "x", count: 1000))\n", count: 1100)
        #expect(throws: EventStreamError.self) { try parser.feed(lines.utf8) }
    }

    @Test func `random bytes never crash it`() throws {
        var seed: UInt64 = 20_261_120
        print("seed \(seed)")
        for _ in 0..<300 {
            var parser = EventParser()
            let bytes = (0..<200).map { _ -> UInt8 in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let alphabet = Array("data:event id\r\n\u{0}: ".utf8)
                return alphabet[Int(seed >> 40) % alphabet.count]
            }
            let events = try parser.feed(bytes)
            #expect(events.allSatisfy { !$0.type.isEmpty })
        }
    }
}
