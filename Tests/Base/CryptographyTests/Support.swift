import Cryptography
import Foundation
import Primitives

/// The bytes of a hexadecimal text, upper or lower case.
func bytes(_ hex: String) -> [UInt8] {
    try! Hex.decode(hex.lowercased())
}

func hash(_ hex: String) -> Hash32 {
    Hash32(bytes(hex))!
}

func secret(_ hex: String) -> SecretBytes {
    SecretBytes(copying: bytes(hex))
}

func secret(text: String) -> SecretBytes {
    SecretBytes(copying: Array(text.utf8))
}

extension RawSpan {
    /// The bytes in hexadecimal; for secrets only in tests.
    var hex: String {
        Hex.encode((0..<byteCount).map { unsafe unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
    }
}

extension SecretBytes {
    borrowing func hex() -> String {
        withBytes { $0.hex }
    }

    borrowing func text() -> String {
        String(decoding: bytes(hex()), as: UTF8.self)
    }

    private borrowing func bytes(_ hex: String) -> [UInt8] {
        try! Hex.decode(hex)
    }
}

/// The published vectors, in the folder that COFFER_VECTORS names or next to the package.
enum Published {
    static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["COFFER_VECTORS"] { return URL(fileURLWithPath: path) }
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("../shared/vectors")
    }()

    static func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(name).path)
    }

    static func object(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: root.appendingPathComponent(name))
        return try JSONSerialization.jsonObject(with: data) as! [String: Any]
    }

    static func list(_ name: String) throws -> [[String: String]] {
        try object(name)["vectors"] as! [[String: String]]
    }
}

/// A repeatable generator for random tests, which print the seed it starts from.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    /// The seed of this run, from COFFER_TEST_SEED or fresh; printed so that a failure can be run again.
    static func printed(_ test: String) -> SplitMix {
        let seed =
            ProcessInfo.processInfo.environment["COFFER_TEST_SEED"].flatMap(UInt64.init)
            ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): COFFER_TEST_SEED=\(seed)")
        return SplitMix(state: seed)
    }
}

/// Every change of a byte string that a decoder must notice: each bit wrong, each shorter prefix, one byte more.
func damaged(_ original: [UInt8]) -> [[UInt8]] {
    var results: [[UInt8]] = (0..<original.count).map { Array(original[..<$0]) }
    for position in original.indices {
        for bit in 0..<8 {
            var copy = original
            copy[position] ^= 1 << UInt8(bit)
            results.append(copy)
        }
    }
    results.append(original + [0])
    return results
}
