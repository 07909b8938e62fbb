import Foundation
import Primitives
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// Disks, databases, nodes and ports that fail: what was accepted stays, what can't be accepted is said so.
    @Suite struct FaultTests {
        /// A small file system, where we may make one.
        private static let canMount: Bool = {
            guard geteuid() == 0, let mount = Places.tool("mount"), let unmount = Places.tool("umount"),
                let folder = try? Folder()
            else { return false }
            func run(_ program: String, _ arguments: [String]) -> Bool {
                let process = Process()
                process.executableURL = URL(filePath: program)
                process.arguments = arguments
                process.standardError = FileHandle.nullDevice
                guard (try? process.run()) != nil else { return false }
                process.waitUntilExit()
                return process.terminationStatus == 0
            }
            guard run(mount, ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.path]) else { return false }
            return run(unmount, [folder.path])
        }()

        /// Asks until something is refused, and returns what was taken.
        private func fill(
            _ server: Server, prefix: String, atMost: Int
        ) async throws -> (ids: [String], refusal: Reply?) {
            var ids: [String] = []
            for index in 0..<atMost {
                let reply = try await server.api.post(
                    "/v1/withdrawals", Server.request(server.wallets[index % 3]), idempotencyKey: "\(prefix)-\(index)")
                guard reply.status == 202, let id = reply["id"]?.string else { return (ids, reply) }
                ids.append(id)
            }
            return (ids, nil)
        }

        /// After room was made: it goes on without a restart, and everything that was taken is paid.
        private func goesOn(_ server: Server, _ ids: [String], refusal: Reply?) async throws {
            #expect(
                refusal?.status == 503 && refusal?.isProblem == true && refusal?.code == "storage_unavailable",
                "\(String(describing: refusal))")
            #expect(refusal?.header("Retry-After") != nil)
            #expect(!server.child.hasEnded)
        }

        private func settled(_ server: Server, _ ids: [String]) async throws {
            let id = try await eventually(within: 20, "a withdrawal after there was room again") {
                let reply = try await server.api.post(
                    "/v1/withdrawals", Server.request(server.wallets[0]), idempotencyKey: "after-the-fault")
                return reply.status == 202 ? reply["id"]?.string : nil
            }
            for id in ids + [id] { _ = try await server.waitFor(id, within: 60) }
            let known = try await server.admin.all("/v1/withdrawals")
            #expect(Set(known.compactMap { $0["id"]?.string }) == Set(ids + [id]))
            #expect(try await server.faults() == [])
        }

        @Test(.enabled(if: canMount, "no right to mount a small file system"))
        func `a full disk refuses, loses nothing and goes on`() async throws {
            let place = try Folder()
            let size = ["-t", "tmpfs", "-o", "size=12m", "tmpfs", place.path]
            #expect(try await Child.run(Places.tool("mount") ?? "", size).exit == .code(0))
            var server = try await Server.dev(place.path("data"), port: 0)
            do {
                let before = try await fill(server, prefix: "before", atMost: 5)
                #expect(before.refusal == nil)
                let ballast = place.path("ballast")
                _ = FileManager.default.createFile(atPath: ballast, contents: nil)
                let handle = try FileHandle(forWritingTo: URL(filePath: ballast))
                var (size, isFull) = (1 << 20, false)
                while !isFull {
                    if (try? handle.write(contentsOf: Data(count: size))) == nil {
                        isFull = size <= 512
                        size /= 2
                    }
                }
                let during = try await fill(server, prefix: "during", atMost: 500)
                try await goesOn(server, before.ids + during.ids, refusal: during.refusal)
                let backup = try await server.admin.post(
                    "/v1/system:backup", ["path": .string(place.path("backup"))])
                #expect([422, 503].contains(backup.status) && backup.isProblem, "\(backup)")
                #expect(!FileManager.default.fileExists(atPath: place.path("backup")))
                try FileManager.default.removeItem(atPath: ballast)
                try handle.close()
                try await settled(server, before.ids + during.ids)
                // What was written around the fault is a whole database and a whole chain.
                await server.child.end()
                server = try await server.again()
                #expect(try await server.faults() == [])
                #expect(try await server.admin.post("/v1/ledger:reconcile")["matches"]?.bool == true)
            } catch {
                Issue.record("\(server.child.stderr.suffix(1_000))")
                await server.child.end()
                _ = try? await Child.run(Places.tool("umount") ?? "", ["-l", place.path])
                throw error
            }
            await server.child.end()
            #expect(try await Child.run(Places.tool("umount") ?? "", [place.path]).exit == .code(0))
        }

        @Test(.enabled(if: Places.tool("prlimit") != nil, "no prlimit"))
        func `a disk that fails is said until a restart, and nothing is lost`() async throws {
            try await Server.withDev { first, _ in
                let server = first
                let before = try await fill(server, prefix: "before", atMost: 5)
                func limit(_ text: String) async throws {
                    let done = try await Child.run(
                        Places.tool("prlimit") ?? "", ["--pid", "\(server.child.pid)", "--fsize=\(text):"])
                    #expect(done.exit == .code(0), "\(done)")
                }
                try await limit("4096")
                let during = try await fill(server, prefix: "during", atMost: 500)
                try await goesOn(server, before.ids + during.ids, refusal: during.refusal)
                let ready = try await server.anybody.get("/ready")
                #expect(ready.status == 503 && ready["reason"]?.string == "storage", "\(ready)")
                #expect(try await server.anybody.get("/live").status == 200)
                // After a failed write nobody knows what is on the disk, so it is opened anew.
                server.child.send(SIGTERM)
                #expect(try await server.child.exit(within: 25) == .code(0))
                let again = try await server.again()
                try await settled(again, before.ids + during.ids)
                #expect(try await again.anybody.get("/ready").status == 200)
                await again.child.end()
            }
        }

        @Test(.enabled(if: Places.hasPython, Comment(rawValue: Places.withoutPython)), arguments: [2.0, 9.0])
        func `a database that another process holds is waited for or said to be busy`(seconds: Double) async throws {
            try await Server.withDev { server, _ in
                let holder = try Child.start(
                    Places.python, ["\(Places.scripts)/hold_database.py", "\(server.data)/coffer.db", "\(seconds)"])
                _ = try await eventually(within: 30, "the lock") { holder.stdout.contains("held") ? true : nil }
                let start = ContinuousClock.now
                let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
                    for index in 0..<20 {
                        group.addTask {
                            try await server.api.post(
                                "/v1/withdrawals", Server.request(server.wallets[index % 3]),
                                idempotencyKey: "held-\(index)")
                        }
                    }
                    return try await group.reduce(into: [Reply]()) { $0.append($1) }
                }
                #expect(replies.allSatisfy { $0.status == 202 || ($0.status == 503 && $0.isProblem) }, "\(replies)")
                #expect(try await server.anybody.get("/live").status == 200)
                if seconds < 3 { #expect(replies.allSatisfy { $0.status == 202 }, "\(replies)") }
                _ = try await holder.exit()
                print(
                    "a lock of \(seconds) s: answers after \(ContinuousClock.now - start), \(replies.filter { $0.status == 202 }.count) of 20 taken"
                )
                for index in 0..<20 {
                    let id = try await server.withdraw("held-\(index)", wallet: index % 3)
                    _ = try await server.waitFor(id)
                }
                #expect(try await server.admin.all("/v1/withdrawals").count == 20)
                #expect(try await server.faults() == [])
            }
        }

        @Test func `a node that is gone stops nothing from being accepted`() async throws {
            try await ServeWorld.run { world in
                var world = world
                let id = try await world.withdraw("while-it-lives")
                _ = try await world.server.waitFor(id)
                await world.chain.child.end()
                var waiting: [String] = []
                for index in 0..<10 { waiting.append(try await world.withdraw("while-it-is-gone-\(index)")) }
                let balances = try await world.server.admin.get("/v1/wallets/\(world.wallet.id)/balances")
                #expect(balances.status == 200 && balances.data.first?["on_chain"] == .some(.null), "\(balances)")
                _ = try await eventually(within: 20, "the status to show it") {
                    try await world.server.admin.get("/v1/status")["chains"]?.array?.first?["healthy"]?.bool == false
                        ? true : nil
                }
                #expect(try await world.server.anybody.get("/ready").status == 200)
                for id in waiting {
                    let state = try await world.server.admin.get("/v1/withdrawals/\(id)")["state"]?.string
                    #expect(!["confirmed", "failed", "rejected", "cancelled"].contains(state), "\(state ?? "")")
                }
                world.chain = try await world.chain.again()
                for id in waiting { _ = try await world.server.waitFor(id, within: 60) }
                #expect(try await world.chain.balance(Server.recipient) == 11_000)
                #expect(try await world.server.faults() == [])
                await world.chain.child.end()
            }
        }

        @Test func `a port that is taken and a folder that is taken are said and end with 69`() async throws {
            try await Server.withDev { server, folder in
                let port = try await Child.run(
                    Places.binary, ["dev", "--data-dir", folder.path("other"), "--port", "\(server.port)"])
                #expect(port.exit == .code(69) && port.stderr.contains("port \(server.port)"), "\(port)")
                let second = try await Child.run(Places.binary, ["dev", "--data-dir", server.data, "--port", "0"])
                #expect(second.exit == .code(69) && second.stderr.contains("another coffer process"), "\(second)")
                let restore = try await Child.run(
                    Places.binary, ["restore", folder.path("none"), "--data-dir", server.data])
                #expect(restore.exit == .code(69), "\(restore)")
                #expect(try await server.anybody.get("/live").status == 200)
            }
        }

        @Test func `SIGTERM answers what is in flight, ends with 0 and loses nothing`() async throws {
            try await Server.withDev { server, _ in
                // Half of its body is here when the signal comes, the rest after.
                let body = Server.request(server.wallets[0]).text
                let head =
                    "POST /v1/withdrawals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(server.apiKey)\r\n"
                    + "Content-Type: application/json\r\nIdempotency-Key: half\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                async let half = RawSocket.exchange(
                    server.port, Array((head + body.prefix(20)).utf8), silenceMilliseconds: 8_000,
                    then: Array(body.dropFirst(20).utf8), afterMilliseconds: 1_200)
                let start = ContinuousClock.now
                let taken = await withTaskGroup(of: [String].self) { group in
                    for lane in 0..<8 {
                        group.addTask {
                            var taken: [String] = []
                            for index in 0..<100_000 {
                                let key = "term-\(lane)-\(index)"
                                guard
                                    let reply = try? await server.api.post(
                                        "/v1/withdrawals", Server.request(server.wallets[lane % 3]), idempotencyKey: key
                                    )
                                else { break }
                                guard reply.status == 202 else {
                                    #expect(reply.status == 503 && reply.isProblem, "\(reply)")
                                    break
                                }
                                taken.append(key)
                            }
                            return taken
                        }
                    }
                    group.addTask {
                        try? await Task.sleep(for: .milliseconds(700))
                        server.child.send(SIGTERM)
                        return []
                    }
                    return await group.reduce(into: [String]()) { $0 += $1 }
                }
                #expect(try await server.child.exit(within: 25) == .code(0), "\(server.child.stderr.suffix(500))")
                let answer = await half
                #expect(answer.status == 202 || answer.status == 503, "\(answer)")
                print(
                    "SIGTERM after \(taken.count) withdrawals: ended \(ContinuousClock.now - start) after the start of the load, the half one got \(answer.status ?? 0)"
                )
                let again = try await server.again()
                for key in taken {
                    let lane = Int(key.split(separator: "-")[1]) ?? 0
                    let reply = try await again.api.post(
                        "/v1/withdrawals", Server.request(again.wallets[lane % 3]), idempotencyKey: key)
                    #expect(reply.header("Idempotency-Replayed") == "true", "\(key): \(reply)")
                }
                #expect(try await again.faults() == [])
                await again.child.end()
            }
        }
    }
}
