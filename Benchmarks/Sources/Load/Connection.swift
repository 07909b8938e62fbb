import CReference
import Glibc

/// One keep-alive connection with one request in flight at most.
struct Connection {
    let file: Int32
    var isBusy = false
    /// When the request in flight was to be sent; latency counts from here.
    var scheduled: Int64 = 0
    /// What has come of the answer.
    var received = 0
    /// Bytes of the whole answer, once its head is there.
    var answerBytes = 0
    var status = 0
    let buffer: UnsafeMutablePointer<UInt8>
    static let bufferBytes = 1 << 17

    init(port: UInt16) throws(OptionError) {
        file = reference_connect(port)
        guard file >= 0 else { throw OptionError(text: "can't connect to port \(port): errno \(-file)") }
        buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.bufferBytes)
    }

    enum Progress {
        case more
        case done(status: Int)
        case broken(String)
    }

    /// Reads what is there.
    mutating func receive() -> Progress {
        while true {
            let count = recv(file, buffer + received, Self.bufferBytes - received, 0)
            if count < 0 { return errno == EAGAIN ? .more : .broken("recv: errno \(errno)") }
            if count == 0 { return .broken("the server closed a connection") }
            received += count
            if answerBytes == 0 {
                guard readHead() else { return .broken("an answer without a length") }
            }
            if answerBytes > 0, received >= answerBytes {
                guard received == answerBytes else { return .broken("more bytes than the answer has") }
                received = 0
                answerBytes = 0
                return .done(status: status)
            }
            guard max(received + 1, answerBytes) <= Self.bufferBytes else {
                return .broken("an answer of more than \(Self.bufferBytes) bytes")
            }
        }
    }

    /// Finds the end of the head, the status and the length; `false` when the head is whole and has none.
    private mutating func readHead() -> Bool {
        let head = reference_find(buffer, received, "\r\n\r\n")
        guard head >= 0 else { return true }
        let headBytes = head + 4
        status = Int(buffer[9] - 48) * 100 + Int(buffer[10] - 48) * 10 + Int(buffer[11] - 48)
        for name in ["content-length: ", "Content-Length: "] {
            let field = reference_find(buffer, headBytes, name)
            guard field >= 0 else { continue }
            var length = 0
            var position = field + name.utf8.count
            while case 48...57 = buffer[position] {
                length = length * 10 + Int(buffer[position] - 48)
                position += 1
            }
            answerBytes = headBytes + length
            return true
        }
        return false
    }
}
