import HTTPTypes

/// The pages behind the `type` of problems, served by the server itself so that they work offline.
enum ProblemPages {
    /// `/problems` and `/problems/{slug}`.
    static func routes() -> [Route] {
        let pages = Dictionary(ProblemCode.all.map { ($0.slug, page($0)) }, uniquingKeysWith: { first, _ in first })
        let list = index()
        return [
            Route(
                .get, "/problems", "listProblems", tag: "Documentation", summary: "List the problem codes",
                permission: .everyone, loadClass: .essential,
                responses: [RouteResponse(200, "A page.", .string(), contentType: "text/html")], isDocumented: false
            ) { _ in DocsPage.html(list) },
            Route(
                .get, "/problems/{slug}", "explainProblem", tag: "Documentation", summary: "Explain a problem code",
                permission: .everyone,
                pathParameters: [
                    PathParameter(
                        "slug", "The last part of a problem's type.", schema: .string(pattern: "^[a-z0-9-]+$"))
                ],
                loadClass: .essential,
                responses: [RouteResponse(200, "A page.", .string(), contentType: "text/html")], isDocumented: false
            ) { request in
                guard let page = pages[request.path("slug")] else { throw Problem(.notFound) }
                return DocsPage.html(page)
            },
        ]
    }

    private static func page(_ code: ProblemCode) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(code.code)</title><link rel="stylesheet" href="/docs/app.css"></head>
        <body class="page"><main><p><a href="/problems">All problems</a> · <a href="/docs">API</a></p>
        <h1><code>\(escaped(code.code))</code></h1>
        <p class="lead">\(escaped(code.title))</p>
        <dl><dt>Status</dt><dd>\(code.status)</dd>
        <dt>Cause</dt><dd>\(escaped(code.cause))</dd>
        <dt>What to do</dt><dd>\(escaped(code.fix))</dd></dl></main></body></html>

        """
    }

    private static func index() -> String {
        let rows = ProblemCode.all.map { code in
            """
            <tr><td>\(code.status)</td><td><a href="/problems/\(code.slug)"><code>\(escaped(code.code))</code></a></td>\
            <td>\(escaped(code.title))</td></tr>
            """
        }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Problems</title><link rel="stylesheet" href="/docs/app.css"></head>
            <body class="page"><main><p><a href="/docs">API</a></p><h1>Problems</h1>
            <table><thead><tr><th>Status</th><th>Code</th><th>Meaning</th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></main></body></html>

            """
    }

    private static func escaped(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}
