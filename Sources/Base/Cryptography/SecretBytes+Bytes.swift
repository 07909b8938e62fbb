import Primitives

extension SecretBytes {
    /// The same bytes at another address.
    borrowing func copy() -> SecretBytes {
        withBytes { SecretBytes(copying: $0) }
    }
}

extension RawSpan {
    /// One byte; the index is checked.
    func byte(at index: Int) -> UInt8 {
        // Every bit pattern is a byte, and the load checks the bound.
        unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
}

extension SecretBytes {
    /// One byte; the index is checked.
    borrowing func byte(at index: Int) -> UInt8 {
        withBytes { $0.byte(at: index) }
    }
}
