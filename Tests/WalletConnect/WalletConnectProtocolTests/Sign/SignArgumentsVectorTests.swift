import Primitives
import Testing
import WalletConnectProtocol

/// What JavaScript clients say to wrong arguments.
@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct SignArgumentsVectorTests {
    @Test(arguments: Vectors.cases("sign_client_error_messages.json", "cases"))
    func `a wrong argument gets the same sentence`(given: Vectors.Case) throws {
        let call = try #require(SignArguments.Call(rawValue: given.text("method")))
        let arguments = given["args"]?[0].flatMap { Self.filled($0) }
        let error = try #require(
            throws: SignError.self, "\(given.json.text)",
            performing: { try SignArguments.validate(call, arguments, in: SignFixtures.Lookup()) })
        let expected = given.text("expected_error")
        // The published tests look for their text inside the message, which names a chain where they name its family.
        let isPrefix = error.code == .namespacesNotConforming && error.message.hasPrefix(expected + ":")
        #expect(error.message == expected || isPrefix, "\(error.message)")
    }

    /// The arguments with the placeholders filled in; nil for `undefined`.
    static func filled(_ json: JSON) -> JSON? {
        switch json {
        case .string("<undefined>"): nil
        case .string("<PAIRING_KEY>"): .string(SignFixtures.pairingTopic.hex)
        case .string("<SESSION_KEY>"): .string(SignFixtures.sessionTopic.hex)
        case .string("<PROPOSAL_KEY>"): SignFixtures.proposal.id.json
        case .array(let elements): .array(elements.map { filled($0) ?? .null })
        case .object(let members):
            .object(
                members.compactMap { member in
                    filled(member.value).map { JSONMember(name: member.name, value: $0) }
                })
        default: json
        }
    }
}
