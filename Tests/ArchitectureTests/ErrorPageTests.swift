import Foundation
import Testing

/// Holds docs/guides/errors.md to the sources: each stable code stands in its table, and each row is a code.
@Suite struct ErrorPageTests {
    /// An error with stable codes, and where they are declared.
    struct Catalogue: Sendable, CustomTestStringConvertible {
        let error: String
        let file: String
        /// What the declaration of the codes begins with.
        var opening = "enum Code: String"
        var testDescription: String { error }
    }

    static let catalogues = [
        Catalogue(error: "SignError", file: "WalletConnect/WalletConnectProtocol/Sign/SignError+Code.swift"),
        Catalogue(error: "BackendError", file: "WalletConnect/WalletConnectBackend/BackendError.swift"),
        Catalogue(
            error: "WalletKitError", file: "WalletConnect/WalletKit/WalletKitError.swift", opening: "enum Name: String"),
        Catalogue(
            error: "KeyValueError", file: "Storage/Storage/KeyValue/KeyValueError.swift", opening: "enum Name: String"),
        Catalogue(
            error: "TransportError", file: "WalletConnect/WalletConnectClient/Ports/TransportError.swift",
            opening: "enum Name: String"),
        Catalogue(error: "LogFileError", file: "Server/Observability/Files/LogFileSettings.swift"),
        Catalogue(
            error: "RelayError", file: "WalletConnect/WalletConnectProtocol/RelayRPC/RelayError.swift",
            opening: "enum Kind: String"),
    ]

    @Test(arguments: catalogues)
    func `every stable code is explained, and every explained code is there`(_ catalogue: Catalogue) throws {
        let codes = try Set(codes(catalogue).values)
        let rows = try rows(catalogue.error).map { $0[0] }
        #expect(codes.count > 1, "the reader found no codes in \(catalogue.file)")
        #expect(rows.count == Set(rows).count, "a code stands twice")
        let missing = codes.subtracting(rows).sorted()
        let unknown = Set(rows).subtracting(codes).sorted()
        #expect(missing.isEmpty, "docs/guides/errors.md does not explain \(missing) of \(catalogue.error)")
        #expect(unknown.isEmpty, "docs/guides/errors.md explains \(unknown), which \(catalogue.error) does not have")
    }

    /// A code that nothing makes is a promise that nobody keeps.
    ///
    /// Whoever makes an error writes its code after a parenthesis, a colon, a question mark, an equals sign or a keyword, in
    /// a file that names the error; a comparison is none.
    @Test(arguments: catalogues.filter { $0.error != "RelayError" })
    func `every code is made somewhere`(_ catalogue: Catalogue) throws {
        let sources = try SourceTree.shared.get().files.filter { $0.path != "Sources/\(catalogue.file)" }
            .map { $0.lines.map(\.code).joined(separator: "\n") }
            .filter { $0.contains(catalogue.error) }
        let made = Set(
            sources.flatMap { text in
                text.matches(of: #/(?:[(:?]|[^=!<>]=|\bthrow|\breturn)\s*\.(\w+)/#).map { String($0.output.1) }
            })
        for (name, code) in try codes(catalogue).sorted(by: { $0.key < $1.key }) {
            #expect(made.contains(name), "nothing makes \(catalogue.error) \(code)")
        }
    }

    @Test func `the page says of each code whether it is worth another try`() throws {
        for catalogue in Self.catalogues where catalogue.error != "RelayError" && catalogue.error != "LogFileError" {
            let names = try codes(catalogue)
            let text = try SourceTree.text("Sources/\(catalogue.file)")
            let start = try #require(text.range(of: "var isRetryable: Bool {\n")?.upperBound, "\(catalogue.error)")
            let decision = text[start...].prefix { $0 != "}" }
            let yes = try #require(decision.firstMatch(of: #/case ([^:]*):\s*true/#), "\(catalogue.error)")
            let retryable = Set(yes.output.1.matches(of: #/\.(\w+)/#).compactMap { names[String($0.output.1)] })
            #expect(!retryable.isEmpty)
            for row in try rows(catalogue.error) {
                let column = row.count == 5 ? row[2] : row[1]
                #expect(column == (retryable.contains(row[0]) ? "yes" : "no"), "\(catalogue.error) \(row[0])")
            }
        }
    }

    @Test func `the relay's numbers on the page are those of the sources`() throws {
        let catalogue = try #require(Self.catalogues.first { $0.error == "RelayError" })
        let names = try codes(catalogue)
        let text = try SourceTree.text("Sources/\(catalogue.file)")
        var numbers: [String: String] = [:]
        for group in text.matches(of: #/case ((?:\.\w+,?\s*)+):\s*\((-?[\d_]+), "/#) {
            for name in group.output.1.matches(of: #/\.(\w+)/#) {
                numbers[try #require(names[String(name.output.1)])] = String(group.output.2).replacing("_", with: "")
            }
        }
        #expect(numbers.count == names.count)
        for row in try rows("RelayError") { #expect(row[2] == numbers[row[0]], "\(row[0])") }
    }

    /// The cells of each row below the heading of an error, without backticks.
    private func rows(_ error: String) throws -> [[String]] {
        let lines = try SourceTree.text("docs/guides/errors.md").split(
            separator: "\n", omittingEmptySubsequences: false)
        return lines.drop { $0 != "## \(error)" }.dropFirst().prefix { !$0.hasPrefix("## ") }
            .filter { $0.hasPrefix("| `") }
            .map { line in
                line.dropFirst().dropLast().split(separator: "|").map {
                    $0.trimmingCharacters(in: ["`", " ", "†", "‡"]).replacing("`", with: "")
                }
            }
    }

    /// The raw values of the enumeration that declares the codes, by the names of its cases.
    private func codes(_ catalogue: Catalogue) throws -> [String: String] {
        let text = try SourceTree.text("Sources/\(catalogue.file)")
        let start = try #require(text.range(of: catalogue.opening)?.upperBound, "\(catalogue.file)")
        var found: [String: String] = [:]
        var continues = false
        for line in text[start...].split(separator: "\n").dropFirst() {
            let code = line.trimmingCharacters(in: .whitespaces)
            if code == "}" || code.hasPrefix("public var") { break }
            guard continues || code.hasPrefix("case ") else { continue }
            for element in code.replacing("case ", with: "").split(separator: ",") {
                let parts = element.split(separator: "=").map { $0.trimmingCharacters(in: .whitespaces) }
                found[parts[0]] = parts.count > 1 ? parts[1].replacing("\"", with: "") : parts[0]
            }
            continues = code.hasSuffix(",")
        }
        return found
    }
}
