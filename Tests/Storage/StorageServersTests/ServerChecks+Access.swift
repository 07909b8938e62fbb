import Foundation
import Storage
import StorageSQL
import TestServers
import Testing

extension ServerChecks {
    /// TLS: required, verified, and refused where the authority is another or the name is wrong.
    static func encryption(_ server: some StoreServer) async throws {
        let place = try server.makePlace()
        let (mode, modes) = (server.modeParameter, server.modes)
        let ours = "\(server.authorityParameter)=\(server.certificates.authority)"
        let other = "\(server.authorityParameter)=\(server.certificates.strangeAuthority)"
        for (what, host, parameters) in [
            ("verified with its name", "localhost", ["\(mode)=\(modes.full)", ours]),
            ("verified with its address", "127.0.0.1", ["\(mode)=\(modes.full)", ours]),
            ("verified by its authority", "127.0.0.1", ["\(mode)=\(modes.authority)", ours]),
            ("encrypted alone", "127.0.0.1", ["\(mode)=\(modes.encrypted)"]),
        ] {
            let url = server.url(place, parameters, user: server.secureUser, host: host)
            let error = await storageFailure {
                let store = try await server.open(url)
                await store.close()
            }
            #expect(error == nil, "\(what): \(String(describing: error))")
        }
        for (what, host, parameters) in [
            ("without TLS", "127.0.0.1", ["\(mode)=\(modes.plain)"]),
            ("another authority", "localhost", ["\(mode)=\(modes.full)", other]),
            ("another authority, without the name", "127.0.0.1", ["\(mode)=\(modes.authority)", other]),
            // Loopback has many addresses; the certificate names one.
            ("another name", "127.0.0.2", ["\(mode)=\(modes.full)", ours]),
            ("the system's authorities", "localhost", ["\(mode)=\(modes.full)"]),
        ] {
            // The server listens on one address, so the other one is checked where it answers.
            if host == "127.0.0.2", !ServerProcess.answers(port: server.port, host: 0x7F00_0002) { continue }
            let url = server.url(place, parameters, user: server.secureUser, host: host)
            let error = await storageFailure {
                let store = try await server.open(url)
                await store.close()
            }
            #expect(error?.code == .configuration, "\(what): \(String(describing: error))")
        }
    }

    /// What is wrong with the URL is said, and nothing of the password.
    static func refusals(_ server: some StoreServer) async throws {
        let place = try server.makePlace()
        let cases = [
            ("a wrong password", server.url(place, password: "wrong-secret")),
            ("no password", "\(server.scheme)://coffer@127.0.0.1:\(server.port)/\(place)"),
            ("an unknown user", server.url(place, user: "nobody")),
            ("an unknown database", server.url("no_such_database")),
            ("another scheme", "redis" + server.url(place).dropFirst(server.scheme.count)),
            ("an unknown parameter", server.url(place, ["sllmode=off"])),
            ("an unknown mode", server.url(place, ["\(server.modeParameter)=maybe"])),
            ("a pool of one", server.url(place, ["pool=1"])),
            ("a pool of words", server.url(place, ["pool=many"])),
            ("a timeout of nothing", server.url(place, ["statement-timeout-seconds="])),
        ]
        for (what, url) in cases {
            let error = await storageFailure { _ = try await server.open(url) }
            #expect(error?.code == .configuration, "\(what): \(String(describing: error))")
            #expect(error?.code.isRetryable == false)
            let text = "\(String(describing: error))"
            #expect(!text.contains("p@ss") && !text.contains("p%40ss") && !text.contains("wrong-secret"), "\(text)")
        }
        let unknown = await storageFailure { _ = try await server.open(server.url(place, ["sllmode=off"])) }
        #expect(unknown?.message.contains("pool") == true, "the error lists what there is")
        let scheme = await storageFailure { _ = try await server.open("redis://u:p@h/d") }
        #expect(scheme?.message.contains("\(server.scheme)://") == true)
    }

    /// A server's own tools make its backups.
    static func copies(_ server: some StoreServer) async throws {
        let store = try await server.fresh()
        let refused = await storageFailure { try await store.backup(to: server.folder.file("copy")) }
        #expect(refused?.code == .unsupported)
        await store.close()
    }
}
