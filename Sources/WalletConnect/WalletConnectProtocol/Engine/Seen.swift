import Cryptography
import Primitives

/// Sixteen bytes of a message's SHA-256: enough that nobody finds two alike.
struct MessageDigest: Hashable, Sendable {
    var high: UInt64
    var low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The text inside a record's key: 32 hex digits.
    var text: String {
        var bytes: [UInt8] = []
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: high >> shift))
        }
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: low >> shift))
        }
        return Hex.encode(bytes)
    }

    init?(text: String) {
        guard text.utf8.count == 32, let bytes = try? Hex.decode(text), bytes.count == 16 else { return nil }
        self.init(prefixOf: bytes)
    }

    /// From at least sixteen bytes.
    init(prefixOf bytes: [UInt8]) {
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    init(of message: String) {
        self.init(prefixOf: SHA2.sha256(Array(message.utf8)).bytes)
    }
}

/// The digests seen on one topic, the oldest forgotten first.
///
/// An array, not a set: there are at most some sixty, and thousands of topics.
struct SeenRing: Sendable {
    private var digests: [MessageDigest] = []
    private var oldest = 0

    var isEmpty: Bool { digests.isEmpty }
    var all: [MessageDigest] { digests }

    func contains(_ digest: MessageDigest) -> Bool {
        digests.contains(digest)
    }

    /// Adds a digest and returns the one forgotten for it.
    mutating func add(_ digest: MessageDigest, max: Int) -> MessageDigest? {
        guard digests.count >= max, !digests.isEmpty else {
            digests.append(digest)
            return nil
        }
        let forgotten = digests[oldest]
        digests[oldest] = digest
        oldest = (oldest + 1) % digests.count
        return forgotten
    }
}
