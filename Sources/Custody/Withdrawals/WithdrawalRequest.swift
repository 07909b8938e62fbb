public import ChainEVM
import Cryptography
public import Primitives

/// What a client asks for, in values that can't be malformed.
public struct WithdrawalRequest: Sendable, Hashable {
    /// A reference is at most 256 bytes.
    public static let referenceBytesMax = 256
    /// An idempotency key is 1 to 255 visible ASCII characters.
    public static let idempotencyKeyBytesMax = 255

    /// The tenant that asks; idempotency keys are its own.
    public let client: String
    public let idempotencyKey: String
    public let userID: String
    public let walletID: SortableID
    public let asset: AssetID
    public let to: Address
    public let amount: UInt256
    public let reference: String?

    /// - Throws: `WithdrawalError` with `invalidInput` for the key or the reference, `invalidAmount` for zero.
    public init(
        client: String, idempotencyKey: String, userID: String, walletID: SortableID, asset: AssetID, to: Address,
        amount: UInt256, reference: String? = nil
    ) throws(WithdrawalError) {
        guard (1...Self.idempotencyKeyBytesMax).contains(idempotencyKey.utf8.count),
            idempotencyKey.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw WithdrawalError(
                .invalidInput,
                "the idempotency key is 1 to \(Self.idempotencyKeyBytesMax) visible ASCII characters")
        }
        guard reference?.utf8.count ?? 0 <= Self.referenceBytesMax else {
            throw WithdrawalError(.invalidInput, "reference has more than \(Self.referenceBytesMax) bytes")
        }
        guard !amount.isZero else { throw WithdrawalError(.invalidAmount, "amount is zero") }
        self.client = client
        self.idempotencyKey = idempotencyKey
        self.userID = userID
        self.walletID = walletID
        self.asset = asset
        self.to = to
        self.amount = amount
        self.reference = reference
    }

    /// A digest of everything that matters; the same key with another digest is refused.
    ///
    /// - Parameter to: the recipient as text, for the caller has it.
    func fingerprint(to: String) -> Hash32 {
        var bytes = Array("coffer.withdrawal.v1".utf8)
        for field in [userID, "\(walletID)", asset.canonicalText, to, "\(amount)", reference ?? ""] {
            bytes += Array("\(field.utf8.count):".utf8)
            bytes += Array(field.utf8)
        }
        bytes.append(reference == nil ? 0 : 1)
        return SHA2.sha256(bytes)
    }
}

/// How a request was answered.
public enum Acceptance: Sendable, Hashable {
    /// It is new, and durable.
    case accepted(Withdrawal)
    /// The same key asked the same before; this is that withdrawal as it was accepted.
    case replayed(Withdrawal)

    public var withdrawal: Withdrawal {
        switch self {
        case .accepted(let withdrawal), .replayed(let withdrawal): withdrawal
        }
    }

    public var isReplay: Bool {
        if case .replayed = self { true } else { false }
    }
}
