import CoreMetrics
import Foundation
import Logging
import Primitives
import Testing

@testable import Observability

private let promtool = "/usr/bin/promtool"

struct ObservabilityTests {
    private func filled(_ registry: PrometheusRegistry) -> PrometheusRegistry {
        Counter(label: "coffer_sign", dimensions: [("backend", "local"), ("outcome", "ok")], factory: registry)
            .increment(by: 3)
        Counter(label: "coffer_guard_refusals_total", dimensions: [("reason", "a\"b\\c\nd")], factory: registry)
            .increment()
        Meter(label: "coffer_sealed", dimensions: [], factory: registry).set(1)
        Gauge(label: "coffer_queue_depth", dimensions: [("queue", "withdrawals")], factory: registry).record(17)
        let timer = CoreMetrics.Timer(
            label: "coffer_sign_duration_seconds", dimensions: [("backend", "local")], factory: registry)
        for milliseconds in [0, 1, 3, 20, 60_000] { timer.recordMilliseconds(milliseconds) }
        Recorder(label: "coffer_db_commit_batch_size", dimensions: [], aggregate: true, factory: registry).record(5)
        CoreMetrics.Timer(label: "http.server.request.duration", dimensions: [], factory: registry).recordSeconds(2)
        Counter(label: "hb.request.errors", dimensions: [("errorType", "x"), ("le", "1")], factory: registry)
            .increment()
        FloatingPointCounter(label: "coffer_gas_spent", dimensions: [], factory: registry).increment(by: 0.25)
        return registry
    }

    @Test func `metrics are written by name with help, type and labels`() {
        let text = filled(PrometheusRegistry(includesProcess: false)).text()
        for line in [
            "# HELP coffer_sign_total Signatures asked for, by back end and outcome.",
            "# TYPE coffer_sign_total counter",
            #"coffer_sign_total{backend="local",outcome="ok"} 3"#,
            #"coffer_guard_refusals_total{reason="a\"b\\c\nd"} 1"#, "coffer_sealed 1",
            #"coffer_queue_depth{queue="withdrawals"} 17"#,
            #"coffer_sign_duration_seconds_bucket{backend="local",le="0.0001"} 1"#,
            #"coffer_sign_duration_seconds_bucket{backend="local",le="0.001"} 2"#,
            #"coffer_sign_duration_seconds_bucket{backend="local",le="5.0"} 4"#,
            #"coffer_sign_duration_seconds_bucket{backend="local",le="+Inf"} 5"#,
            #"coffer_sign_duration_seconds_count{backend="local"} 5"#,
            #"coffer_sign_duration_seconds_sum{backend="local"} 60.024"#,
            #"coffer_db_commit_batch_size_bucket{le="8.0"} 1"#, "http_server_request_duration_seconds_sum 2",
            #"hb_request_errors_total{error_type="x",exported_le="1"} 1"#, "coffer_gas_spent_total 0.25",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool), "promtool is not installed"))
    func `promtool finds nothing to complain about`() throws {
        let (status, output) = try run(promtool, ["check", "metrics"], input: filled(PrometheusRegistry()).text())
        #expect(status == 0)
        #expect(output == "")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool), "promtool is not installed"))
    func `promtool accepts every declared metric`() throws {
        let registry = PrometheusRegistry()
        for metric in MetricDeclaration.catalogue {
            switch metric.kind {
            case .counter: Counter(label: metric.name, dimensions: [], factory: registry).increment()
            case .gauge: Meter(label: metric.name, dimensions: [], factory: registry).set(1)
            case .histogram:
                Recorder(label: metric.name, dimensions: [], aggregate: true, factory: registry).record(1)
            }
        }
        let (status, output) = try run(promtool, ["check", "metrics"], input: registry.text())
        #expect(status == 0)
        #expect(output == "")
    }

    @Test func `the process set is there and plausible`() throws {
        let text = PrometheusRegistry().text()
        func value(_ name: String) throws -> Double {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        #expect(try value("process_resident_memory_bytes") > 1_000_000)
        #expect(try value("process_cpu_seconds_total") >= 0)
        #expect(try value("process_open_fds") >= 3)
        #expect(try value("process_start_time_seconds") > 1_600_000_000)
        #expect(try value("process_virtual_memory_bytes") > 0)
    }

    @Test func `OpenMetrics ends with EOF and names counters without suffix`() {
        let text = filled(PrometheusRegistry(includesProcess: false)).text(.openMetrics)
        #expect(text.hasSuffix("# EOF\n"))
        #expect(text.contains("# TYPE coffer_sign counter\n"))
        #expect(text.contains("coffer_sign_total{"))
        #expect(PrometheusText.Format(accept: "application/openmetrics-text; version=1.0.0") == .openMetrics)
        #expect(PrometheusText.Format(accept: nil) == .prometheus)
    }

    @Test func `two kinds under one name and too many series are refused and counted`() {
        let registry = PrometheusRegistry(includesProcess: false)
        Counter(label: "x_total", dimensions: [], factory: registry).increment()
        Meter(label: "x_total", dimensions: [], factory: registry).set(0.123)
        for index in 0..<(PrometheusRegistry.seriesPerFamilyMax + 5) {
            Counter(label: "y", dimensions: [("id", "\(index)")], factory: registry).increment()
        }
        let text = registry.text()
        #expect(text.contains("x_total 1\n") && !text.contains("0.123"))
        #expect(text.contains("coffer_metrics_refused_series_total 6\n"))
    }

    @Test func `a counter never falls and counting from many tasks loses nothing`() async {
        let registry = PrometheusRegistry(includesProcess: false)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = Counter(label: "n", dimensions: [], factory: registry)
                    let meter = Meter(label: "m", dimensions: [], factory: registry)
                    for _ in 0..<1000 {
                        counter.increment()
                        counter.increment(by: -5)
                        meter.increment(by: 0.5)
                    }
                }
            }
        }
        let text = registry.text()
        #expect(text.contains("n_total 8000\n"))
        #expect(text.contains("\nm 4000\n"))
    }

    @Test func `gauges are set just before a scrape, and destroyed series go`() {
        let registry = PrometheusRegistry(includesProcess: false)
        let meter = Meter(label: "depth", dimensions: [], factory: registry)
        registry.beforeScrape { meter.set(5) }
        #expect(registry.text().contains("depth 5\n"))
        meter.destroy()
        #expect(!registry.text().contains("depth"))
    }
}

struct ObservabilityLogTests {
    private let clock = ManualClock(Timestamp(milliseconds: 1_795_176_000_123))

    private func logger(_ format: LogFormat, _ captured: CapturedLog, level: Logger.Level = .debug) -> Logger {
        let configuration = LogConfiguration(format: format, level: level, sink: captured.sink, clock: clock.clock)
        return Logger(label: "coffer.test") { configuration.handler(label: $0) }
    }

    @Test func `an event is one JSON object on one line`() throws {
        let captured = CapturedLog()
        logger(.json, captured).info(
            "hello\nworld\u{1B}[31m\u{2028}",
            metadata: [
                "id": "wd_1", "count": .stringConvertible(3), "level": "x", "list": ["a", "b"], "deep": ["k\"": "v"],
            ])
        #expect(captured.all.count == 1)
        #expect(captured.text.filter { $0 == "\n" }.count == 1)
        let json = try JSON.parse(Array(captured.text.utf8.dropLast()))
        #expect(json["time"] == "2026-11-20T12:00:00.123Z")
        #expect(json["level"] == "info")
        #expect(json["logger"] == "coffer.test")
        #expect(json["message"]?.string == "hello\nworld\u{1B}[31m\u{2028}")
        #expect(json["count"]?.int == 3)
        #expect(json["metadata.level"] == "x")
        #expect(json["list"] == ["a", "b"])
        #expect(json["deep"]?["k\""] == "v")
    }

    @Test(arguments: [
        "password", "db_password", "apiKey", "api-key", "Authorization", "cookie", "client_secret", "private.key",
        "mnemonic",
        "symKey", "refresh_token", "token", "seed", "passphrase", "xprv",
    ])
    func `metadata named like a secret is masked in every format`(key: String) {
        for format in LogFormat.allCases where format != .silent {
            let captured = CapturedLog()
            logger(format, captured).info(
                "m", metadata: [key: "hunter2", "nested": [key: "hunter2"], "arr": [[key: "hunter2"]]])
            #expect(!captured.text.contains("hunter2"))
            #expect(captured.text.contains("***"))
        }
    }

    @Test(arguments: ["key_id", "tokens_used", "asset", "wallet", "signature_count", "request_id"])
    func `harmless names are not masked`(key: String) {
        #expect(!LogRedaction.isSecret(key: key))
    }

    @Test(arguments: [
        "coffer_live_0123456789abcdefghijABCDEFGHIJ", "Bearer abcdefghijklmnop",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "wc:7f6e@2?relay-protocol=irn&symKey=587d5484ce2a2a6ee3ba1962fdd7e8588e06200c46823bd18fbd67def96ad303",
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
    ])
    func `what looks like a credential is cut out of messages`(secret: String) {
        for format in LogFormat.allCases where format != .silent {
            let captured = CapturedLog()
            logger(format, captured).error("failed with \(secret) here", metadata: ["detail": "\(secret)"])
            #expect(!captured.text.contains(secret.suffix(12)))
            #expect(captured.text.contains("here"))
        }
    }

    @Test func `values marked sensitive are masked`() {
        for format in LogFormat.allCases where format != .silent {
            let captured = CapturedLog()
            logger(format, captured).info(
                "m", metadata: ["user": "\("alice", sensitivity: .sensitive)", "open": "\("bob", sensitivity: .open)"])
            #expect(!captured.text.contains("alice"))
            #expect(captured.text.contains("bob"))
        }
    }

    @Test func `the text format shows control characters and stays on one line`() {
        let captured = CapturedLog()
        logger(.text, captured).warning("a\nb\u{1B}[2J", metadata: ["k": "v\r\n"])
        #expect(captured.text == "12:00:00.123 warning  coffer.test  a\\u000ab\\u001b[2J  k=v\\u000d\\u000a\n")
    }

    @Test func `the ECS format uses the common names`() throws {
        let captured = CapturedLog()
        logger(.ecs, captured).info("m", metadata: ["request_id": "r1"])
        let json = try JSON.parse(Array(captured.text.utf8.dropLast()))
        #expect(json["@timestamp"] != nil && json["log.level"] == "info")
        #expect(json["http.request.id"] == "r1" && json["service.name"] == "coffer")
    }

    @Test func `levels come from the configuration, the longest prefix first`() {
        let captured = CapturedLog()
        let configuration = LogConfiguration(
            format: .json, level: .warning, levelsByPrefix: ["coffer": .info, "coffer.api": .trace],
            sink: captured.sink,
            clock: clock.clock)
        #expect(configuration.handler(label: "other").logLevel == .warning)
        #expect(configuration.handler(label: "coffer.keys").logLevel == .info)
        #expect(configuration.handler(label: "coffer.api.x").logLevel == .trace)
    }

    @Test func `a huge value is cut`() {
        let captured = CapturedLog()
        logger(.json, captured).info("m", metadata: ["big": "\(String(repeating: "a", count: 100_000))"])
        #expect(captured.text.utf8.count < 9000)
    }
}
