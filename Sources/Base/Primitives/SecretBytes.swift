import Glibc

/// Secret bytes: one copy on the heap, lent to closures, overwritten at the end of life.
///
/// The type cannot be copied, printed, hashed, encoded or compared with `==`. Wiping is best effort: what a closure
/// copies elsewhere, and what the processor or the kernel keeps, is out of reach.
///
/// ```swift
/// let key = SecretBytes.random(count: 32)
/// key.withBytes { span in sign(with: span) }
/// ```
// `@unchecked Sendable` is sound because the bytes are never written after `init`; `@safe`, because the pointer
// never leaves except through a method named unsafe.
@safe public struct SecretBytes: ~Copyable, @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer

    /// Fills `count` bytes; `fill` appends exactly that many.
    ///
    /// - Throws: what `fill` throws, after wiping what it wrote.
    public init<Failure: Error>(
        count: Int, fill: (inout OutputRawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        let buffer = unsafe Self.allocate(count)
        var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
        do throws(Failure) {
            try fill(&output)
        } catch {
            _ = unsafe output.finalize(for: buffer)
            unsafe Self.wipe(buffer)
            throw error
        }
        let written = unsafe output.finalize(for: buffer)
        precondition(written == count, "a secret is filled completely")
        unsafe storage = buffer
    }

    /// Hands `count` zero bytes to a C function that writes the secret in place.
    ///
    /// The pointer must not outlive `body`.
    ///
    /// - Throws: what `body` throws, after wiping what it wrote.
    public init<Failure: Error>(
        count: Int, unsafeFill body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let buffer = unsafe Self.allocate(count)
        do throws(Failure) {
            try unsafe body(buffer)
        } catch {
            unsafe Self.wipe(buffer)
            throw error
        }
        unsafe storage = buffer
    }

    /// Copies `bytes`; wiping the original is the caller's duty.
    public init(copying bytes: RawSpan) {
        let buffer = unsafe Self.allocate(bytes.byteCount)
        unsafe bytes.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) }
        unsafe storage = buffer
    }

    /// Copies `bytes`; the array is an ordinary one and stays in memory until reused.
    public init(copying bytes: [UInt8]) {
        let buffer = unsafe Self.allocate(bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) }
        unsafe storage = buffer
    }

    /// `count` bytes from the kernel's generator, written straight into the secret.
    public static func random(count: Int) -> SecretBytes {
        unsafe SecretBytes(count: count, unsafeFill: { unsafe SystemRandom.fill($0) })
    }

    /// How many bytes there are; a length is not secret.
    public var count: Int { unsafe storage.count }

    /// Lends the bytes for the time of `body`.
    public borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(storage)))
    }

    /// Lends a pointer to the bytes, for C functions; it must not outlive `body`.
    @unsafe public borrowing func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(storage))
    }

    /// Whether both hold the same bytes, in a time that depends on the lengths alone.
    public borrowing func isEqual(to other: borrowing SecretBytes) -> Bool {
        unsafe Self.isEqual(UnsafeRawBufferPointer(storage), UnsafeRawBufferPointer(other.storage))
    }

    /// Whether the secret is these bytes, in a time that depends on the lengths alone.
    public borrowing func isEqual(to other: [UInt8]) -> Bool {
        let own = unsafe UnsafeRawBufferPointer(storage)
        return unsafe other.withUnsafeBytes { unsafe Self.isEqual(own, $0) }
    }

    deinit {
        unsafe Self.wipe(storage)
    }

    private static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        // Every byte is looked at, and no branch depends on one.
        var difference: UInt8 = 0
        for index in left.indices { difference |= unsafe left[index] ^ right[index] }
        return difference == 0
    }

    private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        precondition(count >= 0, "a length is not negative")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
        return unsafe buffer
    }

    private static func wipe(_ buffer: UnsafeMutableRawBufferPointer) {
        // explicit_bzero, because the compiler may drop an ordinary write to memory about to be freed.
        if let address = buffer.baseAddress { unsafe explicit_bzero(address, buffer.count) }
        unsafe buffer.deallocate()
    }
}
