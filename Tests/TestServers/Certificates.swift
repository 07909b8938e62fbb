import Foundation
import Glibc

/// An authority, and certificates of it for a server and a client on localhost and 127.0.0.1; made by openssl.
public struct Certificates: Sendable {
    /// Why there can be none; nil when there can.
    public static let missing = ServerProcess.find("openssl") == nil ? "openssl is not installed" : nil

    private let folder: ServerFolder

    public var authority: String { folder.file("ca.pem") }
    /// An authority that knows nothing of the others.
    public var strangeAuthority: String { folder.file("strange.pem") }
    public var server: (certificate: String, key: String) { (folder.file("server.pem"), folder.file("server.key")) }
    public var client: (certificate: String, key: String) { (folder.file("client.pem"), folder.file("client.key")) }

    /// Makes them, in a folder of their own or in one that is there.
    public init(in given: ServerFolder? = nil) throws {
        folder = try given ?? ServerFolder("certificates")
        let openssl = ServerProcess.find("openssl") ?? "openssl"
        let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ["ca", "strange"] {
            try ServerProcess.run(
                openssl,
                ["req", "-x509", "-days", "2", "-subj", "/CN=\(name) of a test"] + newKey
                    + ["-keyout", folder.file("\(name).key"), "-out", folder.file("\(name).pem")])
        }
        let names = folder.file("names")
        try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(toFile: names, atomically: true, encoding: .utf8)
        for name in ["server", "client"] {
            let (key, request) = (folder.file("\(name).key"), folder.file("\(name).csr"))
            try ServerProcess.run(
                openssl, ["req", "-subj", "/CN=\(name)"] + newKey + ["-keyout", key, "-out", request])
            try ServerProcess.run(
                openssl,
                [
                    "x509", "-req", "-in", request, "-CA", authority, "-CAkey", folder.file("ca.key"),
                    "-CAcreateserial", "-days", "2", "-extfile", names, "-out", folder.file("\(name).pem"),
                ])
            unsafe chmod(key, 0o600)
        }
    }
}
