import Glibc

/// The standard `process_*` set, read from `/proc` at each scrape.
///
/// Names: <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.
struct ProcessMetrics: Sendable {
    private let ticksPerSecond: Double
    private let pageSizeBytes: Double
    private let bootTimeSeconds: Double?

    init() {
        ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        pageSizeBytes = Double(max(1, sysconf(Int32(_SC_PAGESIZE))))
        bootTimeSeconds = Self.bootTime()
    }

    func append(to writer: inout PrometheusText) {
        if let stat = Self.statFields() {
            writer.append(
                name: "process_cpu_seconds_total", kind: .counter, help: "User and system CPU time spent in seconds.",
                value: PrometheusText.number((stat.userTicks + stat.systemTicks) / ticksPerSecond))
            writer.append(
                name: "process_resident_memory_bytes", kind: .gauge, help: "Resident memory size in bytes.",
                value: PrometheusText.number(stat.residentPages * pageSizeBytes))
            if let bootTimeSeconds {
                writer.append(
                    name: "process_start_time_seconds", kind: .gauge,
                    help: "Start time of the process since the Unix epoch in seconds.",
                    value: PrometheusText.number(bootTimeSeconds + stat.startTicks / ticksPerSecond))
            }
            writer.append(
                name: "process_virtual_memory_bytes", kind: .gauge, help: "Virtual memory size in bytes.",
                value: PrometheusText.number(stat.virtualBytes))
        }
        if let count = Self.openFiles() {
            writer.append(
                name: "process_open_fds", kind: .gauge, help: "Number of open file descriptors.", value: "\(count)")
        }
        if let limit = Self.openFilesMax() {
            writer.append(
                name: "process_max_fds", kind: .gauge, help: "Maximum number of open file descriptors.", value: limit)
        }
    }

    private struct Stat {
        let userTicks, systemTicks, startTicks, virtualBytes, residentPages: Double
    }

    /// Fields of `/proc/self/stat`, see proc(5).
    ///
    /// The command name may hold spaces and brackets, so counting starts
    /// after the last closing bracket.
    private static func statFields() -> Stat? {
        guard let text = contents("/proc/self/stat"), let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(whereSeparator: \.isWhitespace)
        func field(_ number: Int) -> Double? {
            // The first field here is number 3, the state.
            let index = number - 3
            return fields.indices.contains(index) ? Double(fields[index]) : nil
        }
        guard let user = field(14), let system = field(15), let start = field(22), let virtual = field(23),
            let resident = field(24)
        else { return nil }
        return Stat(
            userTicks: user, systemTicks: system, startTicks: start, virtualBytes: virtual, residentPages: resident)
    }

    private static func bootTime() -> Double? {
        guard let text = contents("/proc/stat") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            return Double(line.dropFirst(6))
        }
        return nil
    }

    private static func openFiles() -> Int? {
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe _ = closedir(directory) }
        var count = 0
        while let _ = unsafe readdir(directory) { count += 1 }
        // Without `.`, `..` and the descriptor that reads the directory.
        return max(0, count - 3)
    }

    private static func openFilesMax() -> String? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? "+Inf" : "\(limit.rlim_cur)"
    }

    /// A small file of the kernel as text.
    private static func contents(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // `/proc/stat` grows by a line per processor and interrupt; the boot time stands within this on large machines.
        let sizeBytesMax = 1 << 20
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < sizeBytesMax {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
