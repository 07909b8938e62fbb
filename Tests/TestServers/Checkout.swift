import Foundation

/// The package's folder, and the Python that `scripts/setup` makes in it.
public enum Checkout {
    /// Ends with a slash.
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL.path(percentEncoded: false)

    /// `COFFER_PYTHON`, else the one in `.venv`.
    public static let python = ProcessInfo.processInfo.environment["COFFER_PYTHON"] ?? "\(root).venv/bin/python"

    /// Whether the Python is there and has all these modules.
    public static func pythonHas(_ modules: String...) -> Bool {
        (try? ServerProcess.run(python, ["-c", "import \(modules.joined(separator: ", "))"])) != nil
    }
}
