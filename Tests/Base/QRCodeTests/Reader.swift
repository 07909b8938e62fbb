import Foundation

/// An independent decoder, zbar's `zbarimg`.
enum Reader {
    static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        .map { "\($0)/zbarimg" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    static let without = "no zbarimg on the path; install the Debian package zbar-tools"

    /// What a picture says.
    ///
    /// - Parameter rows: `true` is dark; every module becomes 4 by 4 pixels.
    static func read(_ rows: [[Bool]]) throws -> String {
        let scale = 4
        let width = (rows.first?.count ?? 0) * scale
        var picture = Array("P5 \(width) \(rows.count * scale) 255\n".utf8)
        for row in rows {
            let line = row.flatMap { [UInt8](repeating: $0 ? 0 : 255, count: scale) }
            for _ in 0..<scale { picture += line }
        }
        return try read(file: picture, type: "pgm")
    }

    /// What a picture in a file of this type says.
    static func read(file picture: [UInt8], type: String) throws -> String {
        let name = "\(NSTemporaryDirectory())coffer-qr-\(UUID().uuidString).\(type)"
        defer { try? FileManager.default.removeItem(atPath: name) }
        try Data(picture).write(to: URL(filePath: name))
        let process = Process()
        process.executableURL = URL(filePath: path!)
        process.arguments = ["--quiet", "--raw", "--oneshot", "-Sbinary", "-Sdisable", "-Sqrcode.enable", name]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The modules in half blocks.
    static func modules(inText text: String, darkIsBlock: Bool) -> [[Bool]] {
        text.split(separator: "\n").flatMap { line in
            let upper = line.map { ($0 == "█" || $0 == "▀") == darkIsBlock }
            let lower = line.map { ($0 == "█" || $0 == "▄") == darkIsBlock }
            return [upper, lower]
        }
    }

    /// The modules of an SVG's second path, drawn by its commands.
    static func modules(inSVG svg: String) throws -> [[Bool]] {
        let side = Int(svg.firstMatch(of: /viewBox="0 0 (\d+) \d+"/)!.output.1)!
        let path = svg.firstMatch(of: /<path d="([^"]*)"/)!.output.1
        var rows = [[Bool]](repeating: [Bool](repeating: false, count: side), count: side)
        for run in path.matches(of: /M(\d+) (\d+)h(\d+)v1H(\d+)z/) {
            let (column, row, length) = (Int(run.output.1)!, Int(run.output.2)!, Int(run.output.3)!)
            for offset in 0..<length { rows[row][column + offset] = true }
        }
        return rows
    }
}
