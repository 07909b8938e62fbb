import ArgumentParser
import CofferClient
import Glibc
import Primitives

struct SealCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal", abstract: "Lock the keystore: nothing more is signed.",
        discussion: """
            Example:
              coffer seal --yes

            What is signed already is still sent and followed to its end.
            """)

    @OptionGroup var options: ClientOptions
    @OptionGroup var confirmation: ConfirmOptions

    func perform(_ session: Session) async throws {
        try session.confirm("this stops all signing", word: "seal", confirmation)
        let answer = try await session.client.send(.post("/v1/seal:seal").asAdministrator)
        if session.output.isJSON { try session.output.raw(answer.body) }
        session.output.hint("sealed; undo with: coffer unseal")
    }
}

struct UnsealCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "unseal", abstract: "Open the keystore with its passphrase.",
        discussion: """
            Example:
              coffer unseal --passphrase-file /run/credentials/coffer/passphrase

            Without the option the passphrase is asked for on the terminal and not shown. It is never taken from the \
            command line.
            """)

    @OptionGroup var options: ClientOptions
    @Option(
        name: .customLong("passphrase-file"),
        help: ArgumentHelp("A file with the passphrase, or - for standard input.", valueName: "file"))
    var passphraseFile: String?
    @Flag(name: .customLong("no-input"), help: "Never ask.") var noInput = false

    func perform(_ session: Session) async throws {
        if session.client.connection.exposesCredential {
            throw ClientError(
                .configuration, "a passphrase is not sent over \(session.client.connection.base.text)",
                fix: "use an https:// URL, or unseal on the server's own machine")
        }
        let passphrase = try passphrase()
        let body: JSON = ["passphrase": .string(passphrase)]
        let answer = try await session.client.send(.post("/v1/seal:unseal", body).asAdministrator)
        if session.output.isJSON { try session.output.raw(answer.body) }
        session.output.hint("unsealed; see: coffer status")
    }

    private func passphrase() throws -> String {
        if let passphraseFile {
            var bytes: [UInt8]
            do {
                bytes = try LocalFile.read(passphraseFile, bytesMax: Prompt.bytesMax + 2)
            } catch {
                throw ClientError(.configuration, "the passphrase cannot be read: \(error)")
            }
            // The newline is the editor's; spaces may be the person's.
            if bytes.last == 0x0A { bytes.removeLast() }
            if bytes.last == 0x0D { bytes.removeLast() }
            guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else {
                throw ClientError(.configuration, "the passphrase file is empty or not UTF-8")
            }
            return text
        }
        guard !noInput, let secret = Prompt.secret("Passphrase: ") else {
            throw ClientError(
                .usage, "no passphrase was given", fix: "use --passphrase-file FILE, or - for standard input")
        }
        // The body of a request is text, so a copy is made here; it lives until the request is sent.
        let text = secret.withBytes { bytes in
            let copy = (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
            return String(validating: copy, as: UTF8.self)
        }
        guard let text else { throw ClientError(.usage, "the passphrase is not UTF-8") }
        return text
    }
}

struct BackupCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Have the server write a consistent copy of its state.",
        discussion: """
            Example:
              coffer backup /var/backups/coffer-2026-11-20

            The path is one on the server's machine, and must be new.
            """)

    @OptionGroup var options: ClientOptions
    @Argument(help: "The new directory, on the server.") var path: String

    func perform(_ session: Session) async throws {
        try await session.show(APICall.post("/v1/system:backup", ["path": .string(path)]).asAdministrator)
    }
}
