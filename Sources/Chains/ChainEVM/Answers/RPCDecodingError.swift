/// An answer of a node that is not what the method promises.
///
/// A node is not trusted to be well-formed: the field is named so that the operator can see whose fault it is.
public struct RPCDecodingError: Error, Equatable, CustomStringConvertible {
    /// What is wrong with the field.
    public enum Problem: Sendable, Hashable {
        /// It is not there, or null.
        case missing
        /// It has another JSON type.
        case wrongType
        /// Its text is no number, no hexadecimal bytes, or has a wrong length.
        case malformed
        /// It is well-formed and cannot be: too large, or at odds with another field.
        case inconsistent
    }

    /// The path to the field: `logs[3].topics[0]`; empty for the value itself.
    public let field: String
    /// What is wrong.
    public let problem: Problem

    /// An error about a field.
    public init(field: String, problem: Problem) {
        self.field = field
        self.problem = problem
    }

    /// One line for a log.
    public var description: String {
        "the node's answer is not usable: \(field.isEmpty ? "the value" : field) is \(problem)"
    }

    /// The same error seen from the value around it.
    func inside(_ path: String) -> RPCDecodingError {
        RPCDecodingError(field: field.isEmpty ? path : path + "." + field, problem: problem)
    }
}
