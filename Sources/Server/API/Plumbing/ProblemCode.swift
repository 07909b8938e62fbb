/// A reason for which a request is answered with a problem: its name, status, and what a caller can do about it.
///
/// Each code has a page at `/problems/<slug>`, which is also the `type` of the problem
/// ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), so the explanation is at hand without a network.
public struct ProblemCode: Sendable, Hashable {
    /// The stable name programs compare, for example `WALLET_NOT_FOUND`.
    public let code: String
    /// The HTTP status.
    public let status: Int
    /// A short sentence that is the same for every occurrence.
    public let title: String
    /// Why it happens.
    public let cause: String
    /// What to do.
    public let fix: String
    /// The `type` member.
    public let type: String

    /// The last part of the page's path: the code in lower case with hyphens, unless another code has that.
    public let slug: String

    /// Makes a code.
    ///
    /// - Parameters:
    ///   - code: letters, digits and underscores.
    ///   - status: 4xx or 5xx.
    ///   - title: a short sentence.
    ///   - cause: why it happens.
    ///   - fix: what to do.
    ///   - type: a registered type, when there is one; otherwise the page of this code.
    ///   - slug: the last part of the page's path, for a code that differs from another one by its case alone.
    public init(
        _ code: String, _ status: Int, _ title: String, cause: String, fix: String, type: String? = nil,
        slug: String? = nil
    ) {
        precondition((400...599).contains(status), "a problem has a 4xx or 5xx status")
        self.code = code
        self.status = status
        self.title = title
        self.cause = cause
        self.fix = fix
        let slug = slug ?? String(decoding: code.lowercased().utf8.map { $0 == 0x5F ? 0x2D : $0 }, as: UTF8.self)
        self.slug = slug
        self.type = type ?? "/problems/\(slug)"
    }

    /// Two codes are the same when their names are.
    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }

    /// Feeds the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
