import Foundation
import Primitives
import Testing

/// Published test vectors, read from the folder that `COFFER_VECTORS` names or from `../shared/vectors` beside the
/// package.
enum Vectors {
    /// Why a suite of vectors is skipped.
    static let absence = "published vectors are not here; set COFFER_VECTORS to their folder"

    /// Whether the folder is there.
    static var arePresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    /// One file of the folder `walletconnect`, such as `crypto.json`.
    static func json(_ file: String) throws -> JSON {
        let data = try Data(contentsOf: folder.appendingPathComponent("walletconnect/\(file)"))
        return try JSON.parse([UInt8](data), limits: .rpc)
    }

    /// The elements of one array of a file, for parameterised tests: empty when the vectors are not here.
    static func cases(_ file: String, _ path: String...) -> [Case] {
        guard var json = try? json(file) else { return [] }
        for name in path { json = json[name] ?? .null }
        return (json.array ?? []).enumerated().map { Case(index: $0.offset, json: $0.element) }
    }

    /// One case, named by its place so that a failure says which.
    struct Case: Sendable, CustomTestStringConvertible {
        let index: Int
        let json: JSON

        var testDescription: String { "#\(index)" }

        subscript(name: String) -> JSON? { json[name] }

        /// A string that has to be there.
        func text(_ name: String) -> String { json[name]?.string ?? "\(name) is missing" }

        /// An integer that has to be there.
        func int(_ name: String) -> Int64 { json[name]?.int ?? .min }

        /// Bytes from hex digits that have to be there.
        func bytes(_ name: String) -> [UInt8] { (try? Hex.decode(text(name))) ?? [] }
    }

    private static var folder: URL {
        if let path = ProcessInfo.processInfo.environment["COFFER_VECTORS"], !path.isEmpty {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        // This file is Tests/WalletConnect/WalletConnectProtocolTests/Vectors.swift below the package root.
        var root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("../shared/vectors", isDirectory: true).standardizedFileURL
    }
}
