import Foundation
import Testing

/// Holds docs/ to the package: what is documented is there, and what is there is documented.
@Suite struct DocumentTests {
    @Test func `every target is in the architecture page`() throws {
        let page = try SourceTree.text("docs/architecture.md")
        let declared = try targets()
        #expect(declared.count > 20)
        for target in declared {
            #expect(page.contains("`\(target)`"), "docs/architecture.md does not name `\(target)`")
        }
    }

    @Test func `every target with sources has its arrows, and every arrow a target`() throws {
        let declared = Set(try targets())
        let found = try SourceTree.shared.get().targets
        #expect(Set(Arrows.allowed.keys) == found)
        #expect(found.isSubset(of: declared))
        for (target, allowed) in Arrows.allowed {
            let own = allowed.filter { $0.hasPrefix("C") && $0.dropFirst().first?.isUppercase == true }
            for library in own where library != "CofferClient" && library != "CoreMetrics" && library != "Crypto" {
                #expect(declared.contains(library), "\(target) may import \(library), which is no target")
            }
        }
    }

    @Test func `links between pages lead somewhere`() throws {
        for page in try pages() {
            let folder = SourceTree.root.appending(path: page).deletingLastPathComponent()
            for link in try SourceTree.text(page).matches(of: /\]\((?<target>[^)#\s]+)(#[^)]*)?\)/) {
                let target = String(link.output.target)
                guard !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
                let file = folder.appending(path: target).standardizedFileURL.path(percentEncoded: false)
                #expect(FileManager.default.fileExists(atPath: file), "\(page) links to \(target), which is not there")
            }
        }
    }

    @Test func `every test that stands behind a promise is there`() throws {
        let promises = try SourceTree.text("README.md").split(separator: "\n").drop { $0 != "| promise | tested by |" }
            .prefix { $0.hasPrefix("|") }
        #expect(promises.count > 10)
        let tests = try testText()
        for line in promises {
            for name in line.split(separator: "|").last?.matches(of: /`([^`]+)`/).map(\.output.1) ?? [] {
                guard !name.hasPrefix("make "), !name.hasPrefix("POST ") else { continue }
                let declarations = ["func `\(name)`", "struct \(name) ", "final class \(name) "]
                #expect(
                    declarations.contains { tests.contains($0) }, "README.md names the test \(name), which is not there"
                )
            }
        }
    }

    @Test func `every test that the compatibility page names is there`() throws {
        let rows = try SourceTree.text("docs/walletconnect-compatibility.md").prefix(upTo: "## Not covered")
            .split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| case |") }
        #expect(rows.count > 50)
        let tests = try testText()
        for row in rows {
            let names = row.split(separator: "|").last?.matches(of: /`([^`]+)`/).map(\.output.1) ?? []
            #expect(!names.isEmpty, "no test in: \(row)")
            for name in names {
                #expect(tests.contains("func `\(name)`"), "the page names the test \(name), which is not there")
            }
        }
    }

    @Test func `every block of Swift in the guides is in a file that is compiled, or in a comment beside the code`()
        throws
    {
        let corpus = try ["Snippets", "Examples", "Sources"].flatMap { folder in
            let path = SourceTree.root.appending(path: folder).resolvingSymlinksInPath().path(percentEncoded: false)
            return try FileManager.default.subpathsOfDirectory(atPath: path).filter { $0.hasSuffix(".swift") }
                .map { "\n\(Self.bare(try SourceTree.text("\(folder)/\($0)")).joined(separator: "\n"))\n" }
        }
        var blocks = 0
        for page in try pages() where page.hasPrefix("docs/guides/") {
            for block in try SourceTree.text(page).matches(of: /(?s)```swift\n(.*?)```/) {
                blocks += 1
                let text = "\n" + Self.bare(String(block.output.1)).joined(separator: "\n") + "\n"
                #expect(corpus.contains { $0.contains(text) }, "\(page) shows code that is nowhere: \(text)")
            }
        }
        #expect(blocks > 10)
    }

    /// Lines without indentation and comment signs; empty ones are left out.
    private static func bare(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            var line = line.drop { $0 == " " }
            if line.hasPrefix("///") { line = line.dropFirst(3).drop { $0 == " " } }
            return String(line)
        }.filter { !$0.isEmpty }
    }

    /// Promises that nobody can keep, and words without content.
    @Test func `pages promise only what is tested`() throws {
        let banned =
            /(?i)military[- ]grade|bank[- ]grade|unbreakable|100 ?% secure|zero[- ]trust|exactly[- ]once delivery/
        for page in try pages() {
            #expect(!(try SourceTree.text(page)).contains(banned), "\(page) uses a word that promises too much")
        }
    }

    /// The names after `name:` of target declarations in Package.swift.
    private func targets() throws -> [String] {
        let package = try SourceTree.text("Package.swift")
        let declaration = /\.(target|executableTarget|testTarget|systemLibrary)\(\s*name: "(?<name>\w+)"(?<after>.)/
        return package.matches(of: declaration.dotMatchesNewlines())
            // `.target(name: …, condition: …)` and `.target(name: …)` inside dependencies name a target again.
            .map { String($0.output.name) }.uniqued()
    }

    private func testText() throws -> String {
        let folder = SourceTree.root.appending(path: "Tests").resolvingSymlinksInPath().path(percentEncoded: false)
        return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix("Tests.swift") }
            .map { try SourceTree.text("Tests/\($0)") }.joined()
    }

    private func pages() throws -> [String] {
        let root = SourceTree.root.path(percentEncoded: false)
        let top = try FileManager.default.contentsOfDirectory(atPath: root).filter { $0.hasSuffix(".md") }
        let docs = try FileManager.default.subpathsOfDirectory(atPath: root + "/docs")
            .filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }
        return (top + docs).sorted()
    }
}

extension [String] {
    fileprivate func uniqued() -> [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}

extension String {
    /// What stands before a text; all of it without one.
    fileprivate func prefix(upTo text: String) -> Substring {
        self[..<(range(of: text)?.lowerBound ?? endIndex)]
    }
}
