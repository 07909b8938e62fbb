/// How much of a JSON text is read before it is refused.
///
/// Every limit is checked before the memory it guards is taken, so a small hostile body cannot cost much more than its
/// own size.
public struct JSONLimits: Sendable, Hashable {
    /// The deepest nesting any caller may ask for: the reader recurses once per level, and 128 levels fit the
    /// smallest stack of a thread in use, musl's 128 KiB.
    public static let depthCeiling = 128

    /// The length of the whole text, in bytes.
    public var bytesMax: Int
    /// Arrays and objects inside one another; the outermost counts as one.
    ///
    /// At most `depthCeiling`.
    public var depthMax: Int {
        didSet { precondition(depthMax <= Self.depthCeiling, "a JSON depth limit is at most 128") }
    }
    /// Members of one object.
    public var keysPerObjectMax: Int
    /// Values in the whole text: the outermost one, every array element and every member value.
    public var valuesMax: Int
    /// One string or name, in bytes of UTF-8 after its escapes are resolved.
    public var stringBytesMax: Int
    /// One number as written.
    ///
    /// A 256-bit integer has 78 digits.
    public var numberBytesMax: Int

    /// Makes limits; what is not named is as in `standard`.
    ///
    /// - Precondition: `depthMax` is at most `depthCeiling`.
    public init(
        bytesMax: Int = 4 << 20, depthMax: Int = 32, keysPerObjectMax: Int = 256, valuesMax: Int = 10_000,
        stringBytesMax: Int = 64 << 10, numberBytesMax: Int = 128
    ) {
        precondition(depthMax <= Self.depthCeiling, "a JSON depth limit is at most 128")
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.keysPerObjectMax = keysPerObjectMax
        self.valuesMax = valuesMax
        self.stringBytesMax = stringBytesMax
        self.numberBytesMax = numberBytesMax
    }

    /// For bodies that callers send: 4 MiB, 32 levels, 256 members an object, 10,000 values, 64 KiB strings.
    public static let standard = JSONLimits()

    /// For answers of a chain node: 32 MiB, 64 levels, 4,096 members an object, 1,000,000 values, 32 MiB strings.
    ///
    /// A batch of receipts or one block with its transactions is megabytes; call data is one long hex string.
    public static let rpc = JSONLimits(
        bytesMax: 32 << 20, depthMax: 64, keysPerObjectMax: 4_096, valuesMax: 1_000_000, stringBytesMax: 32 << 20)
}
