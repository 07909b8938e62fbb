import Primitives

/// Reads the frames that make up nearly all traffic, without a JSON value in between: irn_publish, irn_subscription and
/// short answers, written without spaces and escapes.
///
/// Anything else is left to the complete reader: an unknown or repeated member, an escape, a letter outside ASCII, a number
/// with a sign, a topic that is none. So both readers give the same result for every frame, and only one of them
/// decides what is an error.
struct FrameScanner {
    /// Longer frames are left to the complete reader with its limits, in bytes.
    static let bytesMax = 256 << 10

    var at = 0

    /// Reads a whole frame; nil leaves it to the complete reader.
    static func scan(_ text: Span<UInt8>) -> RelayFrame? {
        guard text.count <= bytesMax else { return nil }
        var scanner = FrameScanner()
        return scanner.frame(text)
    }

    /// What a frame calls.
    private enum Method { case publish, subscription }

    /// What stands in `params` or `result`.
    private enum Content {
        case publish(RelayPublish)
        case push(RelayPush)
        case result(JSON)
    }

    // MARK: Frames

    private mutating func frame(_ text: Span<UInt8>) -> RelayFrame? {
        guard take(.openBrace, text) else { return nil }
        var id: RPCID?
        var hasVersion = false
        var method: Method?
        var content: Content?
        repeat {
            guard let key = key(text) else { return nil }
            switch key.count {
            case 2 where Self.isName("id", text, key) && id == nil:
                guard let value = requestID(text) else { return nil }
                id = value
            case 7 where Self.isName("jsonrpc", text, key) && !hasVersion:
                guard let value = plain(text), Self.isName("2.0", text, value) else { return nil }
                hasVersion = true
            case 6 where Self.isName("method", text, key) && method == nil:
                guard let value = plain(text), let name = Self.method(text, value) else { return nil }
                method = name
            case 6 where Self.isName("params", text, key) && content == nil:
                guard let method, let value = params(method, text) else { return nil }
                content = value
            case 6 where Self.isName("result", text, key) && content == nil:
                guard let value = result(text) else { return nil }
                content = .result(value)
            default: return nil
            }
        } while take(.comma, text)
        guard take(.closeBrace, text), at == text.count, let id, let content else { return nil }
        switch content {
        case .publish(let publish): return hasVersion ? .call(id: id, .publish(publish)) : nil
        case .push(let push): return hasVersion ? .push(id: id, push) : nil
        case .result(let value): return method == nil ? .answer(id: id, value) : nil
        }
    }

    private static func method(_ text: Span<UInt8>, _ name: Range<Int>) -> Method? {
        switch name.count {
        case 11: isName("irn_publish", text, name) ? .publish : nil
        case 16: isName("irn_subscription", text, name) ? .subscription : nil
        default: nil
        }
    }

    private mutating func params(_ method: Method, _ text: Span<UInt8>) -> Content? {
        switch method {
        case .publish: publish(text).map(Content.publish)
        case .subscription: push(text).map(Content.push)
        }
    }

    private mutating func requestID(_ text: Span<UInt8>) -> RPCID? {
        guard at < text.count else { return nil }
        guard text[at] == .quote else { return number(text).map(RPCID.number) }
        guard let value = plain(text), 1...RPCID.textBytesMax ~= value.count else { return nil }
        return .text(Self.copy(text, value))
    }

    private mutating func result(_ text: Span<UInt8>) -> JSON? {
        guard at < text.count else { return nil }
        if text[at] == .quote { return plain(text).map { .string(Self.copy(text, $0)) } }
        return take("true", text) ? true : nil
    }

    // MARK: irn_publish

    private mutating func publish(_ text: Span<UInt8>) -> RelayPublish? {
        guard take(.openBrace, text) else { return nil }
        var topic: Topic?
        var message: Range<Int>?
        var ttl: UInt32?
        var tag: UInt32?
        var prompt: Bool?
        var attestation: Range<Int>?
        var analytics = RelayAnalytics()
        repeat {
            guard let key = key(text) else { return nil }
            switch key.count {
            case 5 where Self.isName("topic", text, key) && topic == nil:
                guard let value = plain(text), value.count == Words32.digits,
                    let read = Topic(digits: text, at: value.lowerBound)
                else { return nil }
                topic = read
            case 7 where Self.isName("message", text, key) && message == nil:
                guard let value = plain(text), !value.isEmpty else { return nil }
                message = value
            case 3 where Self.isName("ttl", text, key) && ttl == nil:
                guard let value = number(text).flatMap(UInt32.init(exactly:)) else { return nil }
                ttl = value
            case 3 where Self.isName("tag", text, key) && tag == nil:
                guard let value = number(text).flatMap(UInt32.init(exactly:)) else { return nil }
                tag = value
            case 6 where Self.isName("prompt", text, key) && prompt == nil:
                if take("true", text) {
                    prompt = true
                } else if take("false", text) {
                    prompt = false
                } else {
                    return nil
                }
            case 11 where Self.isName("attestation", text, key) && attestation == nil:
                guard let value = plain(text) else { return nil }
                attestation = value
            default:
                guard analyticsMember(key, text, into: &analytics) else { return nil }
            }
        } while take(.comma, text)
        guard take(.closeBrace, text), let topic, let message, let ttl, let tag else { return nil }
        return RelayPublish(
            topic: topic, message: Self.copy(text, message), ttlSeconds: ttl, tag: tag, prompt: prompt ?? false,
            attestation: attestation.map { Self.copy(text, $0) }, analytics: analytics.isEmpty ? nil : analytics)
    }

    /// Reads one flat member of the analytics; false for any other member, and for one that comes twice.
    private mutating func analyticsMember(
        _ key: Range<Int>, _ text: Span<UInt8>, into analytics: inout RelayAnalytics
    ) -> Bool {
        switch key.count {
        case 13 where Self.isName("correlationId", text, key) && analytics.correlationID == nil:
            analytics.correlationID = number(text)
            return analytics.correlationID != nil
        case 7 where Self.isName("chainId", text, key) && analytics.chainID == nil:
            analytics.chainID = plain(text).map { Self.copy(text, $0) }
            return analytics.chainID != nil
        case 10 where Self.isName("rpcMethods", text, key) && analytics.rpcMethods == nil:
            analytics.rpcMethods = texts(text)
            return analytics.rpcMethods != nil
        case 8 where Self.isName("txHashes", text, key) && analytics.txHashes == nil:
            analytics.txHashes = texts(text)
            return analytics.txHashes != nil
        case 17 where Self.isName("contractAddresses", text, key) && analytics.contractAddresses == nil:
            analytics.contractAddresses = texts(text)
            return analytics.contractAddresses != nil
        default: return false
        }
    }

    // MARK: irn_subscription

    private mutating func push(_ text: Span<UInt8>) -> RelayPush? {
        guard take(.openBrace, text) else { return nil }
        var id: SubscriptionID?
        var push: RelayPush?
        repeat {
            guard let key = key(text) else { return nil }
            switch key.count {
            case 2 where Self.isName("id", text, key) && id == nil:
                guard let value = plain(text), value.count == Words32.digits,
                    let read = SubscriptionID(digits: text, at: value.lowerBound)
                else { return nil }
                id = read
            // The delivery is read after its subscription, as everybody writes it.
            case 4 where Self.isName("data", text, key) && push == nil:
                guard let id, let value = data(id, text) else { return nil }
                push = value
            default: return nil
            }
        } while take(.comma, text)
        return take(.closeBrace, text) ? push : nil
    }

    private mutating func data(_ id: SubscriptionID, _ text: Span<UInt8>) -> RelayPush? {
        guard take(.openBrace, text) else { return nil }
        var topic: Topic?
        var message: Range<Int>?
        var publishedAt: Int64?
        var tag: UInt32?
        var attestation: Range<Int>?
        repeat {
            guard let key = key(text) else { return nil }
            switch key.count {
            case 5 where Self.isName("topic", text, key) && topic == nil:
                guard let value = plain(text), value.count == Words32.digits,
                    let read = Topic(digits: text, at: value.lowerBound)
                else { return nil }
                topic = read
            case 7 where Self.isName("message", text, key) && message == nil:
                guard let value = plain(text), !value.isEmpty else { return nil }
                message = value
            case 11 where Self.isName("publishedAt", text, key) && publishedAt == nil:
                guard let value = number(text) else { return nil }
                publishedAt = value
            case 11 where Self.isName("attestation", text, key) && attestation == nil:
                guard let value = plain(text) else { return nil }
                attestation = value
            case 3 where Self.isName("tag", text, key) && tag == nil:
                guard let value = number(text).flatMap(UInt32.init(exactly:)) else { return nil }
                tag = value
            default: return nil
            }
        } while take(.comma, text)
        guard take(.closeBrace, text), let topic, let message, let publishedAt, let tag else { return nil }
        return RelayPush(
            subscription: id, topic: topic, message: Self.copy(text, message),
            publishedAt: Timestamp(milliseconds: publishedAt), tag: tag,
            attestation: attestation.map { Self.copy(text, $0) })
    }
}
