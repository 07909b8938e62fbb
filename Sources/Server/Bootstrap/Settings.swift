import Foundation
public import Primitives
import Yams

/// The settings of a server: flags before environment before file before what holds without them.
public struct Settings: Sendable {
    /// A value and where it is from.
    public struct Value: Sendable, Hashable {
        public let text: String
        /// For example `file line 4`, `COFFER_SERVER__PORT`, `default`.
        public let source: String
    }

    /// A fault in the settings, with its place.
    public struct Fault: Sendable, Hashable, CustomStringConvertible {
        public let place: String
        public let message: String
        public var description: String { "\(place): \(message)" }
    }

    public private(set) var values: [String: Value] = [:]
    public private(set) var faults: [Fault] = []

    /// Reads a YAML file and the environment.
    ///
    /// Faults are collected, not thrown: see ``faults``.
    ///
    /// - Parameters:
    ///   - file: the text of the file, if there is one.
    ///   - environment: `COFFER_SECTION__KEY=value`; with `_FILE` behind a secret's name, the path of a file with it.
    ///   - flags: dotted keys from the command line.
    public init(file: String?, environment: [String: String], flags: [String: String] = [:]) {
        if let file { read(file) }
        read(environment)
        for (key, value) in flags { set(key, value, source: "flag", place: "--\(key)") }
        for setting in Setting.catalogue where !setting.key.contains("*") {
            if values[setting.key] == nil, let standard = setting.standard {
                values[setting.key] = Value(text: standard, source: "default")
            }
        }
        for chain in chainNames {
            for setting in Setting.catalogue where setting.key.hasPrefix("chains.*.") {
                let key = "chains.\(chain).\(setting.key.dropFirst("chains.*.".count))"
                if values[key] == nil, let standard = setting.standard {
                    values[key] = Value(text: standard, source: "default")
                }
            }
            for needed in ["id", "rpc"] where values["chains.\(chain).\(needed)"] == nil {
                faults.append(Fault(place: "chains.\(chain)", message: "\(needed) is missing"))
            }
        }
    }

    public subscript(key: String) -> String? { values[key]?.text }
    func integer(_ key: String) -> Int? { self[key].flatMap { Int($0) } }
    func boolean(_ key: String) -> Bool { self[key] == "true" }
    func list(_ key: String) -> [String] {
        (self[key] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// The names under `chains`, in order.
    public var chainNames: [String] {
        Set(values.keys.filter { $0.hasPrefix("chains.") }.map { String($0.split(separator: ".")[1]) }).sorted()
    }

    // MARK: Reading

    private mutating func read(_ file: String) {
        do {
            guard let root = try Yams.compose(yaml: file) else { return }
            walk(root, path: [])
        } catch {
            faults.append(Fault(place: "file", message: "\(error)".split(separator: "\n").joined(separator: " ")))
        }
    }

    private mutating func walk(_ node: Node, path: [String]) {
        let line = node.mark.map { "file line \($0.line)" } ?? "file"
        switch node {
        case .mapping(let mapping):
            var seen: Set<String> = []
            for (key, value) in mapping {
                let name = key.string ?? ""
                if !seen.insert(name).inserted {
                    faults.append(Fault(place: line, message: "\(name) stands twice"))
                }
                walk(value, path: path + [name])
            }
        case .sequence(let items):
            let texts = items.compactMap(\.string)
            guard texts.count == items.count else {
                faults.append(Fault(place: line, message: "\(path.joined(separator: ".")) takes a list of texts"))
                return
            }
            set(path.joined(separator: "."), texts.joined(separator: ","), source: line, place: line)
        case .scalar(let scalar):
            set(path.joined(separator: "."), scalar.string, source: line, place: line)
        case .alias: faults.append(Fault(place: line, message: "aliases are not taken"))
        }
    }

    private mutating func read(_ environment: [String: String]) {
        // Names that the client side of the program reads.
        let others: Set<String> = [
            "COFFER_URL", "COFFER_API_KEY", "COFFER_API_KEY_FILE", "COFFER_HOME", "COFFER_PYTHON", "COFFER_VECTORS",
            "COFFER_DATA_DIR",
        ]
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("COFFER_") && !others.contains(name) && !name.hasPrefix("COFFER_TEST_") {
            var key = name.dropFirst("COFFER_".count).lowercased().replacing("__", with: ".")
            guard key.contains(".") || key == "data_dir" else { continue }
            var text = value
            if key.hasSuffix("_file"), Setting.named(key) == nil {
                key = String(key.dropLast("_file".count))
                guard let bytes = try? DataDirectory.read(value) else {
                    faults.append(Fault(place: name, message: "can't read \(value)"))
                    continue
                }
                text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            set(key, text, source: name, place: name)
        }
    }

    private mutating func set(_ key: String, _ value: String, source: String, place: String) {
        guard let setting = Setting.named(key) else {
            let near = Self.nearest(to: key).map { ", did you mean \($0)?" } ?? ""
            faults.append(Fault(place: place, message: "unknown key \(key)\(near)"))
            return
        }
        if let fault = setting.fault(value) {
            faults.append(Fault(place: place, message: "\(key) \(fault)"))
            return
        }
        values[key] = Value(text: value, source: source)
    }

    /// The known key that differs in the fewest letters, if it is near.
    private static func nearest(to key: String) -> String? {
        // A chain's own name stands where the catalogue has an asterisk.
        let parts = key.split(separator: ".", omittingEmptySubsequences: false)
        let chain = parts.count == 3 && parts[0] == "chains" ? String(parts[1]) : "*"
        let known = Setting.catalogue.map { $0.key.replacing("chains.*.", with: "chains.\(chain).") }
        let near = known.map { ($0, distance($0, key)) }.min { $0.1 < $1.1 }
        return near.flatMap { $0.1 <= 3 ? $0.0 : nil }
    }

    private static func distance(_ left: String, _ right: String) -> Int {
        var row = Array(0...right.utf8.count)
        for (i, a) in left.utf8.enumerated() {
            var (corner, next) = (row[0], i + 1)
            row[0] = next
            for (j, b) in right.utf8.enumerated() {
                next = min(row[j + 1] + 1, next + 1, corner + (a == b ? 0 : 1))
                (corner, row[j + 1]) = (row[j + 1], next)
            }
        }
        return row[right.utf8.count]
    }
}

extension Settings {
    /// Every value with its source; secrets as `***`.
    public var printed: JSON {
        .array(
            values.sorted { $0.key < $1.key }.map { key, value in
                let isSecret = Setting.named(key)?.isSecret ?? true
                return [
                    "key": .string(key), "value": .string(isSecret ? "***" : value.text),
                    "source": .string(value.source),
                ]
            })
    }

    /// A commented file with every setting.
    public static var template: String {
        var lines = [
            "# Coffer's settings. Every line that begins with # shows what holds without it.",
            "# The environment goes before this file: COFFER_SERVER__PORT=8080 sets server.port.",
        ]
        var section = ""
        for setting in Setting.catalogue where !setting.key.hasPrefix("chains.") {
            let parts = setting.key.split(separator: ".").map(String.init)
            if parts.count == 2, parts[0] != section {
                section = parts[0]
                lines += ["", "\(section):"]
            }
            let indent = parts.count == 2 ? "  " : ""
            lines += ["\(indent)# \(setting.help)", "\(indent)# \(parts[parts.count - 1]): \(setting.standard ?? "")"]
        }
        lines += ["", "chains:", "  main:"]
        for setting in Setting.catalogue where setting.key.hasPrefix("chains.*.") {
            let name = setting.key.dropFirst("chains.*.".count)
            lines.append("    # \(setting.help)")
            switch name {
            case "id": lines.append("    id: eip155:1")
            case "rpc": lines.append("    rpc: [\"http://127.0.0.1:8545\"]")
            default: lines.append("    # \(name): \(setting.standard ?? "")")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A JSON Schema of the file, for editors.
    public static var schema: JSON {
        var root: [JSONMember] = []
        var sections: [(String, [JSONMember])] = []
        var chain: [JSONMember] = []
        for setting in Setting.catalogue {
            let parts = setting.key.split(separator: ".").map(String.init)
            let member = JSONMember(name: parts[parts.count - 1], value: setting.schema)
            if parts[0] == "chains" {
                chain.append(member)
            } else if parts.count == 1 {
                root.append(member)
            } else if let index = sections.firstIndex(where: { $0.0 == parts[0] }) {
                sections[index].1.append(member)
            } else {
                sections.append((parts[0], [member]))
            }
        }
        func object(_ members: [JSONMember]) -> JSON {
            ["type": "object", "additionalProperties": false, "properties": .object(members)]
        }
        root += sections.map { JSONMember(name: $0.0, value: object($0.1)) }
        root.append(
            JSONMember(name: "chains", value: ["type": "object", "additionalProperties": object(chain)]))
        return .object([
            JSONMember(name: "$schema", value: "https://json-schema.org/draft/2020-12/schema"),
            JSONMember(name: "title", value: "Coffer settings"), JSONMember(name: "type", value: "object"),
            JSONMember(name: "additionalProperties", value: false),
            JSONMember(name: "properties", value: .object(root)),
        ])
    }
}

extension Setting {
    fileprivate var schema: JSON {
        let type: JSON =
            switch kind {
            case .text: ["type": "string"]
            case .integer(let range):
                ["type": "integer", "minimum": JSON(range.lowerBound), "maximum": JSON(range.upperBound)]
            case .boolean: ["type": "boolean"]
            case .words(let words): ["enum": .array(words.map { .string($0) })]
            case .list: ["type": "array", "items": ["type": "string"]]
            }
        return .object((type.members ?? []) + [JSONMember(name: "description", value: .string(help))])
    }
}
