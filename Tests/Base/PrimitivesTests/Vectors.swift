import Foundation
import Primitives

/// Published test vectors, read from the folder that `COFFER_VECTORS` names or from `../shared/vectors` beside the
/// package.
enum Vectors {
    /// Why a suite of vectors is skipped.
    static let absence = "published vectors are not here; set COFFER_VECTORS to their folder"

    /// Whether the folder is there.
    static var arePresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    /// One file, such as `bitcoin/base58_encode_decode.json`.
    static func json(_ path: String) throws -> JSON {
        let data = try Data(contentsOf: folder.appendingPathComponent(path))
        return try JSON.parse([UInt8](data), limits: .rpc)
    }

    /// Bytes from hex digits without a prefix.
    static func bytes(hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)!
        }
    }

    private static var folder: URL {
        if let path = ProcessInfo.processInfo.environment["COFFER_VECTORS"], !path.isEmpty {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        // This file is Tests/Base/PrimitivesTests/Vectors.swift below the package root.
        var root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("../shared/vectors", isDirectory: true).standardizedFileURL
    }
}
