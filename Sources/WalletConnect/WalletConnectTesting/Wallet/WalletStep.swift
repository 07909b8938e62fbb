public import Primitives
public import WalletConnectProtocol

/// What a ``ScriptedWallet`` does when it is asked for something.
public indirect enum WalletStep: Sendable {
    /// Does it: signs, switches, settles.
    case approve
    /// Says no, with these words on the wire.
    case refuse(PeerError)
    /// Answers with this value, whatever was asked.
    case answer(JSON)
    /// Answers with what is computed; an error that is a `PeerError` goes to the dApp, any other as −32603.
    case compute(@Sendable (PendingRequest) async throws -> JSON)
    /// Answers with what has nothing to do with the question: ``garbage``.
    case garbage
    /// Signs properly, with a key that is not the account's.
    case forge
    /// Says nothing, ever.
    case never
    /// Takes so many milliseconds, by the wallet's pace, and then goes on with the step.
    case after(milliseconds: Int64, WalletStep)
    /// Ends the session instead of answering; a proposal is granted first.
    case disconnect
    /// Tells the dApp of another chain, and goes on with the step.
    case changeChain(ChainID, WalletStep)
    /// Changes to another of the wallet's accounts, by its label, and goes on with the step.
    case changeAccount(String, WalletStep)

    /// Says no as wallets do: 4001 for a request, 5000 for a proposal.
    public static var reject: WalletStep { .refuse(PeerError(code: nil, message: nil)) }

    /// Says no with a code.
    public static func reject(code: Int64, message: String) -> WalletStep {
        .refuse(PeerError(code: code, message: message))
    }

    /// What ``garbage`` answers: no signature, no hash, no account.
    public static let garbageValue: JSON = ["not": ["a", "signature"], "n": -1]
}

/// The steps of a wallet, by what it is asked for.
struct WalletScript: Sendable {
    /// What is asked for.
    enum Subject: Hashable {
        case proposal
        case signIn
        case method(String)
        case methodIn(String, Topic)
        case anything
    }

    private var steps: [Subject: [WalletStep]] = [:]

    /// Each step once and in turn; the last one stays.
    mutating func set(_ subject: Subject, _ list: [WalletStep]) {
        steps[subject] = list.isEmpty ? nil : list
    }

    /// The next step; the first of the subjects that has any decides.
    mutating func next(_ subjects: [Subject]) -> WalletStep {
        for subject in subjects {
            guard var list = steps[subject], let step = list.first else { continue }
            if list.count > 1 {
                list.removeFirst()
                steps[subject] = list
            }
            return step
        }
        return .approve
    }
}
