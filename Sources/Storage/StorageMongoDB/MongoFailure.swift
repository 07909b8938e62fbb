#if MongoDB
    import CMongo
    import Storage

    /// What libmongoc or a server said instead of doing something.
    struct MongoFailure: Error, CustomStringConvertible {
        /// Characters of a message that are shown.
        private static let shownMax = 200

        /// Where the code comes from: libmongoc's own parts, or the server.
        var domain: UInt32
        var code: Int64
        var message: String
        /// The server's and the driver's words on whether it may be tried again.
        var labels: [String] = []

        var description: String { "\(domain)/\(code): \(message.prefix(Self.shownMax))" }

        /// The transaction did not happen and may be tried again as a whole.
        var isTransient: Bool { labels.contains("TransientTransactionError") }
        /// Nobody knows whether the commit happened; committing again is harmless.
        var isUnknownCommit: Bool { labels.contains("UnknownTransactionCommitResult") }
        /// A record of this name is there.
        var isDuplicate: Bool { isFromServer && code == 11_000 }

        private var isFromServer: Bool {
            domain == MONGOC_ERROR_SERVER.rawValue || domain == MONGOC_ERROR_COMMAND.rawValue
        }

        init(domain: UInt32, code: Int64, message: String, labels: [String] = []) {
            self.domain = domain
            self.code = code
            self.message = message
            self.labels = labels
        }

        /// A failure as a function of libmongoc reports it.
        init(_ error: bson_error_t, reply: BSONDocument?) {
            // As long as the pointer holds: the message lies inside the error itself.
            let message = unsafe withUnsafePointer(to: error) { error in
                unsafe String(cString: coffer_mongo_message(error))
            }
            self.init(
                domain: error.domain, code: Int64(error.code), message: message,
                labels: (reply?["errorLabels"]?.members ?? []).compactMap(\.text))
        }

        /// What it means for records.
        func error(_ place: String) -> KeyValueError {
            let (code, hint) = meaning
            return KeyValueError(code, "mongodb \(place): \(hint) (\(message.prefix(Self.shownMax)))", cause: self)
        }

        private var meaning: (KeyValueError.Code, String) {
            if domain == MONGOC_ERROR_CLIENT.rawValue,
                code == Int64(MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue)
            {
                return (.accessDenied, "user or password are wrong")
            }
            if message.contains("TLS handshake failed") || message.contains("certificate") {
                return (.accessDenied, "TLS failed; is the certificate one to trust, for this name?")
            }
            guard isFromServer else { return (.unavailable, "it cannot be reached, or did not answer in time") }
            // The server's numbers: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
            switch code {
            case 11, 13, 18: return (.accessDenied, "the user may not do what records need")
            case 14_031: return (.full, "its disk is full")
            case 10_334, 17_280, 17_419: return (.valueTooLarge, "a record is too large for a document")
            case 20: return (.invalidSettings, "several changes at once need a replica set")
            case 112: return (.overloaded, "others change the same records")
            case 11_000: return (.conflict, "a record is there")
            case 48, 67, 85, 86, 121: return (.schema, "the collection is not as records need it")
            default: return (.unavailable, "it did not do what was asked")
            }
        }
    }
#endif
