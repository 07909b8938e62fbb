public import Logging
public import Primitives

/// How log lines look.
public enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// One JSON object per line with plain names.
    case json
    /// One JSON object per line with the names of the
    /// [Elastic Common Schema](https://www.elastic.co/guide/en/ecs/current/ecs-reference.html).
    case ecs
    /// Text for people at a terminal.
    case text
    /// Nothing at all.
    case silent
}

/// What the log writes and where.
///
/// ```swift
/// LoggingSystem.bootstrap { label in LogConfiguration(format: .json).handler(label: label) }
/// ```
public struct LogConfiguration: Sendable {
    /// How lines look.
    public var format: LogFormat
    /// The least severe level written.
    public var level: Logger.Level
    /// Levels for loggers whose label starts with the key; the longest prefix wins.
    public var levelsByPrefix: [String: Logger.Level]
    /// Where lines go.
    public var sink: LogSink
    /// Where the time of a line comes from.
    public var clock: WallClock
    /// Whether text lines use terminal colours.
    public var coloured: Bool
    /// What `service.name` says in the Elastic Common Schema.
    public var serviceName: String

    /// Makes a configuration; the defaults suit a service whose supervisor collects standard output.
    public init(
        format: LogFormat = .json, level: Logger.Level = .info, levelsByPrefix: [String: Logger.Level] = [:],
        sink: LogSink = .standardOutput(), clock: WallClock = .system, coloured: Bool = false,
        serviceName: String = "coffer"
    ) {
        self.format = format
        self.level = level
        self.levelsByPrefix = levelsByPrefix
        self.sink = sink
        self.clock = clock
        self.coloured = coloured
        self.serviceName = serviceName
    }

    /// The handler for the logger `label`.
    public func handler(label: String) -> any LogHandler {
        let level = level(for: label)
        switch format {
        case .json, .ecs:
            return JSONLogHandler(
                label: label, level: level, ecs: format == .ecs, serviceName: serviceName, sink: sink, clock: clock)
        case .text:
            return TextLogHandler(label: label, level: level, coloured: coloured, sink: sink, clock: clock)
        case .silent:
            return SwiftLogNoOpLogHandler()
        }
    }

    private func level(for label: String) -> Logger.Level {
        var found = level
        var length = -1
        for (prefix, level) in levelsByPrefix where label.hasPrefix(prefix) && prefix.utf8.count > length {
            found = level
            length = prefix.utf8.count
        }
        return found
    }
}
