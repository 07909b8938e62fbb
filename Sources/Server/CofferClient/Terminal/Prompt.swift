import Glibc
package import Primitives

/// Asks a person on the terminal itself, so that pipes do not matter.
package enum Prompt {
    /// An answer is at most this long.
    package static let bytesMax = 1024

    /// Asks for a secret and shows nothing of it; `nil` when there is no terminal, no answer, or Ctrl-C.
    package static func secret(_ question: String) -> SecretBytes? {
        ask(question, echoes: false) { SecretBytes(copying: $0) }
    }

    /// Asks for a word; `nil` as above.
    package static func word(_ question: String) -> String? {
        ask(question, echoes: true) { String(decoding: $0, as: UTF8.self) }
    }

    /// - Parameter take: makes the answer of the bytes, which are wiped afterwards.
    private static func ask<Answer: ~Copyable>(
        _ question: String, echoes: Bool, _ take: ([UInt8]) -> Answer
    ) -> Answer? {
        let descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var before = termios()
        guard unsafe tcgetattr(descriptor, &before) == 0 else { return nil }
        var raw = before
        // Keys come one by one and Ctrl-C as a byte: a signal here could leave a terminal behind that shows nothing.
        raw.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        LocalFile.write(Array(question.utf8), to: descriptor)
        guard unsafe tcsetattr(descriptor, TCSAFLUSH, &raw) == 0 else { return nil }
        defer {
            unsafe tcsetattr(descriptor, TCSAFLUSH, &before)
            LocalFile.write([UInt8(ascii: "\n")], to: descriptor)
        }
        var line: [UInt8] = []
        line.reserveCapacity(bytesMax)
        defer {
            unsafe line.withUnsafeMutableBytes { buffer in
                if let address = buffer.baseAddress { unsafe explicit_bzero(address, buffer.count) }
            }
        }
        guard read(descriptor, echoes: echoes, into: &line), !line.isEmpty else { return nil }
        return take(line)
    }

    /// Reads keys up to Enter; `false` when the person or the terminal went away.
    private static func read(_ descriptor: Int32, echoes: Bool, into line: inout [UInt8]) -> Bool {
        func show(_ bytes: [UInt8]) { if echoes { LocalFile.write(bytes, to: descriptor) } }
        while true {
            var key: UInt8 = 0
            let count = unsafe Glibc.read(descriptor, &key, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return false }
            switch key {
            case 0x0A, 0x0D: return true
            case 0x03, 0x04: return false  // Ctrl-C, Ctrl-D
            case 0x08, 0x7F:
                if line.popLast() != nil { show([0x08, 0x20, 0x08]) }
            case 0x15:  // Ctrl-U takes the line back
                show(line.flatMap { _ in [0x08, 0x20, 0x08] as [UInt8] })
                line.removeAll(keepingCapacity: true)
            default:
                guard line.count < bytesMax else { return false }
                line.append(key)
                show([key])
            }
        }
    }
}
