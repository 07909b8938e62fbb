/// How two clients reach each other: `{"protocol":"irn"}` in every pairing, proposal and session.
public struct RelayProtocol: Sendable, Hashable {
    /// The name of the only protocol in use.
    public static let irn = RelayProtocol(name: "irn")

    /// `irn`; the member is called `protocol` on the wire.
    public var name: String
    /// Data of the protocol; irn has none.
    public var data: String?

    /// A protocol by its name.
    public init(name: String, data: String? = nil) {
        self.name = name
        self.data = data
    }
}
