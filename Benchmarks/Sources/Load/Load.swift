import CReference
import Glibc

/// A load client for HTTP/1.1 on loopback: one thread, keep-alive, no pipelining, no allocation while it runs.
///
/// Closed loop: every connection sends its next request when the last is answered. Open loop (`--rate`): requests have
/// moments of their own, one every 1/rate seconds. A request that finds no free connection waits, and its latency counts
/// from its moment all the same, so that a server which stalls is not spared the requests that it kept from being sent.
@main
struct Load {
    static func main() {
        do {
            var run = try LoadRun(try Options(Array(CommandLine.arguments.dropFirst())))
            try run.run()
            print(run.report)
        } catch {
            let message = "load: \(error.text)\n"
            _ = write(STDERR_FILENO, message, message.utf8.count)
            exit(1)
        }
    }
}

struct LoadRun {
    private let options: Options
    private var connections: [Connection] = []
    private var free: [Int] = []
    private var requests: Requests
    private let epoll: Int32
    private var latencies: [UInt32] = []
    private var sent = 0
    private var answered = 0
    private var expected = 0
    private var expectedCounted = 0
    private var otherStatuses: [Int: Int] = [:]
    private var inFlight = 0
    private var measuredFrom: Int64 = 0
    private var measuredTo: Int64 = 0
    private var serverTicks = (start: 0, end: 0)
    private var clientTime = (start: Int64(0), end: Int64(0))

    init(_ options: Options) throws(OptionError) {
        self.options = options
        requests = Requests(options)
        epoll = epoll_create1(0)
        for index in 0..<options.connections {
            let connection = try Connection(port: options.port)
            guard reference_epoll_add(epoll, connection.file, UInt32(index)) == 0 else {
                throw OptionError(text: "epoll: errno \(errno)")
            }
            connections.append(connection)
        }
        free = Array((0..<options.connections).reversed())
        latencies.reserveCapacity(Int((options.rate > 0 ? options.rate : 100_000) * options.seconds) + 1_000)
    }

    mutating func run() throws(OptionError) {
        let began = reference_wall_time()
        measuredFrom = began + Int64(options.warmupSeconds * 1e9)
        measuredTo = measuredFrom + Int64(options.seconds * 1e9)
        let interval = options.rate > 0 ? 1e9 / options.rate : 0
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: 512)
        defer { events.deallocate() }
        var isCounting = false
        var due = began
        while true {
            var now = reference_wall_time()
            if !isCounting, now >= measuredFrom {
                isCounting = true
                serverTicks.start = ticks()
                clientTime.start = reference_thread_time()
            }
            if now < measuredTo {
                while !free.isEmpty, due <= now {
                    try send(scheduled: interval > 0 ? due : now)
                    // The n-th moment is computed, not summed up: no error creeps in.
                    if interval > 0 { due = began + Int64(Double(sent) * interval) }
                }
            } else {
                if serverTicks.end == 0 {
                    serverTicks.end = ticks()
                    clientTime.end = reference_thread_time()
                }
                if inFlight == 0 { return }
                if now > measuredTo + 10_000_000_000 { throw OptionError(text: "\(inFlight) requests were never answered") }
            }
            var timeout: Int64 = 20_000_000
            if now < measuredTo, interval > 0, !free.isEmpty {
                // Waking up for every single request would cost more than the requests.
                timeout = max(due - now, 100_000)
            }
            let count = reference_epoll_wait(epoll, events, 512, timeout)
            if count > 0 { now = reference_wall_time() }
            for index in 0..<max(0, Int(count)) {
                try receive(Int(reference_event_id(events + index)), isCounting)
            }
        }
    }

    private mutating func send(scheduled: Int64) throws(OptionError) {
        guard let index = free.popLast() else { return }
        connections[index].scheduled = scheduled
        guard requests.send(on: connections[index].file) else { throw OptionError(text: "send: errno \(errno)") }
        sent += 1
        inFlight += 1
    }

    private mutating func receive(_ index: Int, _ isCounting: Bool) throws(OptionError) {
        switch connections[index].receive() {
        case .more: return
        case .broken(let why): throw OptionError(text: why)
        case .done(let status):
            inFlight -= 1
            answered += 1
            free.append(index)
            guard status == options.expectedStatus else {
                otherStatuses[status, default: 0] += 1
                return
            }
            expected += 1
            let scheduled = connections[index].scheduled
            let now = reference_wall_time()
            if now >= measuredFrom, now < measuredTo { expectedCounted += 1 }
            // By when it was to be sent: the slow ones at the end belong to the run.
            if scheduled >= measuredFrom { latencies.append(UInt32(clamping: (now - scheduled) / 1_000)) }
        }
    }

    /// The server's CPU time so far, in ticks of 10 ms.
    private func ticks() -> Int {
        guard let server = options.server, let file = fopen("/proc/\(server)/stat", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 2_048)
        guard fgets(&text, 2_048, file) != nil else { return 0 }
        // Behind the name in parentheses: state is field 3, utime 14, stime 15.
        let line = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let close = line.lastIndex(of: ")") else { return 0 }
        let fields = line[line.index(after: close)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return 0 }
        return user + system
    }

    /// One line of JSON.
    var report: String {
        let sorted = latencies.sorted()
        func percentile(_ share: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1_000
        }
        let others = otherStatuses.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        let serverSeconds = Double(serverTicks.end - serverTicks.start) / Double(sysconf(Int32(_SC_CLK_TCK)))
        let clientSeconds = Double(clientTime.end - clientTime.start) / 1e9
        return """
            {"sent":\(sent),"answered":\(answered),"expected":\(expected),"other":{\(others)},\
            "per_second":\(Double(expectedCounted) / options.seconds),"p50_ms":\(percentile(0.5)),\
            "p99_ms":\(percentile(0.99)),"p999_ms":\(percentile(0.999)),"max_ms":\(percentile(1)),\
            "server_cores":\(serverSeconds / options.seconds),\
            "server_us":\(expectedCounted > 0 ? serverSeconds * 1e6 / Double(expectedCounted) : 0),\
            "client_cores":\(clientSeconds / options.seconds)}
            """
    }
}
