import Primitives

/// Reading fields of payloads: `null` counts as missing, unknown members are left alone, every text has a bound.
extension JSON {
    /// The member called `name`; nil when there is none or it is `null`.
    func field(_ name: String) -> JSON? {
        guard let value = self[name], !value.isNull else { return nil }
        return value
    }

    /// Makes sure that this is an object.
    func requireObject() throws(PayloadError) {
        guard case .object = self else { throw PayloadError("", .notA(.object)) }
    }

    /// The member called `name`, read by `read`; errors name the path from here.
    func required<Value>(
        _ name: String, _ read: (JSON) throws(PayloadError) -> Value
    ) throws(PayloadError) -> Value {
        guard let value = try optional(name, read) else { throw PayloadError(name, .missing) }
        return value
    }

    /// The member called `name`, read by `read` if it is there.
    func optional<Value>(
        _ name: String, _ read: (JSON) throws(PayloadError) -> Value
    ) throws(PayloadError) -> Value? {
        guard let value = field(name) else { return nil }
        do throws(PayloadError) {
            return try read(value)
        } catch {
            throw error.within(name)
        }
    }

    // MARK: Whole values

    /// This as a text of at most `bytesMax` bytes.
    func payloadText(_ bytesMax: Int) throws(PayloadError) -> String {
        guard let text = string else { throw PayloadError("", .notA(.string)) }
        guard text.utf8.count <= bytesMax else { throw PayloadError("", .tooLong(maxBytes: bytesMax)) }
        return text
    }

    /// This as an integer.
    func payloadInteger() throws(PayloadError) -> Int64 {
        guard let value = int else { throw PayloadError("", .notA(.integer)) }
        return value
    }

    /// This as Unix seconds, 0 or later.
    func payloadSeconds() throws(PayloadError) -> Int64 {
        let value = try payloadInteger()
        guard value >= 0 else { throw PayloadError("", .outOfRange) }
        return value
    }

    /// This as a boolean.
    func payloadBool() throws(PayloadError) -> Bool {
        guard let value = bool else { throw PayloadError("", .notA(.boolean)) }
        return value
    }

    /// This as an object that is kept as it is.
    func payloadObject() throws(PayloadError) -> JSON {
        try requireObject()
        return self
    }

    /// This as an array of at most `countMax` elements, each read by `read`.
    func payloadArray<Value>(
        _ countMax: Int, _ read: (JSON) throws(PayloadError) -> Value
    ) throws(PayloadError) -> [Value] {
        guard case .array(let elements) = self else { throw PayloadError("", .notA(.array)) }
        guard elements.count <= countMax else { throw PayloadError("", .tooMany(max: countMax)) }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for element in elements {
            do throws(PayloadError) {
                values.append(try read(element))
            } catch {
                throw error.within("[\(values.count)]")
            }
        }
        return values
    }

    /// This as an array of texts.
    func payloadTexts(_ countMax: Int, bytes bytesMax: Int) throws(PayloadError) -> [String] {
        try payloadArray(countMax) { (element) throws(PayloadError) -> String in try element.payloadText(bytesMax) }
    }

    // MARK: Fields

    /// The text called `name`.
    func text(_ name: String, _ bytesMax: Int) throws(PayloadError) -> String {
        try required(name) { (value) throws(PayloadError) -> String in try value.payloadText(bytesMax) }
    }

    /// The text called `name` if it is there.
    func optionalText(_ name: String, _ bytesMax: Int) throws(PayloadError) -> String? {
        try optional(name) { (value) throws(PayloadError) -> String in try value.payloadText(bytesMax) }
    }

    /// The Unix seconds called `name`.
    func seconds(_ name: String) throws(PayloadError) -> Int64 {
        try required(name) { (value) throws(PayloadError) -> Int64 in try value.payloadSeconds() }
    }

    /// The Unix seconds called `name` if they are there.
    func optionalSeconds(_ name: String) throws(PayloadError) -> Int64? {
        try optional(name) { (value) throws(PayloadError) -> Int64 in try value.payloadSeconds() }
    }

    /// The boolean called `name` if it is there.
    func optionalBool(_ name: String) throws(PayloadError) -> Bool? {
        try optional(name) { (value) throws(PayloadError) -> Bool in try value.payloadBool() }
    }

    /// The object called `name`, kept as it is, if it is there.
    func optionalObject(_ name: String) throws(PayloadError) -> JSON? {
        try optional(name) { (value) throws(PayloadError) -> JSON in try value.payloadObject() }
    }

    /// The topic called `name`.
    func topic(_ name: String) throws(PayloadError) -> Topic {
        try required(name) { (value) throws(PayloadError) -> Topic in
            guard let text = value.string else { throw PayloadError("", .notA(.string)) }
            guard let topic = try? Topic(hex: text) else { throw PayloadError("", .malformed) }
            return topic
        }
    }

    /// The id called `name`.
    func rpcID(_ name: String) throws(PayloadError) -> RPCID {
        try required(name) { (value) throws(PayloadError) -> RPCID in
            guard let id = RPCID(json: value) else { throw PayloadError("", .malformed) }
            return id
        }
    }

    /// Reads a record that was stored as JSON bytes.
    static func record(_ bytes: [UInt8]) throws(PayloadError) -> JSON {
        do throws(JSONError) {
            return try JSON.parse(bytes, limits: RecordText.limits)
        } catch {
            throw PayloadError("", .unreadable)
        }
    }
}

extension JSON {
    /// An object of those of the members that have a value, in their order.
    ///
    /// The names are this module's own and differ, so they are not compared: sessions are written for every change.
    static func payload(_ pairs: KeyValuePairs<String, JSON?>) -> JSON {
        var members: [JSONMember] = []
        members.reserveCapacity(pairs.count)
        for (name, value) in pairs {
            if let value { members.append(JSONMember(name: name, value: value)) }
        }
        return .object(members)
    }

    /// An array of texts.
    static func texts(_ texts: [String]) -> JSON {
        .array(texts.map { .string($0) })
    }

    /// This, or nil when it is an object without members: such properties are not sent.
    var unlessEmpty: JSON? {
        if case .object(let members) = self, members.isEmpty { return nil }
        return self
    }
}
