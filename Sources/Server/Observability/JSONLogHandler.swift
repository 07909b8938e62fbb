public import Logging
public import Primitives

/// Writes each log event as one JSON object on one line.
///
/// ```json
/// {"time":"2026-11-20T12:00:00.123Z","level":"info","logger":"coffer.api","message":"withdrawal broadcast","id":"wd_01J…"}
/// ```
///
/// Metadata stands beside the fixed names, so that a query needs no path; a metadata key that equals a fixed name gets
/// the prefix `metadata.`. Line feeds and other control characters are escaped, so nobody can forge a line, and
/// ``LogRedaction`` masks secrets.
public struct JSONLogHandler: LogHandler {
    /// Metadata of every event of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata of the current task, such as a trace.
    public var metadataProvider: Logger.MetadataProvider?
    /// The least severe level written.
    public var logLevel: Logger.Level

    private let label: String
    private let ecs: Bool
    private let serviceName: String
    private let sink: LogSink
    private let clock: WallClock

    /// Values nest this deep at most; deeper ones are cut, so that no metadata can make a line unbounded.
    private static let depthMax = 8

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - label: the logger's name.
    ///   - level: the least severe level written.
    ///   - ecs: whether to use the names of the Elastic Common Schema.
    ///   - serviceName: what `service.name` says there.
    ///   - sink: where lines go.
    ///   - clock: where the time comes from.
    public init(
        label: String, level: Logger.Level, ecs: Bool = false, serviceName: String = "coffer", sink: LogSink,
        clock: WallClock = .system
    ) {
        self.label = label
        self.logLevel = level
        self.ecs = ecs
        self.serviceName = serviceName
        self.sink = sink
        self.clock = clock
    }

    /// One value of the metadata.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an event as one line.
    public func log(event: LogEvent) {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line.append(UInt8(ascii: "{"))
        field(ecs ? "@timestamp" : "time", clock.now.rfc3339, to: &line)
        field(ecs ? "log.level" : "level", event.level.rawValue, to: &line)
        field(ecs ? "log.logger" : "logger", label, to: &line)
        field("message", LogRedaction.scrubbed(event.message.description), to: &line)
        if ecs { field("service.name", serviceName, to: &line) }
        if let error = event.error {
            field("error.type", String(describing: type(of: error)), to: &line)
            field("error.message", LogRedaction.scrubbed(String(describing: error)), to: &line)
        }
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            append(name: name(of: key), value, key: key, to: &line)
        }
        line.append(UInt8(ascii: "}"))
        line.append(UInt8(ascii: "\n"))
        sink.append(line)
    }

    private static let plainNames: Set<String> = ["time", "level", "logger", "message"]
    private static let ecsNames: Set<String> = ["@timestamp", "log.level", "log.logger", "message", "service.name"]
    private static let ecsByName = [
        "request_id": "http.request.id", "trace_id": "trace.id", "span_id": "span.id", "tenant": "organization.id",
        "method": "http.request.method", "status": "http.response.status_code", "outcome": "event.outcome",
        "client": "client.ip",
    ]

    private func name(of key: String) -> String {
        let name = ecs ? Self.ecsByName[key] ?? key : key
        return (ecs ? Self.ecsNames : Self.plainNames).contains(name) ? "metadata." + name : name
    }

    private func field(_ name: String, _ value: String, to line: inout [UInt8]) {
        if line.count > 1 { line.append(UInt8(ascii: ",")) }
        LogText.appendJSON(name, to: &line)
        line.append(UInt8(ascii: ":"))
        LogText.appendJSON(value, to: &line)
    }

    private func append(name: String, _ value: Logger.MetadataValue, key: String, to line: inout [UInt8]) {
        if line.count > 1 { line.append(UInt8(ascii: ",")) }
        LogText.appendJSON(name, to: &line)
        line.append(UInt8(ascii: ":"))
        append(value, key: key, depth: 0, to: &line)
    }

    private func append(_ value: Logger.MetadataValue, key: String, depth: Int, to line: inout [UInt8]) {
        if LogRedaction.isSecret(key: key) || value.attributes[Sensitivity.self] == .sensitive
            || depth > Self.depthMax
        {
            LogText.appendJSON(LogRedaction.mask, to: &line)
            return
        }
        switch value {
        case .string(let text):
            LogText.appendJSON(LogRedaction.scrubbed(text), to: &line)
        case .stringConvertible(let box):
            switch box {
            case let number as Int: line.append(contentsOf: "\(number)".utf8)
            case let number as Int64: line.append(contentsOf: "\(number)".utf8)
            case let number as UInt64: line.append(contentsOf: "\(number)".utf8)
            case let number as Double where number.isFinite: line.append(contentsOf: "\(number)".utf8)
            case let flag as Bool: line.append(contentsOf: (flag ? "true" : "false").utf8)
            default: LogText.appendJSON(LogRedaction.scrubbed(box.description), to: &line)
            }
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (index, element) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                append(element, key: key, depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let members):
            line.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                LogText.appendJSON(member.key, to: &line)
                line.append(UInt8(ascii: ":"))
                append(member.value, key: member.key, depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }
}
