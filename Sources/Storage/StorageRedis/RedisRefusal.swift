#if Redis
    import Storage

    /// What a server's refusal means for records.
    enum RedisRefusal {
        /// The word of the refusal that an error rests on.
        struct Word: Error, Hashable {
            /// The server is a replica: after a switchover another one takes changes.
            static let readOnly = Word(text: "READONLY")
            /// The server cannot write to its disk.
            static let misconfigured = Word(text: "MISCONF")

            let text: String
        }

        /// Characters of a server's words that are shown.
        private static let shownMax = 100

        /// - Parameter line: the error as the server worded it.
        /// - Parameter place: where the server is.
        static func error(_ line: [UInt8], _ place: String) -> KeyValueError {
            let text = String(decoding: line, as: UTF8.self)
            if let word = word(line), let known = known[word.text] {
                return KeyValueError(known.code, "redis \(place): \(known.message)", cause: word)
            }
            if text.contains("max number of clients") {
                return KeyValueError(.overloaded, "redis \(place): as many clients as it takes are connected")
            }
            // A right that a script lacks, in the words of versions 6 and 7.
            if text.contains("can't run this command") || text.contains("ACL failure in script") {
                return KeyValueError(.accessDenied, "redis \(place): the user may not do what records need")
            }
            // Behind the first quotation mark a server repeats what it was sent, which may be a password or a value.
            let shown = text.prefix { !"'`\"".contains($0) }.prefix(shownMax)
            return KeyValueError(.unavailable, "redis \(place) answered: \(shown)")
        }

        /// The word that says what is wrong; nil for one that is not known.
        static func word(_ line: [UInt8]) -> Word? {
            let text = String(decoding: line, as: UTF8.self)
            let words = text.split(whereSeparator: { $0 == " " || $0 == ":" })
            // Before version 7, what a command in a script says is quoted in the middle.
            let isInScript = text.hasPrefix("ERR Error running script")
            return words.prefix(isInScript ? 32 : 1).lazy.map(String.init).first { known[$0] != nil }.map(Word.init)
        }

        /// By the first word of the refusal.
        private static let known: [String: (code: KeyValueError.Code, message: String)] = [
            "WRONGPASS": (.accessDenied, "user or password are wrong"),
            "NOAUTH": (.accessDenied, "it wants a password, and none was given"),
            "NOPERM": (.accessDenied, "the user may not do what records need"),
            "DENIED": (.accessDenied, "it is in protected mode and has no password"),
            "OOM": (.full, "it has no memory left for changes (maxmemory)"),
            "READONLY": (.unavailable, "it is a replica and takes no changes"),
            "MISCONF": (.unavailable, "it takes no changes, for it cannot write to its disk"),
            "LOADING": (.unavailable, "it is still reading its data"),
            "MASTERDOWN": (.unavailable, "it is a replica without its primary"),
            "NOREPLICAS": (.unavailable, "it has fewer replicas than it is told to have"),
            "CLUSTERDOWN": (.unavailable, "its cluster is down"),
            "TRYAGAIN": (.unavailable, "its cluster is moving these keys"),
            "MOVED": (.invalidSettings, "another node of its cluster has the keys of this prefix"),
            "ASK": (.unavailable, "its cluster is moving these keys"),
            "BUSY": (.overloaded, "a script of somebody else keeps it busy"),
            "CORRUPT": (.corrupt, "a record is damaged, or gone though the index names it; was it evicted?"),
            "WRONGTYPE": (.schema, "a key with our prefix belongs to another program"),
        ]
    }
#endif
