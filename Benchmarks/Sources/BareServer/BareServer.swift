import Hummingbird
import Logging
import NIOCore

/// The least that Hummingbird can do for the same request: collects the body and answers 202 with its bytes; a GET is
/// answered with some text of the size of a withdrawal.
@main
struct BareServer {
    static func main() async throws {
        guard let port = CommandLine.arguments.dropFirst().first.flatMap({ Int($0) }) else {
            print("usage: BareServer PORT")
            return
        }
        var logger = Logger(label: "bare")
        logger.logLevel = .error
        let application = Application(
            responder: BareResponder(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger)
        try await application.runService()
    }
}

struct BareContext: InitializableFromSource, Sendable {
    init(source: ApplicationRequestContextSource) {}
}

struct BareResponder: HTTPResponder {
    typealias Context = BareContext

    private static let withdrawalBytes = 560
    private let text = ByteBuffer(repeating: UInt8(ascii: "x"), count: withdrawalBytes)

    func respond(to request: Request, context: BareContext) async throws -> Response {
        if request.method == .get {
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: text))
        }
        let body = try await request.body.collect(upTo: 1 << 20)
        return Response(
            status: .accepted, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
    }
}
