import Foundation

/// Wall and CPU time of this process since it was made.
struct Watch: Sendable {
    private let began = ContinuousClock.now
    private let spent = Watch.cpu

    var seconds: Double { began.duration(to: .now) / .seconds(1) }

    var cpuSeconds: Double { Watch.cpu - spent }

    private static var cpu: Double {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Bytes of memory in use.
    static var residentBytes: Double {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Double(fields[1]) ?? 0) * Double(getpagesize()) : 0
    }
}
