import Glibc

/// What the client was asked to do; every value by name, `--name value`.
struct Options {
    var port: UInt16 = 0
    var connections = 64
    /// Requests a second, each at its own moment, whatever the answers do; 0: each connection as fast as it is answered.
    var rate = 0.0
    var seconds = 10.0
    /// Before the seconds that count.
    var warmupSeconds = 1.0
    var method = "GET"
    /// One path or body for each line; taken in turn.
    var paths: [String] = ["/"]
    var bodies: [String] = []
    var token: String?
    /// What each unique `Idempotency-Key` starts with; none are sent without it.
    var keyPrefix: String?
    var expectedStatus = 200
    /// Whose CPU time is read at the beginning and the end.
    var server: Int32?

    init(_ arguments: [String]) throws(OptionError) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw OptionError(text: "\(name) needs a value") }
            switch name {
            case "--port": port = try Self.number(name, UInt16(value))
            case "--connections": connections = try Self.number(name, Int(value))
            case "--rate": rate = try Self.number(name, Double(value))
            case "--seconds": seconds = try Self.number(name, Double(value))
            case "--warmup": warmupSeconds = try Self.number(name, Double(value))
            case "--method": method = value
            case "--path": paths = [value]
            case "--paths": paths = try Self.lines(value)
            case "--bodies": bodies = try Self.lines(value)
            case "--token": token = value
            case "--key-prefix": keyPrefix = value
            case "--expect": expectedStatus = try Self.number(name, Int(value))
            case "--server": server = try Self.number(name, Int32(value))
            default: throw OptionError(text: "\(name) is not known")
            }
        }
        guard connections > 0, !paths.isEmpty, seconds > 0 else { throw OptionError(text: "nothing to do") }
    }

    private static func number<Value>(_ name: String, _ value: Value?) throws(OptionError) -> Value {
        guard let value else { throw OptionError(text: "\(name) takes a number") }
        return value
    }

    private static func lines(_ path: String) throws(OptionError) -> [String] {
        guard let file = fopen(path, "r") else { throw OptionError(text: "can't read \(path)") }
        defer { fclose(file) }
        var lines: [String] = []
        var buffer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(buffer) }
        while getline(&buffer, &capacity, file) >= 0 {
            guard let buffer else { break }
            lines.append(String(cString: buffer).filter { $0 != "\n" })
        }
        return lines.filter { !$0.isEmpty }
    }
}

struct OptionError: Error {
    let text: String
}
