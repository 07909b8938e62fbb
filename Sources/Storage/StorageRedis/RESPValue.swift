#if Redis
    /// One reply of a server that speaks RESP2.
    ///
    /// Standard: [Redis serialization protocol](https://redis.io/docs/latest/develop/reference/protocol-spec/).
    package enum RESPValue: Sendable, Hashable {
        /// A short line: `+OK`.
        case simple([UInt8])
        /// A refusal, as the server worded it; it may quote what was sent, so it is never shown whole.
        case error([UInt8])
        /// A number.
        case integer(Int64)
        /// Bytes of a declared length.
        case bulk([UInt8])
        /// Values of a declared number.
        case array([RESPValue])
        /// The null bulk or the null array.
        case null
    }

    /// Why bytes are no RESP, or more of it than is taken.
    package enum RESPError: Error, Sendable, Hashable {
        /// A value begins with a byte that names no type.
        case unknownType(UInt8)
        /// A line holds a lone carriage return or line feed.
        case malformedLine
        /// A number or length is none, or out of range.
        case malformedNumber
        /// Bytes of a declared length are not followed by the end of a line.
        case missingEnd
        /// A line is longer than ``RESPLimits/lineBytesMax``.
        case lineTooLong
        /// Bytes are declared longer than ``RESPLimits/bulkBytesMax``.
        case bulkTooLong(Int64)
        /// A reply has more values than ``RESPLimits/valuesMax``.
        case tooManyValues(Int64)
        /// Arrays lie in each other deeper than ``RESPLimits/depthMax``.
        case nestedTooDeep
        /// A reply has more bytes than ``RESPLimits/replyBytesMax``.
        case replyTooLarge
    }

    /// What is taken of a server, checked before anything is kept for it.
    package struct RESPLimits: Sendable, Hashable {
        /// Bytes of a line; errors of scripts quote a line or two.
        package var lineBytesMax = 16_384
        /// Bytes of one value: a record of the greatest size with its head, and to spare.
        package var bulkBytesMax = (1 << 20) + 1_024
        /// Values in a reply, arrays and their members each counted.
        package var valuesMax = 65_536
        /// Arrays in arrays; what we ask for nests two deep.
        package var depthMax = 4
        /// Bytes of all values in a reply: `RedisRecords.readMax` records of the greatest size.
        package var replyBytesMax = 40 << 20

        /// The limits above.
        package init() {}
    }
#endif
