#if PostgreSQL
    import CPostgreSQL
    import Storage

    /// Reads what libpq and the server say of a failure.
    enum PostgreSQLErrors {
        // PG_DIAG_… of postgres_ext.h: characters, which Swift does not import.
        private static let sqlState = Int32(UInt8(ascii: "C"))
        private static let primaryMessage = Int32(UInt8(ascii: "M"))
        private static let constraintName = Int32(UInt8(ascii: "n"))

        /// A transaction that may not write, as on a standby.
        private static let readOnly = "25006"
        /// What a standby says to a transaction that is begun to write.
        private static let unsupported = "0A000"

        /// What an error result means, and its state; the server's own words, which name no values.
        static func error(_ result: OpaquePointer?) -> (error: StorageError, state: String) {
            let state = unsafe field(result, sqlState)
            let message = unsafe field(result, primaryMessage)
            let code = code(state)
            let constraint = code == .uniqueViolation ? unsafe field(result, constraintName) : nil
            return (StorageError(code, "\(message) (\(state))", constraint: constraint), state)
        }

        /// What a state means, by its [five characters](https://www.postgresql.org/docs/current/errcodes-appendix.html).
        static func code(_ state: String) -> StorageError.Code {
            switch state {
            case "23505": return .uniqueViolation
            // A lock that was not available, a deadlock, a transaction to be repeated, a statement that took too long.
            case "55P03", "40P01", "40001", "57014", "55006": return .busy
            case "53100": return .full
            case "53300", "53400": return .overloaded
            case "42501": return .readOnly
            // A server that takes no changes: after a switchover another one does.
            case readOnly: return .unavailable
            // No such database, no such schema.
            case "3D000", "3F000": return .configuration
            case "XX001", "XX002": return .corrupt
            default: break
            }
            switch state.prefix(2) {
            // A broken rule; a value out of range, or text with a character that the encoding hasn't.
            case "23", "22": return .checkViolation
            case "28": return .configuration
            case "08", "57", "53", "58", "XX": return .unavailable
            default: return .schema
            }
        }

        /// Whether the server takes no changes any more, so that the connection is of no use for them.
        ///
        /// - Parameter begins: whether a transaction was to be begun that writes.
        static func isDemotion(_ state: String, begins: Bool) -> Bool {
            state == readOnly || begins && state == unsupported
        }

        /// What a failed connection attempt means; libpq gives no code for it, and its words never hold the password.
        static func refusal(_ text: String, server: String) -> StorageError {
            let message = text.split(separator: "\n").first.map(String.init) ?? "no answer"
            let refusals = [
                "password authentication failed", "no password supplied", "does not exist", "pg_hba.conf",
                "authentication failed", "certificate", "SSL", "is not permitted to log in", "root.crt",
            ]
            // A server that starts or stops, or has all its connections, has something to say as well.
            let isTemporary = ["the database system is", "too many clients", "remaining connection slots"]
                .contains(where: text.contains)
            // A connection that was closed in the middle of the handshake is no refusal.
            let isBroken = ["SYSCALL", "closed the connection unexpectedly", "Connection reset"].contains(
                where: text.contains)
            let isRefusal = !isTemporary && !isBroken && refusals.contains(where: text.contains)
            return StorageError(isRefusal ? .configuration : .unavailable, "\(server): \(message)")
        }

        private static func field(_ result: OpaquePointer?, _ field: Int32) -> String {
            guard let text = unsafe PQresultErrorField(result, field) else { return "" }
            return unsafe String(cString: text)
        }
    }
#endif
