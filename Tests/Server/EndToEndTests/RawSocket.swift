import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Bytes to a port and back, without any library's idea of HTTP.
enum RawSocket {
    /// What came back.
    struct Answer: Sendable, CustomStringConvertible {
        let text: String
        /// Whether the server ended the connection, rather than our patience.
        let isClosed: Bool

        /// The status of the first answer.
        var status: Int? {
            guard text.hasPrefix("HTTP/1.1 ") else { return nil }
            return Int(text.dropFirst(9).prefix(3))
        }

        /// How many answers came.
        var count: Int { text.components(separatedBy: "HTTP/1.1 ").count - 1 }
        var description: String { "\(text.prefix(400)) (\(isClosed ? "closed" : "open"))" }
    }

    /// Sends bytes, after a while perhaps more, and returns what came until the server closed or was silent for long.
    ///
    /// Blocks, so it has a thread.
    static func exchange(
        _ port: Int, _ bytes: [UInt8], silenceMilliseconds: Int = 1_500, then rest: [UInt8] = [],
        afterMilliseconds pause: Int = 0
    ) async -> Answer {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: blocking(port, [bytes, rest], pause, silenceMilliseconds))
            }
        }
    }

    private static func blocking(_ port: Int, _ parts: [[UInt8]], _ pause: Int, _ silence: Int) -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: silence / 1_000, tv_usec: (silence % 1_000) * 1_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return Answer(text: "", isClosed: true) }
        for (index, bytes) in parts.enumerated() where !bytes.isEmpty {
            if index > 0 { Thread.sleep(forTimeInterval: Double(pause) / 1_000) }
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes[sent...].withUnsafeBytes {
                    unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                // The server may have answered and closed before everything was sent.
                guard count > 0 else { break }
                sent += count
            }
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while received.count < 1 << 20 {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 0 { return Answer(text: String(decoding: received, as: UTF8.self), isClosed: true) }
            if count < 0 {
                return Answer(text: String(decoding: received, as: UTF8.self), isClosed: errno == ECONNRESET)
            }
            received += buffer[..<count]
        }
        return Answer(text: String(decoding: received, as: UTF8.self), isClosed: false)
    }
}
