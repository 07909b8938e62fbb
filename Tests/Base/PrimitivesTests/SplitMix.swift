import Foundation

/// A small repeatable source of random numbers.
struct SplitMix: RandomNumberGenerator {
    /// Where the sequence starts; a test that fails prints it.
    let seed: UInt64
    private var state: UInt64

    /// A source from `COFFER_SEED` when that is set, else from a fresh seed.
    ///
    /// Prints the seed behind `name`.
    init(printingSeedOf name: String) {
        let given = ProcessInfo.processInfo.environment["COFFER_SEED"].flatMap { UInt64($0) }
        seed = given ?? UInt64.random(in: 1...UInt64.max)
        state = seed
        print("\(name): COFFER_SEED=\(seed)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
