import Primitives
public import WalletConnectBackend
import WalletConnectProtocol

// What the API shows of wallet connections. Schemas+Connections.swift describes the same forms.

extension Connection {
    var json: JSON {
        [
            "topic": .string(topic.hex), "user_id": .string(userID), "state": .string(state.rawValue),
            "accounts": .array(accounts.map { .string("\($0)") }), "chains": .array(chains.map { .string("\($0)") }),
            "methods": .array(methods.map { .string($0) }), "events": .array(events.map { .string($0) }),
            "wallet": peer.map(Self.wallet) ?? .null, "pairing_topic": .string(pairingTopic.hex),
            "created_at": .string(createdAt.rfc3339), "updated_at": .string(updatedAt.rfc3339),
            "last_active_at": .string(lastActivityAt.rfc3339), "expires_at": .string(expiresAt.rfc3339),
            "end": end.map(\.json) ?? .null,
        ]
    }

    /// What a wallet says of itself; nobody has checked it.
    private static func wallet(_ peer: Metadata) -> JSON {
        [
            "name": .string(peer.name), "url": .string(peer.url), "description": .string(peer.description),
            "icons": .array(peer.icons.map { .string($0) }),
        ]
    }
}

extension ConnectionEnd {
    var json: JSON {
        [
            "reason": .string(reason.rawValue), "message": message.map { .string($0) } ?? .null,
            "code": code.map { JSON($0) } ?? .null,
        ]
    }
}

extension WalletCall {
    /// `{id, result}`, `{id, error}`, or `{id, state: "pending"}`, with what it is about.
    func json(_ outcome: CallOutcome?, answeredAt: Timestamp?) -> JSON {
        var members: [JSONMember] = [JSONMember(name: "id", value: .string(id.map { "\($0)" } ?? ""))]
        switch outcome {
        case nil: members.append(JSONMember(name: "state", value: "pending"))
        case .result(let result)?:
            members.append(JSONMember(name: "state", value: "answered"))
            members.append(JSONMember(name: "result", value: result))
        case .failure(let error)?:
            members.append(JSONMember(name: "state", value: "failed"))
            members.append(JSONMember(name: "error", value: error.outcome))
        }
        members += [
            JSONMember(name: "topic", value: .string(topic.hex)),
            JSONMember(name: "chain", value: .string("\(chain)")),
            JSONMember(name: "method", value: .string(method)),
            JSONMember(name: "created_at", value: .string(createdAt.rfc3339)),
            JSONMember(name: "expires_at", value: .string(expiresAt.rfc3339)),
        ]
        if let answeredAt { members.append(JSONMember(name: "answered_at", value: .string(answeredAt.rfc3339))) }
        return .object(members)
    }
}

extension BackendError {
    /// How a request ended without a result: our stable name, and the wallet's number and words where it gave any.
    fileprivate var outcome: JSON {
        [
            "reason": .string(code.rawValue), "code": peer?.code.map { JSON($0) } ?? .null,
            "message": .string(peer?.message ?? message), "data": peer?.data ?? .null,
        ]
    }
}

extension BackendError: ProblemConvertible {
    public var problem: Problem {
        let known = ProblemCode.connections.first { $0.code == code.rawValue }
        switch code {
        case .requestTimeout: return Problem(.timeout, message)
        case .insufficientFunds: return Problem(.insufficientFunds, message)
        case .invalidParams:
            return Problem(
                .walletInvalidParams, message,
                errors: field.map { [FieldError(.body(pointer: Self.pointer($0)), message)] } ?? [])
        // What is underneath these is the operator's to know.
        case .relayUnreachable, .storeUnavailable, .closed, .cancelled:
            return Problem(
                known ?? .internalError, retryAfterSeconds: 2, logged: cause.map { "\(self): \($0)" } ?? description)
        case .requestInDoubt:
            return Problem(known ?? .internalError, message, logged: cause.map { "\(self): \($0)" } ?? description)
        default:
            return Problem(known ?? .internalError, message, retryAfterSeconds: isRetryable ? 2 : nil)
        }
    }

    /// `transaction.to` as a JSON pointer.
    private static func pointer(_ field: String) -> String {
        "/" + String(field.map { $0 == "." ? "/" : $0 })
    }
}
