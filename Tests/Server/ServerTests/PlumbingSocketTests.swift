import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Primitives
import Testing

@testable import API

#if canImport(Glibc)
    import Glibc
#endif

/// The whole path through a listening socket, byte by byte.
@Suite(.serialized)
struct PlumbingSocketTests {
    /// Runs the sample server on a free port of loopback while `body` runs.
    private func serving(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let responder = Server().responder
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 32 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 256))),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                continuation.yield(channel.localAddress?.port ?? 0)
                continuation.finish()
            }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            for await port in ports { try await body(port) }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    /// Sends bytes and returns what came back until the server closed or fell silent.
    ///
    /// Blocks, so it has a thread.
    private func exchange(_ port: Int, _ text: String, repeating tail: String = "", times: Int = 0) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                defer { close(descriptor) }
                var timeout = timeval(tv_sec: 2, tv_usec: 0)
                unsafe setsockopt(
                    descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = in_port_t(UInt16(port).bigEndian)
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                _ = unsafe withUnsafePointer(to: &address) {
                    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                func push(_ text: String) -> Bool {
                    let bytes = Array(text.utf8)
                    return unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
                }
                _ = push(text)
                for _ in 0..<times where !push(tail) { break }
                var received: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 65_536)
                while true {
                    let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
                    guard count > 0 else { break }
                    received.append(contentsOf: chunk[..<count])
                    if text.contains("Connection: close") == false, received.count > 0, times == 0,
                        String(decoding: received, as: UTF8.self).contains("\r\n\r\n")
                    {
                        timeout.tv_sec = 0
                        timeout.tv_usec = 200_000
                        unsafe setsockopt(
                            descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
                    }
                }
                continuation.resume(returning: String(decoding: received, as: UTF8.self))
            }
        }
    }

    @Test func `requests on one connection are answered in order`() async throws {
        try await serving { port in
            let one = "GET /v1/things/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\n\r\n"
            let two = "HEAD /v1/things/b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\n\r\n"
            let three = "OPTIONS /v1/things HTTP/1.1\r\nHost: x\r\n\r\n"
            let last = "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let text = await exchange(port, one + two + three + last)
            let statuses = text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
            #expect(statuses == ["200", "200", "204", "404"])
            #expect(text.contains(#"{"id":"a"}"#) && !text.contains(#"{"id":"b"}"#))
            let noContent = try #require(
                text.components(separatedBy: "HTTP/1.1 204").last?.components(separatedBy: "\r\n\r\n").first)
            #expect(!noContent.lowercased().contains("content-length"))
        }
    }

    @Test func `a body declared too large is refused at once and the connection ends`() async throws {
        try await serving { port in
            let head =
                "POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer writer\r\nIdempotency-Key: k\r\n"
                + "Content-Type: application/json\r\nContent-Length: 9000000000\r\n\r\n"
            let text = await exchange(port, head)
            #expect(text.hasPrefix("HTTP/1.1 413"))
            #expect(text.lowercased().contains("connection: close"))
        }
    }

    @Test func `an endless chunked body ends with 413`() async throws {
        try await serving { port in
            let head =
                "POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer writer\r\nIdempotency-Key: k\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = "1000\r\n" + String(repeating: " ", count: 4096) + "\r\n"
            let text = await exchange(port, head, repeating: chunk, times: 8)
            #expect(text.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func `a body that is refused before it is read does not hold the connection`() async throws {
        try await serving { port in
            let head = "POST /v1/things HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = "1000\r\n" + String(repeating: " ", count: 4096) + "\r\n"
            let text = await exchange(port, head, repeating: chunk, times: 4)
            #expect(text.hasPrefix("HTTP/1.1 401"))
            #expect(text.lowercased().contains("connection: close"))
        }
    }

    @Test func `a body within the limits is read from the socket`() async throws {
        try await serving { port in
            let body = PlumbingRefusalTests.good
            let head =
                "POST /v1/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer writer\r\nIdempotency-Key: \"k\"\r\n"
                + "Content-Type: application/json; charset=UTF-8\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            let text = await exchange(port, head + body + head + body)
            #expect(text.components(separatedBy: "HTTP/1.1 201 Created").count == 3)
            #expect(text.contains("Location: /v1/things/1"))
        }
    }

    @Test func `large headers are a problem document`() async throws {
        try await serving { port in
            let text = await exchange(
                port, "GET /open HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "a", count: 9000))\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 431"))
            #expect(text.contains("header_too_large"))
        }
    }

    @Test func `events arrive over the socket`() async throws {
        try await serving { port in
            let text = await exchange(
                port, "GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer reader\r\nConnection: close\r\n\r\n")
            #expect(text.contains("text/event-stream"))
            #expect(text.contains("event: state\ndata: {\"n\":1}"))
        }
    }
}
