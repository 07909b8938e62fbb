import Primitives

/// The place in a listing where the next page starts, as clients carry it: opaque, and of one listing only.
enum Cursor {
    /// The text for the last item of a page.
    static func text(_ id: SortableID, listing: String) -> String {
        Base64URL.encode(Array("\(listing):\(id.text)".utf8))
    }

    static func text(_ sequence: Int64, listing: String) -> String {
        Base64URL.encode(Array("\(listing):\(sequence)".utf8))
    }

    /// The id in the request's cursor; `nil` on the first page.
    ///
    /// - Throws: ``Problem`` with `invalid_cursor`.
    static func id(in request: APIRequest, listing: String) throws -> SortableID? {
        guard let text = try payload(in: request, listing: listing) else { return nil }
        guard let id = try? SortableID(text: text) else { throw Problem(.invalidCursor) }
        return id
    }

    static func sequence(in request: APIRequest, listing: String) throws -> Int64? {
        guard let text = try payload(in: request, listing: listing) else { return nil }
        guard let number = Int64(text), number >= 0 else { throw Problem(.invalidCursor) }
        return number
    }

    private static func payload(in request: APIRequest, listing: String) throws -> String? {
        guard let cursor = request.query["cursor"] else { return nil }
        guard let bytes = try? Base64URL.decode(cursor) else { throw Problem(.invalidCursor) }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard parts.count == 2, parts[0] == listing else { throw Problem(.invalidCursor) }
        return String(parts[1])
    }
}

extension APIRequest {
    /// The id in a path segment.
    ///
    /// - Throws: ``Problem`` with `notFound`: a text that is no id names nothing.
    func id(_ name: String, prefix: String, notFound: ProblemCode) throws -> SortableID {
        guard let id = try? SortableID(text: path(name), prefix: prefix) else {
            throw Problem(notFound, "there is no \(name) \(path(name).prefix(64))")
        }
        return id
    }
}

extension Array {
    /// A page of `size` from a listing that was asked for one item more.
    func page(_ size: Int) -> (items: ArraySlice<Element>, hasMore: Bool) {
        (prefix(size), count > size)
    }
}
