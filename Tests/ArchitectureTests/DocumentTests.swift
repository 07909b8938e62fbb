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
