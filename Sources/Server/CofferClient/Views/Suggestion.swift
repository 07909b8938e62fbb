/// Finds what a person probably meant to type.
package enum Suggestion {
    /// The candidate that is at most two slips away from `word`, or that it begins; `nil` when none is.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        let wanted = Array(word.lowercased().utf8.prefix(64))
        guard wanted.count > 1 else { return nil }
        var best: (name: String, slips: Int)?
        for candidate in candidates {
            let slips = distance(wanted, Array(candidate.utf8))
            if slips <= (wanted.count <= 4 ? 1 : 2), best.map({ slips < $0.slips }) ?? true {
                best = (candidate, slips)
            }
        }
        return best?.name ?? candidates.first { $0.hasPrefix(word.lowercased()) && wanted.count >= 3 }
    }

    /// Letters to add, drop, change or swap with their neighbour, to get from one word to the other.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before: [Int] = []
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var next = [i + 1]
            for (j, other) in right.enumerated() {
                var cost = min(row[j + 1] + 1, next[j] + 1, row[j] + (letter == other ? 0 : 1))
                if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other { cost = min(cost, before[j - 1] + 1) }
                next.append(cost)
            }
            before = row
            row = next
        }
        return row[right.count]
    }
}
