/// Why a ReCap was refused; `description` is the JavaScript client's sentence where it has one.
public enum RecapError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is none.
    case noRecap
    /// The text does not start with `urn:recap:`.
    case notAURN
    /// What follows is no Base64 of a JSON object, or too much.
    case notJSON
    /// No `att`.
    case noAttribute
    /// An empty `att`.
    case noResources
    /// A resource that is no object.
    case notAnObject(resource: String)
    /// A resource without abilities.
    case emptyResource(String)
    /// An ability whose limits are no array of objects; `found` is what stands there.
    case limitsNotAnArray(ability: String, found: String)
    /// An ability with an empty array of limits.
    case emptyLimits(ability: String)
    /// An ability that is not written `ability/action`.
    case noAction(ability: String)

    /// What is wrong, in one line.
    public var description: String {
        switch self {
        case .noRecap: "No recap provided, value is undefined"
        case .notAURN: "Not a recap, it does not start with urn:recap:"
        case .notJSON: "Recap is not Base64 of a JSON object"
        case .noAttribute: "No `att` property found"
        case .noResources: "No resources found in `att` property"
        case .notAnObject(let resource): "Resource must be an object: \(resource)"
        case .emptyResource(let resource): "Resource object is empty: \(resource)"
        case .limitsNotAnArray(let ability, let found):
            "Ability limits \(ability) must be an array of objects, found: \(found)"
        case .emptyLimits(let ability): "Value of \(ability) is empty array, must be an array with objects"
        case .noAction(let ability): "Ability has no action: \(ability)"
        }
    }
}
