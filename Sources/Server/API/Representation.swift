import Audit
import ChainEVM
import Ledger
import Primitives
import Storage
import Wallets
import Withdrawals

// What the API shows. Each value has one form, and its schema stands in Schemas.swift under the same name.

extension Wallet {
    var json: JSON {
        [
            "id": .string(id.text(prefix: Self.idPrefix)), "user_id": .string(userID), "chain": .string("\(chain)"),
            "address": .string("\(address)"), "key_id": .string(keyID.text(prefix: "key")),
            "label": label.map { .string($0) } ?? .null, "active": .bool(isActive), "shared": .bool(isShared),
            "created_at": .string(createdAt.rfc3339),
        ]
    }
}

extension WalletBalance {
    var json: JSON {
        [
            "asset": .string(asset.key), "symbol": asset.symbol.map { .string($0) } ?? .null,
            "decimals": asset.decimals.map { JSON(Int($0)) } ?? .null,
            "on_chain": onChain.map { .string("\($0)") } ?? .null, "booked": .string("\(booked)"),
            "user_balance": .string("\(userBalance)"), "user_held": .string("\(userHeld)"),
            "user_available": .string("\(userAvailable)"),
        ]
    }
}

extension Withdrawal {
    func json(decimals: UInt8?) -> JSON {
        [
            "id": .string(idText), "state": .string(state.rawValue), "user_id": .string(userID),
            "wallet_id": .string(walletID.text(prefix: Wallet.idPrefix)), "asset": .string(asset),
            "to": .string("\(to)"), "amount": .string("\(amount)"),
            "decimals": decimals.map { JSON(Int($0)) } ?? .null,
            "reference": reference.map { .string($0) } ?? .null, "reason": reason.map { .string($0) } ?? .null,
            "cancel_requested": .bool(isCancelRequested), "nonce": nonce.map { JSON($0) } ?? .null,
            "transaction_hash": transactionHash.map { .string("\($0)") } ?? .null,
            "block_number": blockNumber.map { JSON($0) } ?? .null, "created_at": .string(createdAt.rfc3339),
            "updated_at": .string(updatedAt.rfc3339),
        ]
    }
}

extension Attempt {
    var json: JSON {
        [
            "transaction_hash": .string("\(hash)"), "nonce": JSON(nonce), "purpose": .string(purpose.rawValue),
            "max_fee_per_gas": .string("\(maxFeePerGas)"),
            "max_priority_fee_per_gas": .string("\(maxPriorityFeePerGas)"),
            "created_at": .string(createdAt.rfc3339), "sent_at": sentAt.map { .string($0.rfc3339) } ?? .null,
        ]
    }
}

extension Event {
    /// The payload, which was written by us and parses.
    var data: JSON { (try? JSON.parse(payload)) ?? .null }

    var json: JSON {
        ["sequence": JSON(sequence), "type": .string(type), "at": .string(at.rfc3339), "data": data]
    }
}

extension Account {
    static let idPrefix = "la"

    var json: JSON {
        [
            "id": .string(id.text(prefix: Self.idPrefix)), "kind": .string(kind.rawValue), "owner": .string(owner),
            "asset": .string(asset), "balance": .string("\(balance)"), "held": .string("\(held)"),
            "available": .string("\(available)"), "created_at": .string(createdAt.rfc3339),
        ]
    }
}

extension Transfer {
    static let idPrefix = "lt"

    /// The subject with the prefix of what it is: a withdrawal, or the deposit itself.
    private var subjectText: String {
        switch kind {
        case .hold, .post, .void, .fee: subject.text(prefix: Withdrawal.idPrefix)
        case .deposit, .topUp: subject.text(prefix: "de")
        }
    }

    var json: JSON {
        [
            "id": .string(id.text(prefix: Self.idPrefix)), "kind": .string(kind.rawValue),
            "debit_account": .string(debit.text(prefix: Account.idPrefix)),
            "credit_account": .string(credit.text(prefix: Account.idPrefix)), "asset": .string(asset),
            "amount": .string("\(amount)"), "subject": .string(subjectText),
            "reference": reference.map { .string($0) } ?? .null, "at": .string(at.rfc3339),
        ]
    }
}

extension LedgerReport {
    var json: JSON {
        [
            "balanced": .bool(isBalanced), "accounts": JSON(accounts), "transfers": JSON(transfers),
            "open_holds": JSON(openHolds),
            "totals": .array(
                totals.map {
                    [
                        "asset": .string($0.asset), "debits": .string("\($0.debits)"),
                        "credits": .string("\($0.credits)"), "held": .string("\($0.held)"),
                    ]
                }),
            "problems": .array(problems.map { .string($0) }),
        ]
    }
}

extension ReconciliationLine {
    var json: JSON {
        let isSurplus = onChain >= booked
        let difference =
            isSurplus ? onChain.subtractingSaturating(booked) : booked.subtractingSaturating(onChain)
        return [
            "wallet_id": .string(wallet.ledgerOwner), "address": .string("\(wallet.address)"),
            "asset": .string(asset.key), "on_chain": .string("\(onChain)"), "booked": .string("\(booked)"),
            "difference": .string(isSurplus ? "\(difference)" : "-\(difference)"), "matches": .bool(matches),
            "explanation": .string(explanation),
        ]
    }
}

extension PolicyRule {
    var json: JSON {
        [
            "id": .string(id.text(prefix: Self.idPrefix)), "action": .string(action.rawValue),
            "chain": chain.map { .string($0) } ?? .null, "asset": asset.map { .string($0) } ?? .null,
            "user_id": userID.map { .string($0) } ?? .null, "to": to.map { .string($0) } ?? .null,
            "max_amount": amountMax.map { .string("\($0)") } ?? .null,
            "window_seconds": windowSeconds.map { JSON($0) } ?? .null,
            "window_amount": windowAmountMax.map { .string("\($0)") } ?? .null,
            "note": note.map { .string($0) } ?? .null,
        ]
    }
}

extension AuditEntry {
    var json: JSON {
        [
            "sequence": JSON(sequence), "at": .string(at.rfc3339), "at_milliseconds": JSON(at.milliseconds),
            "actor": .string(actor), "action": .string(action), "object": .string(object),
            // As text, because the hash is over exactly these bytes.
            "details": .string(details), "previous": .string(previous.hex), "hash": .string(hash.hex),
        ]
    }
}

extension AuditReport {
    var json: JSON {
        [
            "intact": .bool(isIntact),
            "head": ["sequence": JSON(head.sequence), "hash": .string(head.hash.hex)],
            "first_bad": firstBad.map { JSON($0) } ?? .null, "reason": reason.map { .string($0) } ?? .null,
        ]
    }
}

extension LaneStatus {
    var json: JSON {
        [
            "lane": .string(lane), "wallet_id": .string(walletID.text(prefix: Wallet.idPrefix)),
            "frozen_reason": frozenReason.map { .string($0) } ?? .null, "next_nonce": JSON(nextNonce),
            "open_slots": JSON(openSlots), "queued": JSON(queued),
        ]
    }
}
