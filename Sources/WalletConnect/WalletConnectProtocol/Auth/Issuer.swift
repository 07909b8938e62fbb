public import Primitives

/// Who signed in: an account written as `did:pkh:eip155:1:0xab…`.
///
/// The JavaScript client also takes the account without `did:pkh:` in front, so that is read too; ``did`` always has it.
/// The address keeps its spelling, since the message shows it as it was written.
///
/// Standard: [did:pkh](https://github.com/w3c-ccg/did-pkh/blob/main/did-pkh-method-draft.md).
public struct Issuer: Sendable, Hashable, CustomStringConvertible {
    /// What stands before the account.
    public static let prefix = "did:pkh:"

    /// The chain, as in `eip155:1`.
    public let chain: ChainID
    /// The account's address as it was written.
    public let address: String

    /// Reads `did:pkh:{namespace}:{reference}:{address}` or the same without `did:pkh:`.
    ///
    /// - Throws: ``AuthError/invalidIssuer(_:)``.
    public init(_ text: String) throws(AuthError) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLong("iss") }
        let account = text.hasPrefix(Self.prefix) ? text.dropFirst(Self.prefix.count) : Substring(text)
        let parts = account.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let chain = try? ChainID("\(parts[0]):\(parts[1])"), Self.isAddress(parts[2]) else {
            throw .invalidIssuer(text)
        }
        self.chain = chain
        address = String(parts[2])
    }

    /// The issuer that is this account.
    public init(chain: ChainID, address: String) throws(AuthError) {
        try self.init("\(chain):\(address)")
    }

    /// `did:pkh:` and the account.
    public var did: String { "\(Self.prefix)\(account)" }

    /// The account in the form of CAIP-10.
    public var account: String { "\(chain):\(address)" }

    /// As ``did``.
    public var description: String { did }

    /// The longest text that is read, in bytes.
    private static let bytesMax = 256

    /// Visible ASCII: wider than CAIP-10, because TON wallets send an underscore, and without what could break a line.
    private static func isAddress(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
