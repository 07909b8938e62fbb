public import Cryptography
public import Primitives

/// A transaction of type 4 before it is signed: a call that also sets the code of accounts,
/// [EIP-7702](https://eips.ethereum.org/EIPS/eip-7702).
public struct SetCodeTransaction: Sendable, Hashable {
    /// The chain that the signature is bound to.
    public let chainID: UInt64
    /// The sender's count of transactions so far.
    public let nonce: UInt64
    /// The tip, in wei per gas.
    public let maxPriorityFeePerGas: UInt256
    /// The cap on tip and base fee together, in wei per gas.
    public let maxFeePerGas: UInt256
    /// The most gas that the transaction may use.
    public let gasLimit: UInt64
    /// The receiver or the contract to call; this type cannot create a contract.
    public let to: Address
    /// The coins that move, in wei.
    public let value: UInt256
    /// The call.
    public let data: [UInt8]
    /// The access list.
    public let accessList: [AccessListEntry]
    /// The permissions, at least one.
    public let authorizations: [SignedSetCodeAuthorization]

    /// A transaction.
    ///
    /// A chain id is between 1 and ``Transaction/chainIDMax``, and there is an authorization.
    public init(
        chainID: UInt64, nonce: UInt64, maxPriorityFeePerGas: UInt256, maxFeePerGas: UInt256, gasLimit: UInt64,
        to: Address, value: UInt256 = .zero, data: [UInt8] = [], accessList: [AccessListEntry] = [],
        authorizations: [SignedSetCodeAuthorization]
    ) {
        precondition((1...Transaction.chainIDMax).contains(chainID), "a chain id is in the range of EIP-2294")
        precondition(!authorizations.isEmpty, "a set-code transaction has an authorization")
        self.chainID = chainID
        self.nonce = nonce
        self.maxPriorityFeePerGas = maxPriorityFeePerGas
        self.maxFeePerGas = maxFeePerGas
        self.gasLimit = gasLimit
        self.to = to
        self.value = value
        self.data = data
        self.accessList = accessList
        self.authorizations = authorizations
    }

    /// What the key signs.
    public var signingHash: Hash32 {
        Keccak256.hash(encoded(signature: nil))
    }

    /// The transaction with its signature, ready to be broadcast.
    public func signed(_ signature: Secp256k1.Signature) -> SignedSetCodeTransaction {
        SignedSetCodeTransaction(self, signature: TransactionSignature(signature))
    }

    func encoded(signature: TransactionSignature?) -> [UInt8] {
        let authorizationsSize = authorizations.reduce(0) { $0 + RLP.listSize(payload: $1.payloadSize) }
        var payload = RLP.size(chainID) + RLP.size(nonce) + RLP.size(maxPriorityFeePerGas) + RLP.size(maxFeePerGas)
        payload += RLP.size(gasLimit) + RLP.addressSize + RLP.size(value) + RLP.size(data)
        payload += RLP.listSize(payload: accessList.payloadSize) + RLP.listSize(payload: authorizationsSize)
        if let signature { payload += 1 + RLP.size(signature.r) + RLP.size(signature.s) }
        return RLPWriter.bytes(count: 1 + RLP.listSize(payload: payload)) { writer in
            writer.byte(0x04)
            writer.listHeader(payload: payload)
            writer.integer(chainID)
            writer.integer(nonce)
            writer.integer(maxPriorityFeePerGas)
            writer.integer(maxFeePerGas)
            writer.integer(gasLimit)
            writer.address(to)
            writer.integer(value)
            writer.bytes(data)
            writer.accessList(accessList)
            writer.listHeader(payload: authorizationsSize)
            for authorization in authorizations { authorization.write(into: &writer) }
            if let signature {
                writer.integer(UInt64(signature.yParity))
                writer.integer(signature.r)
                writer.integer(signature.s)
            }
        }
    }
}

/// A transaction of type 4 with its signature.
public struct SignedSetCodeTransaction: Sendable, Hashable {
    /// What was signed.
    public let transaction: SetCodeTransaction
    /// The signature.
    public let signature: TransactionSignature
    /// The wire form.
    public let raw: [UInt8]
    /// The Keccak-256 of the wire form: the transaction's name.
    public let hash: Hash32

    /// A transaction and its signature.
    ///
    /// Whether they belong together only ``recoverSender()`` can tell.
    public init(_ transaction: SetCodeTransaction, signature: TransactionSignature) {
        self.transaction = transaction
        self.signature = signature
        raw = transaction.encoded(signature: signature)
        hash = Keccak256.hash(raw)
    }

    /// Reads a wire form strictly: whatever is accepted encodes to the same bytes again.
    ///
    /// - Throws: ``TransactionError``; other types than 4 are `unsupportedType`.
    public static func decode(_ raw: [UInt8]) throws(TransactionError) -> SignedSetCodeTransaction {
        let (type, items) = try TransactionFields.split(raw)
        guard type == 4 else { throw .unsupportedType(type) }
        var fields = try TransactionFields(items, count: 13)
        let chainID = try fields.chainID()
        let nonce = try fields.nonce()
        let maxPriorityFeePerGas = try fields.uint256(.maxPriorityFeePerGas)
        let maxFeePerGas = try fields.uint256(.maxFeePerGas)
        let gasLimit = try fields.uint64(.gasLimit)
        let to = try fields.address(.to)
        let value = try fields.uint256(.value)
        let data = try fields.bytes(.data)
        let accessList = try fields.accessList()
        var authorizations: [SignedSetCodeAuthorization] = []
        for item in try fields.list(.authorizationList) { authorizations.append(try SignedSetCodeAuthorization(item)) }
        guard !authorizations.isEmpty else { throw .invalidField(.authorizationList) }
        let signature = try fields.signature(yParity: try fields.yParity())
        let transaction = SetCodeTransaction(
            chainID: chainID, nonce: nonce, maxPriorityFeePerGas: maxPriorityFeePerGas, maxFeePerGas: maxFeePerGas,
            gasLimit: gasLimit, to: to, value: value, data: data, accessList: accessList,
            authorizations: authorizations)
        let decoded = SignedSetCodeTransaction(transaction, signature: signature)
        guard decoded.raw == raw else { throw .notCanonical }
        return decoded
    }

    /// The account whose key made the signature.
    ///
    /// - Throws: `TransactionError.invalidSignature` if there is none.
    public func recoverSender() throws(TransactionError) -> Address {
        try signature.recoverAddress(digest: transaction.signingHash)
    }
}
