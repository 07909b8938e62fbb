import Primitives

/// A refusal as the server worded it ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), for a person to read.
package struct ProblemText: Sendable, Equatable {
    /// The HTTP status.
    package var status: Int
    /// The same sentence for each occurrence.
    package var title: String
    /// What happened this time.
    package var detail: String?
    /// The stable name that programs compare.
    package var code: String?
    /// The id under which the server logged it.
    package var requestID: String?
    /// Where the problem is explained: a path on the same server, or a URL.
    package var type: String?
    /// Place and sentence of each refused field.
    package var fields: [String]

    /// Reads the body of an answer; a body that is no problem still gives a title.
    package init(status: Int, body: [UInt8]) {
        self.status = status
        let json = (try? JSON.parse(body)) ?? .null
        title = json["title"]?.string ?? Self.standardTitle(status)
        detail = json["detail"]?.string
        code = json["code"]?.string
        requestID = json["request_id"]?.string
        type = json["type"]?.string
        fields = (json["errors"]?.array ?? []).prefix(Self.fieldsMax).map(Self.field)
    }

    /// The lines to print: title, detail, fields, code and request id, fix.
    package func lines(fix: String? = nil) -> [String] {
        var lines = [SafeText.line(title)]
        if let detail, detail != title { lines.append("  \(SafeText.line(detail))") }
        for field in fields { lines.append("  - \(field)") }
        var names: [String] = []
        if let code { names.append("code \(SafeText.line(code))") }
        names.append("status \(status)")
        if let requestID { names.append("request \(SafeText.line(requestID))") }
        lines.append("  (\(names.joined(separator: ", ")))")
        if let fix { lines.append("  fix: \(SafeText.line(fix))") }
        return lines
    }

    /// The path of the page that explains the problem, when the server itself has it.
    package var explanationPath: String? {
        guard let type else { return nil }
        let prefix = "/problems/"
        guard type.hasPrefix(prefix) else { return nil }
        let slug = type.utf8.dropFirst(prefix.utf8.count)
        let allowed = slug.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
        }
        return allowed && (1...64).contains(slug.count) ? type : nil
    }

    /// What to do, from the page that explains the problem.
    package static func fix(inPage html: String) -> String? {
        for marker in ["<dt>What to do</dt>", "<dt>Fix</dt>"] {
            guard let heading = html.firstRange(of: marker) else { continue }
            let rest = html[heading.upperBound...]
            guard let start = rest.firstRange(of: "<dd>"), let end = rest.firstRange(of: "</dd>"),
                start.upperBound <= end.lowerBound
            else { continue }
            let text = plain(String(rest[start.upperBound..<end.lowerBound]))
            if !text.isEmpty { return text }
        }
        return nil
    }

    private static let fieldsMax = 50

    private static func field(_ error: JSON) -> String {
        let place: String
        if let pointer = error["pointer"]?.string {
            place = pointer.hasPrefix("/") ? String(pointer.dropFirst()) : pointer
        } else if let name = error["parameter"]?.string {
            place = "query \(name)"
        } else if let name = error["header"]?.string {
            place = "header \(name)"
        } else if let name = error["path_parameter"]?.string {
            place = "path \(name)"
        } else {
            place = ""
        }
        let detail = SafeText.line(error["detail"]?.string ?? "is not valid")
        return place.isEmpty ? detail : "\(SafeText.line(place)): \(detail)"
    }

    /// The text of a little HTML: tags dropped, the five entities resolved.
    private static func plain(_ html: String) -> String {
        var text = ""
        var isTag = false
        for character in html {
            switch character {
            case "<": isTag = true
            case ">": isTag = false
            default: if !isTag { text.append(character) }
            }
        }
        for (entity, letter) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            text = text.split(separator: entity, omittingEmptySubsequences: false).joined(separator: letter)
        }
        return SafeText.line(text)
    }

    private static func standardTitle(_ status: Int) -> String {
        switch status {
        case 400: "The request is not valid."
        case 401: "The request has no valid credential."
        case 403: "The credential does not allow this."
        case 404: "Nothing is here."
        case 409: "The resource is in another state."
        case 422: "Some fields are not valid."
        case 429: "Too many requests."
        case 503: "The server cannot work now."
        case 500...: "The server failed."
        default: "The server refused the request."
        }
    }
}

extension String {
    /// The first place of `other`, found byte by byte.
    fileprivate func firstRange(of other: String) -> Range<String.Index>? { self[...].firstRange(of: other) }
}

extension Substring {
    fileprivate func firstRange(of other: String) -> Range<String.Index>? {
        let wanted = Array(other.utf8)
        guard !wanted.isEmpty else { return nil }
        var start = utf8.startIndex
        while let candidate = utf8[start...].firstIndex(of: wanted[0]) {
            if utf8[candidate...].starts(with: wanted) {
                return candidate..<utf8.index(candidate, offsetBy: wanted.count)
            }
            start = utf8.index(after: candidate)
        }
        return nil
    }
}
