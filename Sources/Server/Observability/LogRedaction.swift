public import Logging

/// How much of a metadata value may be written.
///
/// ```swift
/// logger.info("signed in", metadata: ["user": "\(id, sensitivity: .sensitive)"])
/// ```
public enum Sensitivity: Int64, Sendable, Logger.MetadataValueAttributes.Attribute {
    /// Written as it is.
    case open = 0
    /// Written as `***`.
    case sensitive = 1
}

/// Keeps secrets out of log lines.
///
/// The last of three walls: secrets have types without a description, values can be marked ``Sensitivity/sensitive``,
/// and here whatever still carries a telling name or looks like a credential is replaced by `***`.
public enum LogRedaction {
    /// What stands in place of a secret.
    public static let mask = "***"

    /// Parts of a metadata key that mean its value is a secret; compared without case, `_`, `-` and `.`.
    static let telling: [String] = [
        "secret", "password", "passwd", "passphrase", "mnemonic", "seedphrase", "seedwords", "privatekey",
        "signingkey", "apikey", "symkey", "authorization", "cookie", "credential", "bearer", "accesstoken",
        "refreshtoken", "sessiontoken", "idtoken", "csrftoken", "xprv", "pairinguri",
    ]

    /// Whole keys that mean the same.
    static let tellingWhole: Set<String> = ["token", "auth", "seed", "key", "pin", "otp", "jwt", "uri"]

    /// Whether values under this key are never written.
    public static func isSecret(key: String) -> Bool {
        var folded: [UInt8] = []
        folded.reserveCapacity(key.utf8.count)
        for byte in key.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): folded.append(byte | 0x20)
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: " "): continue
            default: folded.append(byte)
            }
        }
        let text = String(decoding: folded, as: UTF8.self)
        return tellingWhole.contains(text) || telling.contains { text.contains($0) }
    }

    /// Text with anything that looks like one of our credentials cut out.
    ///
    /// Finds API keys, bearer credentials, webhook secrets, extended private keys, compact JWTs, the key part of pairing
    /// URIs, and passwords in addresses such as a database's.
    public static func scrubbed(_ text: String) -> String {
        guard text.contains("://") || marks.contains(where: { text.contains($0) }) else { return text }
        var bytes = scrubLogins(Array(text.utf8))
        for mark in marks {
            bytes = scrub(bytes, after: Array(mark.utf8))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let marks = [
        "coffer_live_", "coffer_test_", "coffer_dev_", "Bearer ", "bearer ", "whsec_", "whsk_", "xprv", "symKey=",
        "password=", "secret=", "token=", "auth=", "eyJ",
    ]

    /// Replaces the run of credential characters after each `mark`.
    private static func scrub(_ bytes: [UInt8], after mark: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard index + mark.count <= bytes.count, bytes[index..<index + mark.count].elementsEqual(mark) else {
                output.append(bytes[index])
                index += 1
                continue
            }
            output.append(contentsOf: mark)
            index += mark.count
            var end = index
            while end < bytes.count, isCredential(bytes[end]) { end += 1 }
            // A few characters are a word that merely starts alike.
            if end - index >= 6 {
                output.append(contentsOf: mask.utf8)
                index = end
            }
        }
        return output
    }

    /// What ends the part of an address that names user and host, beside blanks.
    private static let authorityEnds = Array("/?#\"'<>".utf8)

    /// Replaces the password of each `scheme://user:password@host`.
    private static func scrubLogins(_ bytes: [UInt8]) -> [UInt8] {
        let mark = Array("://".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard index + mark.count <= bytes.count, bytes[index..<index + mark.count].elementsEqual(mark) else {
                output.append(bytes[index])
                index += 1
                continue
            }
            output.append(contentsOf: mark)
            index += mark.count
            let authority = bytes[index...].prefix { $0 > 0x20 && !authorityEnds.contains($0) }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
                let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            output.append(contentsOf: bytes[index...colon])
            output.append(contentsOf: mask.utf8)
            index = at
        }
        return output
    }

    private static func isCredential(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

extension Logger.MetadataValue.StringInterpolation {
    /// Writes a value and says how much of it may appear in a log.
    public mutating func appendInterpolation(_ value: some CustomStringConvertible & Sendable, sensitivity: Sensitivity)
    {
        self.appendInterpolation(value, attributes: Self.marked(sensitivity))
    }

    private static func marked(_ sensitivity: Sensitivity) -> Logger.MetadataValueAttributes {
        var attributes = Logger.MetadataValueAttributes()
        attributes[Sensitivity.self] = sensitivity
        return attributes
    }
}
