import Primitives

/// What a ciphertext is bound to: a list of fields, each with its length, so that no two lists give the same bytes.
enum AdditionalData {
    /// Sets these ciphertexts apart from every other use of the same algorithms.
    private static let product = "coffer"

    static func list(_ purpose: String, _ fields: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter(reserving: 160)
        writer.uint32(UInt32(fields.count + 2))
        writer.lengthPrefixedText(product)
        writer.lengthPrefixedText(purpose)
        for field in fields { writer.lengthPrefixed(field) }
        return writer.bytes
    }

    static func bytes(_ number: UInt32) -> [UInt8] {
        var writer = ByteWriter(reserving: 4)
        writer.uint32(number)
        return writer.bytes
    }
}
