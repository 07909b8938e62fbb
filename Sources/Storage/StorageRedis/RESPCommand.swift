#if Redis
    package import NIOCore
    import Primitives

    /// A command as it goes over the wire: an array of byte strings.
    package struct RESPCommand: Sendable {
        /// The bytes to send.
        package private(set) var bytes = ByteBuffer()
        private var left: Int

        /// A command of so many parts, which are added one by one.
        package init(parts count: Int) {
            left = count
            bytes.writeString("*\(count)\r\n")
        }

        /// A command of words.
        package init(_ words: String...) {
            self.init(parts: words.count)
            for word in words { add(word) }
        }

        /// Adds a part.
        package mutating func add(_ part: String) {
            begin(part.utf8.count)
            bytes.writeString(part)
            bytes.writeString("\r\n")
        }

        /// Adds a part.
        package mutating func add(_ part: some Collection<UInt8>) {
            begin(part.count)
            bytes.writeBytes(part)
            bytes.writeString("\r\n")
        }

        /// Adds a secret; its copy lives until the command is sent.
        mutating func add(_ secret: borrowing SecretBytes) {
            begin(secret.count)
            secret.withBytes { span in
                // Every bit pattern is a byte, and the load checks the bound.
                for index in 0..<span.byteCount {
                    bytes.writeInteger(unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
                }
            }
            bytes.writeString("\r\n")
        }

        private mutating func begin(_ count: Int) {
            precondition(left > 0, "a command has as many parts as it said")
            left -= 1
            bytes.writeString("$\(count)\r\n")
        }
    }
#endif
