public import Primitives
import QRCode
public import WalletConnectProtocol

/// A connection that a wallet was asked for.
public struct PendingConnection: Sendable {
    let backend: WalletConnectBackend
    let initial: Connection

    /// What the wallet scans.
    ///
    /// It holds the pairing's key: whoever sees it can answer. It is shown to the user alone, and never logged.
    public let uri: String
    /// The proposal's id, which is the connection's.
    public var id: Int64 { initial.id }
    /// The pairing; ``WalletConnectBackend/connection(_:)`` finds the connection by it from now on.
    public var pairingTopic: Topic { initial.pairingTopic }
    /// When it ends without an answer.
    public var expiresAt: Timestamp { initial.expiresAt }

    /// The address as a QR code in SVG.
    ///
    /// - Parameter moduleSize: pixels of one module.
    /// - Throws: ``BackendError`` `invalid_params` when the address is too long for a code.
    public func qrSVG(moduleSize: Int = 4) throws(BackendError) -> String {
        try code().svg(moduleSize: moduleSize)
    }

    /// The address as a QR code in PNG.
    ///
    /// - Parameter moduleSize: pixels of one module, 1 to 64.
    /// - Throws: ``BackendError`` `invalid_params` when the address is too long for a code.
    public func qrPNG(moduleSize: Int = 4) throws(BackendError) -> [UInt8] {
        try code().png(moduleSize: moduleSize)
    }

    /// The address as a QR code for a terminal.
    ///
    /// - Parameter inverted: for dark letters on a light ground.
    /// - Throws: ``BackendError`` `invalid_params` when the address is too long for a code.
    public func qrText(inverted: Bool = false) throws(BackendError) -> String {
        try code().terminalText(inverted: inverted)
    }

    /// A link that opens a wallet's app with the address, from the wallet's own link such as `https://wallet.example`.
    ///
    /// It holds the pairing's key, as the address does.
    public func link(to wallet: String) -> String {
        DeepLink.pairing(wallet: wallet, uri: uri)
    }

    /// Waits for the wallet's yes.
    ///
    /// Cancelling ends the wait alone.
    ///
    /// - Throws: ``BackendError``: `rejected_by_user`, `connection_expired`, `peer_error`, `not_connected` when it was
    ///   ended on this side, `cancelled`, `closed`.
    public func connection() async throws(BackendError) -> Connection {
        try await backend.settled(id)
    }

    private func code() throws(BackendError) -> QRCode {
        do throws(QRCodeError) {
            return try QRCode(uri, correction: .medium)
        } catch {
            throw BackendError(.invalidParams, "the address does not fit a QR code", field: "uri", cause: "\(error)")
        }
    }
}
