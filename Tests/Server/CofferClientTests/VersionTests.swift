import CofferClient
import Foundation
import Testing

@Suite struct VersionTests {
    @Test func `the version is the newest of the changelog`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let text = try String(contentsOf: root.appending(path: "CHANGELOG.md"), encoding: .utf8)
        let newest = text.split(separator: "\n").first { $0.hasPrefix("## ") }?.dropFirst("## ".count)
        #expect(newest.map(String.init) == CofferVersion.number)
    }
}
