import CofferClient
import Primitives
import Storage
import WalletConnectClient
import WalletConnectProtocol

extension ClientError {
    /// What a failure of a conversation means for the shell.
    init(walletConnect error: any Error) {
        switch error {
        case let error as ClientError: self = error
        case let error as SignError:
            self.init(CommandExit(error.code), SafeText.line(error.message), fix: Self.fix(error.code))
        case let error as PayloadError: self.init(.usage, SafeText.line(error.description))
        case let error as PeerError: self.init(.failed, "the other side refused: \(SafeText.line(error.message ?? ""))")
        case let error as KeyValueError:
            self.init(
                error.code == .wrongStoreKey ? .configuration : error.isRetryable ? .tryAgain : .failed,
                SafeText.line(error.message))
        default: self.init(.failed, SafeText.line("\(error)"))
        }
    }

    /// What a program compares: the other side's number, or the name of what failed here.
    func code(of error: any Error) -> JSON? {
        guard let error = error as? SignError else { return nil }
        return error.peer?.code.map { JSON($0) } ?? .string(error.code.rawValue)
    }

    private static func fix(_ code: SignError.Code) -> String? {
        switch code {
        case .publishFailed: "see that the relay runs (coffer relay) and that --relay-url names it"
        case .relayRefused: "the relay's log says why; --project-id may be missing"
        case .timedOut: "the other side must use the same relay"
        case .invalidURI: "copy the whole URI, in quotes: 'wc:…'"
        default: nil
        }
    }
}

extension CommandExit {
    /// What a failure of a conversation means for the shell.
    init(_ code: SignError.Code) {
        switch code {
        case .publishFailed, .relayRefused: self = .unavailable
        case .timedOut, .proposalExpired, .requestExpired, .authenticationExpired: self = .tryAgain
        case .invalidURI: self = .usage
        case .recordCorrupt, .keyMissing: self = .configuration
        default: self = .failed
        }
    }
}
