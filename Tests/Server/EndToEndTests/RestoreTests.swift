import Foundation
import Primitives
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// Backups made under load, and what becomes of a server that is set back to one.
    @Suite struct RestoreTests {
        private static func recipient(_ number: Int) -> String {
            "0x" + String(repeating: "0", count: 36) + String(format: "%04x", 0x1000 + number)
        }

        /// Pays `count` recipients from the first wallet and returns the ids.
        private func pay(_ server: Server, from first: Int, count: Int) async throws -> [String] {
            var ids: [String] = []
            for number in first..<(first + count) {
                ids.append(
                    try await server.withdraw("pay-\(number)", to: Self.recipient(number), amount: "\(1_000 + number)"))
            }
            return ids
        }

        private func isPaid(_ server: Server, _ number: Int) async throws -> Int {
            let held = try await server.balance(Self.recipient(number))
            if held.isZero { return 0 }
            let amount = UInt256(UInt64(1_000 + number))
            let times = try held.quotientAndRemainder(dividingBy: amount)
            return times.remainder.isZero ? Int(times.quotient.uint64 ?? 99) : 99
        }

        @Test func `a backup under load is whole and starts elsewhere`() async throws {
            try await Server.withDev { server, folder in
                let ids = try await withThrowingTaskGroup(of: [String].self) { group in
                    group.addTask { try await pay(server, from: 0, count: 60) }
                    group.addTask {
                        for number in 0..<3 {
                            let path = folder.path("backup-\(number)")
                            let made = try await server.admin.post("/v1/system:backup", ["path": .string(path)])
                            #expect(made.status == 200 && made["files"]?.array?.count == 4, "\(made)")
                        }
                        return []
                    }
                    return try await group.reduce(into: [String]()) { $0 += $1 }
                }
                for id in ids { _ = try await server.waitFor(id) }
                for number in 0..<3 {
                    let path = folder.path("backup-\(number)")
                    let whole = try await Child.run(Places.binary, ["restore", path, "--verify"])
                    #expect(whole.exit == .code(0), "\(whole)")
                }
                // One byte otherwise is noticed.
                let file = folder.path("backup-0/coffer.db")
                var bytes = try Data(contentsOf: URL(filePath: file))
                bytes[bytes.count / 2] ^= 1
                try bytes.write(to: URL(filePath: file))
                let damaged = try await Child.run(
                    Places.binary, ["restore", folder.path("backup-0"), "--data-dir", folder.path("elsewhere")])
                #expect(damaged.exit == .code(78) && damaged.stderr.contains("changed"), "\(damaged)")
                let elsewhere = try await Child.run(
                    Places.binary, ["restore", folder.path("backup-2"), "--data-dir", folder.path("elsewhere")])
                #expect(elsewhere.exit == .code(0), "\(elsewhere)")
            }
        }

        @Test func `an older database beside a newer guard freezes the lane and pays nobody twice`() async throws {
            try await Server.withDev { first, folder in
                var server = first
                for id in try await pay(server, from: 0, count: 5) { _ = try await server.waitFor(id) }
                // Accepted before the backup, paid after it.
                #expect(try await server.admin.post("/v1/seal:seal").status == 200)
                let open = try await pay(server, from: 5, count: 3)
                let path = folder.path("backup")
                #expect(try await server.admin.post("/v1/system:backup", ["path": .string(path)]).status == 200)
                let secret = Folder.text("\(server.data)/dev-passphrase")
                #expect(try await server.admin.post("/v1/seal:unseal", ["passphrase": .string(secret)]).status == 200)
                for id in open { _ = try await server.waitFor(id) }
                for id in try await pay(server, from: 8, count: 5) { _ = try await server.waitFor(id) }
                server.child.send(SIGTERM)
                #expect(try await server.child.exit(within: 25) == .code(0))

                let restored = try await Child.run(Places.binary, ["restore", path, "--data-dir", server.data])
                #expect(restored.exit == .code(0) && restored.stderr.contains("kept"), "\(restored)")
                server = try await server.again()
                defer { server.child.send(SIGKILL) }
                let after = try await pay(server, from: 20, count: 2)
                let lane = try await eventually(within: 40, "the lane to freeze") { () -> JSON? in
                    let lanes = try await server.admin.get("/v1/status")["lanes"]?.array ?? []
                    guard let lane = lanes.first, lane["frozen_reason"]?.string != nil else { return .none }
                    return .some(lane)
                }
                print("restored: \(lane.text)")
                for number in 0..<13 { #expect(try await isPaid(server, number) == 1, "recipient \(number)") }
                for number in 20..<22 { #expect(try await isPaid(server, number) == 0, "recipient \(number)") }

                // The operator compares with the chain: what the backup thinks open and the chain has paid is taken
                // back, then the lane goes on behind what was ever signed.
                let nonce = try await server.chain(
                    "eth_getTransactionCount", [.string(server.wallets[0].address), "latest"])
                let next = try UInt256(hexQuantity: nonce.string ?? "").uint64 ?? 0
                let name = lane["lane"]?.string ?? ""
                for wrong in [0, 6, next - 1, next + 1_000, UInt64(Int64.max)] {
                    let low = try await server.admin.post(
                        "/v1/lanes:unfreeze", ["lane": .string(name), "next_nonce": JSON(wrong)])
                    #expect(low.status == 422 && low.pointers == ["/next_nonce"], "\(low)")
                }
                // Without that it stays frozen: two of the three wait for a nonce, and were paid with another.
                let early = try await server.admin.post(
                    "/v1/lanes:unfreeze", ["lane": .string(name), "next_nonce": JSON(next)])
                #expect(early.status == 409 && early.code == "conflict", "\(early)")
                let named = open.filter { early["detail"]?.string?.contains($0) == true }
                #expect(
                    named.count == 2 && after.allSatisfy { early["detail"]?.string?.contains($0) == false }, "\(early)")
                for id in open { _ = try await server.api.post("/v1/withdrawals/\(id):cancel") }
                let unfrozen = try await server.command([
                    "guard", "unfreeze", name, "--next-nonce", "\(next)", "--yes",
                ])
                #expect(unfrozen.exit == .code(0), "\(unfrozen)")
                for id in after { _ = try await server.waitFor(id, within: 60) }
                for number in 0..<13 { #expect(try await isPaid(server, number) == 1, "recipient \(number)") }
                for number in 20..<22 { #expect(try await isPaid(server, number) == 1, "recipient \(number)") }
                #expect(try await server.faults() == [])
            }
        }
    }
}
