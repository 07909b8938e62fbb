#if PostgreSQL
    /// Text as PostgreSQL keeps it: all of Unicode but the zero character.
    ///
    /// Zero and one become two bytes each, one and their own number plus one. That keeps different texts different and
    /// the order of bytes as it is; no text without control characters looks different.
    enum PostgreSQLText {
        private static let mark: UInt8 = 1

        static func append(_ text: String, to bytes: inout [UInt8]) {
            guard text.utf8.contains(where: { $0 <= mark }) else {
                bytes += text.utf8
                return
            }
            for byte in text.utf8 {
                if byte <= mark { bytes.append(mark) }
                bytes.append(byte <= mark ? byte + 1 : byte)
            }
        }

        static func decoded(_ raw: UnsafeRawBufferPointer) -> String {
            guard unsafe raw.contains(mark) else { return unsafe String(decoding: raw, as: UTF8.self) }
            var bytes: [UInt8] = []
            var isMarked = false
            let kept = unsafe Array(raw)
            for byte in kept {
                if !isMarked, byte == mark {
                    isMarked = true
                } else {
                    bytes.append(isMarked ? byte &- 1 : byte)
                    isMarked = false
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
#endif
