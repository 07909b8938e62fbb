import Primitives

/// What the command line says about the server.
package struct ConnectionFlags: Sendable, Equatable {
    /// `--url`.
    package var url: String?
    /// `--api-key-file`.
    package var apiKeyFile: String?
    /// `--data-dir`.
    package var dataDirectory: String

    /// Makes the flags.
    package init(url: String? = nil, apiKeyFile: String? = nil, dataDirectory: String = Self.dataDirectoryDefault) {
        self.url = url
        self.apiKeyFile = apiKeyFile
        self.dataDirectory = dataDirectory
    }

    /// Where `coffer dev` keeps its state unless told otherwise.
    package static let dataDirectoryDefault = "./coffer-data"
}

/// Finds the server and the credentials: flags, then the environment, then what `coffer dev` left in its data directory.
package struct ConnectionDiscovery {
    /// The name of the file that `coffer dev` writes into its data directory.
    package static let fileName = "connection.json"
    private static let fileBytesMax = 64 << 10
    private static let keyBytesMax = 8 << 10

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

    /// The connection.
    ///
    /// - Throws: ``ClientError`` with `configuration`.
    package func find(_ flags: ConnectionFlags) throws(ClientError) -> Connection {
        let file = try connectionFile(in: flags.dataDirectory)
        let base: BaseURL
        let source: String
        if let url = flags.url {
            source = "--url"
            base = try BaseURL(url, source: source)
        } else if let url = variable("COFFER_URL") {
            source = "COFFER_URL"
            base = try BaseURL(url, source: source)
        } else if let file {
            source = file.path
            base = file.base
        } else {
            throw ClientError(
                .configuration, "no server is named, and \(path(in: flags.dataDirectory)) does not exist",
                fix: "start a server here with `coffer dev`, or pass --url or --data-dir, or set COFFER_URL")
        }
        var connection = Connection(base: base, urlSource: source)
        if let given = try givenCredential(flags) {
            connection.user = given
        } else if let file, file.base.isSameServer(as: base) {
            // A key goes to the server that it was made for and to no other, whatever --url says.
            connection.user = file.user
            connection.administrator = file.administrator
        }
        return connection
    }

    private func givenCredential(_ flags: ConnectionFlags) throws(ClientError) -> Connection.Credential? {
        if let path = flags.apiKeyFile { return try credential(inFile: path, source: "--api-key-file") }
        let (path, key) = (variable("COFFER_API_KEY_FILE"), variable("COFFER_API_KEY"))
        switch (path, key) {
        case (nil, nil): return nil
        case (.some, .some):
            throw ClientError(
                .configuration, "both COFFER_API_KEY and COFFER_API_KEY_FILE are set",
                fix: "unset one of them; the file is the safer one")
        case (let path?, nil): return try credential(inFile: path, source: "COFFER_API_KEY_FILE")
        case (nil, let key?):
            return Connection.Credential(key: try checked(key, source: "COFFER_API_KEY"), source: "COFFER_API_KEY")
        }
    }

    private func credential(inFile path: String, source: String) throws(ClientError) -> Connection.Credential {
        guard !SecretFlags.looksLikeSecret(path) else {
            throw ClientError(
                .usage, "\(source) takes the name of a file, not the key itself",
                fix: "write the key to a file that only you can read, and revoke the one that was typed here")
        }
        let bytes: [UInt8]
        do {
            bytes = try read(path, Self.keyBytesMax)
        } catch {
            throw ClientError(.configuration, "the key file from \(source) cannot be read: \(error)")
        }
        let key = try checked(String(decoding: bytes, as: UTF8.self), source: path)
        return Connection.Credential(key: key, source: "\(source) (\(path))", file: path)
    }

    /// The key without the newline of its file.
    private func checked(_ text: String, source: String) throws(ClientError) -> String {
        var bytes = Array(text.utf8)
        while let last = bytes.last, last == 0x0A || last == 0x0D || last == 0x20 { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= Self.keyBytesMax, bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ClientError(
                .configuration, "\(source) holds no API key",
                fix: "it must hold one line: coffer_live_… or a token")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private struct ConnectionFile {
        var path: String
        var base: BaseURL
        var user: Connection.Credential?
        var administrator: Connection.Credential?
    }

    private func connectionFile(in directory: String) throws(ClientError) -> ConnectionFile? {
        let path = path(in: directory)
        let bytes: [UInt8]
        do {
            bytes = try read(path, Self.fileBytesMax)
        } catch FileError.missing {
            return nil
        } catch {
            throw ClientError(.configuration, "\(path) cannot be read: \(error)")
        }
        let json: JSON
        do {
            json = try JSON.parse(bytes)
        } catch {
            throw ClientError(
                .configuration, "\(path) is damaged: \(error)", fix: "start `coffer dev` again; it writes the file anew"
            )
        }
        guard let url = json["api_url"]?.string else {
            throw ClientError(.configuration, "\(path) names no api_url")
        }
        var file = ConnectionFile(path: path, base: try BaseURL(url, source: path))
        if let key = json["api_key"]?.string {
            file.user = Connection.Credential(key: try checked(key, source: path), source: path, file: path)
        }
        if let key = json["admin_key"]?.string {
            file.administrator = Connection.Credential(key: try checked(key, source: path), source: path, file: path)
        }
        return file
    }

    private func path(in directory: String) -> String {
        directory.hasSuffix("/") ? directory + Self.fileName : "\(directory)/\(Self.fileName)"
    }

    private func variable(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }
}
