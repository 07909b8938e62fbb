import CofferClient
import Dispatch
import Foundation
import Glibc

/// Lines of standard input, one at a time, for as long as somebody takes them.
///
/// A thread of its own does the blocking reads: one on the shared threads would hold up everything else, and could not
/// be cancelled. It reads the next line only when the last one was taken, so a fast writer waits.
enum LineInput {
    /// A longer line ends the input: nothing that is meant for this program needs one.
    static let lineBytesMax = 512 << 10

    /// Hands out each line until `body` says `false`, the input ends or the task is cancelled.
    static func forEach(_ body: (String) async throws -> Bool) async rethrows {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
        let taken = DispatchSemaphore(value: 0)
        let thread = Thread {
            var reader = Reader()
            while let line = reader.next() {
                continuation.yield(line)
                taken.wait()
            }
            continuation.finish()
        }
        thread.name = "standard input"
        thread.start()
        for await line in stream {
            guard try await body(line) else { return }
            taken.signal()
        }
    }

    private struct Reader {
        private var pending: [UInt8] = []
        private var hasEnded = false

        mutating func next() -> String? {
            var piece = [UInt8](repeating: 0, count: 16 << 10)
            while true {
                if let newline = pending.firstIndex(of: 0x0A) {
                    defer { pending.removeFirst(newline + 1) }
                    return String(decoding: pending[..<newline], as: UTF8.self)
                }
                guard !hasEnded, pending.count <= LineInput.lineBytesMax else { return nil }
                let count = unsafe piece.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                if count <= 0 {
                    hasEnded = true
                    guard !pending.isEmpty else { return nil }
                    pending.append(0x0A)
                } else {
                    pending.append(contentsOf: piece.prefix(count))
                }
            }
        }
    }
}

/// Asks on the terminal without holding up the program.
enum Question {
    /// Whether the person said yes; `nil` when there is nobody to ask, or they left with Ctrl-C.
    static func isYes(_ question: String) async -> Bool? {
        let answer: String? = await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: Prompt.word(question)) }
            thread.name = "question"
            thread.start()
        }
        return answer.map { ["y", "yes"].contains($0.lowercased()) }
    }
}
