import Primitives
import Testing
import WalletConnectProtocol

@Suite(.enabled(if: Vectors.arePresent, Comment(rawValue: Vectors.absence)))
struct RecapVectorTests {
    private static let file = "recap.json"

    @Test(arguments: Vectors.cases(file, "create_encode"))
    func `a ReCap is made in the order of the locale`(vector: Vectors.Case) throws {
        let recap = Recap(
            resource: vector.text("resource"), ability: vector.text("ability"),
            actions: vector["actions"]!.array!.compactMap(\.string))
        #expect(recap.json == vector["recap"]!)
        #expect(recap.encoded == vector.text("encoded"))
        #expect(try Recap.decode(recap.encoded) == recap)
    }

    @Test(arguments: Vectors.cases(file, "merge"))
    func `two ReCaps are merged and sorted`(vector: Vectors.Case) throws {
        let merged = try Recap(json: vector["a"]!).merging(Recap(json: vector["b"]!))
        #expect(merged.json == vector["merged"]!)
        #expect(merged.encoded == vector.text("encoded"))
    }

    @Test(arguments: Vectors.cases(file, "decode"))
    func `padding may be there or not, in either alphabet`(vector: Vectors.Case) throws {
        var text = vector.text("encoded")
        #expect(try Recap.decode(text).json == vector["decoded"]!)
        while text.last == "=" { text.removeLast() }
        #expect(try Recap.decode(text).json == vector["decoded"]!)
        let url = String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
        #expect(try Recap.decode(url).json == vector["decoded"]!)
    }

    @Test(arguments: Vectors.cases(file, "queries"))
    func `methods and chains are read out`(vector: Vectors.Case) throws {
        let recap = try Recap.decode(vector.text("encoded"))
        #expect(recap.methods() == vector["methods"]!.array!.compactMap(\.string))
        #expect(recap.chains() == vector["chains"]!.array!.compactMap(\.string))
    }

    @Test(arguments: Vectors.cases(file, "statements"))
    func `a statement says what is allowed`(vector: Vectors.Case) throws {
        let recap = try Recap(json: vector["recap"]!)
        #expect(recap.statement() == vector.text("statement_empty"))
        #expect(recap.statement(after: "Hello.") == vector.text("statement_with"))
        // Once is enough.
        #expect(recap.statement(after: vector.text("statement_with")) == vector.text("statement_with"))
    }

    @Test(arguments: Vectors.cases(file, "swift_statements"))
    func `reown-swift orders the statement by ability`(vector: Vectors.Case) throws {
        let recap = try Recap(json: JSON.object([JSONMember(name: "att", value: vector["att"]!)]))
        #expect(recap.statement(order: .ability) == vector.text("statement"))
    }

    @Test(arguments: Vectors.cases(file, "validation"))
    func `a wrong ReCap is refused in the JavaScript client's words`(vector: Vectors.Case) throws {
        if let sentence = vector["throws"]?.string {
            let error = #expect(throws: AuthError.self) { try Recap(json: vector["recap"]) }
            #expect(error?.description == sentence)
        } else {
            #expect(throws: Never.self) { try Recap(json: vector["recap"]) }
        }
    }

    @Test(arguments: Vectors.cases(file, "swift_errors"))
    func `what reown-swift refuses is refused`(vector: Vectors.Case) throws {
        if let text = vector["urn"]?.string {
            let expected: RecapError = vector.text("error") == "invalidUrn" ? .notAURN : .notJSON
            #expect(throws: AuthError.recap(expected)) { try Recap.decode(text) }
        } else {
            #expect(throws: AuthError.recap(.noResources)) {
                try Recap(json: JSON.object([JSONMember(name: "att", value: vector["att"]!)]))
            }
        }
    }
}
