import Foundation
import Glibc
import Logging
import Observability
import Primitives
import Synchronization
import Testing

/// A folder of its own for each test, removed with it.
final class LogFolder: Sendable {
    let url: URL
    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "coffer-log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.appending(path: "app.log").path(percentEncoded: false) }
    func text(_ number: Int = 0) -> String? {
        (try? Data(contentsOf: URL(filePath: number == 0 ? path : "\(path).\(number)"))).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
    func write(_ text: String, to number: Int = 0) throws {
        try Data(text.utf8).write(to: URL(filePath: number == 0 ? path : "\(path).\(number)"))
    }
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: url.path(percentEncoded: false)).sorted() }
    }
}

private func say(_ file: LogFile, _ text: String) {
    // A sink takes whole lines; a handler would add the time.
    let log = LogConfiguration(format: .text, sink: file.sink, clock: ManualClock(Timestamp(milliseconds: 0)).clock)
    Logger(label: "t") { log.handler(label: $0) }.info("\(text)")
}

/// `00:00:00.000 info     t  …` and a line feed.
private let frame = 26

struct LogFileTests {
    let folder: LogFolder
    init() throws { folder = try LogFolder() }

    private func open(_ bytes: Int = 1 << 20, files: Int = 4, queue: Int = 1 << 20) throws -> LogFile {
        try LogFile(
            LogFileSettings(path: folder.path, fileBytesMax: bytes, filesMax: files, queueBytesMax: queue),
            format: .text, trouble: { _ in })
    }

    @Test func `lines stand in the file, whole and in their order, and nobody else may read it`() throws {
        let file = try open()
        for number in 0..<1_000 { say(file, "line \(number)") }
        #expect(file.flush())
        let lines = try #require(folder.text()).split(separator: "\n")
        #expect(lines.count == 1_000)
        for (number, line) in lines.enumerated() { #expect(line.hasSuffix("line \(number)")) }
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(file.figures.written == 1_000 && file.figures.queuedBytes == 0 && file.figures.dropped == 0)
        file.close()
    }

    @Test func `a file that is full to the byte takes no more, and one that lacks a byte is not full`() throws {
        let file = try open(2 * (frame + 10))
        say(file, "0123456789")
        say(file, "abcdefghij")
        file.flush()
        #expect(folder.text(1) == nil)
        #expect(folder.text()?.utf8.count == 2 * (frame + 10))
        say(file, "")
        file.flush()
        #expect(folder.text(1)?.utf8.count == 2 * (frame + 10))
        #expect(folder.text()?.utf8.count == frame)
        #expect(file.figures.rotations == 1)
        file.close()
    }

    @Test func `a line longer than a file stands alone`() throws {
        let file = try open(200)
        say(file, "first")
        say(file, String(repeating: "y", count: 500))
        say(file, "last")
        file.close()
        #expect(folder.text()?.contains("last") == true)
        #expect(folder.text(1)?.utf8.count == frame + 500)
        #expect(folder.text(2)?.contains("first") == true)
    }

    @Test func `there are never more files or bytes than allowed, and the newest are kept`() throws {
        let file = try open(1_000, files: 3)
        for number in 0..<500 { say(file, "line \(number)") }
        file.close()
        #expect(try folder.names == ["app.log", "app.log.1", "app.log.2"])
        let all = (0..<3).reversed().map { folder.text($0) ?? "" }
        for text in all { #expect(text.utf8.count <= 1_000 && text.hasSuffix("\n")) }
        let numbers = all.joined().split(separator: "\n").compactMap { Int($0.split(separator: " ").last ?? "") }
        #expect(numbers == Array((500 - numbers.count)..<500))
        #expect(numbers.count > 60)
    }

    @Test func `one file alone begins anew when it is full`() throws {
        let file = try open(100, files: 1)
        for number in 0..<20 { say(file, "line \(number)") }
        file.close()
        #expect(try folder.names == ["app.log"])
        #expect(folder.text()?.contains("line 19") == true)
    }

    @Test func `fewer files in the settings remove those beyond`() throws {
        for number in 0..<6 { try folder.write("old\n", to: number) }
        try open(files: 3).close()
        #expect(try folder.names == ["app.log", "app.log.1", "app.log.2"])
    }

    /// A crash in a rotation leaves the files of one of these lists; none of them costs a file that still has room.
    @Test(arguments: [
        ["", "1", "2"], ["", "1", "3"], ["", "2", "3"], ["1", "2", "3"], ["1", "2"], ["2", "3"], [],
    ])
    func `whatever a crash in a rotation left, nothing goes that has room`(_ left: [String]) throws {
        for number in left { try folder.write("old\(number)\n", to: Int(number) ?? 0) }
        let file = try open(2 * (frame + 6))
        for number in 0..<2 { say(file, "line \(number)") }
        file.flush()
        let found = (0..<4).compactMap { folder.text($0) }.joined()
        for number in left { #expect(found.contains("old\(number)\n"), "\(left) lost \(number)") }
        #expect(found.contains("line 0") && found.contains("line 1"))
        file.close()
    }

    @Test func `the half line of a crash is not continued by the next one`() throws {
        try folder.write("whole\nhal")
        let file = try open()
        say(file, "next")
        file.close()
        let lines = try #require(folder.text()).split(separator: "\n")
        #expect(lines.count == 3 && lines[1] == "hal" && lines[2].hasSuffix("next"))
    }

    @Test func `a file that was moved, removed or cut is followed`() throws {
        let file = try open()
        say(file, "one")
        file.flush()
        try FileManager.default.moveItem(atPath: folder.path, toPath: "\(folder.path).moved")
        say(file, "two")
        file.flush()
        #expect(folder.text()?.contains("two") == true && folder.text()?.contains("one") == false)
        try FileManager.default.removeItem(atPath: folder.path)
        say(file, "three")
        file.flush()
        #expect(folder.text()?.contains("three") == true)
        #expect(unsafe truncate(folder.path, 0) == 0)
        say(file, "four")
        file.close()
        #expect(folder.text()?.utf8.count == frame + 4)
    }

    @Test func `reopening makes the file at once, without a line`() throws {
        let file = try open()
        say(file, "one")
        file.flush()
        try FileManager.default.moveItem(atPath: folder.path, toPath: "\(folder.path).moved")
        file.reopen()
        #expect(file.flush())
        #expect(folder.text() == "")
        file.close()
    }

    @Test func `a folder, a pipe, a link and a path that leads nowhere are refused`() throws {
        #expect(throws: LogFileError.self) { try LogFile(LogFileSettings(path: "\(folder.path)/x/y")) }
        unsafe mkfifo("\(folder.path).pipe", 0o600)
        unsafe symlink(folder.path, "\(folder.path).link")
        for path in [folder.url.path(percentEncoded: false), "\(folder.path).pipe", "\(folder.path).link"] {
            let error = #expect(throws: LogFileError.self) { try LogFile(LogFileSettings(path: path)) }
            #expect(error?.code == .notAFile, "\(path): \(error.map(String.init(describing:)) ?? "")")
        }
    }

    @Test func `many writers lose nothing, and no line is broken`() async throws {
        let file = try open(20_000, files: 100)
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for number in 0..<500 {
                        say(file, "writer \(writer) line \(number)")
                        if number % 100 == 0 { file.reopen() }
                    }
                }
            }
        }
        file.close()
        #expect(file.figures.dropped == 0 && file.figures.rotations > 5)
        var next = [Int](repeating: 0, count: 8)
        for number in (0..<100).reversed() {
            for line in folder.text(number)?.split(separator: "\n") ?? [] {
                let words = line.split(separator: " ")
                let writer = try #require(words.count == 7 ? Int(words[4]) : nil, "\(line)")
                #expect(words[6] == "\(next[writer])")
                next[writer] += 1
            }
        }
        let expected: [Int] = Array(repeating: 500, count: 8)
        #expect(next == expected)
    }

    @Test func `a caller is never held up: what does not fit is dropped, counted and told`() throws {
        let file = try open(queue: 400)
        // One line can never fit, so that nothing depends on how fast the thread is.
        say(file, String(repeating: "z", count: 500))
        say(file, "small")
        #expect(file.flush())
        #expect(file.figures.dropped == 1)
        file.close()
        say(file, "late")
        #expect(file.figures.dropped == 2)
        let text = try #require(folder.text())
        #expect(text.contains("log lines are missing  lines=1"))
        #expect(text.contains("small") && !text.contains("late") && !text.contains("zzz"))
    }

    @Test(arguments: [LogFormat.json, .ecs, .text])
    func `no secret is in the file in any format`(_ format: LogFormat) throws {
        let file = try LogFile(LogFileSettings(path: folder.path), format: format, trouble: { _ in })
        let log = LogConfiguration(format: format, level: .trace, sink: file.sink)
        let logger = Logger(label: "t") { log.handler(label: $0) }
        let key = String(repeating: "7f", count: 32)
        logger.info("pairing with wc:aa@2?symKey=\(key)&relay-protocol=irn")
        logger.info("x", metadata: ["sym_key": "\(key)", "uri": "wc:\(key)"])
        logger.info("x", metadata: ["inside": ["store_passphrase": "\(key)"]])
        logger.info("x", metadata: ["value": "\(key, sensitivity: .sensitive)"])
        logger.error("no answer of postgres://coffer:\(key)@db.example:5432/coffer or rediss://:\(key)@[::1]:6379/0")
        logger.error(
            "x", metadata: ["cause": "wss://u:\(key)@relay.example/?auth=\(key) and https://a.example:8080/@b"])
        file.close()
        let text = try #require(folder.text())
        #expect(text.split(separator: "\n").count == 6)
        // What is no secret is left as it was.
        for kept in ["postgres://coffer:***@db.example:5432/coffer", "rediss://:***@[::1]:6379/0", ":8080/@b"] {
            #expect(text.contains(kept), "\(kept)")
        }
        #expect(!text.contains(key) && text.contains(LogRedaction.mask))
    }

    @Test func `a silent log says nothing`() throws {
        let file = try open()
        let log = LogConfiguration(format: .silent, level: .trace, sink: file.sink)
        Logger(label: "t") { log.handler(label: $0) }.critical("on fire")
        file.close()
        #expect(folder.text() == "")
    }
}

/// What only a process of its own may do to itself.
struct LogFileProcessTests {
    @Test func `a full disk costs the lines that do not fit, and the first one afterwards tells of them`() async throws
    {
        let folder = try LogFolder()
        let path = folder.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            signal(SIGXFSZ, SIG_IGN)
            let troubles = Mutex<[String]>([])
            let file = try LogFile(LogFileSettings(path: path), format: .text) { text in
                troubles.withLock { $0.append(text) }
            }
            var limit = rlimit()
            unsafe getrlimit(__rlimit_resource_t(1), &limit)
            let whole = limit.rlim_cur
            limit.rlim_cur = 1_000
            // No file of this process grows beyond 1,000 bytes, as if the disk were full there.
            unsafe setrlimit(__rlimit_resource_t(1), &limit)
            for number in 0..<100 { say(file, "line \(number)") }
            file.flush()
            precondition(troubles.withLock { $0.count } == 1, "told once")
            precondition(file.figures.lost > 50 && file.figures.written + file.figures.lost == 100, "counted")
            limit.rlim_cur = whole
            unsafe setrlimit(__rlimit_resource_t(1), &limit)
            say(file, "room again")
            precondition(file.close(), "written in time")
        }
        let lines = try #require(folder.text()).split(separator: "\n")
        let numbers = lines.compactMap { $0.contains("  line ") ? Int($0.split(separator: " ").last ?? "") : nil }
        #expect(numbers == Array(0..<numbers.count) && numbers.count > 10)
        #expect(
            lines.dropFirst(numbers.count).first?.contains("lines are missing  lines=\(100 - numbers.count)") == true)
        #expect(lines.last?.hasSuffix("room again") == true)
        #expect(lines.count == numbers.count + 2)
    }

    @Test func `a process that is killed while it rotates leaves whole lines without a gap`() async throws {
        let folder = try LogFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let file = try LogFile(
                LogFileSettings(path: path, fileBytesMax: 300, filesMax: 1_000), format: .text, trouble: { _ in })
            Thread.detachNewThread {
                // Ends in the middle of whatever the file's thread does then.
                while file.figures.rotations < 40 { usleep(50) }
                kill(getpid(), SIGKILL)
            }
            // Fewer than fill the files that are kept, however late the other thread is.
            for number in 0..<6_000 {
                say(file, "line \(number)")
                if number % 64 == 0 { file.flush() }
            }
            while true { usleep(1_000) }
        }
        // The next start goes on behind whatever is there.
        let file = try LogFile(
            LogFileSettings(path: path, fileBytesMax: 300, filesMax: 1_000), format: .text, trouble: { _ in })
        say(file, "restarted")
        file.close()
        let text = (0..<1_000).reversed().compactMap { folder.text($0) }.joined()
        let numbers = text.split(separator: "\n").compactMap { line in
            line.contains("  line ") ? Int(line.split(separator: " ").last ?? "") : nil
        }
        #expect(numbers.count > 100)
        // The last one may be cut.
        #expect(numbers.dropLast() == (0..<max(0, numbers.count - 1))[...].map { $0 }[...])
        #expect(text.hasSuffix("restarted\n"))
    }
}
