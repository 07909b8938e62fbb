import CReference
import Glibc

/// One WebSocket after its handshake: whole text frames in, masked text frames out.
struct FrameSocket {
    let file: Int32
    /// What has come and is not a whole frame yet.
    private var input: [UInt8] = []
    private var output: [UInt8] = []

    init(port: UInt16, path: String) throws(SocketsError) {
        file = reference_connect(port)
        guard file >= 0 else { throw SocketsError("can't connect to port \(port): errno \(-file)") }
        let request =
            "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        guard send(file, request, request.utf8.count, 0) == request.utf8.count else { throw SocketsError("handshake") }
    }

    /// Waits for the answer to the handshake; the socket must be new.
    mutating func finishHandshake() throws(SocketsError) {
        var waiting = pollfd(file: file)
        while true {
            if let end = input.firstRange(of: Array("\r\n\r\n".utf8)) {
                guard input.starts(with: Array("HTTP/1.1 101".utf8)) else {
                    throw SocketsError(String(decoding: input, as: UTF8.self))
                }
                input.removeFirst(end.upperBound)
                return
            }
            guard poll(&waiting, 1, 10_000) == 1, try receive() else { throw SocketsError("no answer to a handshake") }
        }
    }

    /// Reads what is there; `false` at the end.
    mutating func receive() throws(SocketsError) -> Bool {
        var chunk = 1 << 16
        while true {
            let before = input.count
            input.append(contentsOf: repeatElement(0, count: chunk))
            let space = chunk
            let count = input.withUnsafeMutableBytes { recv(file, $0.baseAddress! + before, space, 0) }
            input.removeLast(space - max(0, count))
            if count < 0 { return errno == EAGAIN }
            if count == 0 { return false }
            if count < chunk { return true }
            chunk = 1 << 17
        }
    }

    /// Hands over the text frames that are whole, and answers pings.
    mutating func frames(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var start = 0
        var pings = 0
        try input.withUnsafeBytes { bytes in
            while bytes.count - start >= 2 {
                var length = Int(bytes[start + 1] & 0x7F)
                var header = 2
                if length == 126 {
                    guard bytes.count - start >= 4 else { return }
                    length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
                    header = 4
                } else if length == 127 {
                    guard bytes.count - start >= 10 else { return }
                    length = (2..<10).reduce(0) { $0 << 8 | Int(bytes[start + $1]) }
                    header = 10
                }
                guard bytes.count - start >= header + length else { return }
                switch bytes[start] & 0x0F {
                case 1: try body(UnsafeRawBufferPointer(rebasing: bytes[(start + header)..<(start + header + length)]))
                case 8: throw SocketsError("the server closed a socket")
                case 9: pings += 1
                default: break
                }
                start += header + length
            }
        }
        if start > 0 { input.removeFirst(start) }
        for _ in 0..<pings { output.append(contentsOf: [0x8A, 0x80, 0, 0, 0, 0]) }
    }

    /// Queues a text frame. Its mask is zero, which leaves the text as it is; the server unmasks all the same.
    mutating func write(_ text: [UInt8]) {
        output.append(0x81)
        if text.count < 126 {
            output.append(0x80 | UInt8(text.count))
        } else {
            output.append(0xFE)
            output.append(UInt8(text.count >> 8))
            output.append(UInt8(text.count & 0xFF))
        }
        output.append(contentsOf: [0, 0, 0, 0])
        output.append(contentsOf: text)
    }

    /// Sends what is queued.
    mutating func flush() throws(SocketsError) {
        guard !output.isEmpty else { return }
        let count = output.withUnsafeBytes { send(file, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count >= 0 || errno == EAGAIN else { throw SocketsError("send: errno \(errno)") }
        if count == output.count {
            output.removeAll(keepingCapacity: true)
        } else if count > 0 {
            output.removeFirst(count)
        }
    }
}

extension pollfd {
    init(file: Int32) {
        self.init(fd: file, events: Int16(POLLIN), revents: 0)
    }
}
