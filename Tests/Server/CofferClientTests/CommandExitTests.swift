import CofferClient
import Testing

struct CommandExitTests {
    @Test(arguments: [
        (200, CommandExit.done), (201, .done), (202, .done), (204, .done), (400, .failed), (401, .notAllowed),
        (403, .notAllowed), (404, .failed), (405, .failed), (408, .tryAgain), (409, .failed), (410, .failed),
        (412, .failed), (413, .failed), (415, .failed), (422, .failed), (425, .tryAgain), (428, .failed),
        (429, .tryAgain), (431, .failed), (500, .failed), (501, .failed), (502, .unavailable), (503, .unavailable),
        (504, .unavailable),
    ])
    func `each status has its exit code`(status: Int, expected: CommandExit) {
        #expect(CommandExit(httpStatus: status) == expected)
    }

    @Test func `of the conflicts only the running first request is worth the same call again`() {
        #expect(CommandExit(httpStatus: 409, code: "idempotency_in_progress") == .tryAgain)
        #expect(CommandExit(httpStatus: 409, code: "not_cancellable") == .failed)
        #expect(CommandExit(httpStatus: 503, code: "sealed") == .unavailable)
    }

    @Test func `the numbers are those of the contract`() {
        #expect(CommandExit.allCases.map(\.rawValue) == [0, 1, 64, 69, 75, 77, 78])
    }
}
