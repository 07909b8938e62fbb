import Primitives
import Synchronization

/// Path and query of a request line, split but not decoded.
struct RequestTarget {
    /// From the slash up to the question mark; `*` for a request to the server itself.
    let path: Substring
    /// After the question mark.
    let query: Substring
    /// Length of both.
    let byteCount: Int

    init(_ target: String) {
        byteCount = target.utf8.count
        var text = target[...]
        if let mark = text.utf8.firstIndex(of: UInt8(ascii: "#")) { text = text[..<mark] }
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            path = text
            query = ""
            return
        }
        path = text[..<mark]
        query = text[text.utf8.index(after: mark)...]
    }
}

/// Makes ids for requests that bring none: random per process, then counting, so one costs no system call.
final class RequestIDs: Sendable {
    private let prefix: String
    private let counter = Atomic<UInt64>(0)

    init(random: RandomSource) {
        prefix = "req_" + Hex.encode(random.bytes(6)) + "_"
    }

    func next() -> String {
        prefix + String(counter.wrappingAdd(1, ordering: .relaxed).newValue, radix: 36)
    }
}

/// The client went away while its body was read; nobody is there to answer.
struct ClientGone: Error {
    let cause: any Error
}
