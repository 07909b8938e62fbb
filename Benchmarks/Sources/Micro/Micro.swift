import CReference
import Glibc

/// Loops over single functions; one line of JSON for each.
@main
struct Micro {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            switch arguments.first {
            case "functions": try Functions.run()
            case "guard" where arguments.count == 3:
                try await GuardedSigning.run(directory: arguments[1], seconds: Double(arguments[2]) ?? 2)
            case "insert" where arguments.count == 5:
                guard let accepts = Int32(arguments[3]), let batch = Int32(arguments[4]) else { return usage() }
                insert(path: arguments[1], schema: arguments[2], accepts: accepts, batch: batch)
            default: usage()
            }
        } catch {
            fail("\(error)")
        }
    }

    private static func usage() {
        fail("functions | guard DIRECTORY SECONDS | insert DATABASE SCHEMA-SQL ACCEPTS BATCH")
    }

    private static func fail(_ text: String) {
        let message = "micro: \(text)\n"
        _ = write(STDERR_FILENO, message, message.utf8.count)
        exit(1)
    }

    /// The rows of an accept by SQLite alone.
    private static func insert(path: String, schema: String, accepts: Int32, batch: Int32) {
        var commits = [Int64](repeating: 0, count: Int(accepts / batch) + 1)
        var message = [CChar](repeating: 0, count: 512)
        let nanoseconds = reference_insert(path, schema, accepts, batch, &commits, &message, 512)
        guard nanoseconds > 0 else {
            return fail(String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        commits = commits.filter { $0 > 0 }.sorted()
        show(
            "raw insert \(batch)",
            [
                "per_second": Double(accepts) * 1e9 / Double(nanoseconds),
                "commit_p50_ms": Double(commits[commits.count / 2]) / 1e6,
                "commit_p99_ms": Double(commits[min(commits.count - 1, commits.count * 99 / 100)]) / 1e6,
            ])
    }
}
