import Logging
import NIOCore
import Primitives
import WalletConnectProtocol

/// Tells servers what happened to the messages they watch.
struct WebhookCaller: Sendable {
    /// Posts a JSON body and answers with the status; throws when there was no answer.
    typealias Post = @Sendable (_ url: String, _ body: [UInt8]) async throws -> Int

    let post: Post
    let allowsPrivateTargets: Bool
    let logger: Logger

    /// Calls under way at once.
    static let parallelMax = 32
    /// How long one event is tried, in seconds; never beyond its message's own end.
    static let secondsMax: Int64 = 3 * 86_400
    /// The first pause and the longest, in seconds.
    static let pauseSeconds: ClosedRange<Int64> = 1...3_600
    /// What a token about an event is good for, in seconds.
    static let tokenSeconds: Int64 = 3_600

    /// Until the stream ends or the task is cancelled; what was not told by then is not told.
    func run(_ events: AsyncStream<WatchedMessage>, identity: RelayIdentity, clock: WallClock) async {
        await withDiscardingTaskGroup { group in
            let slots = Slots(count: Self.parallelMax)
            for await event in events {
                await slots.take()
                group.addTask {
                    await tell(event, identity, clock)
                    await slots.give()
                }
            }
            group.cancelAll()
        }
    }

    private func tell(_ message: WatchedMessage, _ identity: RelayIdentity, _ clock: WallClock) async {
        guard allowsPrivateTargets || !WebhookTarget.isPrivate(message.watch.webhook) else {
            return logger.debug("a webhook into a private network is not called")
        }
        let end = min(message.expiresAt, clock.now.adding(seconds: Self.secondsMax))
        var pause = Self.pauseSeconds.lowerBound
        while !Task.isCancelled {
            let token = message.event.sign(
                identity.key, issuedAt: clock.now, lifetimeSeconds: Self.tokenSeconds)
            let body: JSON = ["eventAuth": [.string(token)]]
            if let status = try? await post(message.watch.webhook, body.serialized()), status < 500 { return }
            guard clock.now.adding(seconds: pause) < end else { return }
            try? await Task.sleep(for: .seconds(pause))
            pause = min(pause * 2, Self.pauseSeconds.upperBound)
        }
    }
}

/// Lets so many run at once.
///
/// An actor: who waits gives its thread back.
private actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        free = count
    }

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

/// Whether an address names a machine inside, which strangers could make the relay call.
enum WebhookTarget {
    static func isPrivate(_ url: String) -> Bool {
        guard let separator = url.firstIndex(of: ":") else { return true }
        var rest = url[url.index(after: separator)...].drop { $0 == "/" }
        if let end = rest.firstIndex(where: { "/?#\\".contains($0) }) { rest = rest[..<end] }
        if let user = rest.lastIndex(of: "@") { rest = rest[rest.index(after: user)...] }
        let host: Substring
        if rest.first == "[" {
            host = rest.dropFirst().prefix { $0 != "]" }
        } else {
            host = rest.prefix { $0 != ":" }
        }
        return isPrivate(host: host.lowercased())
    }

    private static func isPrivate(host: String) -> Bool {
        if host.isEmpty || host == "localhost" || host.hasSuffix(".localhost") || host.hasSuffix(".local")
            || host.hasSuffix(".internal")
        {
            return true
        }
        if let address = try? SocketAddress(ipAddress: host, port: 0) { return isPrivate(address) }
        // A bare number or 0x… is an IPv4 address to many resolvers.
        return !host.contains(".") || (host.split(separator: ".").last?.first?.isNumber ?? true)
    }

    private static func isPrivate(_ address: SocketAddress) -> Bool {
        guard let text = address.ipAddress else { return true }
        switch address.protocol {
        case .inet:
            let parts = text.split(separator: ".").compactMap { UInt8($0) }
            guard parts.count == 4 else { return true }
            return switch (parts[0], parts[1]) {
            case (0, _), (10, _), (127, _), (169, 254), (192, 168), (224..., _): true
            case (172, let second): (16...31).contains(second)
            case (100, let second): (64...127).contains(second)
            default: false
            }
        default:
            // Only global unicast, 2000::/3, is outside; without the forms that carry an IPv4 address.
            guard let first = text.first, first == "2" || first == "3" else { return true }
            return text.hasPrefix("2002:")
        }
    }
}
