import Foundation
import Testing

/// Holds the arrows of docs/architecture.md by reading the `import` lines.
@Suite struct ImportTests {
    let tree: SourceTree

    init() throws {
        tree = try SourceTree.shared.get()
    }

    @Test func `each target imports only what the architecture allows`() {
        var imports = 0
        for file in tree.files {
            guard let allowed = Arrows.allowed[file.target] else {
                Issue.record("\(file.path): the target \(file.target) has no line in Arrows.swift")
                continue
            }
            for line in file.lines {
                guard let module = line.importedModule, !Arrows.language.contains(module) else { continue }
                imports += 1
                #expect(
                    allowed.contains(module), "\(file.path):\(line.number): \(file.target) must not import \(module)")
            }
        }
        // A reader that finds nothing would let everything through.
        #expect(imports > 500)
    }

    @Test func `the arrows have no circle`() {
        var layers: [String: Int] = [:]
        var left = Arrows.allowed
        while !left.isEmpty {
            let ready = left.filter { $0.value.allSatisfy { layers[$0] != nil || Arrows.allowed[$0] == nil } }
            guard !ready.isEmpty else {
                Issue.record("a circle among \(left.keys.sorted().joined(separator: ", "))")
                return
            }
            let layer = (layers.values.max() ?? -1) + 1
            for target in ready.keys {
                layers[target] = layer
                left[target] = nil
            }
        }
        #expect(layers["Primitives"] == 0)
        #expect(layers["coffer"] == layers.values.max())
    }

    @Test func `adapters are named by those who put parts together alone`() {
        let outermost: Set = ["Bootstrap", "coffer", "WalletConnectTesting"]
        for (target, allowed) in Arrows.allowed
        where !outermost.contains(target) && !Arrows.adapters.contains(target) {
            #expect(allowed.isDisjoint(with: Arrows.adapters), "\(target) knows an adapter")
        }
    }

    @Test func `the inner layers take no Foundation`() {
        for file in tree.files where Arrows.withoutFoundation.contains(file.target) {
            for line in file.lines {
                guard let module = line.importedModule else { continue }
                #expect(!Arrows.foundation.contains(module), "\(file.path):\(line.number): imports \(module)")
            }
        }
        #expect(Arrows.withoutFoundation.isSubset(of: tree.targets))
    }

    @Test func `time comes in through init`() {
        // A monotonic clock may measure how long something took; the time of day is given.
        refuse(["Date()", "Date.now", "CLOCK_REALTIME", "gettimeofday("], "reads the clock") {
            // The system clock itself, which Bootstrap hands out.
            Arrows.clockReaders.contains($0.target) || $0.path == "Sources/Base/Primitives/WallClock.swift"
        }
    }

    @Test func `libraries print nothing`() {
        refuse([" print(", " debugPrint(", " dump("], "is for the program") {
            Arrows.printers.contains($0.target) || $0.target == "Dashboard"
        }
    }

    @Test func `nothing is shared behind the callers' backs`() {
        refuse(["static let shared", "static var shared", "static var current"], "is a singleton") { _ in false }
        refuse(["@_exported", "@testable"], "opens a module") { _ in false }
    }

    @Test func `nothing gives up with a crash`() {
        refuse(["try!", "fatalError(", " as! ", "DispatchQueue", "NSLock"], "has no place here") { _ in false }
    }

    /// Records each line of code with one of the words, but for the files that may have them.
    private func refuse(_ words: [String], _ what: String, unless mayDoIt: (SourceTree.File) -> Bool) {
        for file in tree.files where !mayDoIt(file) {
            for line in file.lines {
                guard let word = words.first(where: { " \(line.code)".contains($0) }) else { continue }
                Issue.record("\(file.path):\(line.number): \(word) \(what): \(line.code)")
            }
        }
    }
}
