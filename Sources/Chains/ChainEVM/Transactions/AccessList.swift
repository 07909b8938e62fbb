public import Primitives

/// One contract of an access list and the storage slots announced there:
/// [EIP-2930](https://eips.ethereum.org/EIPS/eip-2930).
public struct AccessListEntry: Sendable, Hashable {
    /// The contract.
    public var address: Address
    /// Its storage slots, in the order they are signed.
    public var storageKeys: [Hash32]

    /// An entry of an access list.
    public init(address: Address, storageKeys: [Hash32]) {
        self.address = address
        self.storageKeys = storageKeys
    }

    var payloadSize: Int {
        RLP.addressSize + RLP.listSize(payload: storageKeys.count * RLP.hashSize)
    }
}

extension [AccessListEntry] {
    var payloadSize: Int {
        reduce(0) { $0 + RLP.listSize(payload: $1.payloadSize) }
    }
}

extension RLPWriter {
    mutating func accessList(_ entries: [AccessListEntry]) {
        listHeader(payload: entries.payloadSize)
        for entry in entries {
            listHeader(payload: entry.payloadSize)
            address(entry.address)
            listHeader(payload: entry.storageKeys.count * RLP.hashSize)
            for key in entry.storageKeys { hash(key) }
        }
    }
}
