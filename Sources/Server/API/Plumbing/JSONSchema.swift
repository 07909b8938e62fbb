public import Primitives

/// A description of a JSON value in the dialect of OpenAPI 3.1, which is
/// [JSON Schema 2020-12](https://json-schema.org/draft/2020-12/schema).
///
/// ```swift
/// JSONSchema.object([
///     .required("id", .string(pattern: "^wal_[0-9A-HJKMNP-TV-Z]{26}$", example: "wal_01J…")),
///     .optional("label", .string(length: 1...64)),
///     .required("asset", .reference("AssetID")),
/// ], "A wallet.")
/// ```
public struct JSONSchema: Sendable, Hashable {
    /// A member of an object schema.
    public struct Property: Sendable, Hashable {
        let name: String
        let schema: JSONSchema
        let isRequired: Bool

        /// A member that is always there.
        public static func required(_ name: String, _ schema: JSONSchema) -> Property {
            Property(name: name, schema: schema, isRequired: true)
        }

        /// A member that may be left out.
        public static func optional(_ name: String, _ schema: JSONSchema) -> Property {
            Property(name: name, schema: schema, isRequired: false)
        }
    }

    private var members: [JSONMember]

    /// The schema as JSON.
    public var json: JSON { .object(members) }

    private init(_ members: [JSONMember]) {
        self.members = members
    }

    private init(type: String, _ description: String? = nil) {
        members = [JSONMember(name: "type", value: .string(type))]
        if let description { members.append(JSONMember(name: "description", value: .string(description))) }
    }

    private mutating func set(_ name: String, _ value: JSON?) {
        if let value { members.append(JSONMember(name: name, value: value)) }
    }

    private mutating func setExamples(_ example: JSON?) {
        if let example { set("examples", [example]) }
    }

    /// Text.
    ///
    /// - Parameters:
    ///   - description: what it means.
    ///   - length: how many characters.
    ///   - pattern: an ECMA-262 regular expression, anchored.
    ///   - format: a format name such as `date-time`.
    ///   - example: one value.
    public static func string(
        _ description: String? = nil, length: ClosedRange<Int>? = nil, pattern: String? = nil, format: String? = nil,
        example: String? = nil
    ) -> JSONSchema {
        var schema = JSONSchema(type: "string", description)
        if let length {
            schema.set("minLength", JSON(length.lowerBound))
            schema.set("maxLength", JSON(length.upperBound))
        }
        schema.set("pattern", pattern.map { .string($0) })
        schema.set("format", format.map { .string($0) })
        schema.setExamples(example.map { .string($0) })
        return schema
    }

    /// One of some words.
    public static func words(_ words: [String], _ description: String? = nil) -> JSONSchema {
        var schema = JSONSchema(type: "string", description)
        schema.set("enum", .array(words.map { .string($0) }))
        return schema
    }

    /// An integer.
    public static func integer(
        _ range: ClosedRange<Int>? = nil, _ description: String? = nil, example: Int? = nil
    ) -> JSONSchema {
        var schema = JSONSchema(type: "integer", description)
        if let range {
            schema.set("minimum", JSON(range.lowerBound))
            schema.set("maximum", JSON(range.upperBound))
        }
        schema.setExamples(example.map { JSON($0) })
        return schema
    }

    /// A number that need not be whole; for measurements, never for amounts.
    public static func number(_ description: String? = nil) -> JSONSchema { JSONSchema(type: "number", description) }

    /// `true` or `false`.
    public static func boolean(_ description: String? = nil) -> JSONSchema { JSONSchema(type: "boolean", description) }

    /// An array.
    public static func array(
        of element: JSONSchema, count: ClosedRange<Int>? = nil, _ description: String? = nil
    ) -> JSONSchema {
        var schema = JSONSchema(type: "array", description)
        schema.set("items", element.json)
        if let count {
            schema.set("minItems", JSON(count.lowerBound))
            schema.set("maxItems", JSON(count.upperBound))
        }
        return schema
    }

    /// An object with exactly these members.
    public static func object(
        _ properties: [Property], _ description: String? = nil, example: JSON? = nil
    ) -> JSONSchema {
        var schema = JSONSchema(type: "object", description)
        schema.set(
            "properties", .object(properties.map { JSONMember(name: $0.name, value: $0.schema.json) }))
        let required = properties.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { schema.set("required", .array(required)) }
        schema.set("additionalProperties", false)
        schema.setExamples(example)
        return schema
    }

    /// An object with members of any name and one kind of value.
    public static func map(of value: JSONSchema, _ description: String? = nil) -> JSONSchema {
        var schema = JSONSchema(type: "object", description)
        schema.set("additionalProperties", value.json)
        return schema
    }

    /// Any JSON value.
    public static func any(_ description: String? = nil) -> JSONSchema {
        JSONSchema(description.map { [JSONMember(name: "description", value: .string($0))] } ?? [])
    }

    /// Exactly one of several schemas.
    public static func oneOf(_ schemas: [JSONSchema], _ description: String? = nil) -> JSONSchema {
        var schema = any(description)
        schema.set("oneOf", .array(schemas.map(\.json)))
        return schema
    }

    /// A schema declared among the document's components.
    public static func reference(_ name: String) -> JSONSchema {
        JSONSchema([JSONMember(name: "$ref", value: .string("#/components/schemas/\(name)"))])
    }

    /// The object, with members of other names allowed too.
    public var open: JSONSchema { JSONSchema(members.filter { $0.name != "additionalProperties" }) }

    /// The schema, or `null`.
    public var nullable: JSONSchema {
        var copy = self
        if let index = copy.members.firstIndex(where: { $0.name == "type" }),
            !copy.members.contains(where: { $0.name == "enum" })
        {
            copy.members[index].value = [copy.members[index].value, "null"]
            return copy
        }
        return JSONSchema([JSONMember(name: "anyOf", value: [json, ["type": "null"]])])
    }

    /// The usual page of a listing: `{data, next_cursor, has_more}`.
    public static func page(of element: JSONSchema) -> JSONSchema {
        .object([
            .required("data", .array(of: element)),
            .required("next_cursor", .string("Pass as `cursor` for the next page.").nullable),
            .required("has_more", .boolean("Whether a next page exists.")),
        ])
    }
}
