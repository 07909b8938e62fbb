#if SQLite
    /// Reads SQLite's words for a violated unique rule.
    enum UniqueViolation {
        /// `UNIQUE constraint failed: t.a, t.b` gives `a,b`, as ``SQLTransaction`` looks constraints up by.
        static func columns(_ message: String) -> String {
            guard let colon = message.firstIndex(of: ":") else { return message }
            return message[message.index(after: colon)...].split(separator: ",")
                .map { name in name.split(separator: ".").last.map { String($0.filter { $0 != " " }) } ?? "" }
                .joined(separator: ",")
        }
    }
#endif
