import Primitives

/// The relay that both sides of a conversation meet at.
package struct RelayPlace: Sendable, Equatable {
    /// `ws://` or `wss://`.
    package var url: String
    /// Where the URL came from.
    package var source: String
    /// What hosted relays know a customer by.
    package var projectID: String?
}

/// Finds the relay: flags, then the environment, then what `coffer dev` left in its data directory, then the relay of
/// this machine.
package struct RelayDiscovery {
    /// Where `coffer relay` listens unless told otherwise.
    package static let urlDefault = "ws://127.0.0.1:5555"

    private static let fileBytesMax = 64 << 10
    private static let projectIDBytesMax = 128

    private let environment: [String: String]
    private let read: (_ path: String, _ bytesMax: Int) throws(FileError) -> [UInt8]

    /// Makes one.
    ///
    /// - Parameters:
    ///   - environment: the variables.
    ///   - read: reads a whole file of limited size.
    package init(
        environment: [String: String],
        read: @escaping (_ path: String, _ bytesMax: Int) throws(FileError) -> [UInt8] = LocalFile.read
    ) {
        self.environment = environment
        self.read = read
    }

    /// The relay.
    ///
    /// - Parameters:
    ///   - url: `--relay-url`.
    ///   - projectID: `--project-id`.
    /// - Throws: ``ClientError`` with `configuration`.
    package func find(url: String?, projectID: String?) throws(ClientError) -> RelayPlace {
        let file = connectionFile()
        let place: (url: String, source: String)
        if let url {
            place = (url, "--relay-url")
        } else if let url = variable("COFFER_RELAY_URL") {
            place = (url, "COFFER_RELAY_URL")
        } else if let file, let url = file.json["relay_url"]?.string {
            place = (url, file.path)
        } else {
            place = (Self.urlDefault, "default")
        }
        try check(place.url, place.source)
        let named = projectID ?? variable("COFFER_PROJECT_ID")
        // The id of the file belongs to the relay of the file.
        let own = file?.json["relay_url"]?.string == place.url ? file?.json["project_id"]?.string : nil
        let chosen = named ?? own
        if let chosen {
            guard (1...Self.projectIDBytesMax).contains(chosen.utf8.count),
                chosen.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw ClientError(.configuration, "the project id is not 1 to 128 visible ASCII characters") }
        }
        if chosen == nil, place.url.contains(".walletconnect.") || place.url.contains(".reown.") {
            throw ClientError(
                .configuration, "\(place.url) serves registered projects only",
                fix: "pass --project-id or set COFFER_PROJECT_ID, or run a relay of your own: coffer relay")
        }
        return RelayPlace(url: place.url, source: place.source, projectID: chosen)
    }

    private func check(_ url: String, _ source: String) throws(ClientError) {
        let isWebSocket = url.hasPrefix("ws://") || url.hasPrefix("wss://")
        let host = url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard isWebSocket, !host.isEmpty, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ClientError(
                .configuration, "\(source) is no relay: \(SafeText.line(url))",
                fix: "a relay's URL begins with wss://, or with ws:// on this machine")
        }
        guard !host.contains("@") else {
            throw ClientError(.configuration, "\(source) has a password in it, which relays do not take")
        }
    }

    /// What `coffer dev` left; a file that cannot be read is as good as none, for another relay may be meant.
    private func connectionFile() -> (path: String, json: JSON)? {
        let path = "\(ConnectionFlags.dataDirectoryDefault)/\(ConnectionDiscovery.fileName)"
        guard let bytes = try? read(path, Self.fileBytesMax), let json = try? JSON.parse(bytes) else { return nil }
        return (path, json)
    }

    private func variable(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }
}

/// Where the command line keeps its WalletConnect sessions.
package enum WalletConnectFolder {
    /// The folder of the XDG specification for state that outlives a process, or what `--data-dir` says.
    ///
    /// - Throws: ``ClientError`` with `configuration` when nothing names a home.
    package static func path(flag: String?, environment: [String: String]) throws(ClientError) -> String {
        if let flag {
            guard !flag.isEmpty else { throw ClientError(.usage, "--data-dir is empty") }
            return flag
        }
        // A relative path in the variable is to be ignored: XDG Base Directory Specification.
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return "\(state)/coffer/walletconnect" }
        if let home = environment["HOME"], home.hasPrefix("/") {
            return "\(home)/.local/state/coffer/walletconnect"
        }
        throw ClientError(
            .configuration, "neither XDG_STATE_HOME nor HOME says where to keep state",
            fix: "pass --data-dir, or --ephemeral to keep nothing")
    }
}
