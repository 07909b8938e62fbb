import Foundation
import WalletConnectClient
import WalletConnectProtocol

/// A dApp and a wallet in one process, a relay in another: handshakes, round trips, memory, restoring.
///
/// `RoundTrips RELAY_URL memory|sqlite DIRECTORY SECONDS`, or `RoundTrips RELAY_URL python DIRECTORY SECONDS PYTHON SCRIPT`
/// with pyWalletConnect as the wallet. A line of JSON for each figure.
@main
struct RoundTrips {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 5, let seconds = Double(arguments[4]) else {
            print("usage: RoundTrips RELAY_URL memory|sqlite|python DIRECTORY SECONDS [PYTHON SCRIPT]")
            exit(64)
        }
        let sides = Sides(relayURL: arguments[1], directory: arguments[3], isDurable: arguments[2] != "memory")
        if arguments[2] == "python", arguments.count == 7 {
            try await PythonRun(sides: sides, seconds: seconds, python: arguments[5], script: arguments[6]).run()
        } else {
            try await OwnRun(sides: sides, seconds: seconds).run()
        }
    }
}

/// Prints one figure.
func report(_ name: String, _ figures: KeyValuePairs<String, Double>) {
    let members = figures.map { ",\"\($0.key)\":\($0.value)" }.joined()
    print("{\"name\":\"\(name)\"\(members)}")
    fflush(nil)
}

/// Wall and CPU time of this process since it was made.
struct Watch {
    private let began = ContinuousClock.now
    private let spent = Watch.cpu

    var seconds: Double {
        let (seconds, attoseconds) = began.duration(to: .now).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    var cpuSeconds: Double { Watch.cpu - spent }

    private static var cpu: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Bytes of memory in use, once what is free was given back: the figures beside it were taken after a collection.
    static var residentBytes: Double {
        _ = giveBack(0)
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Double(fields[1]) ?? 0) * Double(getpagesize()) : 0
    }
}

/// `malloc_trim`, whose header is in no module.
@_silgen_name("malloc_trim") private func giveBack(_ pad: Int) -> Int32
