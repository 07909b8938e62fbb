import HTTPTypes
public import Hummingbird
import NIOCore
public import Primitives

/// How large and how deep a body may be.
public struct BodyLimits: Sendable, Hashable {
    /// Bytes of the whole body.
    public var bytesMax: Int
    /// What its JSON may hold.
    public var json: JSONLimits

    /// - Parameters:
    ///   - bytesMax: 64 KiB, unless said otherwise; the parameters of a request to a wallet are smaller than that.
    ///   - json: 16 levels and 4,096 values unless said otherwise.
    public init(bytesMax: Int = 64 << 10, json: JSONLimits = JSONLimits(depthMax: 16, valuesMax: 4_096)) {
        precondition(bytesMax > 0, "a body has room for a byte")
        self.bytesMax = bytesMax
        self.json = json
    }
}

/// Reads bodies within limits, and refuses what is no JSON before a handler sees it.
///
/// The handler finds the value in `context.walletConnect.body`, and the bytes in the request as before. A request
/// without a body passes.
public struct ValidationMiddleware<Context: WalletConnectRequestContext>: RouterMiddleware {
    private let limits: BodyLimits

    /// Checks against limits.
    public init(_ limits: BodyLimits = BodyLimits()) {
        self.limits = limits
    }

    /// Reads the body and lets the request pass.
    ///
    /// - Throws: ``Refusal`` with `payload_too_large`, `unsupported_media_type`, `malformed_json` or `json_too_complex`.
    @concurrent public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        // Announced sizes are refused before anything is read.
        if let announced = request.headers[.contentLength], !(Int(announced).map { $0 <= limits.bytesMax } ?? false) {
            throw tooLarge
        }
        var (request, context) = (request, context)
        let buffer: ByteBuffer
        do {
            buffer = try await request.collectBody(upTo: limits.bytesMax)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
        if buffer.readableBytes > 0 {
            guard Self.isJSON(request.headers[.contentType]) else {
                throw Refusal(.unsupportedMediaType, "unsupported_media_type", "send application/json")
            }
            context.walletConnect.body = try parse(Array(buffer.readableBytesView))
        }
        return try await next(request, context)
    }

    private var tooLarge: Refusal {
        Refusal(.contentTooLarge, "payload_too_large", "a body has at most \(limits.bytesMax) bytes")
    }

    private func parse(_ bytes: [UInt8]) throws(Refusal) -> JSON {
        do {
            return try JSON.parse(bytes, limits: limits.json)
        } catch {
            switch error.kind {
            case .tooDeep, .tooManyKeys, .tooManyValues, .stringTooLong, .numberTooLong, .textTooLong:
                throw Refusal(.unprocessableContent, "json_too_complex", "\(error)")
            default: throw Refusal(.badRequest, "malformed_json", "\(error)")
            }
        }
    }

    private static func isJSON(_ type: String?) -> Bool {
        let name = type?.split(separator: ";", maxSplits: 1).first.map { $0.filter { $0 != " " }.lowercased() } ?? ""
        return name == "application/json" || (name.hasPrefix("application/") && name.hasSuffix("+json"))
    }
}
