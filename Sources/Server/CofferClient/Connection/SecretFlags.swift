/// Keeps secrets out of command lines, where every user of the machine and the shell's history can read them.
package enum SecretFlags {
    private static let refused: [String: String] = [
        "--api-key": "--api-key-file FILE, COFFER_API_KEY_FILE or COFFER_API_KEY",
        "--apikey": "--api-key-file FILE, COFFER_API_KEY_FILE or COFFER_API_KEY",
        "--key": "--api-key-file FILE, COFFER_API_KEY_FILE or COFFER_API_KEY",
        "--token": "--api-key-file FILE, COFFER_API_KEY_FILE or COFFER_API_KEY",
        "--admin-key": "--api-key-file FILE, COFFER_API_KEY_FILE or COFFER_API_KEY",
        "--passphrase": "--passphrase-file FILE, --passphrase-file - or the prompt",
        "--password": "--passphrase-file FILE, --passphrase-file - or the prompt",
    ]

    /// The error for the first secret in `arguments`, if there is one; it does not repeat it.
    package static func refusal(in arguments: some Sequence<String>) -> ClientError? {
        for argument in arguments {
            if argument == "--" { return nil }
            let name = argument.prefix { $0 != "=" }
            if let instead = refused[String(name)] {
                return ClientError(
                    .usage, "\(name) is not taken: a command line is no place for a secret", fix: "use \(instead)")
            }
            let value =
                name.endIndex == argument.endIndex
                ? argument : String(argument[argument.index(after: name.endIndex)...])
            if looksLikeSecret(value) {
                return ClientError(
                    .usage, "an API key stands on the command line, which is no place for a secret",
                    fix: "use --api-key-file FILE, COFFER_API_KEY_FILE or COFFER_API_KEY, and revoke the key")
            }
        }
        return nil
    }

    /// Whether `text` has the form of an API key or a signed token.
    package static func looksLikeSecret(_ text: String) -> Bool {
        if text.hasPrefix("coffer_live_") || text.hasPrefix("coffer_dev_") { return text.utf8.count >= 32 }
        return text.hasPrefix("eyJ") && text.utf8.count >= 64 && text.utf8.count(where: { $0 == 0x2E }) == 2
    }
}

extension Sequence {
    fileprivate func count(where matches: (Element) -> Bool) -> Int { reduce(0) { $0 + (matches($1) ? 1 : 0) } }
}
