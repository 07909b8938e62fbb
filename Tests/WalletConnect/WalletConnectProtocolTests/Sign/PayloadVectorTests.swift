import Primitives
import Testing
import WalletConnectProtocol

/// Payloads as clients in use send them.
@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct PayloadVectorTests {
    @Test(arguments: Vectors.cases("payload_tolerance.json", "wc_sessionPropose_params"))
    func `a proposal may leave out what is optional`(given: Vectors.Case) throws {
        let proposal = try SessionProposal.decode(
            params: given["params"]!, id: 1, pairingTopic: SignFixtures.pairingTopic)
        #expect(proposal.optionalNamespaces.isEmpty)
        #expect(proposal.sessionProperties == nil)
        #expect(proposal.scopedProperties == nil)
        #expect(proposal.expiry == nil)
        #expect(proposal.requiredNamespaces["eip155"]?.chains == ["eip155:1"])
        #expect(proposal.proposer.metadata.icons == ["https://test.com/icon.png"])
    }

    @Test(arguments: Vectors.cases("payload_tolerance.json", "wc_sessionSettle_params"))
    func `a settlement may leave out what is optional`(given: Vectors.Case) throws {
        let settlement = try Settlement.decode(given["params"]!)
        #expect(settlement.sessionProperties == nil)
        #expect(settlement.scopedProperties == nil)
        #expect(settlement.expiry == 1_234_567_890)
        #expect(settlement.namespaces["eip155"]?.accounts == ["eip155:1:0x1234567890abcdef"])
        #expect(settlement.controller.publicKey == "controller_public_key")
    }

    @Test(arguments: Vectors.cases("payload_tolerance.json", "session_extend_rules", "cases"))
    func `a session is extended by its wallet, forward, by seven days at most`(given: Vectors.Case) throws {
        let now: Int64 = 1_700_000_000
        func moment(_ text: String) throws -> Int64 {
            let days = try #require(Int64(text.dropFirst("now+".count).dropLast()))
            return now + days * 86_400
        }
        let requested = try moment(given.text("requested"))
        let outcome = Result { () throws(SignError) -> Int64 in
            try SessionExpiry.extended(
                current: (try? moment(given.text("current"))) ?? 0, requested: requested,
                byController: given["peer_is_controller"] == true, at: Timestamp(milliseconds: now * 1000))
        }
        switch given.text("result").prefix(while: { $0 != " " }) {
        case "Unauthorized": #expect(outcome == .failure(SignError(.unauthorizedExtendRequest)))
        case "accepted": #expect(outcome == .success(requested))
        default:
            guard case .failure(let error) = outcome else {
                Issue.record("was accepted")
                return
            }
            #expect(error.code == .invalidExtendRequest)
        }
    }

    @Test func `each message of a handshake is written as it was read`() throws {
        let file = try Vectors.json("handshake_transcript.json")
        let pairing = try Topic(hex: #require(file["pairing"]?["topic"]?.string))
        var plaintexts = try #require(file["steps"]?.array).map { $0["plaintext"]!.string! }
        plaintexts.append(try #require(file["authenticate_response_type1"]?["plaintext"]?.string))
        plaintexts.append(try #require(file["reject"]?["plaintext"]?.string))
        for text in plaintexts {
            let message = try JSON.parse(text)
            let again: JSON
            switch message["method"]?.string {
            case "wc_sessionPropose"?:
                let proposal = try SessionProposal.decode(
                    params: message["params"]!, id: #require(RPCID(json: message["id"]!)), pairingTopic: pairing)
                again = proposal.params
                #expect(try SessionProposal.decode(proposal.json) == proposal)
            case "wc_sessionSettle"?: again = try Settlement.decode(message["params"]!).json
            case "wc_sessionRequest"?: again = try SessionRequestParams.decode(message["params"]!).json
            case "wc_sessionEvent"?: again = try SessionEventParams.decode(message["params"]!).json
            case "wc_sessionUpdate"?: again = try SessionUpdateParams.decode(message["params"]!).json
            case "wc_sessionExtend"?: again = try SessionExtendParams.decode(message["params"]!).json
            case "wc_sessionDelete"?: again = try Reason.decode(message["params"]!).json
            case "wc_sessionPing"?: continue
            case let other?:
                Issue.record("unexpected \(other)")
                continue
            case nil:
                if message["result"]?["responderPublicKey"] != nil {
                    again = try ProposalAnswer.decode(message["result"]!).json
                } else if message["result"]?["cacaos"] != nil {
                    again = try AuthenticateResult.decode(message["result"]!).json
                } else if let error = message["error"] {
                    again = try Reason.decode(error).json
                } else {
                    continue
                }
            }
            #expect(again.text == (message["params"] ?? message["result"] ?? message["error"])?.text)
        }
    }

    @Test func `the table of errors is that of other clients`() throws {
        let file = try Vectors.json("errors.json")
        let rows = try #require(file["sdk"]?.array) + #require(file["internal"]?.array)
        for row in rows {
            let code = try #require(row["code"]?.int)
            let known = SDKError.allCases.filter { $0.code == code }
            #expect(!known.isEmpty, "no code \(code)")
            for error in known { #expect(error.text == row["message"]?.string) }
            // Those that a call here may fail with.
            for match in SignError.Code.allCases where match.number == code {
                #expect(match.text == row["message"]?.string)
                #expect((match.wireCode == nil) == (code < 10))
            }
        }
    }
}
