import Foundation

/// This program again, as the backend's process: lines of its output, and its end.
final class Child {
    private let process = Process()
    private let input = Pipe()
    /// What it says.
    let lines: AsyncStream<String>

    init(_ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["backend"] + arguments
        // It ends when this end of the pipe is closed, also when we are killed.
        process.standardInput = input
        process.standardOutput = output
        let (lines, said) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        try process.run()
        let handle = output.fileHandleForReading
        // A read waits, and must not do so on the pool.
        Thread {
            var rest = Data()
            while true {
                let data = handle.availableData
                guard !data.isEmpty else { break }
                rest.append(data)
                while let end = rest.firstIndex(of: 0x0A) {
                    said.yield(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = Data(rest[rest.index(after: end)...])
                }
            }
            said.finish()
        }.start()
    }

    var pid: Int32 { process.processIdentifier }

    /// Ends it without a warning, as the kernel does when memory is short.
    func kill() {
        Foundation.kill(pid, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits for its end.
    ///
    /// - Throws: when it did not end well.
    func ended() throws {
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure("the backend ended with \(process.terminationStatus)")
        }
    }
}
