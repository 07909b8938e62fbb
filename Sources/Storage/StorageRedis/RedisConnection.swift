#if Redis
    package import NIOCore
    import NIOSSL
    package import Storage
    import Synchronization

    /// A question on its way, answered once.
    ///
    /// A class, because the deadline, the connection's end and the answer race to finish it.
    package final class RedisRequest: Sendable {
        private struct Waiting {
            var completion: (@Sendable (Result<RESPValue, KeyValueError>) -> Void)?
            var whenOver: (@Sendable () -> Void)?
        }

        let bytes: ByteBuffer
        let deadline: NIODeadline
        private let waiting: Mutex<Waiting>

        /// - Parameters:
        ///   - whenOver: called once the server's answer is no longer to come; may be later than `completion`.
        ///   - completion: gets the answer, or why there is none.
        package init(
            _ command: RESPCommand, deadline: NIODeadline, whenOver: @escaping @Sendable () -> Void = {},
            completion: @escaping @Sendable (Result<RESPValue, KeyValueError>) -> Void
        ) {
            bytes = command.bytes
            self.deadline = deadline
            waiting = Mutex(Waiting(completion: completion, whenOver: whenOver))
        }

        /// Answers, unless somebody has; nothing more comes from the server.
        package func finish(_ result: Result<RESPValue, KeyValueError>) {
            let last = waiting.withLock { waiting in
                defer { waiting = Waiting() }
                return waiting
            }
            last.whenOver?()
            last.completion?(result)
        }

        /// Answers whoever waits, unless somebody has; the server's answer is still to come.
        package func giveUp(_ error: KeyValueError) {
            waiting.withLock { $0.completion.take() }?(.failure(error))
        }
    }

    /// One connection to a server: questions go out as they come, answers return in the same order.
    ///
    /// Questions that are asked while the event loop is busy go out with one flush.
    final class RedisConnection: Sendable {
        private struct Outbound {
            var requests: [RedisRequest] = []
            var isFlushScheduled = false
        }

        private let channel: any Channel
        private let outbound = Mutex(Outbound())

        init(_ channel: any Channel) {
            self.channel = channel
        }

        func send(_ request: RedisRequest) {
            let mustSchedule = outbound.withLock { outbound in
                outbound.requests.append(request)
                defer { outbound.isFlushScheduled = true }
                return !outbound.isFlushScheduled
            }
            if mustSchedule { channel.eventLoop.execute { self.flush() } }
        }

        /// Asks on the connection's event loop, outside of any pool.
        func ask(_ command: RESPCommand, deadline: NIODeadline) -> EventLoopFuture<RESPValue> {
            let promise = channel.eventLoop.makePromise(of: RESPValue.self)
            send(
                RedisRequest(command, deadline: deadline) { result in
                    promise.completeWith(result.mapError { $0 as any Error })
                })
            return promise.futureResult
        }

        /// Closes; what was asked and not answered fails.
        func close() {
            channel.close(promise: nil)
        }

        /// Completes when the connection is over.
        var closed: EventLoopFuture<Void> { channel.closeFuture }

        private func flush() {
            let requests = outbound.withLock { outbound in
                outbound.isFlushScheduled = false
                let requests = outbound.requests
                outbound.requests = []
                return requests
            }
            guard !requests.isEmpty else { return }
            channel.writeAndFlush(requests).whenFailure { error in
                // The handler knows better why, when it has seen them; this is for those that it has not.
                for request in requests {
                    request.finish(
                        .failure(KeyValueError(.unavailable, "redis: the connection was closed", cause: error)))
                }
            }
        }
    }

    /// Writes questions and hands out answers, on the connection's event loop.
    final class RedisHandler: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = [RedisRequest]
        typealias OutboundOut = ByteBuffer

        /// Bytes that are copied together before they are written; larger questions go out as they are.
        private static let joinedBytesMax = 16_384

        private let place: String
        private let isSecure: Bool
        private var reader = RESPReader()
        private var inbound = ByteBuffer()
        private var pending: RedisPending
        private var timer: Scheduled<Void>?
        private var wakesAt = NIODeadline.distantFuture
        private var failure: KeyValueError?
        private var hasHeard = false

        /// - Parameter silenceMax: how long a server that was asked something may say nothing at all.
        init(place: String, isSecure: Bool, silenceMax: TimeAmount) {
            self.place = place
            self.isSecure = isSecure
            pending = RedisPending(silenceMax: silenceMax)
        }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            let requests = unwrapOutboundIn(data)
            if let failure {
                for request in requests { request.finish(.failure(failure)) }
                promise?.succeed()
                return
            }
            var joined = ByteBuffer()
            let now = NIODeadline.now()
            for request in requests {
                pending.append(request, at: now)
                if request.bytes.readableBytes > Self.joinedBytesMax {
                    if joined.readableBytes > 0 { context.write(wrapOutboundOut(joined), promise: nil) }
                    joined = ByteBuffer()
                    context.write(wrapOutboundOut(request.bytes), promise: nil)
                } else {
                    joined.writeImmutableBuffer(request.bytes)
                }
            }
            if joined.readableBytes > 0 { context.write(wrapOutboundOut(joined), promise: nil) }
            promise?.succeed()
            watch(context, requests.lazy.map(\.deadline).min())
            watch(context, pending.deadAt)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            hasHeard = true
            pending.heard(at: .now())
            guard failure == nil else { return }
            if inbound.readableBytes == 0 { swap(&inbound, &bytes) } else { inbound.writeBuffer(&bytes) }
            do throws(RESPError) {
                while let reply = try reader.next(from: &inbound) {
                    guard let request = pending.popFirst() else {
                        if case .error(let line) = reply {
                            // Said before it hangs up: too many clients, protected mode.
                            return end(context, RedisRefusal.error(line, place))
                        }
                        return end(context, KeyValueError(.unavailable, "redis \(place) answered what nobody asked"))
                    }
                    request.finish(.success(reply))
                }
                inbound.discardReadBytes()
            } catch {
                end(context, KeyValueError(.unavailable, "redis \(place) does not speak RESP2", cause: error))
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            guard isSecure, Self.isRefusal(error) else {
                return end(
                    context, KeyValueError(.unavailable, "redis \(place): the connection broke\(hint)", cause: error))
            }
            end(
                context,
                KeyValueError(
                    .accessDenied,
                    "redis \(place): TLS failed; is the certificate one to trust, for this name, and TLS its language?",
                    cause: error))
        }

        func channelInactive(context: ChannelHandlerContext) {
            end(context, KeyValueError(.unavailable, "redis \(place) closed the connection\(hint)"))
            context.fireChannelInactive()
        }

        /// What a connection that never spoke may mean.
        private var hint: String {
            guard !hasHeard else { return "" }
            return isSecure ? "; does it speak TLS on this port?" : " before it said anything; does it want rediss://?"
        }

        /// Whether one side did not accept the other; a server that dies in a handshake refuses nobody.
        private static func isRefusal(_ error: any Error) -> Bool {
            switch error {
            case NIOSSLError.uncleanShutdown: false
            case NIOSSLError.handshakeFailed(.sslError(let reasons)): !reasons.contains(.eofDuringHandshake)
            case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: true
            default: false
            }
        }

        /// The first failure is the one that everybody gets.
        private func end(_ context: ChannelHandlerContext, _ error: KeyValueError) {
            if failure == nil {
                failure = error
                context.close(promise: nil)
            }
            timer?.cancel()
            timer = nil
            while let request = pending.popFirst() { request.finish(.failure(failure ?? error)) }
        }

        // MARK: Deadlines

        /// Wakes up when a question is overdue, or the connection dead.
        private func watch(_ context: ChannelHandlerContext, _ next: NIODeadline?) {
            guard let next else { return }
            guard timer == nil || next < wakesAt else { return }
            timer?.cancel()
            wakesAt = next
            let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            timer = context.eventLoop.scheduleTask(deadline: next) {
                let (handler, context) = loopBound.value
                handler.timer = nil
                handler.look(context, at: .now())
            }
        }

        private func look(_ context: ChannelHandlerContext, at now: NIODeadline) {
            let late = KeyValueError(
                .unavailable, "redis \(place) did not answer in time\(isSecure ? hint : "")")
            if let deadAt = pending.deadAt, deadAt <= now { return end(context, late) }
            for request in pending.overdue(at: now) { request.giveUp(late) }
            watch(context, pending.nextMoment)
        }
    }
#endif
