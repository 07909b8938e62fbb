import Cryptography
public import Primitives

/// A transaction of type 0, 1 or 2 with its signature: the bytes that are broadcast, and the hash that names them.
public struct SignedTransaction: Sendable, Hashable {
    // geth's pool takes 128 KiB (txMaxSize), and every other client follows it.
    /// The most bytes that are decoded.
    public static let byteCountMax = 131_072

    /// What was signed.
    public let transaction: Transaction
    /// The signature.
    public let signature: TransactionSignature
    /// The wire form.
    public let raw: [UInt8]
    /// The Keccak-256 of the wire form: the transaction's name.
    public let hash: Hash32

    /// A transaction and its signature.
    ///
    /// Whether they belong together only ``recoverSender()`` can tell.
    public init(_ transaction: Transaction, signature: TransactionSignature) {
        self.transaction = transaction
        self.signature = signature
        raw = transaction.encoded(signature: signature)
        hash = Keccak256.hash(raw)
    }

    /// Reads a wire form strictly: whatever is accepted encodes to the same bytes again.
    ///
    /// - Throws: ``TransactionError``. Type 4 is ``SetCodeTransaction``'s, type 3 is not supported.
    public static func decode(_ raw: [UInt8]) throws(TransactionError) -> SignedTransaction {
        let (type, items) = try TransactionFields.split(raw)
        let decoded =
            switch type {
            case 0: try legacy(items)
            case 1: try accessListed(items)
            case 2: try feeMarket(items)
            default: throw .unsupportedType(type)
            }
        // Canonical RLP and strict fields imply this; it is checked because the hash of the bytes names a payment.
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

extension SignedTransaction {
    private static func legacy(_ items: [RLP.Item]) throws(TransactionError) -> SignedTransaction {
        var fields = try TransactionFields(items, count: 9)
        let nonce = try fields.nonce()
        let gasPrice = try fields.uint256(.gasPrice)
        let gasLimit = try fields.uint64(.gasLimit)
        let to = try fields.addressOrEmpty(.to)
        let value = try fields.uint256(.value)
        let data = try fields.bytes(.data)
        let v = try fields.uint64(.v)
        let chainID: UInt64?
        let yParity: UInt8
        switch v {
        case 27, 28:
            chainID = nil
            yParity = UInt8(v - 27)
        case 37...:
            // v = parity + 35 + 2 × chain id. Chain 0 (v of 35 and 36) is no chain.
            yParity = UInt8((v - 35) % 2)
            chainID = (v - 35) / 2
            guard (v - 35) / 2 <= Transaction.chainIDMax else { throw .invalidField(.v) }
        default:
            throw .invalidField(.v)
        }
        let signature = try fields.signature(yParity: yParity)
        let transaction = Transaction(
            chainID: chainID, nonce: nonce, gasLimit: gasLimit, to: to, value: value, data: data,
            fees: .legacy(gasPrice: gasPrice))
        return SignedTransaction(transaction, signature: signature)
    }

    private static func accessListed(_ items: [RLP.Item]) throws(TransactionError) -> SignedTransaction {
        var fields = try TransactionFields(items, count: 11)
        let chainID = try fields.chainID()
        let nonce = try fields.nonce()
        let gasPrice = try fields.uint256(.gasPrice)
        let gasLimit = try fields.uint64(.gasLimit)
        let to = try fields.addressOrEmpty(.to)
        let value = try fields.uint256(.value)
        let data = try fields.bytes(.data)
        let accessList = try fields.accessList()
        let signature = try fields.signature(yParity: try fields.yParity())
        let transaction = Transaction(
            chainID: chainID, nonce: nonce, gasLimit: gasLimit, to: to, value: value, data: data,
            fees: .eip2930(gasPrice: gasPrice, accessList: accessList))
        return SignedTransaction(transaction, signature: signature)
    }

    private static func feeMarket(_ items: [RLP.Item]) throws(TransactionError) -> SignedTransaction {
        var fields = try TransactionFields(items, count: 12)
        let chainID = try fields.chainID()
        let nonce = try fields.nonce()
        let maxPriorityFeePerGas = try fields.uint256(.maxPriorityFeePerGas)
        let maxFeePerGas = try fields.uint256(.maxFeePerGas)
        let gasLimit = try fields.uint64(.gasLimit)
        let to = try fields.addressOrEmpty(.to)
        let value = try fields.uint256(.value)
        let data = try fields.bytes(.data)
        let accessList = try fields.accessList()
        let signature = try fields.signature(yParity: try fields.yParity())
        let transaction = Transaction(
            chainID: chainID, nonce: nonce, gasLimit: gasLimit, to: to, value: value, data: data,
            fees: .eip1559(
                maxPriorityFeePerGas: maxPriorityFeePerGas, maxFeePerGas: maxFeePerGas, accessList: accessList))
        return SignedTransaction(transaction, signature: signature)
    }
}
