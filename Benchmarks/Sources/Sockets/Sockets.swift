import CReference
import Cryptography
import Glibc
import Primitives
import WalletConnectProtocol

/// A load client for WebSockets on loopback: one thread, epoll, frames written by hand.
///
/// `Sockets echo|relay|idle|silent PORT CONNECTIONS WINDOW SECONDS BYTES PATH`
/// - `echo`: every connection has `WINDOW` frames on the way and counts those that come back.
/// - `relay`: connections stand in a ring; each publishes for its neighbour, acknowledges what it is sent, and has
///   `WINDOW` publishes without an answer. Counted: messages that arrived.
/// - `idle`: every connection subscribes to one topic; then the program prints a line and waits until its input ends.
/// - `silent`: the same without subscriptions, for a server that is no relay.
@main
struct Sockets {
    static func main() {
        do {
            let arguments = CommandLine.arguments
            guard arguments.count == 8, let mode = Mode(rawValue: arguments[1]), let port = UInt16(arguments[2]),
                let connections = Int(arguments[3]), let window = Int(arguments[4]), let seconds = Double(arguments[5]),
                let bytes = Int(arguments[6])
            else { throw SocketsError("usage: Sockets echo|relay|idle|silent PORT CONNECTIONS WINDOW SECONDS BYTES PATH") }
            var run = try SocketRun(
                mode: mode, port: port, count: connections, window: window, seconds: seconds, bytes: bytes,
                path: arguments[7])
            print(try run.run())
        } catch {
            let message = "sockets: \((error as? SocketsError)?.text ?? "\(error)")\n"
            _ = write(STDERR_FILENO, message, message.utf8.count)
            exit(1)
        }
    }
}

enum Mode: String {
    case echo, relay, idle, silent

    /// Whether the server asks who connects.
    var isRelay: Bool { self == .relay || self == .idle }
}

struct SocketsError: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}
