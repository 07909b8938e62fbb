import Primitives

/// What runs out.
enum Deadline: Hashable, Sendable {
    case pairing(Topic)
    case sentProposal(Int64)
    case receivedProposal(ReceivedKey)
    case session(Topic)
    case sentRequest(Int64)
    case receivedRequest(ReceivedKey)
    case sentAuthentication(Int64)
    case receivedAuthentication(ReceivedKey)
    case outcome(Int64)
    case farewell(Topic)
}

/// The next things to run out, earliest first.
///
/// A binary heap whose entries are never removed early: whoever takes one asks the row itself whether it is really
/// over, so that an extension is one more entry and a deletion is nothing. Rows are few per entry, so the heap is
/// rebuilt by its owner when most entries are stale.
struct Deadlines: Sendable {
    private struct Entry: Sendable {
        var at: Int64
        var what: Deadline
    }

    private var heap: [Entry] = []

    /// How many entries there are, stale ones included.
    var count: Int { heap.count }

    /// When the first entry is due.
    var first: Timestamp? { heap.first.map { Timestamp(milliseconds: $0.at) } }

    mutating func add(_ what: Deadline, at: Timestamp) {
        heap.append(Entry(at: at.milliseconds, what: what))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].at < heap[parent].at else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the first entry if it is due.
    mutating func takeDue(at now: Timestamp) -> Deadline? {
        guard let first = heap.first, first.at <= now.milliseconds else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.what
    }

    mutating func removeAll() {
        heap.removeAll()
    }

    private mutating func sink() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let smaller = right < heap.count && heap[right].at < heap[left].at ? right : left
            guard heap[smaller].at < heap[parent].at else { return }
            heap.swapAt(parent, smaller)
            parent = smaller
        }
    }
}
