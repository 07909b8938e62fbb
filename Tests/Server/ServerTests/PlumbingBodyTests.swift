import HTTPTypes
import Observability
import Primitives
import Testing

@testable import API

struct PlumbingBodyTests {
    let server = Server()

    private func post(_ body: String) async throws -> Answer {
        try await server.send(.post, "/v1/things", key: "writer", headers: [("Idempotency-Key", "k")], body: body)
    }

    @Test func `a good body is read and answered with its place`() async throws {
        let answer = try await post(
            #"{"parts":[{"label":"x"}],"name":"é","amount":"115792089237316195423570985008687907853269984665640564039457584007913129639935"}"#
        )
        #expect(answer.status == 201)
        #expect(answer.header("Location") == "/v1/things/1")
        #expect(answer.json?["name"]?.string == "é")
        #expect(answer.json?["parts"]?.int == 1)
        #expect(answer.json?["colour"] == .null)
    }

    @Test(arguments: [
        (#"{}"#, ["/name", "/amount", "/parts"]),
        (#"{"name":1,"amount":1,"parts":{}}"#, ["/name", "/amount", "/parts"]),
        (#"{"name":"","amount":"01","parts":[]}"#, ["/name", "/amount"]),
        (#"{"name":"a","amount":"-1","parts":[]}"#, ["/amount"]),
        (#"{"name":"a","amount":"1.0","parts":[]}"#, ["/amount"]),
        (#"{"name":"a","amount":"1e3","parts":[]}"#, ["/amount"]),
        (#"{"name":"a","amount":" 1","parts":[]}"#, ["/amount"]),
        (#"{"name":"a","amount":"١","parts":[]}"#, ["/amount"]),
        (
            #"{"name":"a","amount":"115792089237316195423570985008687907853269984665640564039457584007913129639936","parts":[]}"#,
            ["/amount"]
        ),
        (#"{"name":"a\u0000","amount":"1","parts":[]}"#, ["/name"]),
        (#"{"name":null,"amount":"1","parts":[]}"#, ["/name"]),
        (#"{"name":"12345678901234567","amount":"1","parts":[]}"#, ["/name"]),
        (#"{"name":"a","amount":"1","parts":[],"colour":"blue"}"#, ["/colour"]),
        (#"{"name":"a","amount":"1","parts":[],"Name":"b"}"#, ["/Name"]),
        (#"{"name":"a","amount":"1","parts":[],"a/b~c":1}"#, ["/a~1b~0c"]),
        (
            #"{"name":"a","amount":"1","parts":[{},{"label":"x","y":1},3]}"#,
            ["/parts/0/label", "/parts/1/y", "/parts/2"]
        ),
        (#"{"name":"a","amount":"1","parts":[{},{},{},{}]}"#, ["/parts"]),
    ])
    func `all faults are reported at once with their pointers`(body: String, pointers: [String]) async throws {
        let answer = try await post(body)
        #expect(answer.status == 422)
        #expect(answer.code == "validation_failed")
        #expect(answer.pointers() == pointers)
    }

    @Test func `a body full of faults has a bounded answer`() async throws {
        let members = (0..<200).map { "\"f\($0)\":1" }.joined(separator: ",")
        let answer = try await post("{\(members)}")
        #expect(answer.status == 422)
        #expect(answer.pointers().count == FieldReader.errorsMax)
    }

    @Test func `refused values are not repeated to the caller`() async throws {
        let answer = try await post(#"{"name":"a","amount":"<script>","parts":[]}"#)
        #expect(!answer.text.contains("script"))
    }

    @Test func `random bytes never crash the reader`() async throws {
        let seed: UInt64 = 20_261_121
        print("seed \(seed)")
        let random = RandomSource.seeded(seed)
        let good = Array(#"{"name":"a","amount":"1","parts":[{"label":"x"}]}"#.utf8)
        for _ in 0..<500 {
            var bytes = good
            for _ in 0..<(1 + Int(random.uint64() % 4)) {
                bytes[Int(random.uint64() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.uint64())
            }
            let answer = try await post(String(decoding: bytes, as: UTF8.self))
            #expect([201, 400, 422].contains(answer.status))
        }
    }
}
