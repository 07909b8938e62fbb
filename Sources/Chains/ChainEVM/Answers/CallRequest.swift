public import Primitives

/// What `eth_call` and `eth_estimateGas` are asked.
public struct CallRequest: Sendable, Hashable {
    /// The account that calls.
    public var from: Address?
    /// The contract; nil creates one.
    public var to: Address?
    /// The most gas.
    public var gasLimit: UInt64?
    /// The price of types 0 and 1, in wei per gas.
    public var gasPrice: UInt256?
    /// The cap, in wei per gas.
    public var maxFeePerGas: UInt256?
    /// The tip, in wei per gas.
    public var maxPriorityFeePerGas: UInt256?
    /// The coins that would move, in wei.
    public var value: UInt256?
    /// The call.
    public var data: [UInt8]
    /// The access list.
    public var accessList: [AccessListEntry]

    /// A call.
    public init(
        from: Address? = nil, to: Address?, gasLimit: UInt64? = nil, gasPrice: UInt256? = nil,
        maxFeePerGas: UInt256? = nil, maxPriorityFeePerGas: UInt256? = nil, value: UInt256? = nil,
        data: [UInt8] = [], accessList: [AccessListEntry] = []
    ) {
        self.from = from
        self.to = to
        self.gasLimit = gasLimit
        self.gasPrice = gasPrice
        self.maxFeePerGas = maxFeePerGas
        self.maxPriorityFeePerGas = maxPriorityFeePerGas
        self.value = value
        self.data = data
        self.accessList = accessList
    }

    /// The same effect as a transaction would have from this sender; without a price, so that no balance is needed
    /// for the fee.
    public init(from: Address, simulating transaction: Transaction) {
        self.init(
            from: from, to: transaction.to, gasLimit: transaction.gasLimit, value: transaction.value,
            data: transaction.data, accessList: transaction.accessList)
    }

    /// Reads a call in the form of ``json``.
    ///
    /// - Throws: ``RPCDecodingError``; `input` and `data` that differ are `inconsistent`.
    public init(json: JSON) throws(RPCDecodingError) {
        let object = try RPCObject(json)
        from = try object.optionalAddress("from")
        to = try object.optionalAddress("to")
        gasLimit = try object.optionalUInt64("gas")
        gasPrice = try object.optionalUInt256("gasPrice")
        maxFeePerGas = try object.optionalUInt256("maxFeePerGas")
        maxPriorityFeePerGas = try object.optionalUInt256("maxPriorityFeePerGas")
        value = try object.optionalUInt256("value")
        let input = try object.optionalBytes("input")
        let data = try object.optionalBytes("data")
        if let input, let data, input != data { throw RPCDecodingError(field: "input", problem: .inconsistent) }
        self.data = input ?? data ?? []
        accessList = try object.accessList("accessList")
    }

    /// The parameter of the method.
    public var json: JSON {
        var members: [JSONMember] = []
        func add(_ name: String, _ text: String?) {
            if let text { members.append(JSONMember(name: name, value: .string(text))) }
        }
        add("from", from?.lowercased)
        add("to", to?.lowercased)
        add("gas", gasLimit.map { UInt256($0).hexQuantity })
        add("gasPrice", gasPrice?.hexQuantity)
        add("maxFeePerGas", maxFeePerGas?.hexQuantity)
        add("maxPriorityFeePerGas", maxPriorityFeePerGas?.hexQuantity)
        add("value", value?.hexQuantity)
        // "data" is the older name; every client takes it, and some do not take "input".
        add("data", data.isEmpty ? nil : Hex.encodePrefixed(data))
        if !accessList.isEmpty {
            let entries = accessList.map { entry in
                JSON.object([
                    JSONMember(name: "address", value: .string(entry.address.lowercased)),
                    JSONMember(
                        name: "storageKeys", value: .array(entry.storageKeys.map { .string($0.description) })),
                ])
            }
            members.append(JSONMember(name: "accessList", value: .array(entries)))
        }
        return .object(members)
    }
}
