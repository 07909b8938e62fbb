/// Chain and account ids as JavaScript clients read them: by their colons only.
///
/// What is sent between peers is held to these rules, so that nothing is refused that other clients let through; the
/// strict forms are `ChainID` and `AccountID`.
public enum LenientCAIP {
    /// Whether the text has exactly one colon; either side of it may be empty.
    public static func isChain(_ text: String) -> Bool {
        colons(in: text) == 1
    }

    /// Whether the text has exactly two colons and something after the second.
    public static func isAccount(_ text: String) -> Bool {
        colons(in: text) == 2 && text.utf8.last != UInt8(ascii: ":")
    }

    /// The chain of an account: everything before the second colon; nil when there is none.
    public static func chain(ofAccount account: String) -> Substring? {
        let bytes = account.utf8
        guard let first = bytes.firstIndex(of: UInt8(ascii: ":")),
            let second = bytes[bytes.index(after: first)...].firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        return account[..<second]
    }

    /// Whether `account` is on `chain`: the chain, a colon, then an address.
    ///
    /// A longer chain that begins with the same digits does not match: `eip155:10` is not `eip155:1`.
    @inline(__always)
    public static func isAccount(_ account: String, on chain: String) -> Bool {
        let bytes = account.utf8
        let length = chain.utf8.count
        guard bytes.count > length, bytes.starts(with: chain.utf8) else { return false }
        return bytes[bytes.index(bytes.startIndex, offsetBy: length)] == UInt8(ascii: ":") && isChain(chain)
    }

    /// The family of chains of a key: what is before the first colon, or all of it.
    public static func namespace(ofKey key: String) -> String {
        guard let colon = key.utf8.firstIndex(of: UInt8(ascii: ":")) else { return key }
        return String(key[..<colon])
    }

    /// Whether the key of a namespace names a single chain.
    public static func isInlineChain(_ key: String) -> Bool {
        key.utf8.contains(UInt8(ascii: ":"))
    }

    private static func colons(in text: String) -> Int {
        text.utf8.count { $0 == UInt8(ascii: ":") }
    }
}
