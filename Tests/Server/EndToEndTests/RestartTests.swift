import Foundation
import Primitives
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// `coffer dev` is found again where it was.
    @Suite struct RestartTests {
        @Test(arguments: [SIGTERM, SIGKILL, SIGINT]) func `a restart keeps keys, port and wallets`(
            signal: Int32
        ) async throws {
            try await Server.withDev { server, _ in
                server.child.send(signal)
                let exit = try await server.child.exit(within: 25)
                #expect(exit == (signal == SIGKILL ? .signal(SIGKILL) : .code(0)), "\(server.child.stderr)")
                let again = try await server.again()
                #expect(again.url == server.url && again.apiKey == server.apiKey && again.adminKey == server.adminKey)
                #expect(again.wallets.map(\.address) == server.wallets.map(\.address))
                #expect(try await again.api.get("/v1/wallets").status == 200)
                await again.child.end()
            }
        }

        @Test func `a kill before the first start is done leaves a folder that starts`() async throws {
            let folder = try Folder()
            for milliseconds in [1, 20, 40, 60, 80, 100, 130, 160, 200] {
                let child = try Child.start(
                    Places.binary, ["dev", "--data-dir", folder.path("data"), "--port", "0"])
                try await Task.sleep(for: .milliseconds(milliseconds))
                await child.end()
            }
            let server = try await Server.dev(folder.path("data"), port: 0)
            let id = try await server.withdraw("after-the-kills")
            #expect(try await server.waitFor(id)["state"]?.string == "confirmed")
            #expect(server.wallets.count == 3)
            #expect(try await server.faults() == [])
            await server.child.end()
        }

        @Test func `files of the data directory are their owner's alone`() async throws {
            try await Server.withDev { server, _ in
                let manager = FileManager.default
                for name in try manager.contentsOfDirectory(atPath: server.data) + ["."] {
                    let attributes = try manager.attributesOfItem(atPath: "\(server.data)/\(name)")
                    let mode = (attributes[.posixPermissions] as? Int) ?? 0o777
                    let type = attributes[.type] as? FileAttributeType
                    // A file in a folder that nobody else enters may have any mode; the folder may not.
                    if type == .typeDirectory || name == "connection.json" || name == "dev-passphrase" {
                        #expect(mode & 0o077 == 0, "\(name) has mode \(String(mode, radix: 8))")
                    }
                }
            }
        }
    }
}
