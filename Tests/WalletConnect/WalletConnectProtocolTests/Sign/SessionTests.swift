import Primitives
import Testing
import WalletConnectProtocol

struct SessionTests {
    private let session = SignFixtures.session

    @Test func `a session comes back from its bytes`() throws {
        #expect(try Session.decode(bytes: session.encoded()) == session)
    }

    @Test func `a session allows what was approved and nothing else`() {
        #expect(session.allows(chain: "eip155:1", method: "personal_sign"))
        #expect(!session.allows(chain: "eip155:1", method: "eth_sign"))
        #expect(!session.allows(chain: "eip155:10", method: "personal_sign"))
        #expect(session.allows(chain: "eip155:42161", event: "chainChanged"))
        #expect(!session.allows(chain: "eip155:1", event: "other"))
        #expect(!session.allows(chain: "eip155"))
        #expect(!session.isController)
    }

    @Test func `the second a session ends in counts as ended`() {
        let end = Timestamp(milliseconds: session.expiry * 1000)
        #expect(session.isExpired(at: end))
        #expect(!session.isExpired(at: end.adding(milliseconds: -1)))
        var forever = session
        forever.expiry = .max
        #expect(!forever.isExpired(at: end))
    }

    @Test func `an error tells its code, its number, and whether to try again`() {
        let error = SignError(.unsupportedMethods, "eth_sign")
        #expect(error.message == "Unsupported methods. eth_sign")
        #expect(error.peerError == PeerError(code: 5101, message: "Unsupported methods. eth_sign"))
        #expect(!error.isRetryable)
        #expect(SignError(.publishFailed).isRetryable)
        #expect(SignError(.publishFailed).message.hasPrefix("Failed to publish payload"))
        // What is found here has no number between peers, and its words stay at home.
        #expect(SignError(.sessionNotFound, "ab").peerError == PeerError(code: -32000, message: "Internal error"))
        let refusal = PeerError(code: 4001, message: "no")
        #expect(SignError(peer: refusal).peer == refusal)
        #expect(SignError(peer: refusal).code == .peerRejected)
        #expect(SignError(peer: SDKError.userDisconnected.peerError()).code == .userDisconnected)
        #expect(SignError(peer: PeerError()).message == "The peer refused.")
        #expect(
            SignError(payload: PayloadError("proposer.publicKey", .missing)).message
                == "Invalid params: proposer.publicKey is missing")
        for code in SignError.Code.allCases { #expect(code.text != "Failed.", "\(code)") }
    }
}
