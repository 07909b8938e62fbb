package import Primitives

/// The time in a `Date` header: `Fri, 20 Nov 2026 12:00:00 GMT`
/// ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).
package enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The moment; `nil` when the text has another form.
    package static func parse(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[5] == "GMT", parts[1].utf8.count == 2, parts[3].utf8.count == 4,
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let number = month + 1
        let padded = number < 10 ? "0\(number)" : "\(number)"
        return try? Timestamp(rfc3339: "\(parts[3])-\(padded)-\(parts[1])T\(parts[4]).000Z")
    }
}
