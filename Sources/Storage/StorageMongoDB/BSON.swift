#if MongoDB
    /// What a field of a document holds, as far as records and replies need it.
    ///
    /// Standard: [BSON](https://bsonspec.org/spec.html).
    package enum BSONValue: Sendable, Hashable {
        case double(Double)
        case string(String)
        case document(BSONDocument)
        case array([BSONValue])
        case binary([UInt8])
        case boolean(Bool)
        /// Milliseconds since 1970.
        case date(Int64)
        case null
        case int32(Int32)
        case int64(Int64)
        /// Greater than any other value, for the ends of ranges.
        case maxKey
        /// A type that replies carry and nobody here reads.
        case other(UInt8)

        /// The number, whichever of its types it came in.
        package var integer: Int64? {
            switch self {
            case .int32(let number): Int64(number)
            case .int64(let number): number
            case .double(let number): Int64(exactly: number)
            default: nil
            }
        }

        /// The fields, when it is a document.
        package var fields: BSONDocument? {
            if case .document(let document) = self { document } else { nil }
        }

        /// The members, when it is an array.
        package var members: [BSONValue]? {
            if case .array(let values) = self { values } else { nil }
        }

        /// The text, when it is one.
        package var text: String? {
            if case .string(let text) = self { text } else { nil }
        }
    }

    /// Fields in their order.
    package struct BSONDocument: Sendable, Hashable, ExpressibleByDictionaryLiteral {
        /// One name and its value.
        package struct Field: Sendable, Hashable {
            package let name: String
            package let value: BSONValue
        }

        /// The fields, in their order.
        package private(set) var fields: [Field] = []

        /// A document of these fields, in this order.
        package init(dictionaryLiteral elements: (String, BSONValue)...) {
            fields = elements.map { Field(name: $0.0, value: $0.1) }
        }

        /// Adds a field behind the others.
        package mutating func append(_ name: String, _ value: BSONValue) {
            fields.append(Field(name: name, value: value))
        }

        /// The first field of that name.
        package subscript(_ name: String) -> BSONValue? { fields.first { $0.name == name }?.value }
    }

    /// Why bytes are no document.
    package enum BSONError: Error, Sendable, Hashable {
        /// There are fewer bytes than announced, or more.
        case wrongLength
        /// A text or name does not end, or is no UTF-8.
        case badText
        /// A field has a type that there is none of.
        case unknownType(UInt8)
        /// Documents lie in each other deeper than ``BSONDocument/depthMax``.
        case nestedTooDeep
    }
#endif
