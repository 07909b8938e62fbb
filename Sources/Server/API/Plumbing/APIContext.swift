public import Hummingbird
import NIOCore

/// Where a request comes from.
public struct APIContext: Sendable, InitializableFromSource {
    private let channel: (any Channel)?
    private let address: String?

    /// Takes the connection of a running server.
    public init(source: ApplicationRequestContextSource) {
        self.channel = source.channel
        self.address = nil
    }

    /// Pretends a connection from an address; for requests that come from no socket.
    public init(clientAddress: String?) {
        self.channel = nil
        self.address = clientAddress
    }

    /// The client's address as text.
    ///
    /// Asked for only where it is used: making the text costs a system call's worth.
    ///
    /// - Parameter forwardedFor: the header a trusted proxy sets; its last element is the proxy's own peer.
    func clientAddress(forwardedFor: String? = nil) -> String? {
        if let last = forwardedFor?.split(separator: ",").last {
            let text = last.filter { $0 != " " }
            if !text.isEmpty, text.utf8.count <= 45 { return String(text) }
        }
        return address ?? channel?.remoteAddress?.ipAddress
    }

    /// Stops reading from the client, for bodies too large to be read to their end.
    func stopReading() {
        channel?.close(mode: .input, promise: nil)
    }

    /// What shares one bucket of a per-address limit: an IPv4 address, or the /64 that one IPv6 customer gets.
    static func bucket(ofAddress text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: ":")) else { return text }
        // IPv4 mapped into IPv6 is that IPv4 address.
        if text.hasPrefix("::ffff:"), text.utf8.contains(UInt8(ascii: ".")) { return String(text.dropFirst(7)) }
        var groups: [Substring] = []
        for group in text.split(separator: ":", omittingEmptySubsequences: false) {
            // `::` stands for zeros; what follows it lies behind the first 64 bits or is treated as zero.
            if group.isEmpty || groups.count == 4 { break }
            groups.append(group)
        }
        while groups.count < 4 { groups.append("0") }
        return groups.joined(separator: ":")
    }
}
