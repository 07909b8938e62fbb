/// The operators' page: overview, withdrawals, wallets, connections, ledger, audit and lanes, live.
///
/// Three texts that the server sends as they are: ``html`` at `/`, ``script`` at `/dashboard/app.js`, ``style`` at
/// `/dashboard/app.css`. They are part of the binary, so the page works without a network, a build step or files beside
/// the program. Script and style are texts of their own because the content policy allows nothing inline:
///
///     default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:
///
/// The page knows only the public HTTP API. It holds a key that was pasted in, or that came in the fragment of its
/// address (`/#key=…`), in the tab's session storage and sends it with each request; a fragment never reaches a server,
/// and the page removes it from the address bar at once.
public enum DashboardPage {
    /// The document: an empty frame that the script fills.
    ///
    /// UTF-8; to be sent as `text/html; charset=utf-8` with the content policy above.
    public static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Coffer</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/dashboard/app.css">
        <script src="/dashboard/app.js" defer></script>
        </head>
        <body>
        <a class="skip" id="skip" href="#main">Skip to content</a>
        <header>
        <a class="brand" href="#/overview">Coffer</a>
        <nav id="nav" aria-label="Screens" hidden></nav>
        <span id="session" class="session" hidden>
        <span id="live" class="pill" role="status"></span>
        <button id="signout" type="button" class="quiet">Sign out</button>
        </span>
        </header>
        <div id="gone" class="banner bad" role="alert" hidden></div>
        <div id="sealed" class="banner warn" role="status" hidden>The keystore is sealed: nothing is signed. Open it with <code>coffer unseal</code>.</div>
        <main id="main" tabindex="-1">
        <noscript>This page needs JavaScript. The same is there on the command line: <code>coffer status</code>.</noscript>
        </main>
        <footer>
        <span id="version"></span>
        <a href="/docs">API documentation</a>
        <button id="shortcuts" type="button" class="quiet" aria-pressed="true">Shortcuts</button>
        <span class="hint">g then o, w, a, c, l, u, n: screens · /: filter</span>
        </footer>
        <p id="say" class="say" role="status"></p>
        </body>
        </html>

        """#
}
