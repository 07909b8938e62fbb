import Crypto
public import Primitives

/// HMAC with the SHA-2 functions.
///
/// Standard: [RFC 2104](https://www.rfc-editor.org/rfc/rfc2104).
public enum HMAC2 {
    /// HMAC-SHA-256: 32 bytes.
    public static func sha256(key: [UInt8], message: [UInt8]) -> Hash32 {
        Hash32(code: code(SHA256.self, key: SymmetricKey(data: key), message: message))
    }

    /// HMAC-SHA-256 under a secret key: 32 bytes.
    public static func sha256(key: borrowing SecretBytes, message: [UInt8]) -> Hash32 {
        Hash32(code: code(SHA256.self, key: SymmetricKey(secret: key), message: message))
    }

    /// HMAC-SHA-512: 64 bytes.
    public static func sha512(key: [UInt8], message: [UInt8]) -> [UInt8] {
        Array(code(SHA512.self, key: SymmetricKey(data: key), message: message))
    }

    /// HMAC-SHA-512 under a secret key: 64 bytes.
    public static func sha512(key: borrowing SecretBytes, message: [UInt8]) -> [UInt8] {
        Array(code(SHA512.self, key: SymmetricKey(secret: key), message: message))
    }

    /// Whether `code` is the HMAC-SHA-256 of `message`, in a time that does not depend on where the two differ.
    public static func isValidSHA256(_ code: [UInt8], key: borrowing SecretBytes, message: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: SymmetricKey(secret: key))
    }

    private static func code<Function: HashFunction>(
        _ function: Function.Type, key: SymmetricKey, message: [UInt8]
    ) -> HMAC<Function>.MAC {
        HMAC<Function>.authenticationCode(for: message, using: key)
    }
}

/// HKDF, which turns one secret into independent keys.
///
/// Standard: [RFC 5869](https://www.rfc-editor.org/rfc/rfc5869).
public enum HKDF {
    /// `count` bytes derived from `ikm`; the same inputs give the same bytes.
    ///
    /// - Parameters:
    ///   - salt: public, may be empty.
    ///   - info: says what the key is for; different infos give unrelated keys.
    ///   - count: 1...8160, which is 255 digests.
    public static func sha256(
        ikm: borrowing SecretBytes, salt: [UInt8] = [], info: [UInt8] = [], count: Int
    ) -> SecretBytes {
        precondition(1...8160 ~= count, "HKDF-SHA-256 gives 1 to 8160 bytes")
        let derived = Crypto.HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(secret: ikm), salt: salt, info: info, outputByteCount: count)
        return SecretBytes(copying: derived)
    }
}

extension Hash32 {
    /// A code of the library below as our own type.
    fileprivate init(code: HMAC<SHA256>.MAC) {
        let hash = unsafe code.withUnsafeBytes { unsafe Hash32($0) }
        guard let hash else {
            preconditionFailure("a 256-bit code has 32 bytes")
        }
        self = hash
    }
}

extension SymmetricKey {
    /// A key of the library below; its copy is wiped at the end of its life too.
    init(secret: borrowing SecretBytes) {
        self = unsafe secret.withUnsafeBytes { unsafe SymmetricKey(data: $0) }
    }
}

extension SecretBytes {
    /// The bytes of a key of the library below.
    init(copying key: SymmetricKey) {
        // The library's closure cannot return a value that is not copyable, so the copy is made the other way round.
        self = unsafe SecretBytes(
            count: key.bitCount / 8,
            unsafeFill: { out in
                unsafe key.withUnsafeBytes { unsafe out.copyMemory(from: $0) }
            })
    }
}
