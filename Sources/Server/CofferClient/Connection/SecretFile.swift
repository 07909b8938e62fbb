import Glibc
package import Primitives

/// A file of random bytes that only its owner can read.
package enum SecretFile {
    /// The bytes of the file, which is made with mode 0600 when it is not there.
    ///
    /// - Throws: ``ClientError`` with `configuration`: others can read the file, or it has another length.
    package static func random(_ path: String, count: Int) throws(ClientError) -> SecretBytes {
        var bytes: [UInt8]
        do {
            bytes = try LocalFile.read(path, bytesMax: count)
        } catch .missing {
            return try make(path, count)
        } catch {
            throw ClientError(.configuration, "a key cannot be read: \(error)")
        }
        defer { wipe(&bytes) }
        guard bytes.count == count else { throw ClientError(.configuration, "\(path) is damaged") }
        guard !LocalFile.isReadableByOthers(path) else {
            throw ClientError(
                .configuration, "\(path) can be read by others", fix: "chmod 600 it, if they did not")
        }
        return SecretBytes(copying: bytes)
    }

    private static func make(_ path: String, _ count: Int) throws(ClientError) -> SecretBytes {
        let secret = SecretBytes.random(count: count)
        var bytes = secret.withBytes { span in
            (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
        defer { wipe(&bytes) }
        do {
            try LocalFile.create(path, bytes)
        } catch {
            throw ClientError(.configuration, "a key was not written: \(error)")
        }
        return secret
    }

    /// Overwrites a copy that could not be avoided.
    static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { buffer in
            if let address = buffer.baseAddress { unsafe explicit_bzero(address, buffer.count) }
        }
    }
}
