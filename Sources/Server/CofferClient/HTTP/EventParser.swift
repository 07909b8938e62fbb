/// One event of a stream.
package struct ServerEvent: Sendable, Hashable {
    /// What a client sends back as `Last-Event-ID` to go on from here; empty when the stream gave none yet.
    package var id: String
    /// The event's type; `message` when the stream names none.
    package var type: String
    /// The payload, its lines joined by newlines.
    package var data: String

    /// Makes an event.
    package init(id: String = "", type: String = "message", data: String) {
        self.id = id
        self.type = type
        self.data = data
    }
}

/// Why a stream of events cannot be read on.
package enum EventStreamError: Error, Equatable {
    /// A line or an event is longer than the limit.
    case tooLong(limit: Int)
}

/// Takes a stream of events apart, however the bytes are cut
/// ([server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream)).
package struct EventParser: Sendable {
    /// An event is a few hundred bytes; a megabyte is somebody's mistake or attack.
    package static let eventBytesMax = 1 << 20

    /// The id of the last event that came with one; survives the end of a connection.
    package private(set) var lastEventID: String
    /// How long the server wants clients to wait before they come back.
    package private(set) var retryMilliseconds: Int64?

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var type = ""
    private var pendingID: String
    private var endsWithReturn = false
    private var isFirstLine = true

    /// A parser at the beginning of a stream.
    package init(lastEventID: String = "") {
        self.lastEventID = lastEventID
        pendingID = lastEventID
    }

    /// Takes the next bytes and returns the events that they complete.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(EventStreamError) -> [ServerEvent] {
        var events: [ServerEvent] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n") where endsWithReturn:
                endsWithReturn = false  // the second half of a CR LF
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                endsWithReturn = byte == UInt8(ascii: "\r")
                if let event = endLine() { events.append(event) }
            default:
                endsWithReturn = false
                guard line.count + data.count < Self.eventBytesMax else { throw .tooLong(limit: Self.eventBytesMax) }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> ServerEvent? {
        var text = line[...]
        line = []
        if isFirstLine {
            isFirstLine = false
            if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        }
        if text.isEmpty { return dispatch() }
        let colon = text.firstIndex(of: UInt8(ascii: ":"))
        let field = text[..<(colon ?? text.endIndex)]
        var value = colon.map { text[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        take(String(decoding: field, as: UTF8.self), value)
        return nil
    }

    private mutating func take(_ field: String, _ value: ArraySlice<UInt8>) {
        switch field {
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: value)
            hasData = true
        case "event":
            type = String(decoding: value, as: UTF8.self)
        case "id":
            if !value.contains(0) { pendingID = String(decoding: value, as: UTF8.self) }
        case "retry":
            if !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int64(String(decoding: value, as: UTF8.self))
            {
                retryMilliseconds = number
            }
        default: break  // a comment has the empty field name; unknown fields are for later versions
        }
    }

    private mutating func dispatch() -> ServerEvent? {
        lastEventID = pendingID
        defer {
            data = []
            hasData = false
            type = ""
        }
        guard hasData else { return nil }
        return ServerEvent(
            id: lastEventID, type: type.isEmpty ? "message" : type, data: String(decoding: data, as: UTF8.self))
    }
}
