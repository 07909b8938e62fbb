import Primitives

/// A passphrase on its way from a request body to the keystore.
///
/// The body itself lies in buffers of the HTTP library, which nobody wipes; this takes the bytes out of it without
/// making a `String` on the way. Where that matters, unseal by file at the start instead.
struct Passphrase: ~Copyable {
    let bytes: SecretBytes

    /// Reads `{"passphrase": "…"}` with printable ASCII and no escapes.
    ///
    /// - Throws: ``Problem`` with `validation_failed`.
    static func read(from body: [UInt8]) throws -> Passphrase {
        var index = 0
        func fail() -> Problem {
            Problem(
                .validationFailed,
                errors: [
                    FieldError(
                        .body(pointer: "/passphrase"),
                        "must be the only member: a string of 1 to 1024 printable ASCII characters other than \" and \\"
                    )
                ])
        }
        func skipSpace() {
            while index < body.count, [0x20, 0x09, 0x0a, 0x0d].contains(body[index]) { index += 1 }
        }
        func expect(_ text: StaticString) throws {
            skipSpace()
            let wanted = Array(text.description.utf8)
            guard body.count - index >= wanted.count, Array(body[index..<(index + wanted.count)]) == wanted else {
                throw fail()
            }
            index += wanted.count
        }
        try expect("{")
        try expect("\"passphrase\"")
        try expect(":")
        try expect("\"")
        let start = index
        while index < body.count, (0x20...0x7e).contains(body[index]), body[index] != 0x22, body[index] != 0x5c {
            index += 1
        }
        let range = start..<index
        guard (1...1024).contains(range.count) else { throw fail() }
        try expect("\"")
        try expect("}")
        skipSpace()
        guard index == body.count else { throw fail() }
        return Passphrase(
            bytes: SecretBytes(count: range.count) { out in
                for position in range { out.append(body[position]) }
            })
    }
}
