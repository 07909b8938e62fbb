extension Transaction {
    // EIP-7825: https://eips.ethereum.org/EIPS/eip-7825, 2^24.
    /// The most gas that one transaction may ask for on Ethereum; it bounds the size of a batch.
    public static let gasLimitMax: UInt64 = 16_777_216

    /// The gas that is taken before the first instruction runs; a limit below it is refused by every node.
    ///
    /// 21,000, plus 4 for a zero byte of data and 16 for another one
    /// ([EIP-2028](https://eips.ethereum.org/EIPS/eip-2028)), 2,400 for an address and 1,900 for a slot of the access
    /// list (EIP-2930), and for a creation 32,000 and 2 for a word of code
    /// ([EIP-3860](https://eips.ethereum.org/EIPS/eip-3860)).
    public var intrinsicGas: UInt64 {
        let (zeros, others) = dataBytes
        var gas = 21_000 + 4 * zeros + 16 * others
        if to == nil { gas += 32_000 + 2 * UInt64((data.count + 31) / 32) }
        for entry in accessList { gas += 2_400 + 1_900 * UInt64(entry.storageKeys.count) }
        return gas
    }

    /// The least that a transaction with this data pays for: [EIP-7623](https://eips.ethereum.org/EIPS/eip-7623).
    public var floorGas: UInt64 {
        let (zeros, others) = dataBytes
        return 21_000 + 10 * (zeros + 4 * others)
    }

    /// Whether the limit covers ``intrinsicGas`` and ``floorGas``.
    public var hasEnoughGasToStart: Bool {
        gasLimit >= max(intrinsicGas, floorGas)
    }

    private var dataBytes: (zeros: UInt64, others: UInt64) {
        var zeros: UInt64 = 0
        for byte in data where byte == 0 { zeros += 1 }
        return (zeros, UInt64(data.count) - zeros)
    }
}
