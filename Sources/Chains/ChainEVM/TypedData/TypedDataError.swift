/// Why JSON is no typed data that should be signed.
public enum TypedDataError: Error, Equatable {
    /// The value at this path is absent or has another JSON type.
    case malformed(String)
    /// A member at this path that is not declared: it would be shown and not be signed.
    case unknownMember(String)
    /// A type that is neither of the standard's nor declared.
    case unknownType(String)
    /// A type that contains itself; no value of it ends.
    case cyclicType(String)
    /// A name that is no identifier, is taken by the standard, or is declared twice.
    case invalidName(String)
    /// The value at this path is not of its type or does not fit it.
    case invalidValue(String)
    /// More types, members, values or nesting than the limits of ``TypedData``.
    case tooLarge
}
