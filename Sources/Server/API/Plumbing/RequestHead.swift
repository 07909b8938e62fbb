import HTTPTypes

/// The header fields the responder needs, gathered in one pass over the request.
struct RequestHead {
    var requestID: String?
    var authorization: String?
    var contentType: String?
    var contentLength: Int?
    var idempotencyKey: String?
    var ifNoneMatch: String?
    var traceParent: String?
    var isChunked = false
    var isEncoded = false
    /// A field that may come once came twice, or a length is no number.
    var fault: String?
    var fieldCount = 0
    var fieldBytes = 0
    var fieldBytesLongest = 0

    init(_ headers: HTTPFields) {
        for field in headers {
            let name = field.name.canonicalName
            let bytes = name.utf8.count + field.value.utf8.count
            fieldCount += 1
            // Colon, space and line end travel too.
            fieldBytes += bytes + 4
            fieldBytesLongest = max(fieldBytesLongest, bytes)
            switch name {
            case "authorization": authorization = once(authorization, field.value, "Authorization")
            case "content-type": contentType = once(contentType, field.value, "Content-Type")
            case "idempotency-key": idempotencyKey = once(idempotencyKey, field.value, "Idempotency-Key")
            case "x-request-id": if requestID == nil { requestID = field.value }
            case "if-none-match": ifNoneMatch = ifNoneMatch.map { $0 + "," + field.value } ?? field.value
            case "traceparent": if traceParent == nil { traceParent = field.value }
            case "transfer-encoding": isChunked = true
            case "content-encoding": if field.value.lowercased() != "identity" { isEncoded = true }
            case "content-length":
                if contentLength != nil || field.value.isEmpty || field.value.utf8.count > 18
                    || !field.value.utf8.allSatisfy({ (0x30...0x39).contains($0) })
                {
                    fault = "Content-Length must be one number"
                }
                contentLength = Int(field.value)
            default: break
            }
        }
        // Both framings at once is how requests are smuggled past a proxy.
        if isChunked, contentLength != nil { fault = "Content-Length and Transfer-Encoding exclude each other" }
    }

    private mutating func once(_ known: String?, _ value: String, _ name: String) -> String {
        if known != nil { fault = "\(name) must be sent once" }
        return value
    }

    /// The caller's request id, if it is one we can log: 1 to 64 of `A-Za-z0-9._-`.
    var validRequestID: String? {
        guard let requestID, (1...64).contains(requestID.utf8.count), requestID.utf8.allSatisfy(Self.isIDByte) else {
            return nil
        }
        return requestID
    }

    /// The caller's trace context: `00-<32 hex>-<16 hex>-<2 hex>`, not all zeros.
    var validTraceParent: String? {
        guard let traceParent, traceParent.utf8.count == 55, traceParent.hasPrefix("00-") else { return nil }
        let parts = traceParent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2] else { return nil }
        for part in parts where !part.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) {
            return nil
        }
        let isZero = { (part: Substring) in part.utf8.allSatisfy { $0 == 0x30 } }
        return isZero(parts[1]) || isZero(parts[2]) ? nil : traceParent
    }

    /// The caller's idempotency key: bare, or quoted as a structured-field string.
    ///
    /// - Throws: `invalid_idempotency_key` for a key that is empty, long or not visible ASCII.
    func checkedIdempotencyKey() throws -> String? {
        guard let raw = idempotencyKey else { return nil }
        var key = raw[...]
        if key.utf8.count >= 2, key.utf8.first == UInt8(ascii: "\""), key.utf8.last == UInt8(ascii: "\"") {
            key = key.dropFirst().dropLast()
        }
        let isVisible = { (byte: UInt8) in
            (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy(isVisible) else {
            throw Problem(
                .invalidIdempotencyKey,
                errors: [FieldError(.header("Idempotency-Key"), "must be 1 to 255 visible ASCII characters")])
        }
        return String(key)
    }

    /// Whether the body is JSON in UTF-8.
    var isJSON: Bool {
        guard let contentType, !isEncoded else { return false }
        if contentType == "application/json" { return true }
        let parts = contentType.lowercased().split(separator: ";", maxSplits: 4).map { part in
            part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }
        }
        guard parts.first == "application/json" else { return false }
        return parts.dropFirst().allSatisfy { $0 == "charset=utf-8" }
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
