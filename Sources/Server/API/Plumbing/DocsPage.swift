public import HTTPTypes
import Primitives

/// `/docs`: the interface's documentation as one page of this server, without a network.
///
/// Script and style are files of their own because the content policy forbids inline code. The page reads
/// `/openapi.json`, shows operations by tag with their schemas and samples, and sends requests with a key that is
/// pasted in and kept in the page's memory alone.
public enum DocsPage {
    /// `/openapi.json`, `/openapi.yaml`, `/docs` with its files, and the problem pages.
    ///
    /// - Parameter document: the document of all routes; these routes are not part of it, apart from their own.
    public static func routes(document: OpenAPIDocument) -> [Route] {
        let bytes = document.json.serialized()
        let text = RouteResponse(200, "A file.", .string(), contentType: "text/plain")
        func file(
            _ path: String, _ operationID: String, _ make: @escaping @Sendable () -> APIResponse
        ) -> Route {
            Route(
                .get, path, operationID, tag: "Documentation", summary: "A part of the documentation",
                permission: .everyone, loadClass: .essential, responses: [text], isDocumented: false
            ) { _ in make() }
        }
        return [
            file("/openapi.json", "openAPI") { .json(bytes: bytes) },
            // JSON is YAML 1.2, so the same bytes serve both.
            file("/openapi.yaml", "openAPIYAML") {
                APIResponse(status: .ok, headers: [.contentType: "application/yaml"], body: .bytes(bytes))
            },
            file("/docs", "docs") { html(Self.page) },
            file("/docs/app.js", "docsScript") { .text(script, contentType: "text/javascript; charset=utf-8") },
            file("/docs/app.css", "docsStyle") { .text(style, contentType: "text/css; charset=utf-8") },
        ] + ProblemPages.routes()
    }

    /// A page of this server: HTML with the content policy for pages.
    public static func html(_ text: String, status: HTTPResponse.Status = .ok) -> APIResponse {
        var response = APIResponse.text(text, contentType: "text/html; charset=utf-8", status: status)
        response.headers.append(HTTPField(name: .contentSecurityPolicy, value: SecurityHeaders.pagePolicy))
        return response
    }

    private static let page = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Coffer API</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/docs/app.css">
        <script src="/docs/app.js" defer></script>
        </head>
        <body>
        <nav id="nav" aria-label="Operations"><p class="brand">Coffer API</p>
        <input id="filter" type="search" placeholder="Filter" aria-label="Filter operations"></nav>
        <main id="main"><noscript>This page needs JavaScript. The document is at <a href="/openapi.json">/openapi.json</a>.</noscript></main>
        </body>
        </html>

        """
}
