/// What every queue accepts, whichever broker carries it; each number is the narrowest broker's.
public enum QueueLimits {
    /// The size of a body: 256 KiB, [SQS's long-standing limit](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
    public static let bodyBytesMax = 262_144
    /// How many attributes a message may have.
    public static let attributesMax = 10
    /// How many bytes the names and values of its attributes may have together.
    public static let attributeBytesMax = 8_192
    /// How far ahead a message may be put off, in seconds: a quarter of an hour.
    public static let delaySecondsMax: Int64 = 900
    /// How long a receiver may keep a message without a word, in seconds: twelve hours.
    public static let visibilitySecondsMax: Int64 = 43_200
    /// How many messages one call of `receive` hands out.
    public static let receiveMax = 100
    /// How often a message is handed out before it counts as poison.
    public static let attemptsMax = 20
    /// How much of a reason is kept, in UTF-8 bytes.
    public static let reasonBytesMax = 1_024
    /// How many dead letters one call lists.
    public static let deadLettersMax = 1_000

    /// - Throws: `QueueError`, code `invalidMessage`, naming the limit that the message breaks.
    public static func check(body: [UInt8], attributes: [String: String]) throws(QueueError) {
        guard body.count <= bodyBytesMax else {
            throw QueueError(.invalidMessage, "a body of \(body.count) bytes; \(bodyBytesMax) is most")
        }
        guard attributes.count <= attributesMax else {
            throw QueueError(.invalidMessage, "\(attributes.count) attributes; \(attributesMax) is most")
        }
        let size = attributes.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard size <= attributeBytesMax, attributes[""] == nil else {
            throw QueueError(
                .invalidMessage, "attributes of \(size) bytes or without a name; \(attributeBytesMax) is most")
        }
    }

    /// - Throws: `QueueError`, code `invalidDelay`, when the delay is negative or too long.
    public static func check(delaySeconds: Int64) throws(QueueError) {
        guard (0...delaySecondsMax).contains(delaySeconds) else {
            throw QueueError(.invalidDelay, "a delay of \(delaySeconds) s; 0 to \(delaySecondsMax) is allowed")
        }
    }

    /// - Throws: `QueueError`, code `invalidDelay`, when the visibility is not positive or too long.
    public static func check(visibilitySeconds: Int64) throws(QueueError) {
        guard (1...visibilitySecondsMax).contains(visibilitySeconds) else {
            throw QueueError(
                .invalidDelay, "a visibility of \(visibilitySeconds) s; 1 to \(visibilitySecondsMax) is allowed")
        }
    }

    /// The reason, cut to what is kept, between characters.
    public static func cut(reason: String) -> String {
        guard reason.utf8.count > reasonBytesMax else { return reason }
        var kept = ""
        var size = 0
        for character in reason {
            size += character.utf8.count
            if size > reasonBytesMax { break }
            kept.append(character)
        }
        return kept
    }
}
