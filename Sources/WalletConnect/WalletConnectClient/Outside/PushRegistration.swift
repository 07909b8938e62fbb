import Primitives

/// Tells a push server which device a client is on, so that the relay can wake it.
///
/// The hosted server is `https://echo.walletconnect.com`; one of your own speaks the same.
public struct PushRegistration: Sendable {
    /// Who carries a notification to the device.
    public enum Service: String, Sendable, Hashable {
        /// Firebase Cloud Messaging.
        case fcm
        /// Apple's service.
        case apns
        /// Apple's service for programs under development.
        case apnsSandbox = "apns-sandbox"
        /// Nobody: for tests.
        case noop
    }

    private let url: String
    private let projectID: String
    private let http: any HTTPExchange
    private let deadline: Duration

    /// A push server, without a trailing slash.
    public init(url: String, projectID: String, http: any HTTPExchange, deadline: Duration = .seconds(10)) {
        self.url = url
        self.projectID = projectID
        self.http = http
        self.deadline = deadline
    }

    /// Registers a device token for a client.
    ///
    /// - Parameters:
    ///   - clientID: ``SignClient/clientID``.
    ///   - isEncrypted: whether the device gets the sealed message itself, to open it there.
    /// - Throws: `TransportError`; `refused` with the status when the server does not take it.
    public func register(
        clientID: String, deviceToken: String, service: Service, isEncrypted: Bool = false
    ) async throws(TransportError) {
        let body: JSON = [
            "client_id": .string(clientID), "type": .string(service.rawValue), "token": .string(deviceToken),
            "always_raw": .bool(isEncrypted),
        ]
        try await send("POST", "\(url)/\(projectID)/clients", body: body.serialized())
    }

    /// Removes a client.
    ///
    /// - Parameter authorization: a token that the client signed for this server.
    /// - Throws: `TransportError`; `refused` with the status when the server does not do it.
    public func unregister(clientID: String, authorization: String? = nil) async throws(TransportError) {
        let id = clientID.hasPrefix("did:key:") ? String(clientID.dropFirst(8)) : clientID
        try await send(
            "DELETE", "\(url)/\(projectID)/clients/\(id)",
            headers: authorization.map { [HTTPField("Authorization", $0)] } ?? [])
    }

    private func send(
        _ method: String, _ url: String, headers: [HTTPField] = [], body: [UInt8]? = nil
    ) async throws(TransportError) {
        let all = body == nil ? headers : headers + [HTTPField("Content-Type", "application/json")]
        let answer = try await http.send(
            HTTPQuestion(method: method, url: url, headers: all, body: body, deadline: deadline))
        guard (200...299).contains(answer.status) else {
            throw TransportError(.refused, "the push server answered \(answer.status)", httpStatus: answer.status)
        }
    }
}
