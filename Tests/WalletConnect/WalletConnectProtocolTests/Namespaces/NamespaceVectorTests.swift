import Primitives
import Testing
import WalletConnectProtocol

/// What JavaScript clients answer to namespaces.
@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct NamespaceVectorTests {
    static let file = "namespaces_js.json"

    @Test(arguments: Vectors.cases(file, "is_session_compatible"))
    func `a session is found by what is asked for`(given: Vectors.Case) throws {
        let session = try NamespaceMap<SessionNamespace>.decode(given["session_namespaces"]!)
        let asked = try NamespaceMap<ProposalNamespace>.decode(given["requiredNamespaces"]!)
        // Where the clients fail with an exception there is no session to be found.
        #expect(NamespaceRules.isSessionCompatible(session, with: asked) == (given["expected"]?.bool ?? false))
    }

    @Test(arguments: Vectors.cases(file, "is_conforming"))
    func `an approval conforms or fails in the same words`(given: Vectors.Case) throws {
        let required = try NamespaceMap<ProposalNamespace>.decode(given["required"]!)
        let approved = try NamespaceMap<SessionNamespace>.decode(given["approved"]!)
        let error = try refusal {
            try NamespaceRules.conforms(approved, to: required, call: given.text("context"))
        }
        #expect((error == nil) == given["conforms"]?.bool)
        #expect(error?.message == given["error_message"]?.string)
        #expect(error?.code.number == given["error_code"]?.int)
    }

    @Test(arguments: Vectors.cases(file, "build_approved"))
    func `a wallet approves the same`(given: Vectors.Case) throws {
        let required = try NamespaceMap<ProposalNamespace>.decode(given["requiredNamespaces"] ?? [:])
        let optional = try NamespaceMap<ProposalNamespace>.decode(given["optionalNamespaces"] ?? [:])
        let supported = try NamespaceMap<SessionNamespace>.decode(given["supportedNamespaces"]!)
        do {
            let approved = try NamespaceRules.buildApproved(
                required: required, optional: optional, supported: supported)
            let expected = try NamespaceMap<SessionNamespace>.decode(#require(given["result"]))
            #expect(approved == expected)
        } catch let error as SignError {
            #expect(error.message == given["throws"]?.string)
        }
    }

    @Test(arguments: Vectors.cases(file, "merge_required_into_optional"))
    func `what is required joins what is optional`(given: Vectors.Case) throws {
        let merged = NamespaceRules.mergeRequiredIntoOptional(
            required: try NamespaceMap<ProposalNamespace>.decode(given["required"]!),
            optional: try NamespaceMap<ProposalNamespace>.decode(given["optional"]!))
        let expected = try NamespaceMap<ProposalNamespace>.decode(given["merged"]!)
        #expect(merged == expected)
    }

    @Test(arguments: Vectors.cases(file, "is_valid_required_namespaces"))
    func `a proposal is valid or fails in the same words`(given: Vectors.Case) throws {
        let error = try refusal {
            try NamespaceRules.validateProposal(given["namespaces"], part: .optional)
        }
        #expect((error == nil) == given["valid"]?.bool)
        #expect(error?.message == given["error"]?["message"]?.string)
        #expect(error?.code.number == given["error"]?["code"]?.int)
    }

    @Test(arguments: Vectors.cases(file, "is_valid_namespaces"))
    func `a session is valid or fails in the same words`(given: Vectors.Case) throws {
        let error = try refusal {
            try NamespaceRules.validateSession(given["namespaces"])
        }
        #expect((error == nil) == given["valid"]?.bool)
        #expect(error?.message == given["error"]?["message"]?.string)
        #expect(error?.code.number == given["error"]?["code"]?.int)
    }

    @Test(arguments: Vectors.cases(file, "build_namespaces_from_auth"))
    func `a sign-in gives the same namespaces`(given: Vectors.Case) throws {
        let expected = try NamespaceMap<SessionNamespace>.decode(given["namespaces"]!)
        let built = NamespaceRules.namespaces(
            methods: given["methods"]!.array!.map { $0.string! }, accounts: given["accounts"]!.array!.map { $0.string! }
        )
        #expect(built == expected)
    }
}

/// What the specification refuses beyond that.
@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct NamespaceSpecificationVectorTests {
    @Test(arguments: Vectors.cases("namespaces_spec_cases.json", "cases"))
    func `the cases of the specification have its codes`(given: Vectors.Case) throws {
        // Some cases show the namespaces without the member that holds them.
        let proposal = given["proposal"]!
        let isBare = proposal["requiredNamespaces"] == nil && proposal["optionalNamespaces"] == nil
        let required = isBare ? proposal : proposal["requiredNamespaces"] ?? [:]
        let error = try refusal {
            if required != [:] {
                try NamespaceRules.validateProposal(required, part: .required, strictness: .specification)
            }
            if let optional = proposal["optionalNamespaces"], optional != [:] {
                try NamespaceRules.validateProposal(optional, part: .optional, strictness: .specification)
            }
            guard let session = given["session"]?["namespaces"] else { return }
            try NamespaceRules.validateSession(session, strictness: .specification)
            try NamespaceRules.conforms(
                NamespaceMap<SessionNamespace>.decode(session),
                to: NamespaceMap<ProposalNamespace>.decode(required), strictness: .specification)
        }
        #expect((error == nil) == given["valid"]?.bool)
        if let code = given["error_code"]?.int { #expect(error?.code.wireCode == code) }
        if let message = given["error_message"]?.string { #expect(error?.message.hasSuffix(message) == true) }
    }
}

/// Chain and account ids, strict and lenient.
@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct CAIPVectorTests {
    @Test(arguments: Vectors.cases("caip.json", "caip2_strict"))
    func `chain ids are strict in their own type`(given: Vectors.Case) {
        #expect(((try? ChainID(given.text("v"))) != nil) == given["valid"]?.bool)
    }

    @Test(arguments: Vectors.cases("caip.json", "caip10_strict"))
    func `account ids of the specification are strict`(given: Vectors.Case) {
        #expect((NamespaceRules.strictChain(ofAccount: given.text("v")) != nil) == given["valid"]?.bool)
    }

    @Test(arguments: Vectors.cases("caip.json", "js_chain_id_lenient"))
    func `a chain id has one colon between peers`(given: Vectors.Case) {
        #expect((given["value"]?.string.map { LenientCAIP.isChain($0) } ?? false) == given["valid"]?.bool)
    }

    @Test(arguments: Vectors.cases("caip.json", "js_account_id_lenient"))
    func `an account id has two colons and an address between peers`(given: Vectors.Case) {
        #expect((given["value"]?.string.map { LenientCAIP.isAccount($0) } ?? false) == given["valid"]?.bool)
    }
}
