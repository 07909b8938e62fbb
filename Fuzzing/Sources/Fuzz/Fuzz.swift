import CFuzzer
import Glibc

/// One program with all targets: `COFFER_FUZZ=uri Fuzz CORPUS -max_total_time=60`.
@main
struct Fuzz {
    static func main() {
        guard let name = environment("COFFER_FUZZ"), let target = FuzzTarget(rawValue: name) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            print("COFFER_FUZZ names what is fuzzed: \(names)")
            exit(64)
        }
        selected = target
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let code = withUnsafeMutablePointer(to: &arguments) { pointer in
            LLVMFuzzerRunDriver(&count, pointer) { data, size in
                Fuzz.selected.run(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            }
        }
        exit(code)
    }

    /// Set once, before the first input.
    nonisolated(unsafe) private static var selected = FuzzTarget.envelope

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
