/// Why a JSON text was refused, and where.
///
/// The message names the position and the rule, never the content: bodies carry amounts and addresses, and errors are
/// logged.
public struct JSONError: Error, Equatable, Hashable, CustomStringConvertible {
    /// The rule that was broken.
    public enum Kind: Sendable, Hashable {
        /// The text ends inside a value, or is empty.
        case unexpectedEnd
        /// A byte that no rule allows here; also the NUL bytes of UTF-16 and UTF-32.
        case unexpectedByte(UInt8)
        /// The text begins with a byte-order mark (UTF-8, UTF-16 or UTF-32).
        case byteOrderMark
        /// Bytes inside a string are not well-formed UTF-8.
        case invalidUTF8
        /// A raw control character (below U+0020) inside a string.
        case controlCharacter
        /// A backslash followed by something that is not an escape.
        case invalidEscape
        /// A `\u` escape names half of a surrogate pair.
        case loneSurrogate
        /// A number that breaks the grammar of RFC 8259 section 6, such as `01`, `1.` or `.5`.
        case invalidNumber
        /// A number that was asked to be an integer and is not one.
        case notAnInteger
        /// The same name twice in one object.
        case duplicateKey
        /// Something other than white space follows the value.
        case trailingBytes
        /// More nested arrays and objects than `JSONLimits.depthMax`.
        case tooDeep
        /// More members in one object than `JSONLimits.keysPerObjectMax`.
        case tooManyKeys
        /// More values in all than `JSONLimits.valuesMax`.
        case tooManyValues
        /// A string or a name longer than `JSONLimits.stringBytesMax`.
        case stringTooLong
        /// A number longer than `JSONLimits.numberBytesMax`.
        case numberTooLong
        /// A text longer than `JSONLimits.bytesMax`.
        case textTooLong
        /// A number outside the integers that `canonical()` writes.
        case notCanonical
    }

    /// The rule that was broken.
    public let kind: Kind
    /// Where: bytes from the start of the text (for `canonical()`, of the output).
    public let offset: Int

    /// Makes an error of `kind` at byte `offset`.
    public init(_ kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// One line for an operator, for example `invalid JSON at byte 17: the same name twice in one object`.
    public var description: String { "invalid JSON at byte \(offset): \(kind.sentence)" }
}

extension JSONError.Kind {
    /// The rule in words.
    fileprivate var sentence: String {
        switch self {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedByte(let byte): "byte 0x\(String(byte, radix: 16)) is not allowed here"
        case .byteOrderMark: "a byte-order mark is not allowed"
        case .invalidUTF8: "a string is not well-formed UTF-8"
        case .controlCharacter: "a control character in a string is not escaped"
        case .invalidEscape: "an escape is not one of JSON's"
        case .loneSurrogate: "an escape names half of a surrogate pair"
        case .invalidNumber: "a number breaks the grammar"
        case .notAnInteger: "a number is not an integer"
        case .duplicateKey: "the same name twice in one object"
        case .trailingBytes: "something follows the value"
        case .tooDeep: "too many nested values"
        case .tooManyKeys: "too many members in one object"
        case .tooManyValues: "too many values"
        case .stringTooLong: "a string is too long"
        case .numberTooLong: "a number is too long"
        case .textTooLong: "the text is too long"
        case .notCanonical: "a number is outside the canonical integers"
        }
    }
}
