import Primitives

/// Reads members of a peer's JSON object; `null` counts as absent.
struct AuthReader {
    /// The object.
    let json: JSON
    /// Where the object stands, with a dot behind it; empty at the top.
    let path: String

    /// A reader of `json`.
    ///
    /// - Throws: ``AuthError/wrongType(_:)`` unless it is an object.
    init(_ json: JSON, path: String) throws(AuthError) {
        guard json.members != nil else { throw .wrongType(path) }
        self.json = json
        self.path = path.isEmpty ? "" : path + "."
    }

    /// The member, nil when it is absent or null.
    func value(_ name: String) -> JSON? {
        guard let value = json[name], !value.isNull else { return nil }
        return value
    }

    /// The member, which must be there.
    func required(_ name: String) throws(AuthError) -> JSON {
        guard let value = value(name) else { throw .missing(path + name) }
        return value
    }

    /// A text that must be there.
    func text(_ name: String) throws(AuthError) -> String {
        guard let text = try optionalText(name) else { throw .missing(path + name) }
        return text
    }

    /// A text that may be absent.
    func optionalText(_ name: String) throws(AuthError) -> String? {
        guard let value = value(name) else { return nil }
        return try Self.text(value, at: path + name, bytesMax: AuthLimits.textBytesMax)
    }

    /// A list of texts that may be absent.
    func optionalTexts(_ name: String, countMax: Int) throws(AuthError) -> [String]? {
        guard let value = value(name) else { return nil }
        guard let elements = value.array else { throw .wrongType(path + name) }
        guard elements.count <= countMax else { throw .tooLong(path + name) }
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for element in elements {
            texts.append(try Self.text(element, at: path + name, bytesMax: AuthLimits.textBytesMax))
        }
        return texts
    }

    static func text(_ value: JSON, at path: String, bytesMax: Int) throws(AuthError) -> String {
        guard let text = value.string else { throw .wrongType(path) }
        guard text.utf8.count <= bytesMax else { throw .tooLong(path) }
        return text
    }
}

extension String {
    /// Whether both are the same UTF-8; `==` would also equate different spellings of a character.
    func isSameText(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}

extension [String] {
    /// Whether one element is the same UTF-8 as `text`.
    func containsText(_ text: String) -> Bool {
        contains { $0.isSameText(as: text) }
    }
}
