import Primitives
import WalletConnectBackend
import WalletConnectProtocol

/// What the bot does about one message.
struct Conversation: Sendable {
    let backend: WalletConnectBackend
    let api: BotAPI
    let chain: ChainID

    private static let help = """
        /connect – connect your wallet
        /sign TEXT – have it sign a text
        /status – what is connected
        /disconnect – end the connection
        """

    func answer(_ update: Update) async throws {
        // In a group everybody would see the QR code, and whoever scans first is connected.
        guard update.isPrivate else { return }
        let user = "\(Self.prefix)\(update.sender)"
        let words = update.text.split(separator: " ", maxSplits: 1).map(String.init)
        do {
            switch words.first {
            case "/connect": try await connect(user, update.chat)
            case "/sign": try await sign(words.count > 1 ? words[1] : "", user, update.chat)
            case "/status": try await api.send(status(of: user), to: update.chat)
            case "/disconnect":
                let count = try await backend.disconnect(user: user)
                try await api.send(count > 0 ? "Disconnected." : "Nothing was connected.", to: update.chat)
            default: try await api.send(Self.help, to: update.chat)
            }
        } catch let error as BackendError {
            // Its message is made for people, and holds no secret.
            try await api.send("That did not work: \(error.message) (\(error.code.rawValue))", to: update.chat)
        }
    }

    private func connect(_ user: String, _ chat: Int64) async throws {
        if backend.isConnected(user) { return try await api.send(status(of: user), to: chat) }
        let pending = try await backend.connect(ConnectionRequest(userID: user, chains: [chain]))
        // A phone opens the link, a computer's screen is scanned. What comes of it is told by `tell(of:)`.
        try await api.send(photo: try pending.qrPNG(), caption: pending.uri, to: chat)
    }

    /// Tells a user what became of their connection, also when it happened while the bot was away.
    func tell(of event: BackendEvent) async throws {
        // In a private chat the chat has the user's number.
        guard let user = event.userID, user.hasPrefix(Self.prefix), let chat = Int64(user.dropFirst(Self.prefix.count)),
            case .connection(let connection) = event.detail
        else { return }
        switch event.kind {
        case .connect: try await api.send("Connected: \(connection.accounts.first?.address ?? "")", to: chat)
        case .expire: try await api.send("The connection has expired; /connect makes a new one.", to: chat)
        case .disconnect where connection.end?.reason != .local:
            try await api.send("Your wallet has ended the connection, or said no to it.", to: chat)
        default: return
        }
    }

    /// Users of other front ends of the same backend have other names.
    private static let prefix = "telegram:"

    private func sign(_ text: String, _ user: String, _ chat: Int64) async throws {
        guard !text.isEmpty else { return try await api.send("What? /sign TEXT", to: chat) }
        try await api.send("Look at your wallet.", to: chat)
        let signed = try await backend.signMessage(text, on: chain, for: .user(user))
        try await api.send("Signed: \(Hex.encodePrefixed(signed.signature))", to: chat)
    }

    private func status(of user: String) -> String {
        guard let connection = backend.connection(of: user), connection.state == .active else {
            return "No wallet is connected."
        }
        return "\(connection.peer?.name ?? "A wallet"): \(connection.accounts.map(\.address).joined(separator: ", "))"
    }
}
