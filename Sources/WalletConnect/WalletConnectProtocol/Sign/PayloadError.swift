/// Why a payload of a peer was refused, and which field is wrong.
///
/// It names the field and the rule, never the content: payloads carry addresses and transactions, and errors are logged.
public struct PayloadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule that was broken.
    public enum Problem: Hashable, Sendable {
        /// The field has to be there and is not, or is `null`.
        case missing
        /// The field has another JSON type.
        case notA(Kind)
        /// The text is empty and may not be.
        case empty
        /// The text has more bytes than this.
        case tooLong(maxBytes: Int)
        /// The array or object has more elements than this.
        case tooMany(max: Int)
        /// The number is outside what the field can mean.
        case outOfRange
        /// The text is not what the field has to hold.
        case malformed
        /// The bytes are no JSON text, or one with more of something than is read.
        case unreadable
    }

    /// The types of JSON that fields have.
    public enum Kind: String, Hashable, Sendable {
        /// `{…}`
        case object
        /// `[…]`
        case array
        /// `"…"`
        case string
        /// A number without fraction or exponent that fits 64 bits.
        case integer
        /// `true` or `false`
        case boolean
    }

    /// The field: names joined by dots, indices in brackets, such as `proposer.metadata.icons[3]`; empty for the whole.
    public var path: String
    /// The rule that was broken.
    public var problem: Problem

    /// The longest path that is kept, in bytes: names in it are a peer's.
    static let pathBytesMax = 256

    /// An error at `path`.
    public init(_ path: String, _ problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// The same problem, seen from the object that holds this one as its member `name`.
    func within(_ name: String) -> PayloadError {
        // Namespaces are named by the peer, and a log line must not be its to break.
        let name = String(
            decoding: name.utf8.map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
        guard path.utf8.count + name.utf8.count < Self.pathBytesMax else { return self }
        if path.isEmpty { return PayloadError(name, problem) }
        return PayloadError(path.utf8.first == UInt8(ascii: "[") ? name + path : "\(name).\(path)", problem)
    }

    /// One line for an operator, for example `proposer.publicKey is missing`.
    public var description: String {
        "\(path.isEmpty ? "the payload" : path) \(problem.sentence)"
    }
}

extension PayloadError.Problem {
    /// The rule in words.
    fileprivate var sentence: String {
        switch self {
        case .missing: "is missing"
        case .notA(let kind): "should be of type \(kind.rawValue)"
        case .empty: "is empty"
        case .tooLong(let bytes): "is longer than \(bytes) bytes"
        case .tooMany(let count): "has more than \(count) elements"
        case .outOfRange: "is out of range"
        case .malformed: "is malformed"
        case .unreadable: "is not readable JSON"
        }
    }
}
