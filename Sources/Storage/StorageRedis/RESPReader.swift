#if Redis
    package import NIOCore

    /// Takes replies out of bytes as they arrive; it stops at the end of the bytes and goes on there with more.
    ///
    /// After an error nothing that follows means anything: the connection is closed.
    package struct RESPReader: Sendable {
        /// An array whose members are still coming.
        private struct Opened {
            var values: [RESPValue]
            var left: Int
        }

        private enum Step {
            case opened
            case value(RESPValue)
        }

        /// Room made for an array before its members are there; a declared number costs nothing by itself.
        private static let reservedMax = 1_024

        private let limits: RESPLimits
        private var opened: [Opened] = []
        private var bulkLength: Int?
        private var values = 0
        private var bytes = 0

        /// A reader with nothing read.
        package init(limits: RESPLimits = RESPLimits()) {
            self.limits = limits
        }

        /// Whether a reply has begun that is not complete.
        package var isInside: Bool { !opened.isEmpty || bulkLength != nil }

        /// The next whole reply; nil when more bytes are needed.
        package mutating func next(from buffer: inout ByteBuffer) throws(RESPError) -> RESPValue? {
            while let step = try step(&buffer) {
                guard case .value(let value) = step, let reply = close(value) else { continue }
                values = 0
                bytes = 0
                return reply
            }
            return nil
        }

        /// Puts a value where it belongs; returns the reply that it completes.
        private mutating func close(_ value: RESPValue) -> RESPValue? {
            var value = value
            while var array = opened.popLast() {
                array.values.append(value)
                array.left -= 1
                guard array.left == 0 else {
                    opened.append(array)
                    return nil
                }
                value = .array(array.values)
            }
            return value
        }

        private mutating func step(_ buffer: inout ByteBuffer) throws(RESPError) -> Step? {
            if let length = bulkLength { return try bulk(length, &buffer) }
            guard let type = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
            // Known before its line is: a server that speaks another protocol need not end one.
            guard "+-:$*".utf8.contains(type) else { throw .unknownType(type) }
            guard let line = try line(&buffer) else { return nil }
            try count(1, bytes: line.count)
            switch type {
            case UInt8(ascii: "+"): return .value(.simple(line))
            case UInt8(ascii: "-"): return .value(.error(line))
            case UInt8(ascii: ":"): return .value(.integer(try Self.number(line)))
            case UInt8(ascii: "$"):
                guard let length = try length(line, max: limits.bulkBytesMax, error: { .bulkTooLong($0) }) else {
                    return .value(.null)
                }
                try count(0, bytes: length)
                bulkLength = length
                return try bulk(length, &buffer)
            default:
                guard let members = try length(line, max: limits.valuesMax - values, error: { .tooManyValues($0) })
                else { return .value(.null) }
                guard members > 0 else { return .value(.array([])) }
                guard opened.count < limits.depthMax else { throw .nestedTooDeep }
                var values: [RESPValue] = []
                values.reserveCapacity(min(members, Self.reservedMax))
                opened.append(Opened(values: values, left: members))
                return .opened
            }
        }

        private mutating func count(_ more: Int, bytes moreBytes: Int) throws(RESPError) {
            values += more
            bytes += moreBytes
            guard values <= limits.valuesMax else { throw .tooManyValues(Int64(values)) }
            guard bytes <= limits.replyBytesMax else { throw .replyTooLarge }
        }

        private mutating func bulk(_ length: Int, _ buffer: inout ByteBuffer) throws(RESPError) -> Step? {
            guard buffer.readableBytes >= length + 2 else { return nil }
            let value = buffer.readBytes(length: length) ?? []
            guard buffer.readInteger(as: UInt16.self) == 0x0D0A else { throw .missingEnd }
            bulkLength = nil
            return .value(.bulk(value))
        }

        /// The text between the type and the end of its line, when the end is there.
        private func line(_ buffer: inout ByteBuffer) throws(RESPError) -> [UInt8]? {
            let view = buffer.readableBytesView.dropFirst().prefix(limits.lineBytesMax + 2)
            guard let end = view.firstIndex(of: 0x0D) else {
                guard view.count < limits.lineBytesMax + 2 else { throw .lineTooLong }
                return nil
            }
            guard end - view.startIndex <= limits.lineBytesMax else { throw .lineTooLong }
            guard let after = buffer.getInteger(at: end + 1, as: UInt8.self), end + 1 < buffer.writerIndex else {
                return nil
            }
            let line = [UInt8](view[..<end])
            guard after == 0x0A, !line.contains(0x0A) else { throw .malformedLine }
            buffer.moveReaderIndex(to: end + 2)
            return line
        }

        private func length(
            _ line: [UInt8], max most: Int, error: (Int64) -> RESPError
        ) throws(RESPError) -> Int? {
            let number = try Self.number(line)
            if number == -1 { return nil }
            guard number >= 0 else { throw .malformedNumber }
            guard number <= most else { throw error(number) }
            return Int(number)
        }

        /// A decimal number as servers write it: no plus, no blanks, no zeros in front.
        private static func number(_ line: [UInt8]) throws(RESPError) -> Int64 {
            let isNegative = line.first == UInt8(ascii: "-")
            let digits = line.dropFirst(isNegative ? 1 : 0)
            guard let first = digits.first, first != 0x30 || line.count == 1 else { throw .malformedNumber }
            var number: Int64 = 0
            for digit in digits {
                guard 0x30...0x39 ~= digit else { throw .malformedNumber }
                let (scaled, scaleOverflow) = number.multipliedReportingOverflow(by: 10)
                let value = Int64(digit - 0x30)
                let (sum, sumOverflow) = scaled.addingReportingOverflow(isNegative ? -value : value)
                guard !scaleOverflow, !sumOverflow else { throw .malformedNumber }
                number = sum
            }
            return number
        }
    }
#endif
