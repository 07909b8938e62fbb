public import ChainEVM
public import Primitives

/// A transaction that a wallet is asked to sign or send; what is nil is the wallet's choice.
public struct TransactionCall: Sendable, Hashable {
    /// The account that pays; nil is the session's first on the chain.
    public var from: Address?
    /// The receiver; nil deploys a contract, whose code is in ``data``.
    public var to: Address?
    /// What is paid, in the chain's smallest unit.
    public var value: UInt256?
    /// The data.
    public var data: [UInt8]
    /// The most gas it may use.
    public var gasLimit: UInt64?
    /// The price of gas of a transaction of the old type; not together with the two of EIP-1559.
    public var gasPrice: UInt256?
    /// The most that one gas may cost.
    public var maxFeePerGas: UInt256?
    /// The part of it for the block's maker.
    public var maxPriorityFeePerGas: UInt256?
    /// The account's counter.
    public var nonce: UInt64?

    /// A transaction.
    public init(
        from: Address? = nil, to: Address?, value: UInt256? = nil, data: [UInt8] = [], gasLimit: UInt64? = nil,
        gasPrice: UInt256? = nil, maxFeePerGas: UInt256? = nil, maxPriorityFeePerGas: UInt256? = nil,
        nonce: UInt64? = nil
    ) {
        self.from = from
        self.to = to
        self.value = value
        self.data = data
        self.gasLimit = gasLimit
        self.gasPrice = gasPrice
        self.maxFeePerGas = maxFeePerGas
        self.maxPriorityFeePerGas = maxPriorityFeePerGas
        self.nonce = nonce
    }

    /// Refuses what no wallet could make a transaction of.
    func check() throws(BackendError) {
        if to == nil, data.isEmpty {
            throw BackendError(.invalidParams, "without a receiver there must be code", field: "transaction.to")
        }
        if gasPrice != nil, maxFeePerGas != nil || maxPriorityFeePerGas != nil {
            throw BackendError(
                .invalidParams, "a gas price is given, or the fees of EIP-1559, not both",
                field: "transaction.gas_price")
        }
        if let tip = maxPriorityFeePerGas, let most = maxFeePerGas, tip > most {
            throw BackendError(
                .invalidParams, "the tip is above the most that gas may cost",
                field: "transaction.max_priority_fee_per_gas")
        }
    }

    /// The params as wallets take them: every number a hex quantity.
    ///
    /// - Parameter account: the sender, in the wallet's own spelling.
    func params(from account: String) -> JSON {
        func quantity(_ value: UInt256?) -> JSON? { value.map { .string($0.hexQuantity) } }
        return [
            .object(omittingNil: [
                "from": .string(account), "to": to.map { .string($0.description) }, "value": quantity(value),
                "data": data.isEmpty ? nil : .string(Hex.encodePrefixed(data)),
                "gas": quantity(gasLimit.map { UInt256($0) }), "gasPrice": quantity(gasPrice),
                "maxFeePerGas": quantity(maxFeePerGas), "maxPriorityFeePerGas": quantity(maxPriorityFeePerGas),
                "nonce": quantity(nonce.map { UInt256($0) }),
            ])
        ]
    }
}

/// A transaction that a wallet sent.
public struct SentTransaction: Sendable, Hashable {
    /// Its hash, in the wallet's words; whether it is on the chain is the node's to say.
    public let hash: Hash32
    /// The account that sent it.
    public let from: AccountID
    /// The request, for ``WalletConnectBackend/status(of:)``.
    public let requestID: Int64
}

/// A chain that a wallet is asked to know: [EIP-3085](https://eips.ethereum.org/EIPS/eip-3085).
public struct ChainDescription: Sendable, Hashable {
    /// The chain, `eip155:…`.
    public var chain: ChainID
    /// Its name.
    public var name: String
    /// The native currency's name, such as `Ether`.
    public var currencyName: String
    /// The native currency's symbol, 2 to 6 letters.
    public var currencySymbol: String
    /// The native currency's decimals.
    public var currencyDecimals: UInt8
    /// Nodes, `https://…`; at least one.
    public var rpcURLs: [String]
    /// Explorers, `https://…`.
    public var explorerURLs: [String]

    /// A chain.
    public init(
        chain: ChainID, name: String, currencyName: String, currencySymbol: String, currencyDecimals: UInt8 = 18,
        rpcURLs: [String], explorerURLs: [String] = []
    ) {
        self.chain = chain
        self.name = name
        self.currencyName = currencyName
        self.currencySymbol = currencySymbol
        self.currencyDecimals = currencyDecimals
        self.rpcURLs = rpcURLs
        self.explorerURLs = explorerURLs
    }

    func params(_ number: UInt256) -> JSON {
        [
            .object(omittingNil: [
                "chainId": .string(number.hexQuantity), "chainName": .string(name),
                "nativeCurrency": [
                    "name": .string(currencyName), "symbol": .string(currencySymbol),
                    "decimals": JSON(Int64(currencyDecimals)),
                ],
                "rpcUrls": .array(rpcURLs.map { .string($0) }),
                "blockExplorerUrls": explorerURLs.isEmpty ? nil : .array(explorerURLs.map { .string($0) }),
            ])
        ]
    }
}
