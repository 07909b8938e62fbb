import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import WalletConnectBackend

/// Turns every error into a problem document that tells nothing of the inside.
///
/// Add it first, so that it sees what all others throw. A ``Refusal`` and a `BackendError` keep their stable code and
/// their sentence; everything unexpected becomes `internal`, and its text goes to the log alone.
public struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    /// Sanitises errors.
    public init() {}

    /// Lets the request pass, and answers what it throws.
    @concurrent public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let refusal = Refusal(of: error)
            if refusal.status.code >= 500 {
                context.logger.error("a request failed", metadata: ["error": "\(error)", "code": "\(refusal.code)"])
            }
            return try refusal.response(from: request, context: context)
        }
    }
}

extension Refusal {
    /// What the sender may know of an error.
    public init(of error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case let error as BackendError: self.init(error)
        case is NIOTooManyBytesError: self.init(.contentTooLarge, "payload_too_large", "the body is too large")
        case let error as HTTPError where (400..<500).contains(error.status.code):
            self.init(error.status, Self.code(error.status), error.body ?? error.status.reasonPhrase)
        default: self.init(.internalServerError, "internal", "something went wrong on our side")
        }
    }

    /// A status as a name: `not_found` for Not Found.
    private static func code(_ status: HTTPResponse.Status) -> String {
        String(status.reasonPhrase.lowercased().map { $0.isLetter ? $0 : "_" })
    }
}
