import Glibc

/// Requests as bytes, ready but for the digits of the idempotency key.
struct Requests {
    private struct Form {
        let bytes: UnsafeMutableBufferPointer<UInt8>
        /// Where the key's digits stand; negative without a key.
        let digits: Int
    }

    private static let digitCount = 16
    private var forms: [Form] = []
    private var next = 0
    private(set) var made: UInt64 = 0

    init(_ options: Options) {
        let bodies = options.bodies.isEmpty ? [""] : options.bodies
        for index in 0..<max(options.paths.count, bodies.count) {
            let body = bodies[index % bodies.count]
            var head = "\(options.method) \(options.paths[index % options.paths.count]) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            if let token = options.token { head += "Authorization: Bearer \(token)\r\n" }
            if !body.isEmpty { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
            var digits = -1
            if let prefix = options.keyPrefix {
                head += "Idempotency-Key: \(prefix)"
                digits = head.utf8.count
                head += String(repeating: "0", count: Self.digitCount) + "\r\n"
            }
            let text = Array((head + "\r\n" + body).utf8)
            let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
            _ = bytes.initialize(from: text)
            forms.append(Form(bytes: bytes, digits: digits))
        }
    }

    /// Another number for each number, in no order: clients draw their keys at random, and random keys are what costs an
    /// index most. Multiplying by an odd number and folding the upper half are both reversible, so none comes twice.
    private static func scattered(_ number: UInt64) -> UInt64 {
        var value = number
        for factor: UInt64 in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
            value ^= value >> 33
            value &*= factor
        }
        return value ^ value >> 33
    }

    /// Sends the next request; a socket of a connection without anything in flight takes it whole.
    mutating func send(on file: Int32) -> Bool {
        let form = forms[next]
        next = next + 1 == forms.count ? 0 : next + 1
        made += 1
        if form.digits >= 0 {
            var rest = Self.scattered(made)
            for position in form.digits..<(form.digits + Self.digitCount) {
                let digit = UInt8(truncatingIfNeeded: rest & 15)
                form.bytes[position] = digit < 10 ? 48 + digit : 87 + digit
                rest >>= 4
            }
        }
        return Glibc.send(file, form.bytes.baseAddress, form.bytes.count, Int32(MSG_NOSIGNAL)) == form.bytes.count
    }
}
