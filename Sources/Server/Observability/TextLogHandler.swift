public import Logging
public import Primitives

/// Writes log events as text for people at a terminal.
///
/// ```
/// 12:00:00.123 info  coffer.api  withdrawal broadcast  id=wd_01J…
/// ```
///
/// Masks the same secrets as ``JSONLogHandler``, and shows control characters escaped, because a terminal obeys them.
public struct TextLogHandler: LogHandler {
    /// Metadata of every event of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata of the current task, such as a trace.
    public var metadataProvider: Logger.MetadataProvider?
    /// The least severe level written.
    public var logLevel: Logger.Level

    private let label: String
    private let coloured: Bool
    private let sink: LogSink
    private let clock: WallClock

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - label: the logger's name.
    ///   - level: the least severe level written.
    ///   - coloured: whether to colour the level.
    ///   - sink: where lines go.
    ///   - clock: where the time comes from.
    public init(
        label: String, level: Logger.Level, coloured: Bool = false, sink: LogSink, clock: WallClock = .system
    ) {
        self.label = label
        self.logLevel = level
        self.coloured = coloured
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
        line.reserveCapacity(192)
        // The date is left out: whoever watches a terminal knows the day.
        line.append(contentsOf: clock.now.rfc3339.utf8.dropFirst(11).dropLast())
        line.append(UInt8(ascii: " "))
        appendLevel(event.level, to: &line)
        line.append(contentsOf: label.utf8)
        line.append(contentsOf: "  ".utf8)
        LogText.appendPlain(LogRedaction.scrubbed(event.message.description), to: &line)
        if let error = event.error {
            line.append(contentsOf: "  error=".utf8)
            LogText.appendPlain(LogRedaction.scrubbed(String(describing: error)), to: &line)
        }
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        for (index, (key, value)) in all.sorted(by: { $0.key < $1.key }).enumerated() {
            line.append(contentsOf: (index == 0 ? "  " : " ").utf8)
            LogText.appendPlain(key, to: &line)
            line.append(UInt8(ascii: "="))
            let secret = LogRedaction.isSecret(key: key) || Self.holdsSecret(value, depth: 0)
            LogText.appendPlain(
                secret ? LogRedaction.mask : LogRedaction.scrubbed(value.description), to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        sink.append(line)
    }

    /// Whether any part of a value is marked or named a secret; text shows such a value as one mask.
    private static func holdsSecret(_ value: Logger.MetadataValue, depth: Int) -> Bool {
        if depth > 8 || value.attributes[Sensitivity.self] == .sensitive { return true }
        switch value {
        case .string, .stringConvertible:
            return false
        case .array(let values):
            return values.contains { holdsSecret($0, depth: depth + 1) }
        case .dictionary(let members):
            return members.contains { LogRedaction.isSecret(key: $0.key) || holdsSecret($0.value, depth: depth + 1) }
        }
    }

    private func appendLevel(_ level: Logger.Level, to line: inout [UInt8]) {
        let colour: String? =
            switch level {
            case .trace, .debug: "\u{1B}[2m"
            case .info, .notice: nil
            case .warning: "\u{1B}[33m"
            case .error, .critical: "\u{1B}[31m"
            }
        if coloured, let colour { line.append(contentsOf: colour.utf8) }
        line.append(contentsOf: level.rawValue.utf8)
        if coloured, colour != nil { line.append(contentsOf: "\u{1B}[0m".utf8) }
        // Levels are at most eight letters; short ones are padded so that messages line up.
        for _ in level.rawValue.utf8.count..<9 { line.append(UInt8(ascii: " ")) }
    }
}
