import Primitives

extension UInt256 {
    /// The four words, least significant first.
    var words: (UInt64, UInt64, UInt64, UInt64) {
        func low(_ value: UInt256) -> UInt64 { (value & UInt256(UInt64.max)).uint64 ?? 0 }
        return (
            low(self), low(shiftedRight(by: 64)), low(shiftedRight(by: 128)), low(shiftedRight(by: 192))
        )
    }

    /// A number of four words, least significant first.
    init(words first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        let upper = UInt256(fourth).shiftedLeft(by: 64) | UInt256(third)
        self = upper.shiftedLeft(by: 128) | UInt256(second).shiftedLeft(by: 64) | UInt256(first)
    }

    /// The number of an EVM word.
    ///
    /// More than 32 bytes are a mistake of the caller.
    init(bytes32 bytes: some Collection<UInt8>) {
        precondition(bytes.count <= 32, "an EVM word has 32 bytes")
        do { self = try UInt256(bigEndian: bytes) } catch { self = .zero }
    }
}
