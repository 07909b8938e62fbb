/// What may be shown of a URL's parameter that is not known.
///
/// A password with a `?` that was not escaped makes its rest look like parameters.
package enum ParameterName {
    /// Characters of a name that are shown.
    private static let shownMax = 32

    /// The parameter's name when it looks like one, else words that hold nothing of it.
    ///
    /// - Parameters:
    ///   - part: the parameter, `name=value`.
    ///   - query: all that follows the `?`; an `@` in it is where a login ends.
    package static func shown(_ part: Substring, in query: Substring) -> String {
        let name = part.prefix { $0 != "=" }
        guard name.count < part.count, isName(name), !query.contains("@") else {
            return "what follows a ? (in a password it is written %3F)"
        }
        return String(name.prefix(shownMax))
    }

    /// Whether these are letters and hyphens alone.
    package static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}
