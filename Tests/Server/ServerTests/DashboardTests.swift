import Dashboard
import Foundation
import Testing

/// The Node.js of the system, if it has one.
private let node: String? = ["/usr/bin/node", "/usr/local/bin/node", "/opt/homebrew/bin/node"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

@Suite struct DashboardTests {
    // By name, so that a failure does not print the whole page.
    private static let assets = [
        "html": DashboardPage.html, "script": DashboardPage.script, "style": DashboardPage.style,
    ]

    // MARK: What the content policy and the network ask for

    @Test(arguments: ["html", "script", "style"])
    func `no origin but the server's own is named`(name: String) throws {
        let text = try #require(Self.assets[name])
        let rest = text.replacing("http://www.w3.org/2000/svg", with: "")
        for forbidden in ["http:", "https:", "ws:", "wss:", "ftp:"] {
            #expect(!rest.contains(forbidden), "\(name) names \(forbidden)")
        }
        // A scheme-relative address is an origin too; "//" otherwise starts a comment, with a space.
        #expect(rest.matches(of: /["'(]\/\/[A-Za-z0-9]/).isEmpty, "\(name) has a scheme-relative address")
        #expect(rest.matches(of: /@import|url\(/).isEmpty, "\(name) loads something")
    }

    @Test func `the document has no inline script, style or handler`() {
        let html = DashboardPage.html
        #expect(html.matches(of: /(?i)\son[a-z]+\s*=/).isEmpty)
        #expect(html.matches(of: /(?i)\sstyle\s*=/).isEmpty)
        #expect(html.matches(of: /(?i)<style/).isEmpty)
        #expect(!html.lowercased().contains("javascript:"))
        #expect(
            html.matches(of: /(?i)<script[^>]*>/).map { String($0.output) } == [
                #"<script src="/dashboard/app.js" defer>"#
            ])
        #expect(html.contains(#"<script src="/dashboard/app.js" defer></script>"#))
        #expect(html.contains(#"<link rel="stylesheet" href="/dashboard/app.css">"#))
    }

    @Test(arguments: [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment",
        "srcdoc", "eval(", "Function(", "setTimeout('", "setTimeout(\"", "import(", "localStorage", "document.cookie",
        "javascript:", "'style'", "cssText",
    ])
    func `the script has no way from data to markup or code`(forbidden: String) {
        #expect(!DashboardPage.script.contains(forbidden))
    }

    @Test func `all three together stay small`() {
        let sizes = Self.assets.mapValues(\.utf8.count)
        #expect(sizes.values.allSatisfy { $0 > 1_000 })
        #expect(sizes.values.reduce(0, +) < 72_000, "\(sizes)")
    }

    @Test func `each element that the script looks up is in the document`() {
        let ids = DashboardPage.script.matches(of: /\$\('([a-z]+)'\)/).map { String($0.output.1) }
        #expect(ids.count > 10)
        for id in Set(ids) { #expect(DashboardPage.html.contains(#"id="\#(id)""#), "no element \(id)") }
    }

    // MARK: Colours

    @Test(arguments: ["light", "dark"])
    func `text has a contrast of at least 4.5 to 1`(scheme: String) throws {
        let halves = DashboardPage.style.split(separator: "prefers-color-scheme: dark")
        try #require(halves.count == 2)
        let colours = Self.colours(in: halves[scheme == "light" ? 0 : 1])
        for text in ["text", "muted", "link", "good", "bad", "warn"] {
            for ground in ["page", "panel", "fresh"] {
                let contrast = Self.contrast(try #require(colours[text]), try #require(colours[ground]))
                #expect(contrast >= 4.5, "\(scheme): \(text) on \(ground) is \(contrast)")
            }
        }
        // The first button and the short notice are written the other way round.
        for ground in ["link", "text"] {
            #expect(Self.contrast(try #require(colours["panel"]), try #require(colours[ground])) >= 4.5)
        }
    }

    private static func colours(in text: Substring) -> [String: String] {
        // A later rule of the page must not be taken for the dark set.
        let set = text.prefix { $0 != "}" }
        return Dictionary(
            set.matches(of: /--([a-z]+): #([0-9a-f]{6})/).map { (String($0.output.1), String($0.output.2)) }
        ) { first, _ in first }
    }

    /// The contrast ratio of [WCAG 2.2](https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
    private static func contrast(_ first: String, _ second: String) -> Double {
        func luminance(_ colour: String) -> Double {
            let value = Int(colour, radix: 16)!
            let parts = [16, 8, 0].map { shift -> Double in
                let part = Double(value >> shift & 0xff) / 255
                return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
            }
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        let (a, b) = (luminance(first), luminance(second))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }
}

/// What the script does, in Node.js, which is asked for nothing but its engine: no page, no network.
@Suite(.enabled(if: node != nil, "node is not installed"))
struct DashboardScriptTests {
    @Test func `the script parses`() throws {
        let file = try Self.write(DashboardPage.script)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try Self.run(["--check", file.path]) == "")
    }

    @Test func `amounts become units without a rounding`() throws {
        try check(
            """
            same(units('1500000000000000000', 18), '1.5');
            same(units('1', 18), '0.000000000000000001');
            same(units('0', 18), '0');
            same(units('100', 0), '100');
            same(units('-2500000', 6), '-2.5');
            same(units('115792089237316195423570985008687907853269984665640564039457584007913129639935', 18),
              '115792089237316195423570985008687907853269984665640564039457.584007913129639935');
            same(units('100', null), null);
            same(units('1e5', 2), null);
            same(units('', 2), null);
            """)
    }

    @Test func `events are read from pieces that end anywhere`() throws {
        try check(
            #"""
            const text = ': keep-alive\n\nid: 7\nevent: withdrawal.mined\ndata: {"a":\ndata: 1}\n\n' +
              'id: 8\r\nevent:lane.frozen\r\ndata:  x\r\n\r\nevent: none\n\ndata\rid\r\r';
            const wanted = [{ id: '7', type: 'withdrawal.mined', data: '{"a":\n1}' },
              { id: '8', type: 'lane.frozen', data: ' x' }, { id: '', type: 'message', data: '' }];
            for (let a = 0; a <= text.length; a += 1) {
              for (let b = a; b <= text.length; b += 1) {
                const found = [], read = eventReader((event) => found.push(event));
                for (const piece of [text.slice(0, a), text.slice(a, b), text.slice(b)]) read(piece);
                same(found, wanted);
              }
            }
            """#)
    }

    @Test func `an event without an end is given up`() throws {
        try check(
            """
            const read = eventReader(() => {});
            let isRefused = false;
            try { for (let i = 0; i < 40; i += 1) read('x'.repeat(1 << 16)); } catch { isRefused = true; }
            same(isRefused, true);
            """)
    }

    @Test func `an address names a screen, an id and filters`() throws {
        try check(
            """
            same(parseRoute('').screen, 'overview');
            const route = parseRoute('#/withdrawals/wd_1?state=queued&user_id=a%26b');
            same([route.screen, route.id, route.query.get('state'), route.query.get('user_id')],
              ['withdrawals', 'wd_1', 'queued', 'a&b']);
            same(parseRoute('#/wallets/%zz').id, '%zz');
            """)
    }

    @Test func `a key is taken from a one-time link only when it can stand in a header`() throws {
        try check(
            """
            same(keyInFragment('#key=coffer_dev_aB1'), 'coffer_dev_aB1');
            same(keyInFragment('#key=a%2Db'), 'a-b');
            same(keyInFragment('#key=a&next=b'), 'a');
            for (const bad of ['#key=', '#key=a%0D%0Ab', '#key=a%20b', '#key=%zz', '#/overview', '']) {
              same(keyInFragment(bad), null);
            }
            """)
    }

    @Test func `waiting grows to fifteen seconds and no further`() throws {
        try check(
            """
            same(backoff(0, 0.5), 500);
            same(backoff(3, 0.5), 4000);
            same(backoff(50, 0.5), 15000);
            same([backoff(50, 0), backoff(50, 1)], [7500, 22500]);
            """)
    }

    @Test func `throughput counts the last minute`() throws {
        try check(
            """
            const samples = [0, 5, 10, 60, 70].map((s) => ({ t: s * 1000, n: s * 2 }));
            same(perMinute(samples), 120);
            same(perMinute([]), null);
            same(perMinute([{ t: 0, n: 3 }]), null);
            same(growth(samples, 70000, 10000, 3), [20, 20, 20]);
            same(growth(samples, 10000, 5000, 4), [null, null, 10, 10]);
            """)
    }

    /// Runs statements after the script in a context that has no document, and fails with what node says.
    private func check(_ statements: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let frame = """
            const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);
            function same(found, wanted) {
              if (!isSame(found, wanted)) throw new Error(JSON.stringify(found) + ' is not ' + JSON.stringify(wanted));
            }
            """
        let file = try Self.write("\(DashboardPage.script)\n\(frame)\n{\n\(statements)\n}\n")
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try Self.run([file.path])
        #expect(output == "", sourceLocation: sourceLocation)
    }

    private static func write(_ text: String) throws -> URL {
        let file = FileManager.default.temporaryDirectory.appending(path: "dashboard-\(UUID().uuidString).js")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file
    }

    /// What node writes to standard error, or a word on its exit code; empty when all is well.
    private static func run(_ arguments: [String]) throws -> String {
        let (process, errors) = (Process(), Pipe())
        process.executableURL = URL(filePath: try #require(node))
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        let output = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self)
        return process.terminationStatus == 0 ? text : "exit \(process.terminationStatus): \(text)"
    }
}
