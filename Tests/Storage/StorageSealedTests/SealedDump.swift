import Foundation
import Primitives
import Storage
import Testing
import WalletConnectClient

/// Stores sessions sealed, and looks for what must not be seen in all files that a database leaves.
struct SealedDump {
    /// Stored as it is, so that a search that finds nothing anywhere is noticed.
    private static let canary = Array("a canary that nobody seals".utf8)

    private let storeKey = RandomSource.system.bytes(SealedRecords.storeKeyBytesMin)
    private let sessionKey = RandomSource.system.bytes(32)
    private let text = Array(#"{"topic":"7f6e","peer":{"name":"A wallet of somebody"},"expiry":1893456000}"#.utf8)

    /// Puts sessions into a store, sealed and changed once, and a canary beside them.
    func fill(_ base: any KeyValueStore) async throws {
        let records = try await SealedRecords.open(base, storeKey: SecretBytes(copying: storeKey), random: .system)
        let key = KeyValueKey(collection: "sessions", key: "one")
        try await records.apply([
            .put(key, text + sessionKey, if: .absent), .put(KeyValueKey(collection: "keys", key: "one"), sessionKey),
        ])
        try await records.apply([.put(key, sessionKey + text, if: .revision(1))])
        #expect(try await records.read([key])[0]?.value == sessionKey + text)
        try await base.apply([.put(KeyValueKey(collection: "plain", key: "canary"), Self.canary)])
    }

    /// Looks through the files of a folder; the database is to be closed before, so that they are whole.
    func check(_ folder: String) throws {
        var files = 0
        var isCanaryThere = false
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let url = URL(fileURLWithPath: "\(folder)/\(name)")
            guard (try? url.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true,
                let content = try? Data(contentsOf: url, options: .alwaysMapped), !content.isEmpty
            else { continue }
            files += 1
            if Self.contains(content, Self.canary) { isCanaryThere = true }
            for (what, secret) in [("store key", storeKey), ("session key", sessionKey), ("text", text)] {
                for (spelling, needle) in Self.spellings(secret) where Self.contains(content, needle) {
                    Issue.record("\(name) holds the \(what), spelled \(spelling)")
                }
            }
        }
        #expect(files > 0)
        #expect(isCanaryThere, "what was stored as it is must be found, or the search proves nothing")
    }

    /// A secret as it may stand in a file; a few bytes at its ends are left away where they depend on what is around.
    private static func spellings(_ secret: [UInt8]) -> [(spelling: String, needle: [UInt8])] {
        let hex = secret.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        var spellings = [("raw", secret), ("hex", Array(hex.utf8)), ("HEX", Array(hex.uppercased().utf8))]
        for skipped in 0..<3 {
            let whole = secret.dropFirst(skipped)
            let base64 = Data(whole.prefix(whole.count / 3 * 3)).base64EncodedString()
            spellings.append(("base64", Array(base64.utf8)))
            let safe = base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            spellings.append(("base64url", Array(safe.utf8)))
        }
        return spellings
    }

    private static func contains(_ content: Data, _ needle: [UInt8]) -> Bool {
        content.range(of: Data(needle)) != nil
    }

    /// That every spelling is looked for, in a folder of plain files.
    static func selfCheck(_ folder: String) throws {
        let dump = SealedDump()
        for (number, spelling) in spellings(dump.sessionKey).enumerated() {
            let file = "\(folder)/\(number)"
            try Data(canary + Array("before ".utf8) + spelling.needle).write(to: URL(fileURLWithPath: file))
            withKnownIssue("the key is there, spelled \(spelling.spelling)") { try dump.check(folder) }
            try FileManager.default.removeItem(atPath: file)
        }
    }
}
