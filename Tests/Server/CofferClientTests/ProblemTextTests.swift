import CofferClient
import Testing

struct ProblemTextTests {
    @Test func `a problem is printed with fields, code, request and fix`() {
        let body = """
            {"type":"/problems/insufficient-funds","title":"The balance does not cover the amount.","status":422,
             "detail":"alice has 5","instance":"/v1/withdrawals","code":"INSUFFICIENT_FUNDS","request_id":"req_7",
             "errors":[{"pointer":"/amount","detail":"must be at most 5"},{"parameter":"limit","detail":"is too big"},
                       {"header":"Idempotency-Key","detail":"is missing"},{"path_parameter":"id","detail":"has no wd_"}]}
            """
        let problem = ProblemText(status: 422, body: Array(body.utf8))
        let error = ClientError(.failed, problem.title, fix: "Lower the amount.", problem: problem)
        #expect(
            error.description == """
                The balance does not cover the amount.
                  alice has 5
                  - amount: must be at most 5
                  - query limit: is too big
                  - header Idempotency-Key: is missing
                  - path id: has no wd_
                  (code INSUFFICIENT_FUNDS, status 422, request req_7)
                  fix: Lower the amount.
                """)
        #expect(problem.explanationPath == "/problems/insufficient-funds")
    }

    @Test(arguments: [
        (401, "The request has no valid credential."), (429, "Too many requests."), (599, "The server failed."),
    ])
    func `an answer that is no problem still says something`(status: Int, title: String) {
        let problem = ProblemText(status: status, body: Array("<html>".utf8))
        #expect(problem.lines() == [title, "  (status \(status))"])
        #expect(problem.explanationPath == nil)
    }

    @Test(arguments: [
        "https://evil.example/x", "/problems/", "/problems/../v1/status", "/problems/A", "/v1/wallets", "/problems/x?y",
    ])
    func `only our own pages are fetched`(type: String) {
        #expect(ProblemText(status: 400, body: Array(#"{"type":"\#(type)"}"#.utf8)).explanationPath == nil)
    }

    @Test func `the fix is found in the page`() {
        let page = """
            <dl><dt>Cause</dt><dd>x</dd>
            <dt>What to do</dt><dd>Run <code>coffer unseal</code> &amp; retry &lt;soon&gt;.</dd></dl>
            """
        #expect(ProblemText.fix(inPage: page) == "Run coffer unseal & retry <soon>.")
        #expect(ProblemText.fix(inPage: "<dt>What to do</dt>") == nil)
        #expect(ProblemText.fix(inPage: "<dt>What to do</dt></dd><dd>") == nil)
        #expect(ProblemText.fix(inPage: "") == nil)
    }

    @Test func `text from a server cannot repaint the terminal`() {
        let problem = ProblemText(
            status: 400, body: Array(#"{"title":"a\u001b[2Jb","errors":[{"detail":"\u001b]0;x"}]}"#.utf8))
        #expect(!problem.lines().joined().contains("\u{1B}"))
    }

    @Test func `an error without a problem has its fix on the next line`() {
        #expect(ClientError(.usage, "no").description == "no")
        #expect(ClientError(.usage, "no", fix: "yes").description == "no\n  fix: yes")
    }
}
