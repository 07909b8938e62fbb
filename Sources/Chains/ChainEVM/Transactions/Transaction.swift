public import Cryptography
public import Primitives

/// A transaction before it is signed, of type 0, 1 or 2.
///
/// ```swift
/// let payment = Transaction(
///     chainID: 1, nonce: 7, gasLimit: 21_000, to: payee, value: amountWei,
///     fees: .eip1559(maxPriorityFeePerGas: tip, maxFeePerGas: cap, accessList: []))
/// let signed = payment.signed(try key.sign(digest: payment.signingHash))
/// ```
///
/// Standards: [EIP-155](https://eips.ethereum.org/EIPS/eip-155), [EIP-2718](https://eips.ethereum.org/EIPS/eip-2718),
/// [EIP-2930](https://eips.ethereum.org/EIPS/eip-2930), [EIP-1559](https://eips.ethereum.org/EIPS/eip-1559).
public struct Transaction: Sendable, Hashable {
    /// What the sender offers per unit of gas, in wei; the case decides the type on the wire.
    public enum Fees: Sendable, Hashable {
        /// Type 0: one price.
        case legacy(gasPrice: UInt256)
        /// Type 1: one price and an access list.
        case eip2930(gasPrice: UInt256, accessList: [AccessListEntry])
        /// Type 2: a tip to the block's proposer and a cap on tip and base fee together.
        case eip1559(maxPriorityFeePerGas: UInt256, maxFeePerGas: UInt256, accessList: [AccessListEntry])
    }

    /// The largest chain id: [EIP-2294](https://eips.ethereum.org/EIPS/eip-2294), so that EIP-155's `v` fits 64 bits.
    public static let chainIDMax = UInt64.max / 2 - 36

    /// The chain that the signature is bound to; nil only in the legacy form from before EIP-155.
    public let chainID: UInt64?
    /// The sender's count of transactions so far.
    public let nonce: UInt64
    /// The most gas that the transaction may use.
    public let gasLimit: UInt64
    /// The receiver or the contract to call; nil creates a contract.
    public let to: Address?
    /// The coins that move, in wei.
    public let value: UInt256
    /// The call, or the code that creates a contract.
    public let data: [UInt8]
    /// The type and the price.
    public let fees: Fees

    /// A transaction.
    ///
    /// A chain id is between 1 and ``chainIDMax``; only a legacy transaction goes without.
    public init(
        chainID: UInt64?, nonce: UInt64, gasLimit: UInt64, to: Address?, value: UInt256 = .zero, data: [UInt8] = [],
        fees: Fees
    ) {
        if let chainID {
            precondition((1...Transaction.chainIDMax).contains(chainID), "a chain id is in the range of EIP-2294")
        } else if case .legacy = fees {
        } else {
            preconditionFailure("only a legacy transaction goes without a chain id")
        }
        self.chainID = chainID
        self.nonce = nonce
        self.gasLimit = gasLimit
        self.to = to
        self.value = value
        self.data = data
        self.fees = fees
    }

    /// The same payment at another price: what a replacement changes, and nothing else.
    public func replacingFees(_ fees: Fees) -> Transaction {
        Transaction(
            chainID: chainID, nonce: nonce, gasLimit: gasLimit, to: to, value: value, data: data, fees: fees)
    }

    /// The transaction type of EIP-2718: 0, 1 or 2.
    public var type: UInt8 {
        switch fees {
        case .legacy: 0
        case .eip2930: 1
        case .eip1559: 2
        }
    }

    /// The most wei per gas that the sender pays: the cap, or the price of types 0 and 1.
    public var maxFeePerGas: UInt256 {
        switch fees {
        case .legacy(let gasPrice), .eip2930(let gasPrice, _): gasPrice
        case .eip1559(_, let maxFeePerGas, _): maxFeePerGas
        }
    }

    /// The tip in wei per gas; types 0 and 1 give whatever the base fee leaves of their price.
    public var maxPriorityFeePerGas: UInt256 {
        switch fees {
        case .legacy(let gasPrice), .eip2930(let gasPrice, _): gasPrice
        case .eip1559(let maxPriorityFeePerGas, _, _): maxPriorityFeePerGas
        }
    }

    /// The access list; empty in type 0.
    public var accessList: [AccessListEntry] {
        switch fees {
        case .legacy: []
        case .eip2930(_, let accessList), .eip1559(_, _, let accessList): accessList
        }
    }

    /// What the sender must own before the transaction is accepted: `gasLimit × maxFeePerGas + value`, in wei.
    ///
    /// - Throws: `NumberError.overflow` if that is no 256-bit number.
    public func upfrontCost() throws(NumberError) -> UInt256 {
        try maxFeePerGas.multiplied(by: UInt256(gasLimit)).adding(value)
    }

    /// The bytes whose Keccak-256 is signed.
    public var signingPayload: [UInt8] {
        encoded(signature: nil)
    }

    /// What the key signs.
    public var signingHash: Hash32 {
        Keccak256.hash(signingPayload)
    }

    /// The transaction with its signature, ready to be broadcast.
    ///
    /// The signature's recovery id is 0 or 1: ids 2 and 3 need a point whose x is above the order of the curve, and
    /// nobody can make a signature with one.
    public func signed(_ signature: Secp256k1.Signature) -> SignedTransaction {
        SignedTransaction(self, signature: TransactionSignature(signature))
    }
}

extension Transaction {
    /// The wire form with a signature, the signed form without.
    func encoded(signature: TransactionSignature?) -> [UInt8] {
        var payload = bodySize
        let v: UInt64
        switch (signature, chainID) {
        case (let signature?, let chainID):
            if case .legacy = fees {
                // EIP-155: v = parity + 35 + 2 × chain id; before it, parity + 27.
                v = UInt64(signature.yParity) + (chainID.map { 35 + 2 * $0 } ?? 27)
            } else {
                v = UInt64(signature.yParity)
            }
            payload += RLP.size(v) + RLP.size(signature.r) + RLP.size(signature.s)
        case (nil, let chainID?):
            v = chainID
            if case .legacy = fees { payload += RLP.size(v) + 2 }
        case (nil, nil):
            v = 0
        }

        let type = type
        let count = RLP.listSize(payload: payload) + (type == 0 ? 0 : 1)
        return RLPWriter.bytes(count: count) { writer in
            if type != 0 { writer.byte(type) }
            writer.listHeader(payload: payload)
            writeBody(into: &writer)
            if let signature {
                writer.integer(v)
                writer.integer(signature.r)
                writer.integer(signature.s)
            } else if type == 0, chainID != nil {
                // EIP-155 signs the chain id where v will be, and zeros for r and s.
                writer.integer(v)
                writer.byte(0x80)
                writer.byte(0x80)
            }
        }
    }

    private var bodySize: Int {
        var size = RLP.size(nonce) + RLP.size(gasLimit) + (to == nil ? 1 : RLP.addressSize)
        size += RLP.size(value) + RLP.size(data)
        switch fees {
        case .legacy(let gasPrice):
            size += RLP.size(gasPrice)
        case .eip2930(let gasPrice, let accessList):
            size += RLP.size(gasPrice) + RLP.listSize(payload: accessList.payloadSize)
        case .eip1559(let maxPriorityFeePerGas, let maxFeePerGas, let accessList):
            size += RLP.size(maxPriorityFeePerGas) + RLP.size(maxFeePerGas)
            size += RLP.listSize(payload: accessList.payloadSize)
        }
        if type != 0, let chainID { size += RLP.size(chainID) }
        return size
    }

    private func writeBody(into writer: inout RLPWriter) {
        switch fees {
        case .legacy(let gasPrice):
            writer.integer(nonce)
            writer.integer(gasPrice)
        case .eip2930(let gasPrice, _):
            writer.integer(chainID ?? 0)
            writer.integer(nonce)
            writer.integer(gasPrice)
        case .eip1559(let maxPriorityFeePerGas, let maxFeePerGas, _):
            writer.integer(chainID ?? 0)
            writer.integer(nonce)
            writer.integer(maxPriorityFeePerGas)
            writer.integer(maxFeePerGas)
        }
        writer.integer(gasLimit)
        writer.address(to)
        writer.integer(value)
        writer.bytes(data)
        switch fees {
        case .legacy: break
        case .eip2930(_, let accessList), .eip1559(_, _, let accessList): writer.accessList(accessList)
        }
    }
}
