/// How much of each thing a payload may have.
///
/// A relay carries less than 100 KiB a message, so these bound what one peer can make a session cost in memory and time
/// rather than what it can send; they are well above what clients in use send.
public enum PayloadLimits {
    /// Namespaces in one proposal or session.
    public static let namespacesMax = 64
    /// Chains in one namespace; multi-chain apps list a few hundred.
    public static let chainsMax = 1_024
    /// Methods in one namespace.
    public static let methodsMax = 512
    /// Events in one namespace.
    public static let eventsMax = 512
    /// Accounts in one namespace: several for each chain.
    public static let accountsMax = 4_096
    /// Icons of one app.
    public static let iconsMax = 32
    /// Relays in one proposal.
    public static let relaysMax = 16
    /// The name of a namespace, in bytes: CAIP-2 has at most 41, lenient readers take more.
    public static let namespaceKeyBytesMax = 128
    /// A chain id, in bytes.
    public static let chainBytesMax = 128
    /// An account id, in bytes: CAIP-10 has at most 170.
    public static let accountBytesMax = 256
    /// The name of a method or event, in bytes.
    public static let methodBytesMax = 256
    /// The name of an app, in bytes.
    public static let nameBytesMax = 1 << 10
    /// The description of an app, in bytes.
    public static let descriptionBytesMax = 8 << 10
    /// A link, in bytes.
    public static let urlBytesMax = 4 << 10
    /// An icon, in bytes: some are whole pictures in a `data:` link.
    public static let iconBytesMax = 64 << 10
    /// A public key in digits, in bytes.
    public static let publicKeyBytesMax = 256
    /// The name of a relay protocol, and what is said with it, in bytes.
    public static let relayBytesMax = 256
    /// The text of a reason, in bytes.
    public static let reasonBytesMax = 4 << 10
    /// An attestation that came with a message, in bytes.
    public static let attestationBytesMax = 8 << 10
}
