#if MySQL
    import Storage

    /// Reads what the client and the server say of a failure.
    enum MySQLErrors {
        /// What an error means; where its words hold values of the row, ours take their place.
        static func error(_ number: UInt32, _ message: String) -> StorageError {
            let code = code(number, message)
            guard code == .uniqueViolation else { return StorageError(code, "\(message) (\(number))") }
            let key = key(message)
            return StorageError(code, "a row with the same \(key) is there already (\(number))", constraint: key)
        }

        /// What a number means: https://mariadb.com/kb/en/mariadb-error-codes/, and above 2000 the client's own.
        static func code(_ number: UInt32, _ message: String) -> StorageError.Code {
            switch number {
            case 1062, 1586, 1022: .uniqueViolation
            // A failed check in MariaDB and in MySQL, null, no default, and values that do not fit.
            case 4025, 3819, 1048, 1364, 1406, 1264, 1265, 1292, 1366, 2020: .checkViolation
            // A lock not granted in time, a deadlock, a statement that took too long, a table that changed meanwhile.
            case 1205, 1213, 1614, 1969, 3024, 1317, 1412: .busy
            case 1021, 1114: .full
            case 1030 where message.contains("28"): .full
            case 1040, 1203, 1226: .overloaded
            case 1142, 1143, 1227: .readOnly
            case 1044, 1045, 1049, 1130, 1251, 1698, 1820, 2058, 2059: .configuration
            case 2026 where !isBroken(message): .configuration
            // A server that takes no changes: after a switchover another one does, and connecting anew leads there.
            case 1290, 1792, 1836: .unavailable
            // The server ends, or closed this connection; the network broke.
            case 1053, 1077, 1079, 1080, 1152...1161, 1184, 1927, 2000...2999: .unavailable
            // Whatever went wrong during a COMMIT, the server does not say how far it came.
            case 1180: .outcomeUnknown
            case 1034, 1035, 1194, 1195, 1712: .corrupt
            default: .schema
            }
        }

        /// A connection that was closed in the middle of a handshake is no refusal.
        private static func isBroken(_ message: String) -> Bool {
            ["Connection reset", "Broken pipe", "unexpected eof", "Success", "timed out", "Connection refused"]
                .contains(where: message.contains)
        }

        /// `Duplicate entry 'x' for key 'table.name'` gives `name`.
        private static func key(_ message: String) -> String {
            let quoted = message.split(separator: "'", omittingEmptySubsequences: false)
            guard quoted.count >= 3 else { return "key" }
            return quoted[quoted.count - 2].split(separator: ".").last.map(String.init) ?? "key"
        }
    }
#endif
