import NIOCore
import NIOWebSocket
import Synchronization
import WalletConnectClient

/// One open WebSocket, between the event loop that has its socket and the task that reads it.
///
/// Texts that come in one read are handed over together, and texts that are queued while the event loop is busy go out
/// with one flush: a hop between the two costs more than the work on a message.
final class WebSocketConnection: RelayConnection {
    private struct State {
        var texts: [[UInt8]] = []
        var waitingBytes = 0
        var hasSignOfLife = false
        var end: RelayClose?
        var waiter: CheckedContinuation<RelayInbound, Never>?
        var isCancelled = false
        var outbound: [[UInt8]] = []
        var isFlushScheduled = false
        var isReadingPaused = false
    }

    private let channel: any Channel
    private let waitingBytesMax: Int
    private let state = Mutex(State())

    init(channel: any Channel, waitingBytesMax: Int) {
        self.channel = channel
        self.waitingBytesMax = waitingBytesMax
    }

    // MARK: The reader's side

    func receive() async -> RelayInbound {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (ready, resumeReading) = state.withLock { state -> (RelayInbound?, Bool) in
                    let wasPaused = state.isReadingPaused
                    state.isReadingPaused = false
                    if let ready = Self.take(&state) { return (ready, wasPaused) }
                    state.waiter = continuation
                    return (nil, wasPaused)
                }
                if resumeReading { channel.read() }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.isCancelled = true
                return state.waiter.take()
            }
            waiter?.resume(returning: .texts([]))
        }
    }

    private static func take(_ state: inout State) -> RelayInbound? {
        if !state.texts.isEmpty || state.hasSignOfLife || state.isCancelled {
            let texts = state.texts
            state.texts = []
            state.waitingBytes = 0
            state.hasSignOfLife = false
            state.isCancelled = false
            return .texts(texts)
        }
        return state.end.map { .closed($0) }
    }

    func send(_ texts: [[UInt8]]) {
        guard !texts.isEmpty else { return }
        let mustSchedule = state.withLock { state in
            guard state.end == nil else { return false }
            state.outbound.append(contentsOf: texts)
            defer { state.isFlushScheduled = true }
            return !state.isFlushScheduled
        }
        if mustSchedule { channel.eventLoop.execute { self.flush() } }
    }

    func close(code: UInt16, reason: String) {
        channel.eventLoop.execute {
            self.flush()
            self.channel.triggerUserOutboundEvent(
                WebSocketEnd(close: RelayClose(code: code, reason: reason)), promise: nil)
        }
    }

    private func flush() {
        let texts = state.withLock { state in
            state.isFlushScheduled = false
            let texts = state.outbound
            state.outbound = []
            return texts
        }
        guard !texts.isEmpty else { return }
        for text in texts {
            channel.write(
                WebSocketFrame(
                    fin: true, opcode: .text, maskKey: .random(), data: channel.allocator.buffer(bytes: text)),
                promise: nil)
        }
        channel.flush()
    }

    // MARK: The event loop's side

    /// Whether the handler may go on reading from the socket.
    var mayRead: Bool { state.withLock { !$0.isReadingPaused } }

    /// Hands over what one read brought.
    func deliver(_ texts: [[UInt8]]) {
        let (waiter, inbound) = state.withLock { state -> (CheckedContinuation<RelayInbound, Never>?, RelayInbound?) in
            state.texts.append(contentsOf: texts)
            state.waitingBytes += texts.reduce(0) { $0 + $1.count }
            state.hasSignOfLife = true
            guard let waiter = state.waiter.take() else {
                state.isReadingPaused = state.waitingBytes > waitingBytesMax
                return (nil, nil)
            }
            return (waiter, Self.take(&state))
        }
        if let waiter { waiter.resume(returning: inbound ?? .texts([])) }
    }

    /// Notes the end; the first one counts, and texts that came before it are read first.
    func end(_ close: RelayClose) {
        let (waiter, inbound) = state.withLock { state -> (CheckedContinuation<RelayInbound, Never>?, RelayInbound?) in
            guard state.end == nil else { return (nil, nil) }
            state.end = close
            state.outbound = []
            guard let waiter = state.waiter.take() else { return (nil, nil) }
            return (waiter, Self.take(&state))
        }
        if let waiter { waiter.resume(returning: inbound ?? .closed(close)) }
    }
}

/// Asks the handler to close.
struct WebSocketEnd: Sendable {
    let close: RelayClose
}
