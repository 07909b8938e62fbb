// How the C libraries want bytes.

extension UnsafeRawBufferPointer {
    /// The bytes as C's `const unsigned char *`, for buffers that have memory.
    var octets: UnsafePointer<UInt8> {
        guard let octets = unsafe octetsOrNil else {
            preconditionFailure("a buffer of at least one byte has an address")
        }
        return unsafe octets
    }

    /// The same, or nil for an empty buffer without memory, where C takes that with a length of zero.
    var octetsOrNil: UnsafePointer<UInt8>? {
        unsafe baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The bytes as C's `unsigned char *`, for buffers that have memory.
    var octets: UnsafeMutablePointer<UInt8> {
        guard let octets = unsafe octetsOrNil else {
            preconditionFailure("a buffer of at least one byte has an address")
        }
        return unsafe octets
    }

    /// The same, or nil for an empty buffer without memory, where C takes that with a length of zero.
    var octetsOrNil: UnsafeMutablePointer<UInt8>? {
        unsafe baseAddress?.assumingMemoryBound(to: UInt8.self)
    }

    /// Writes all of `bytes` at `offset`.
    func copyBytes(from bytes: RawSpan, at offset: Int = 0) {
        precondition(offset >= 0 && offset + bytes.byteCount <= count, "the bytes fit into the buffer")
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(rebasing: self[offset...]).copyMemory(from: source)
        }
    }
}
