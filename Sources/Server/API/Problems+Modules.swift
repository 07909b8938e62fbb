public import ChainNode
public import Keys
public import Ledger
public import Storage
public import Wallets
public import Withdrawals

// How the errors of the modules look to callers. Messages of the modules carry no secrets; what only operators should
// see goes to the log.

extension StorageError: ProblemConvertible {
    public var problem: Problem {
        switch code {
        case .overloaded: Problem(.overloaded, retryAfterSeconds: 1)
        case .busy, .full, .unavailable, .readOnly, .closed, .inputOutput:
            Problem(
                .storageUnavailable, "nothing was stored: \(code)", retryAfterSeconds: 2, logged: description)
        case .outcomeUnknown:
            Problem(
                .storageUnavailable, "it is not known whether it was stored: \(code)", retryAfterSeconds: 2,
                logged: description)
        default: Problem(.internalError, logged: description)
        }
    }
}

extension WalletError: ProblemConvertible {
    public var problem: Problem {
        switch code {
        case .notFound: Problem(.walletNotFound, message)
        case .unsupportedChain: Problem(.unsupportedChain, message)
        case .unsupportedAsset: Problem(.unsupportedAsset, message)
        case .invalidInput: Problem(.validationFailed, message)
        case .nodeUnavailable: Problem(.chainUnavailable, message, retryAfterSeconds: 2)
        default: Problem(.internalError, logged: description)
        }
    }
}

extension WithdrawalError: ProblemConvertible {
    public var problem: Problem {
        switch code {
        case .notFound: Problem(.withdrawalNotFound, message)
        case .walletNotFound: Problem(.walletNotFound, message, errors: [field("wallet_id")])
        case .unsupportedAsset: Problem(.unsupportedAsset, message, errors: [field("asset")])
        case .invalidAmount: Problem(.validationFailed, message, errors: [field("amount")])
        case .invalidRecipient: Problem(.invalidRecipient, message, errors: [field("to")])
        case .insufficientFunds: Problem(.insufficientFunds, message, errors: [field("amount")])
        case .idempotencyKeyReused: Problem(.idempotencyKeyReused, message)
        case .notCancellable: Problem(.notCancellable, message)
        case .stateChanged: Problem(.conflict, message, retryAfterSeconds: 1)
        case .chainDisagrees: Problem(.chainUnavailable, message, retryAfterSeconds: 2)
        case .invalidInput: Problem(.validationFailed, message)
        default: Problem(.internalError, logged: description)
        }
    }

    private func field(_ name: String) -> FieldError {
        FieldError(.body(pointer: "/\(name)"), message)
    }
}

extension LedgerError: ProblemConvertible {
    public var problem: Problem {
        switch code {
        case .insufficientFunds: Problem(.insufficientFunds, message)
        case .duplicate: Problem(.conflict, message)
        case .amount: Problem(.validationFailed, message)
        default: Problem(.internalError, logged: description)
        }
    }
}

extension Keys.KeyError: ProblemConvertible {
    public var problem: Problem {
        switch code {
        case .sealed: Problem(.sealed, retryAfterSeconds: 5)
        case .guardConflict: Problem(.guardConflict, message)
        case .badPassphrase: Problem(.forbidden, "no unlock slot opens with this passphrase")
        case .invalidInput, .belowWatermark, .aboveWatermark, .laneDisabled, .wrongCurve, .exists:
            Problem(.validationFailed, message)
        case .unknownKey: Problem(.notFound, message)
        case .overloaded: Problem(.overloaded, retryAfterSeconds: 1)
        case .unavailable, .storage: Problem(.storageUnavailable, retryAfterSeconds: 2, logged: description)
        default: Problem(.internalError, logged: description)
        }
    }
}

extension NodeError: ProblemConvertible {
    public var problem: Problem {
        Problem(
            .chainUnavailable, "the chain's nodes do not answer as they should: \(code)", retryAfterSeconds: 2,
            logged: description)
    }
}
