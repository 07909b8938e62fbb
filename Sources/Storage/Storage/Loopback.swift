/// The names and addresses of this machine itself, where nobody is in between.
package enum Loopback {
    /// Whether a host is this machine: `localhost`, `::1`, or four numbers of which the first is 127.
    package static func contains(_ host: String) -> Bool {
        if host.lowercased() == "localhost" || host == "::1" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers.first == "127"
            && numbers.allSatisfy { $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } && UInt8($0) != nil }
    }
}
