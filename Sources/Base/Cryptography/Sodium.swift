import CSodium
import Glibc

/// What the whole target asks of libsodium before its first call.
enum Sodium {
    // libsodium chooses its implementations by processor once per process; a second call changes nothing and answers 1.
    private static let isInitialised = sodium_init() >= 0

    /// Makes libsodium ready; cheap after the first time.
    static func prepare() {
        precondition(isInitialised, "libsodium finds a source of randomness")
    }
}

/// Overwrites memory that held a secret; the compiler may not leave this call out.
func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    guard let baseAddress = bytes.baseAddress else { return }
    unsafe explicit_bzero(baseAddress, bytes.count)
}
