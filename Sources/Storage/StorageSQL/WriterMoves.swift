import Synchronization

/// How often the writing connection of a store has found its server anew.
///
/// After a switchover the old server may still answer, with what is past. Once the writer has found the one that takes
/// changes, the readers connect anew as well: a name or a virtual address leads them to the same place.
public final class WriterMoves: Sendable {
    private let moves = Atomic(0)

    public init() {}

    public var count: Int { moves.load(ordering: .acquiring) }

    public func note() {
        moves.add(1, ordering: .releasing)
    }
}
