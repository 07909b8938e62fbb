import Foundation

/// The Swift files of this package as text: `Sources/<family>/<target>/…`.
struct SourceTree: Sendable {
    struct File: Sendable {
        /// From the package's root, for example `Sources/Base/Primitives/Hex.swift`.
        let path: String
        let target: String
        let lines: [Line]
    }

    struct Line: Sendable {
        let number: Int
        /// Without a comment, and without the content of a text that spans lines.
        let code: String
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Read once; the tests only look.
    static let shared = Result { try SourceTree() }

    let files: [File]

    private init() throws {
        files = try Self.swiftFiles(below: "Sources").map { path in
            let parts = path.split(separator: "/").map(String.init)
            return File(path: path, target: parts[2], lines: Self.code(try Self.text(path)))
        }
    }

    var targets: Set<String> { Set(files.map(\.target)) }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func swiftFiles(below folder: String) throws -> [String] {
        let base = root.appending(path: folder).resolvingSymlinksInPath()
        let found = try FileManager.default.subpathsOfDirectory(atPath: base.path(percentEncoded: false))
        return found.filter { $0.hasSuffix(".swift") && $0.split(separator: "/").count >= 3 }
            .map { "\(folder)/\($0)" }.sorted()
    }

    /// The lines of a file without comments of their own lines and without texts that span lines, such as a page's script.
    private static func code(_ text: String) -> [Line] {
        var isInText = false
        var lines: [Line] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let startsInText = isInText
            if line.utf8.contains(UInt8(ascii: "\"")),
                line.split(separator: "\"\"\"", omittingEmptySubsequences: false).count % 2 == 0
            {
                isInText.toggle()
            }
            let trimmed = line.drop { $0 == " " }
            guard !startsInText, !trimmed.isEmpty, !trimmed.hasPrefix("//") else { continue }
            lines.append(Line(number: index + 1, code: String(trimmed)))
        }
        return lines
    }
}

extension SourceTree.Line {
    /// The module that this line imports, if it is an import.
    var importedModule: String? {
        guard code.utf8.count < 200, code.contains("import ") else { return nil }
        let words = code.split(separator: " ").map(String.init)
        let attributesAndAccess: (String) -> Bool = {
            $0.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains($0)
        }
        var rest = words.drop(while: attributesAndAccess)
        guard rest.first == "import" else { return nil }
        rest = rest.dropFirst()
        let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "var", "let"]
        if let first = rest.first, kinds.contains(first) { rest = rest.dropFirst() }
        return rest.first.map { String($0.prefix { $0 != "." }) }
    }
}
