public import Cryptography
public import Primitives

/// Permission to run a contract's code in place of an account's own:
/// [EIP-7702](https://eips.ethereum.org/EIPS/eip-7702).
public struct SetCodeAuthorization: Sendable, Hashable {
    /// The chain it holds on; 0 means every chain, which nobody should sign.
    public let chainID: UInt256
    /// The contract whose code runs; the zero address takes a delegation back.
    public let delegate: Address
    /// The authority's nonce at which it holds.
    public let nonce: UInt64

    /// An authorization to be signed by the authority.
    public init(chainID: UInt256, delegate: Address, nonce: UInt64) {
        self.chainID = chainID
        self.delegate = delegate
        self.nonce = nonce
    }

    /// What the authority signs: Keccak-256 of `0x05 ‖ rlp([chain id, address, nonce])`.
    public var digest: Hash32 {
        let payload = payloadSize
        return Keccak256.hash(
            RLPWriter.bytes(count: 1 + RLP.listSize(payload: payload)) { writer in
                writer.byte(0x05)
                writer.listHeader(payload: payload)
                write(into: &writer)
            })
    }

    /// The authorization with its signature.
    public func signed(_ signature: Secp256k1.Signature) -> SignedSetCodeAuthorization {
        let signature = TransactionSignature(signature)
        return SignedSetCodeAuthorization(
            authorization: self, yParity: signature.yParity, r: signature.r, s: signature.s)
    }

    var payloadSize: Int { RLP.size(chainID) + RLP.addressSize + RLP.size(nonce) }

    func write(into writer: inout RLPWriter) {
        writer.integer(chainID)
        writer.address(delegate)
        writer.integer(nonce)
    }
}

/// An authorization as a transaction carries it.
///
/// The chain skips an authorization with an unusable signature and runs the transaction all the same, so one can be
/// read from the wire whose ``authority()`` throws.
public struct SignedSetCodeAuthorization: Sendable, Hashable {
    /// What was signed.
    public let authorization: SetCodeAuthorization
    /// The parity of the signature; only 0 and 1 are usable.
    public let yParity: UInt8
    /// The first half of the signature.
    public let r: UInt256
    /// The second half of the signature.
    public let s: UInt256

    /// The account that gave the permission.
    ///
    /// - Throws: `TransactionError.invalidSignature` if the chain would skip the authorization for its signature,
    ///   `TransactionError.invalidField(.nonce)` if for a nonce of 2^64 − 1.
    public func authority() throws(TransactionError) -> Address {
        guard authorization.nonce < .max else { throw .invalidField(.nonce) }
        guard let signature = TransactionSignature(yParity: yParity, r: r, s: s) else { throw .invalidSignature }
        return try signature.recoverAddress(digest: authorization.digest)
    }

    var payloadSize: Int {
        authorization.payloadSize + RLP.size(UInt64(yParity)) + RLP.size(r) + RLP.size(s)
    }

    func write(into writer: inout RLPWriter) {
        writer.listHeader(payload: payloadSize)
        authorization.write(into: &writer)
        writer.integer(UInt64(yParity))
        writer.integer(r)
        writer.integer(s)
    }

    init(authorization: SetCodeAuthorization, yParity: UInt8, r: UInt256, s: UInt256) {
        self.authorization = authorization
        self.yParity = yParity
        self.r = r
        self.s = s
    }

    init(_ item: RLP.Item) throws(TransactionError) {
        guard case .list(let items) = item else { throw .invalidField(.authorizationList) }
        var fields = try TransactionFields(items, count: 6)
        authorization = SetCodeAuthorization(
            chainID: try fields.uint256(.chainID), delegate: try fields.address(.authorizationList),
            nonce: try fields.uint64(.nonce))
        guard let parity = UInt8(exactly: try fields.uint64(.yParity)) else { throw .invalidField(.yParity) }
        yParity = parity
        r = try fields.uint256(.r)
        s = try fields.uint256(.s)
    }
}
