extension JSON {
    /// Reads one JSON text strictly.
    ///
    /// Refused, beyond what RFC 8259 already forbids: a byte-order mark and every encoding but UTF-8, ill-formed UTF-8
    /// anywhere, the same name twice in an object, escapes that name half a surrogate pair, anything after the value,
    /// and whatever is above `limits`. Two names that `String` holds equal count as the same, so that no reader can
    /// fall over them later.
    ///
    /// - Throws: `JSONError` with the rule and the byte offset.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSON {
        try parse(bytes.span, limits: limits)
    }

    /// Reads one JSON text strictly, from borrowed bytes; see `parse(_:limits:)` for arrays.
    ///
    /// - Throws: `JSONError` with the rule and the byte offset.
    public static func parse(_ bytes: Span<UInt8>, limits: JSONLimits = .standard) throws(JSONError) -> JSON {
        var parser = JSONParser(limits: limits)
        return try parser.document(bytes)
    }

    /// Reads one JSON text strictly, in place when the collection is contiguous; see `parse(_:limits:)` for arrays.
    ///
    /// - Throws: `JSONError` with the rule and the byte offset.
    public static func parse(
        _ bytes: some Collection<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> JSON {
        // The standard library's call rethrows `any Error`, so the typed error comes out as a `Result`.
        let inPlace = bytes.withContiguousStorageIfAvailable { buffer in
            let span = unsafe Span(_unsafeElements: buffer)
            return Result { () throws(JSONError) -> JSON in try parse(span, limits: limits) }
        }
        if let inPlace { return try inPlace.get() }
        return try parse(Array(bytes), limits: limits)
    }

    /// Reads one JSON text strictly from a string; see `parse(_:limits:)` for arrays.
    ///
    /// - Throws: `JSONError` with the rule and the byte offset.
    public static func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSON {
        try parse(text.utf8, limits: limits)
    }
}

/// A recursive reader over one borrowed text.
///
/// It keeps only the position; the bytes are passed along, because a stored `Span` would need lifetime annotations that
/// are still experimental.
struct JSONParser {
    let limits: JSONLimits
    var at = 0
    private var valuesLeft: Int

    /// A reader at the start of a text.
    init(limits: JSONLimits) {
        self.limits = limits
        valuesLeft = limits.valuesMax
    }

    /// Reads a whole text: one value with white space around it.
    mutating func document(_ text: Span<UInt8>) throws(JSONError) -> JSON {
        guard text.count <= limits.bytesMax else { throw JSONError(.textTooLong, offset: limits.bytesMax) }
        if text.count >= 2 {
            switch (text[0], text[1]) {
            case (0xEF, 0xBB), (0xFE, 0xFF), (0xFF, 0xFE): throw JSONError(.byteOrderMark, offset: 0)
            default: break
            }
        }
        skipSpace(text)
        let value = try value(text, depth: 0)
        skipSpace(text)
        guard at == text.count else { throw fault(.trailingBytes) }
        return value
    }

    // MARK: Structure

    private mutating func value(_ text: Span<UInt8>, depth: Int) throws(JSONError) -> JSON {
        let byte = try next(text)
        guard valuesLeft > 0 else { throw fault(.tooManyValues) }
        valuesLeft &-= 1
        switch byte {
        case .quote: return .string(try string(text).text)
        case .openBrace: return try object(text, depth: depth)
        case .openBracket: return try array(text, depth: depth)
        case .minus, .zero ... .nine: return try number(text)
        case 0x74:
            try word(text, "true")
            return .bool(true)
        case 0x66:
            try word(text, "false")
            return .bool(false)
        case 0x6E:
            try word(text, "null")
            return .null
        default: throw fault(.unexpectedByte(byte))
        }
    }

    private mutating func object(_ text: Span<UInt8>, depth: Int) throws(JSONError) -> JSON {
        guard depth < limits.depthMax else { throw fault(.tooDeep) }
        at &+= 1
        skipSpace(text)
        if try next(text) == .closeBrace {
            at &+= 1
            return .object([])
        }
        var members: [JSONMember] = []
        // Two growths fewer for the usual object, and no more than a few hundred bytes for a hostile one.
        members.reserveCapacity(Self.membersAtFirst)
        var names = SeenNames()
        while true {
            let start = at
            let byte = try next(text)
            guard byte == .quote else { throw fault(.unexpectedByte(byte)) }
            guard members.count < limits.keysPerObjectMax else { throw fault(.tooManyKeys) }
            let name = try string(text)
            guard names.insert(name.text, isASCII: name.isASCII, after: members) else {
                throw JSONError(.duplicateKey, offset: start)
            }
            skipSpace(text)
            let colon = try next(text)
            guard colon == .colon else { throw fault(.unexpectedByte(colon)) }
            at &+= 1
            skipSpace(text)
            members.append(JSONMember(name: name.text, value: try value(text, depth: depth &+ 1)))
            skipSpace(text)
            if try !comma(text, orEnd: .closeBrace) { return .object(members) }
        }
    }

    private mutating func array(_ text: Span<UInt8>, depth: Int) throws(JSONError) -> JSON {
        guard depth < limits.depthMax else { throw fault(.tooDeep) }
        at &+= 1
        skipSpace(text)
        if try next(text) == .closeBracket {
            at &+= 1
            return .array([])
        }
        var elements: [JSON] = []
        while true {
            elements.append(try value(text, depth: depth &+ 1))
            skipSpace(text)
            if try !comma(text, orEnd: .closeBracket) { return .array(elements) }
        }
    }

    /// Steps over a comma and the space after it, or over `end`; false at the end.
    @inline(__always)
    private mutating func comma(_ text: Span<UInt8>, orEnd end: UInt8) throws(JSONError) -> Bool {
        let byte = try next(text)
        guard byte == .comma || byte == end else { throw fault(.unexpectedByte(byte)) }
        at &+= 1
        guard byte == .comma else { return false }
        skipSpace(text)
        return true
    }

    private mutating func word(_ text: Span<UInt8>, _ word: StaticString) throws(JSONError) {
        for offset in 0..<word.utf8CodeUnitCount {
            let byte = try next(text)
            guard unsafe byte == word.utf8Start[offset] else { throw fault(.unexpectedByte(byte)) }
            at &+= 1
        }
    }

    // MARK: Numbers

    private mutating func number(_ text: Span<UInt8>) throws(JSONError) -> JSON {
        let start = at
        guard scanNumber(text) else { throw fault(at == text.count ? .unexpectedEnd : .invalidNumber) }
        guard at &- start <= limits.numberBytesMax else { throw JSONError(.numberTooLong, offset: start) }
        return .number(copy(text, start..<at))
    }

    /// Steps over a number; false with the position at the fault when the grammar is broken.
    private mutating func scanNumber(_ text: Span<UInt8>) -> Bool {
        if at < text.count, text[at] == .minus { at &+= 1 }
        guard at < text.count else { return false }
        if text[at] == .zero {
            at &+= 1
            // A digit after a leading zero: other readers take `010` as eight or as ten.
            if at < text.count, text[at].isDigit { return false }
        } else if !scanDigits(text) {
            return false
        }
        if at < text.count, text[at] == 0x2E {
            at &+= 1
            guard scanDigits(text) else { return false }
        }
        if at < text.count, text[at] | 0x20 == 0x65 {
            at &+= 1
            if at < text.count, text[at] == .minus || text[at] == 0x2B { at &+= 1 }
            guard scanDigits(text) else { return false }
        }
        return true
    }

    /// Steps over digits; false when there is none.
    private mutating func scanDigits(_ text: Span<UInt8>) -> Bool {
        let start = at
        while at < text.count, text[at].isDigit { at &+= 1 }
        return at > start
    }

    /// Where `text` stops being exactly one number; `nil` when it is one.
    static func firstFaultOfNumber(_ text: Span<UInt8>) -> Int? {
        var parser = JSONParser(limits: .standard)
        return parser.scanNumber(text) && parser.at == text.count ? nil : parser.at
    }

    // MARK: Bytes

    /// Members an object has room for when its first one is read.
    private static let membersAtFirst = 4

    @inline(__always)
    func fault(_ kind: JSONError.Kind) -> JSONError { JSONError(kind, offset: at) }

    /// The byte at the position.
    @inline(__always)
    func next(_ text: Span<UInt8>) throws(JSONError) -> UInt8 {
        guard at < text.count else { throw fault(.unexpectedEnd) }
        return text[at]
    }

    @inline(__always)
    private mutating func skipSpace(_ text: Span<UInt8>) {
        while at < text.count {
            switch text[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at &+= 1
            default: return
            }
        }
    }

    /// Copies checked UTF-8 out of the text, once.
    @inline(__always)
    func copy(_ text: Span<UInt8>, _ range: Range<Int>) -> String {
        unsafe text.extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

/// The bytes that JSON is made of.
extension UInt8 {
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2C
    static let minus: UInt8 = 0x2D
    static let zero: UInt8 = 0x30
    static let nine: UInt8 = 0x39
    static let colon: UInt8 = 0x3A
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D

    @inline(__always)
    var isDigit: Bool { self &- .zero < 10 }
}
