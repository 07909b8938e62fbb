import CSodium
import Primitives

/// HMAC-SHA-512 whose message and result are secrets: nothing of it lies in an array.
struct SecretHMAC512: ~Copyable {
    private var state = crypto_auth_hmacsha512_state()

    init(key: RawSpan) {
        Sodium.prepare()
        unsafe key.withUnsafeBytes { bytes in
            _ = unsafe crypto_auth_hmacsha512_init(&state, bytes.octets, bytes.count)
        }
    }

    mutating func update(_ message: RawSpan) {
        unsafe message.withUnsafeBytes { bytes in
            _ = unsafe crypto_auth_hmacsha512_update(&state, bytes.octetsOrNil, UInt64(bytes.count))
        }
    }

    mutating func update(_ message: [UInt8]) {
        unsafe update(message.span.bytes)
    }

    /// The 64 bytes; the state is wiped, since it is worth as much as the key.
    consuming func finish() -> SecretBytes {
        let result = unsafe SecretBytes(
            count: 64,
            unsafeFill: { out in
                _ = unsafe crypto_auth_hmacsha512_final(&state, out.octets)
            })
        unsafe withUnsafeMutableBytes(of: &state) { bytes in unsafe wipe(bytes) }
        return result
    }

    /// PBKDF2 with one block of output, which is all that BIP-39 wants: 64 bytes.
    ///
    /// Standard: [RFC 8018](https://www.rfc-editor.org/rfc/rfc8018), section 5.2.
    static func pbkdf2(password: RawSpan, salt: RawSpan, rounds: Int) -> SecretBytes {
        precondition(rounds > 0, "a derivation has at least one round")
        // The key is mixed in once and the state copied for each round, which halves the work.
        var keyed = SecretHMAC512(key: password)
        let blockNumber: [UInt8] = [0, 0, 0, 1]
        let result = unsafe SecretBytes(
            count: 64,
            unsafeFill: { out in
                var running = keyed.state
                var block = InlineArray<64, UInt8>(repeating: 0)
                var span = block.mutableSpan
                unsafe span.withUnsafeMutableBytes { block in
                    unsafe salt.withUnsafeBytes { bytes in
                        _ = unsafe crypto_auth_hmacsha512_update(&running, bytes.octetsOrNil, UInt64(bytes.count))
                    }
                    _ = unsafe crypto_auth_hmacsha512_update(&running, blockNumber, 4)
                    _ = unsafe crypto_auth_hmacsha512_final(&running, block.octets)
                    unsafe out.copyMemory(from: UnsafeRawBufferPointer(block))
                    for _ in 1..<rounds {
                        running = keyed.state
                        _ = unsafe crypto_auth_hmacsha512_update(&running, block.octets, 64)
                        _ = unsafe crypto_auth_hmacsha512_final(&running, block.octets)
                        for index in 0..<64 { unsafe out[index] ^= unsafe block[index] }
                    }
                    unsafe wipe(block)
                }
                unsafe withUnsafeMutableBytes(of: &running) { bytes in unsafe wipe(bytes) }
            })
        unsafe withUnsafeMutableBytes(of: &keyed.state) { bytes in unsafe wipe(bytes) }
        return result
    }
}
