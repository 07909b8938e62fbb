import ArgumentParser
import CofferClient
import Primitives

/// Arguments that are checked before anything is sent, so that a slip costs no round trip.
enum Parse {
    @Sendable static func duration(_ text: String) throws -> Int64 {
        guard let seconds = DurationText.seconds(text), seconds > 0 else {
            throw ValidationError("a time is written like 90s, 10m, 2h or 1d")
        }
        return seconds
    }

    @Sendable static func amount(_ text: String) throws -> String {
        guard AmountText.isBaseUnits(text) else {
            throw ValidationError(
                "an amount is a whole number of base units (wei, satoshi, …), digits only: 1000000000000000000")
        }
        return text
    }

    @Sendable static func idempotencyKey(_ text: String) throws -> String {
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ValidationError("an idempotency key is 1 to 255 visible ASCII characters")
        }
        return text
    }

    @Sendable static func moment(_ text: String) throws -> String {
        guard (try? Timestamp(rfc3339: text)) != nil else {
            throw ValidationError("a moment is written like 2027-01-31T12:00:00Z")
        }
        return text
    }

    /// The JSON in a file, or in standard input for `-`.
    static func document(_ path: String) throws -> JSON {
        let bytes: [UInt8]
        do {
            bytes = try LocalFile.read(path, bytesMax: 32 << 20)
        } catch {
            throw ClientError(.usage, "the document cannot be read: \(error)")
        }
        do {
            return try JSON.parse(bytes, limits: .rpc)
        } catch {
            throw ClientError(.usage, "\(path) is not valid JSON: \(error)")
        }
    }
}
