import Primitives

/// Reads a transaction's fields one after the other; each method names the field it fails on.
struct TransactionFields {
    private let items: [RLP.Item]
    private var next = 0

    init(_ items: [RLP.Item], count: Int) throws(TransactionError) {
        guard items.count == count else { throw .wrongFieldCount(expected: count, actual: items.count) }
        self.items = items
    }

    /// The type byte (0 for legacy) and the fields of a wire form.
    static func split(_ raw: [UInt8]) throws(TransactionError) -> (type: UInt8, items: [RLP.Item]) {
        guard let first = raw.first else { throw .empty }
        guard raw.count <= SignedTransaction.byteCountMax else { throw .tooLong(byteCount: raw.count) }
        // EIP-2718: a list (0xC0 and above) is a legacy transaction, 0x00…0x7F is a type.
        let type: UInt8
        switch first {
        case 0xC0...: type = 0
        case 1, 2, 4: type = first
        default: throw .unsupportedType(first)
        }
        let item: RLP.Item
        do { item = try RLP.decode(raw, from: type == 0 ? 0 : 1) } catch { throw .malformed(error) }
        guard case .list(let items) = item else { throw .notAList }
        return (type, items)
    }

    private mutating func advance() -> RLP.Item {
        defer { next += 1 }
        return items[next]
    }

    mutating func bytes(_ field: TransactionField) throws(TransactionError) -> [UInt8] {
        guard case .bytes(let bytes) = advance() else { throw .invalidField(field) }
        return bytes
    }

    mutating func list(_ field: TransactionField) throws(TransactionError) -> [RLP.Item] {
        guard case .list(let items) = advance() else { throw .invalidField(field) }
        return items
    }

    mutating func uint64(_ field: TransactionField) throws(TransactionError) -> UInt64 {
        let bytes = try bytes(field)
        guard bytes.count <= 8, bytes.first != 0 else { throw .invalidField(field) }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func uint256(_ field: TransactionField) throws(TransactionError) -> UInt256 {
        let bytes = try bytes(field)
        guard bytes.count <= 32, bytes.first != 0 else { throw .invalidField(field) }
        do { return try UInt256(bigEndian: bytes) } catch { throw .invalidField(field) }
    }

    /// Below 2^64 − 1, which no account ever reaches: [EIP-2681](https://eips.ethereum.org/EIPS/eip-2681).
    mutating func nonce() throws(TransactionError) -> UInt64 {
        let nonce = try uint64(.nonce)
        guard nonce < .max else { throw .invalidField(.nonce) }
        return nonce
    }

    mutating func chainID() throws(TransactionError) -> UInt64 {
        let chainID = try uint64(.chainID)
        guard (1...Transaction.chainIDMax).contains(chainID) else { throw .invalidField(.chainID) }
        return chainID
    }

    mutating func address(_ field: TransactionField) throws(TransactionError) -> Address {
        guard let address = Address(bytes: try bytes(field)) else { throw .invalidField(field) }
        return address
    }

    mutating func addressOrEmpty(_ field: TransactionField) throws(TransactionError) -> Address? {
        let bytes = try bytes(field)
        if bytes.isEmpty { return nil }
        guard let address = Address(bytes: bytes) else { throw .invalidField(field) }
        return address
    }

    mutating func yParity() throws(TransactionError) -> UInt8 {
        let parity = try uint64(.yParity)
        guard parity <= 1 else { throw .invalidField(.yParity) }
        return UInt8(parity)
    }

    mutating func signature(yParity: UInt8) throws(TransactionError) -> TransactionSignature {
        let r = try uint256(.r)
        let s = try uint256(.s)
        guard let signature = TransactionSignature(yParity: yParity, r: r, s: s) else { throw .invalidSignature }
        return signature
    }

    mutating func accessList() throws(TransactionError) -> [AccessListEntry] {
        var entries: [AccessListEntry] = []
        for item in try list(.accessList) {
            guard
                case .list(let pair) = item, pair.count == 2, case .bytes(let addressBytes) = pair[0],
                let address = Address(bytes: addressBytes), case .list(let keyItems) = pair[1]
            else { throw .invalidField(.accessList) }
            var keys: [Hash32] = []
            keys.reserveCapacity(keyItems.count)
            for keyItem in keyItems {
                guard case .bytes(let bytes) = keyItem, let key = Hash32(bytes) else {
                    throw .invalidField(.accessList)
                }
                keys.append(key)
            }
            entries.append(AccessListEntry(address: address, storageKeys: keys))
        }
        return entries
    }
}
