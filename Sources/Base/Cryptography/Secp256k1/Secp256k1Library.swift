import CSecp256k1
import Primitives

/// Every call into libsecp256k1 is in this file, over borrowed bytes; the rest of the target is plain Swift.
///
/// Lengths are the caller's promise and are checked with preconditions: the public types have already refused bad input.
enum Secp256k1Library {
    // MARK: Keys

    static func isValid(secret: RawSpan) -> Bool {
        precondition(secret.byteCount == 32, "a secret has 32 bytes")
        return unsafe secret.withUnsafeBytes { bytes in
            unsafe secp256k1_ec_seckey_verify(context.pointer, bytes.octets) == 1
        }
    }

    /// The point of a valid secret, uncompressed.
    static func publicKey(secret: RawSpan) -> [UInt8]? {
        precondition(secret.byteCount == 32, "a secret has 32 bytes")
        var key = secp256k1_pubkey()
        let done = unsafe secret.withUnsafeBytes { bytes in
            unsafe secp256k1_ec_pubkey_create(context.pointer, &key, bytes.octets)
        }
        return done == 1 ? serialize(&key, compressed: false) : nil
    }

    /// The uncompressed form of a point in any SEC 1 encoding of 33 or 65 bytes.
    static func normalizedPublicKey(_ encoded: RawSpan) -> [UInt8]? {
        guard var key = parse(encoded) else { return nil }
        return serialize(&key, compressed: false)
    }

    static func add(tweak: RawSpan, toPoint encoded: RawSpan) -> [UInt8]? {
        precondition(tweak.byteCount == 32, "a tweak has 32 bytes")
        guard var key = parse(encoded) else { return nil }
        let done = unsafe tweak.withUnsafeBytes { bytes in
            unsafe secp256k1_ec_pubkey_tweak_add(context.pointer, &key, bytes.octets)
        }
        return done == 1 ? serialize(&key, compressed: false) : nil
    }

    /// Adds in place; on failure the bytes are undefined and must not be used.
    static func add(tweak: RawSpan, toSecret secret: UnsafeMutableRawBufferPointer) -> Bool {
        precondition(tweak.byteCount == 32 && secret.count == 32, "a secret and a tweak have 32 bytes")
        return unsafe tweak.withUnsafeBytes { bytes in
            unsafe secp256k1_ec_seckey_tweak_add(context.pointer, secret.octets, bytes.octets) == 1
        }
    }

    /// SHA-256 of the compressed shared point, written to 32 bytes.
    static func sharedSecret(secret: RawSpan, point: RawSpan, into out: UnsafeMutableRawBufferPointer) -> Bool {
        precondition(secret.byteCount == 32 && out.count == 32, "a secret and a shared secret have 32 bytes")
        guard var key = parse(point) else { return false }
        return unsafe secret.withUnsafeBytes { bytes in
            unsafe secp256k1_ecdh(context.pointer, out.octets, &key, bytes.octets, nil, nil) == 1
        }
    }

    // MARK: ECDSA

    /// Signs with the RFC 6979 nonce; S comes out in the lower half.
    static func sign(digest: RawSpan, secret: RawSpan) -> (compact: [UInt8], recoveryID: UInt8)? {
        precondition(digest.byteCount == 32 && secret.byteCount == 32, "a digest and a secret have 32 bytes")
        var signature = secp256k1_ecdsa_recoverable_signature()
        let done = unsafe digest.withUnsafeBytes { message in
            unsafe secret.withUnsafeBytes { key in
                unsafe secp256k1_ecdsa_sign_recoverable(
                    context.pointer, &signature, message.octets, key.octets, nil, nil)
            }
        }
        guard done == 1 else { return nil }
        var recoveryID: Int32 = 0
        let compact = unsafe filled(64) { out in
            unsafe secp256k1_ecdsa_recoverable_signature_serialize_compact(
                context.pointer, out.octets, &recoveryID, &signature)
        }
        guard let compact, let id = UInt8(exactly: recoveryID) else { return nil }
        return (compact, id)
    }

    /// The compact form with S in the lower half, and whether that changed anything.
    static func normalized(compact: RawSpan) -> (compact: [UInt8], changed: Bool)? {
        guard var signature = parseSignature(compact) else { return nil }
        var low = secp256k1_ecdsa_signature()
        let changed = unsafe secp256k1_ecdsa_signature_normalize(context.pointer, &low, &signature) == 1
        guard let compact = serialize(&low) else { return nil }
        return (compact, changed)
    }

    /// The compact form of a DER signature; nil when it is malformed.
    static func compact(der: RawSpan) -> [UInt8]? {
        var signature = secp256k1_ecdsa_signature()
        let done = unsafe der.withUnsafeBytes { bytes in
            unsafe secp256k1_ecdsa_signature_parse_der(context.pointer, &signature, bytes.octets, bytes.count)
        }
        return done == 1 ? serialize(&signature) : nil
    }

    static func der(compact: RawSpan) -> [UInt8]? {
        guard var signature = parseSignature(compact) else { return nil }
        // 72 is the longest DER signature: two integers of 33 bytes and three headers of two.
        var count = 72
        let buffer = unsafe filled(72) { out in
            unsafe secp256k1_ecdsa_signature_serialize_der(context.pointer, out.octets, &count, &signature)
        }
        return buffer.map { Array($0.prefix(count)) }
    }

    static func verify(compact: RawSpan, digest: RawSpan, point: RawSpan) -> Bool {
        precondition(digest.byteCount == 32, "a digest has 32 bytes")
        guard var signature = parseSignature(compact), var key = parse(point) else { return false }
        return unsafe digest.withUnsafeBytes { message in
            unsafe secp256k1_ecdsa_verify(context.pointer, &signature, message.octets, &key) == 1
        }
    }

    static func recover(compact: RawSpan, recoveryID: UInt8, digest: RawSpan) -> [UInt8]? {
        precondition(compact.byteCount == 64 && digest.byteCount == 32, "a signature has 64 bytes, a digest 32")
        precondition(recoveryID < 4, "a recovery id is 0, 1, 2 or 3")
        var signature = secp256k1_ecdsa_recoverable_signature()
        let parsed = unsafe compact.withUnsafeBytes { bytes in
            unsafe secp256k1_ecdsa_recoverable_signature_parse_compact(
                context.pointer, &signature, bytes.octets, Int32(recoveryID))
        }
        guard parsed == 1 else { return nil }
        var key = secp256k1_pubkey()
        let done = unsafe digest.withUnsafeBytes { message in
            unsafe secp256k1_ecdsa_recover(context.pointer, &key, &signature, message.octets)
        }
        return done == 1 ? serialize(&key, compressed: false) : nil
    }

    // MARK: Schnorr (BIP-340)

    static func signSchnorr(message: RawSpan, secret: RawSpan, auxiliary: RawSpan) -> [UInt8]? {
        precondition(message.byteCount == 32 && auxiliary.byteCount == 32, "message and randomness have 32 bytes")
        var pair = secp256k1_keypair()
        // The pair holds the secret a second time; it is wiped whatever happens.
        defer {
            unsafe withUnsafeMutableBytes(of: &pair) { bytes in unsafe wipe(bytes) }
        }
        let made = unsafe secret.withUnsafeBytes { key in
            unsafe secp256k1_keypair_create(context.pointer, &pair, key.octets)
        }
        guard made == 1 else { return nil }
        return unsafe message.withUnsafeBytes { message in
            unsafe auxiliary.withUnsafeBytes { auxiliary in
                unsafe filled(64) { out in
                    unsafe secp256k1_schnorrsig_sign32(
                        context.pointer, out.octets, message.octets, &pair, auxiliary.octets)
                }
            }
        }
    }

    static func isValid(xOnly: RawSpan) -> Bool {
        parseXOnly(xOnly) != nil
    }

    static func verifySchnorr(signature: RawSpan, message: RawSpan, xOnly: RawSpan) -> Bool {
        precondition(signature.byteCount == 64, "a Schnorr signature has 64 bytes")
        guard var key = parseXOnly(xOnly) else { return false }
        return unsafe signature.withUnsafeBytes { signature in
            unsafe message.withUnsafeBytes { message in
                // The C function wants a pointer even for an empty message.
                var nothing: UInt8 = 0
                return unsafe withUnsafePointer(to: &nothing) { nothing in
                    unsafe secp256k1_schnorrsig_verify(
                        context.pointer, signature.octets,
                        message.count > 0 ? message.octets : nothing, message.count, &key) == 1
                }
            }
        }
    }

    // MARK: Forms

    private static func parse(_ encoded: RawSpan) -> secp256k1_pubkey? {
        var key = secp256k1_pubkey()
        let done = unsafe encoded.withUnsafeBytes { bytes in
            guard bytes.count == 33 || bytes.count == 65 else { return Int32(0) }
            return unsafe secp256k1_ec_pubkey_parse(context.pointer, &key, bytes.octets, bytes.count)
        }
        return done == 1 ? key : nil
    }

    private static func serialize(_ key: inout secp256k1_pubkey, compressed: Bool) -> [UInt8]? {
        var count = compressed ? 33 : 65
        let flags = UInt32(compressed ? SECP256K1_EC_COMPRESSED : SECP256K1_EC_UNCOMPRESSED)
        return unsafe filled(count) { out in
            unsafe secp256k1_ec_pubkey_serialize(context.pointer, out.octets, &count, &key, flags)
        }
    }

    private static func parseXOnly(_ encoded: RawSpan) -> secp256k1_xonly_pubkey? {
        var key = secp256k1_xonly_pubkey()
        let done = unsafe encoded.withUnsafeBytes { bytes in
            guard bytes.count == 32 else { return Int32(0) }
            return unsafe secp256k1_xonly_pubkey_parse(context.pointer, &key, bytes.octets)
        }
        return done == 1 ? key : nil
    }

    private static func parseSignature(_ compact: RawSpan) -> secp256k1_ecdsa_signature? {
        precondition(compact.byteCount == 64, "a compact signature has 64 bytes")
        var signature = secp256k1_ecdsa_signature()
        let done = unsafe compact.withUnsafeBytes { bytes in
            unsafe secp256k1_ecdsa_signature_parse_compact(context.pointer, &signature, bytes.octets)
        }
        return done == 1 ? signature : nil
    }

    private static func serialize(_ signature: inout secp256k1_ecdsa_signature) -> [UInt8]? {
        unsafe filled(64) { out in
            unsafe secp256k1_ecdsa_signature_serialize_compact(context.pointer, out.octets, &signature)
        }
    }

    /// An array of `count` bytes that the C function writes; nil when it answers something other than 1.
    private static func filled(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int32) -> [UInt8]? {
        var done: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            unsafe buffer.initialize(repeating: 0)
            done = unsafe body(UnsafeMutableRawBufferPointer(buffer))
            initializedCount = count
        }
        return done == 1 ? bytes : nil
    }
}

/// Owns one context of the C library.
///
/// A class because the context has to be destroyed once. `@unchecked Sendable` because after `init` the context is only
/// passed to functions that take it as const, which the library documents as safe from many threads.
@safe private final class Context: @unchecked Sendable {
    let pointer: OpaquePointer

    init() {
        guard let created = unsafe secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            preconditionFailure("libsecp256k1 makes a context unless memory has run out")
        }
        // Blinds the multiplications against side channels; the seed is as secret as a key for that purpose.
        let blinded = SecretBytes.random(count: 32).withBytes { seed in
            unsafe seed.withUnsafeBytes { bytes in
                unsafe secp256k1_context_randomize(created, bytes.octets)
            }
        }
        precondition(blinded == 1, "libsecp256k1 randomises a context of its own making")
        unsafe pointer = created
    }

    deinit {
        unsafe secp256k1_context_destroy(pointer)
    }
}

// The C library does nothing without a context, making one takes a self-test and a table set-up, and its own static one
// is neither blinded nor fit for signing. So there is one, made at first use, never changed after, and not visible above.
private let context = Context()
