import Primitives

/// How JavaScript puts a value into a sentence: messages name arguments in its way, because people search for them.
enum JavaScriptText {
    /// A value inside a template, `${value}`; nil is `undefined`.
    static func template(_ value: JSON?) -> String {
        switch value {
        case nil: "undefined"
        case .null?: "null"
        case .bool(let value)?: value ? "true" : "false"
        case .number(let text)?: text
        case .string(let text)?: text
        case .array(let elements)?:
            // Nested arrays run together, and what is null leaves a gap; the parser has bounded the depth.
            elements.map { $0.isNull ? "" : template($0) }.joined(separator: ",")
        case .object?: "[object Object]"
        }
    }

    /// A value as `JSON.stringify` has it; nil is `undefined`.
    static func stringified(_ value: JSON?) -> String {
        value?.text ?? "undefined"
    }

    /// Whether anything is left of a text when white space is cut off both ends.
    static func isFilled(_ text: String) -> Bool {
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x85: return true
            case 0xFEFF: continue
            default: if !scalar.properties.isWhitespace { return true }
            }
        }
        return false
    }
}

extension JSON {
    /// The text, if this is one and has more than white space.
    var filledText: String? {
        guard case .string(let text) = self, JavaScriptText.isFilled(text) else { return nil }
        return text
    }
}
