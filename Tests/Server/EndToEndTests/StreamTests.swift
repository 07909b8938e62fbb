import Foundation
import Primitives
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension EndToEnd {
    /// What happens to a withdrawal, live: all of it, in order, once, whatever breaks in between.
    @Suite struct StreamTests {
        private static let path = [
            "withdrawal.accepted", "withdrawal.signing", "withdrawal.signed", "withdrawal.broadcast",
            "withdrawal.mined",
            "withdrawal.confirmed",
        ]

        @Test func `a stream goes from accepted to confirmed and ends`() async throws {
            try await Server.withDev { server, _ in
                let id = try await server.withdraw("streamed")
                var seen: [ServerEvent] = []
                let ended = try await server.api.events("/v1/withdrawals/\(id)/events") { event in
                    seen.append(event)
                    return true
                }
                #expect(ended && seen.map(\.name) == Self.path, "\(seen.map(\.name))")
                #expect(seen.allSatisfy { $0.data["id"]?.string == id })
                let numbers = seen.compactMap { Int($0.id) }
                #expect(numbers == numbers.sorted() && Set(numbers).count == seen.count)
                let listed = try await server.api.get("/v1/withdrawals/\(id)/events")
                #expect(listed.data.compactMap { $0["type"]?.string } == Self.path)
                #expect(listed.data.compactMap { $0["sequence"]?.int }.map { Int($0) } == numbers)
                // Somebody who has seen the end and comes back is not kept waiting.
                var more = 0
                let over = try await server.api.events(
                    "/v1/withdrawals/\(id)/events", lastEventID: seen.last?.id
                ) { _ in
                    more += 1
                    return true
                }
                #expect(over && more == 0)
                for wrong in ["", "x", "-5", "99999999999999999999999"] {
                    var count = 0
                    _ = try await server.api.events("/v1/withdrawals/\(id)/events", lastEventID: wrong) { _ in
                        count += 1
                        return true
                    }
                    #expect(count == Self.path.count, "Last-Event-ID \(wrong): \(count)")
                }
            }
        }

        @Test func `a stream that a kill cut is continued without loss`() async throws {
            try await Server.withDev { first, _ in
                var server = first
                for round in 0..<4 {
                    let id = try await server.withdraw("cut-\(round)")
                    var seen: [ServerEvent] = []
                    let child = server.child
                    _ = try? await server.api.events("/v1/withdrawals/\(id)/events") { event in
                        seen.append(event)
                        if seen.count == round + 1 { child.send(SIGKILL) }
                        return true
                    }
                    _ = try await child.exit()
                    server = try await server.again()
                    // What came after the kill may have been seen already or not; the rest follows.
                    let ended = try await server.api.events(
                        "/v1/withdrawals/\(id)/events", lastEventID: seen.last?.id
                    ) { event in
                        seen.append(event)
                        return true
                    }
                    let names = seen.map(\.name)
                    #expect(
                        ended && names.first == "withdrawal.accepted" && names.last == "withdrawal.confirmed",
                        "\(names)")
                    let listed = try await server.api.get("/v1/withdrawals/\(id)/events")
                    #expect(
                        seen.map(\.id) == listed.data.compactMap { $0["sequence"]?.int }.map { "\($0)" }, "\(names)")
                }
                #expect(try await server.faults() == [])
                await server.child.end()
            }
        }

        @Test func `the stream of everything starts now or where it was left`() async throws {
            try await Server.withDev { server, _ in
                let id = try await server.withdraw("before-the-stream")
                _ = try await server.waitFor(id)
                let second = Task { () -> String in
                    try await Task.sleep(for: .milliseconds(300))
                    return try await server.withdraw("during-the-stream")
                }
                var seen: [ServerEvent] = []
                _ = try await server.admin.events("/v1/events") { event in
                    seen.append(event)
                    return event.name != "withdrawal.confirmed"
                }
                let other = try await second.value
                #expect(seen.allSatisfy { $0.data["id"]?.string == other } && seen.first?.name == "withdrawal.accepted")
                var replayed: [String] = []
                _ = try await server.admin.events("/v1/events", lastEventID: "0") { event in
                    if let subject = event.data["id"]?.string, event.name == "withdrawal.accepted" {
                        replayed.append(subject)
                    }
                    return replayed.count < 2
                }
                #expect(replayed == [id, other])
                let refused = try await server.api.get("/v1/events")
                #expect(refused.status == 403, "\(refused)")
            }
        }

        @Test func `streams do not hold up the end of the server`() async throws {
            try await Server.withDev { server, _ in
                let readers = (0..<10).map { _ in
                    Task { try? await server.admin.events("/v1/events", lastEventID: "0") { _ in true } }
                }
                _ = try await server.waitFor(try await server.withdraw("watched"))
                let start = ContinuousClock.now
                server.child.send(SIGTERM)
                #expect(try await server.child.exit(within: 25) == .code(0))
                #expect(ContinuousClock.now - start < .seconds(20), "\(ContinuousClock.now - start)")
                for reader in readers { _ = await reader.value }
            }
        }
    }
}
