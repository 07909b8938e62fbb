import ChainEVM
import Primitives
import Synchronization
import Testing
import WalletConnectClient
import WalletConnectProtocol

/// Answers what the test says, and notes what was asked.
private final class ScriptedHTTP: HTTPExchange {
    private let asked = Mutex<[HTTPQuestion]>([])
    private let answer: @Sendable (HTTPQuestion) throws(TransportError) -> HTTPAnswer

    init(_ answer: @escaping @Sendable (HTTPQuestion) throws(TransportError) -> HTTPAnswer) {
        self.answer = answer
    }

    var questions: [HTTPQuestion] { asked.withLock { $0 } }

    func send(_ question: HTTPQuestion) async throws(TransportError) -> HTTPAnswer {
        asked.withLock { $0.append(question) }
        return try answer(question)
    }

    static func status(_ status: Int, _ body: JSON = [:]) -> HTTPAnswer {
        HTTPAnswer(status: status, headers: [], body: body.serialized())
    }
}

struct HTTPDateTests {
    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"),
        ("Sat, 21 Nov 2026 03:04:05 GMT", "2026-11-21T03:04:05.000Z"),
        ("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59.000Z"),
        ("Wed, 01 Mar 2000 00:00:00 GMT", "2000-03-01T00:00:00.000Z"),
        ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
    ])
    func `a date is read`(text: String, moment: String) {
        #expect(HTTPDate.parse(text)?.rfc3339 == moment)
    }

    @Test(arguments: [
        "", "Sat, 21 Nov 2026 03:04:05", "Sat, 21 Nov 2026 24:04:05 GMT", "Sat, 21 nov 2026 03:04:05 GMT",
        "Sat, 00 Nov 2026 03:04:05 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sat, 21 Nov 1969 03:04:05 GMT",
    ])
    func `anything else is no date`(text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }
}

@Suite(.timeLimit(.minutes(10)))
struct OriginLookupTests {
    /// What a wallet is told of where a proposal came from.
    private func context(_ answer: JSON?) async throws -> (VerifyContext, [String]) {
        let http = ScriptedHTTP { (question) throws(TransportError) in
            guard let answer else { throw TransportError(.timeout, "no answer") }
            return ScriptedHTTP.status(200, answer)
        }
        let relay = LoopbackRelay()
        let dApp = Bench.client("dapp", relay)
        let wallet = Bench.client("wallet", relay, http: http) { $0.sign.verifiesOrigins = true }
        let events = wallet.events()
        return try await withSignClient(dApp) { dApp in
            try await withSignClient(wallet) { wallet in
                try await wallet.pair(dApp.connect(Bench.offer).uri!.text)
                for await event in events {
                    guard case .sessionProposal(let received) = event else { continue }
                    return (received.verifyContext, http.questions.map(\.url))
                }
                throw CancellationError()
            }
        }
    }

    @Test func `an attested origin is compared with what the dApp says`() async throws {
        let (same, urls) = try await context(["origin": "https://dapp.example", "isScam": false])
        #expect(same.validation == .valid)
        #expect(same.isScam == false)
        #expect(urls.count == 1)
        #expect(urls[0].hasPrefix("https://verify.walletconnect.org/attestation/"))
        let (other, _) = try await context(["origin": "https://evil.example", "isScam": true])
        #expect(other.validation == .invalid)
        #expect(other.verdict == .scam)
    }

    @Test func `what cannot be found out is unknown, and the wallet is asked all the same`() async throws {
        let answers: [JSON?] = [nil, [:], ["origin": ""], "text"]
        for answer in answers {
            let (context, _) = try await context(answer)
            #expect(context.validation == .unknown)
            #expect(context.origin == "https://dapp.example")
        }
    }
}

struct PushRegistrationTests {
    @Test func `a device is registered and removed`() async throws {
        let http = ScriptedHTTP { (_) throws(TransportError) in ScriptedHTTP.status(200) }
        let push = PushRegistration(url: "https://echo.example", projectID: "project", http: http)
        try await push.register(
            clientID: "did:key:z6MkClient", deviceToken: "token", service: .apnsSandbox, isEncrypted: true)
        try await push.unregister(clientID: "did:key:z6MkClient", authorization: "jwt")
        let questions = http.questions
        #expect(questions.map(\.method) == ["POST", "DELETE"])
        #expect(
            questions.map(\.url) == [
                "https://echo.example/project/clients", "https://echo.example/project/clients/z6MkClient",
            ])
        #expect(
            String(decoding: questions[0].body ?? [], as: UTF8.self)
                == #"{"client_id":"did:key:z6MkClient","type":"apns-sandbox","token":"token","always_raw":true}"#)
        #expect(questions[1].headers == [HTTPField("Authorization", "jwt")])
    }

    @Test func `a refusal has the status`() async throws {
        let http = ScriptedHTTP { (_) throws(TransportError) in ScriptedHTTP.status(401) }
        let push = PushRegistration(url: "https://echo.example", projectID: "project", http: http)
        do {
            try await push.unregister(clientID: "x")
            Issue.record("it was refused")
        } catch {
            #expect(error.code == .refused)
            #expect(error.httpStatus == 401)
        }
    }
}

struct TelemetryTests {
    @Test func `events wait until they are taken, a hundred at most, a day at most`() async throws {
        let isUp = Mutex(false)
        let up: @Sendable () -> Bool = { isUp.withLock { $0 } }
        let http = ScriptedHTTP { (_) throws(TransportError) in ScriptedHTTP.status(up() ? 200 : 500) }
        let clock = ManualClock(Timestamp(milliseconds: 1_800_000_000_000))
        let telemetry = Telemetry(
            endpoint: "https://pulse.example/batch", projectID: "project", http: http, clock: clock.clock,
            random: .seeded(1))
        #expect(await telemetry.send())
        #expect(http.questions.isEmpty, "nothing is sent when there is nothing")
        telemetry.note(.pairingExpired, trace: ["pairing_started"])
        #expect(await !telemetry.send())
        clock.advance(seconds: 86_401)
        for _ in 0..<150 { telemetry.note(.proposalExpired) }
        #expect(telemetry.count == 100)
        isUp.withLock { $0 = true }
        #expect(await telemetry.send())
        #expect(telemetry.count == 0)
        let body = try JSON.parse(http.questions.last?.body ?? [])
        #expect(body.array?.count == 100)
        #expect(body[0]?["props"]?["type"]?.string == "proposal_expired")
        #expect(body[0]?["eventId"]?.string?.utf8.count == 36)
        #expect(
            http.questions[0].url
                == "https://pulse.example/batch?projectId=project&st=events_sdk&sv=swift-1.0.0&sp=desktop")
    }
}
