import CofferClient
import Testing

struct DiscoveryTests {
    private static let file = """
        {"api_url":"http://127.0.0.1:8080","api_key":"coffer_dev_user","admin_key":"coffer_dev_admin","pid":1}
        """

    private func find(
        _ flags: ConnectionFlags = ConnectionFlags(), environment: [String: String] = [:], files: [String: String] = [:]
    ) throws -> Connection {
        let read: (String, Int) throws(FileError) -> [UInt8] = { (path, bytesMax) throws(FileError) in
            guard let text = files[path] else { throw .missing(path: path) }
            guard text.utf8.count <= bytesMax else { throw .tooLong(path: path, bytesMax: bytesMax) }
            return Array(text.utf8)
        }
        return try ConnectionDiscovery(environment: environment, read: read).find(flags)
    }

    @Test func `what coffer dev left is found`() throws {
        let connection = try find(files: ["./coffer-data/connection.json": Self.file])
        #expect(connection.base.text == "http://127.0.0.1:8080")
        #expect(connection.urlSource == "./coffer-data/connection.json")
        #expect(connection.key(for: .user) == "coffer_dev_user")
        #expect(connection.key(for: .administrator) == "coffer_dev_admin")
    }

    @Test func `the data directory may be another one`() throws {
        let connection = try find(
            ConnectionFlags(dataDirectory: "/srv/d/"), files: ["/srv/d/connection.json": Self.file])
        #expect(connection.key(for: .user) == "coffer_dev_user")
    }

    @Test func `flags win over the environment and the environment over the file`() throws {
        let files = ["./coffer-data/connection.json": Self.file, "k": "from-flag\n", "e": "from-environment\r\n"]
        let environment = ["COFFER_URL": "http://localhost:1", "COFFER_API_KEY_FILE": "e"]
        let flagged = try find(
            ConnectionFlags(url: "http://localhost:2/", apiKeyFile: "k"), environment: environment, files: files)
        #expect(flagged.base.text == "http://localhost:2")
        #expect(flagged.key(for: .administrator) == "from-flag")
        let surrounding = try find(environment: environment, files: files)
        #expect(surrounding.base.text == "http://localhost:1")
        #expect(surrounding.key(for: .user) == "from-environment")
        #expect(surrounding.urlSource == "COFFER_URL")
    }

    @Test func `a key given alone goes to the server in the file and replaces both of its keys`() throws {
        let connection = try find(
            environment: ["COFFER_API_KEY": "mine"], files: ["./coffer-data/connection.json": Self.file])
        #expect(connection.base.port == 8080)
        #expect(connection.key(for: .user) == "mine")
        #expect(connection.key(for: .administrator) == "mine")
    }

    @Test func `the keys in the file go to their own server only`() throws {
        let files = ["./coffer-data/connection.json": Self.file]
        for url in [
            "http://evil.example:8080", "http://127.0.0.1:8081", "https://127.0.0.1:8080", "http://127.0.0.1.evil:8080",
        ] {
            #expect(try find(ConnectionFlags(url: url), files: files).key(for: .user) == nil, "\(url)")
        }
        for url in ["http://localhost:8080", "http://127.0.0.1:8080/", "HTTP://LOCALHOST:8080", "http://[::1]:8080"] {
            #expect(try find(ConnectionFlags(url: url), files: files).key(for: .user) == "coffer_dev_user", "\(url)")
        }
    }

    @Test func `nobody to talk to is a fault of configuration with a way out`() {
        let error = #expect(throws: ClientError.self) { try find() }
        #expect(error?.exit == .configuration)
        #expect(error?.fix?.contains("coffer dev") == true)
    }

    @Test func `a key in two places is ambiguous`() {
        let error = #expect(throws: ClientError.self) {
            try find(environment: ["COFFER_URL": "http://x", "COFFER_API_KEY": "a", "COFFER_API_KEY_FILE": "b"])
        }
        #expect(error?.exit == .configuration)
    }

    @Test(arguments: ["", "\n", "two words", "line\nline", "caf\u{E9}"])
    func `a file that holds no key is refused without showing it`(text: String) {
        let error = #expect(throws: ClientError.self) {
            try find(ConnectionFlags(url: "http://x", apiKeyFile: "k"), files: ["k": text])
        }
        #expect(error?.exit == .configuration)
        #expect(error.map { text.count < 3 || !$0.description.contains(text) } == true)
    }

    @Test(arguments: ["{", "[]", "{}", #"{"api_url":5}"#, #"{"api_url":"ftp://x"}"#])
    func `a damaged connection file is named`(text: String) {
        let error = #expect(throws: ClientError.self) { try find(files: ["./coffer-data/connection.json": text]) }
        #expect(error?.exit == .configuration)
        #expect(error?.message.contains("connection.json") == true)
    }

    @Test(arguments: [
        "", "x", "127.0.0.1:8080", "ftp://x", "http://", "http://:80", "http://x:0", "http://x:70000", "http://x:a",
        "http://u:p@x", "http://x?y", "http://x#y", "http://a b", "http://::1",
    ])
    func `a URL that is none is refused`(text: String) {
        let error = #expect(throws: ClientError.self) { try BaseURL(text, source: "--url") }
        #expect(error?.exit == .configuration)
        #expect(error?.message.contains("u:p") == false)
    }

    @Test func `a URL may have a path and leaves out its standard port`() throws {
        #expect(try BaseURL("HTTPS://Pay.Example/coffer//", source: "x").text == "https://pay.example/coffer")
        #expect(try BaseURL("http://[::1]:81/", source: "x").text == "http://[::1]:81")
        #expect(try BaseURL("https://x:8443", source: "x").text == "https://x:8443")
    }

    @Test func `a credential on an open network is noticed`() throws {
        let environment = ["COFFER_API_KEY": "k"]
        #expect(try find(ConnectionFlags(url: "http://pay.example"), environment: environment).exposesCredential)
        #expect(try !find(ConnectionFlags(url: "https://pay.example"), environment: environment).exposesCredential)
        #expect(try !find(ConnectionFlags(url: "http://127.0.0.1"), environment: environment).exposesCredential)
    }
}

struct SecretFlagsTests {
    private static let key = "coffer_live_" + String(repeating: "a", count: 32)

    @Test(arguments: [
        ["--api-key", "x"], ["--api-key=x"], ["status", "--token=x"], ["unseal", "--passphrase", "x"], ["--password=x"],
    ])
    func `secrets are not taken as flags`(arguments: [String]) {
        let error = SecretFlags.refusal(in: arguments)
        #expect(error?.exit == .usage)
        #expect(error?.fix?.contains("file") == true)
    }

    @Test func `a key anywhere on the command line is refused and not repeated`() {
        for arguments in [["status", "--api-key-file", Self.key], ["--api-key-file=\(Self.key)"], [Self.key]] {
            let error = SecretFlags.refusal(in: arguments)
            #expect(error?.exit == .usage)
            #expect(error?.description.contains(Self.key) == false)
        }
    }

    @Test(arguments: [
        ["--api-key-file", "/run/key"], ["unseal", "--passphrase-file", "-"], ["--url=http://x"], [],
        ["a", "--", "--token"],
    ])
    func `what names a file is taken`(arguments: [String]) {
        #expect(SecretFlags.refusal(in: arguments) == nil)
    }
}
