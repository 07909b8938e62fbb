/// What a command tells the shell, after `sysexits.h`; scripts branch on it.
package enum CommandExit: Int32, Sendable, CaseIterable {
    /// It is done.
    case done = 0
    /// It was refused or went wrong, and the same call will go wrong again.
    case failed = 1
    /// The command line is not valid.
    case usage = 64
    /// The server cannot be reached, or cannot work now.
    case unavailable = 69
    /// The same call may succeed in a moment.
    case tryAgain = 75
    /// The credential is missing, not in force, or does not allow this.
    case notAllowed = 77
    /// The client does not know whom to ask, or with which credential.
    case configuration = 78

    /// The meaning of an HTTP answer.
    ///
    /// - Parameters:
    ///   - httpStatus: the status of the answer.
    ///   - code: the `code` of its problem; of the conflicts only one is worth the same call again.
    package init(httpStatus: Int, code: String? = nil) {
        self =
            switch httpStatus {
            case 200..<400: .done
            case 401, 403: .notAllowed
            case 408, 425, 429: .tryAgain
            case 409 where code == Self.idempotencyInProgress: .tryAgain
            case 502, 503, 504: .unavailable
            default: .failed
            }
    }

    /// The code of the problem that says: the first request with this key is still running.
    static let idempotencyInProgress = "idempotency_in_progress"
}
