import Cryptography
public import Primitives

/// Why values cannot be encoded, or bytes are not the encoding of what is expected.
public enum ABIError: Error, Equatable {
    /// The kind does not exist (`uint7`, `bytes33`), nests too deep or is too large to lay out.
    case invalidKind(String)
    /// The value at this position among its neighbours is not of the expected kind, or does not fit it.
    case mismatch(expected: String, index: Int)
    /// The data ends before the value that starts at this offset.
    case truncated(at: Int)
    /// The offset or length in the word at this offset points outside the data.
    case offsetOutOfRange(at: Int)
    /// The word at this offset does not hold a value of the expected kind.
    case invalidValue(at: Int)
    /// More elements in all than ``ABI/elementsMax``, or more bytes than the data has: arrays that share their bytes.
    case tooManyElements(at: Int)
    /// The data does not start with the selector of the function or error.
    case wrongSelector
}

/// The calling convention of contracts: [the specification](https://docs.soliditylang.org/en/latest/abi-spec.html).
///
/// ```swift
/// let arguments = try ABI.encode([.address(payee), .uint(amount)], as: [.address, .uint256])
/// let values = try ABI.decode(answer, as: [.bool])
/// ```
public enum ABI {
    /// Marks the four bytes that name a function or error.
    public enum SelectorTag {}
    /// The first four bytes of the Keccak-256 of a signature.
    public typealias Selector = FixedBytes<4, SelectorTag>

    // A batch pays a few hundred; a word costs 16 gas of calldata and more, so 10,000 values exceed a block's share.
    /// The most values that are encoded or decoded at once.
    public static let elementsMax = 10_000
    /// How deep kinds may nest.
    public static let depthMax = 16

    /// The selector of a signature in canonical form: `transfer(address,uint256)`.
    public static func selector(_ signature: String) -> Selector {
        let hash = Keccak256.hash(Array(signature.utf8))
        return Selector([hash[0], hash[1], hash[2], hash[3]]) ?? .zero
    }

    /// The first topic of an event's logs: the Keccak-256 of its signature.
    public static func topic(_ signature: String) -> Hash32 {
        Keccak256.hash(Array(signature.utf8))
    }
}

extension ABI {
    /// The type of a value.
    public indirect enum Kind: Sendable, Hashable, CustomStringConvertible {
        /// `uint8` to `uint256`, in steps of 8 bits.
        case uint(bits: Int)
        /// `int8` to `int256`, in steps of 8 bits.
        case int(bits: Int)
        /// `address`.
        case address
        /// `bool`.
        case bool
        /// `bytes1` to `bytes32`.
        case fixedBytes(Int)
        /// `bytes`.
        case bytes
        /// `string`.
        case string
        /// `T[]`.
        case array(Kind)
        /// `T[n]`.
        case fixedArray(Kind, count: Int)
        /// `(T, …)`.
        case tuple([Kind])

        /// `uint256`.
        public static let uint256 = Kind.uint(bits: 256)
        /// `bytes32`.
        public static let bytes32 = Kind.fixedBytes(32)

        /// The canonical name, as signatures have it.
        public var description: String {
            switch self {
            case .uint(let bits): "uint\(bits)"
            case .int(let bits): "int\(bits)"
            case .address: "address"
            case .bool: "bool"
            case .fixedBytes(let count): "bytes\(count)"
            case .bytes: "bytes"
            case .string: "string"
            case .array(let element): "\(element)[]"
            case .fixedArray(let element, let count): "\(element)[\(count)]"
            case .tuple(let members): "(\(members.map(\.description).joined(separator: ",")))"
            }
        }

        /// Whether the head holds an offset in place of the value.
        var isDynamic: Bool {
            switch self {
            case .bytes, .string, .array: true
            case .fixedArray(let element, _): element.isDynamic
            case .tuple(let members): members.contains { $0.isDynamic }
            default: false
            }
        }

        /// The bytes that a value takes in the head; ``validate(depthLeft:)`` has seen that they are few.
        var headSize: Int {
            if isDynamic { return 32 }
            switch self {
            case .fixedArray(let element, let count): return element.headSize * count
            case .tuple(let members): return members.reduce(0) { $0 + $1.headSize }
            default: return 32
            }
        }

        /// The number of values in a static part, checked against the limits.
        @discardableResult
        func validate(depthLeft: Int = ABI.depthMax) throws(ABIError) -> Int {
            guard depthLeft > 0 else { throw .invalidKind("nesting") }
            switch self {
            case .uint(let bits), .int(let bits):
                guard (8...256).contains(bits), bits.isMultiple(of: 8) else { throw .invalidKind(description) }
                return 1
            case .fixedBytes(let count):
                guard (1...32).contains(count) else { throw .invalidKind(description) }
                return 1
            case .address, .bool, .bytes, .string:
                return 1
            case .array(let element):
                try element.validate(depthLeft: depthLeft - 1)
                return 1
            case .fixedArray(let element, let count):
                let size = try element.validate(depthLeft: depthLeft - 1)
                guard (0...ABI.elementsMax).contains(count), size * count <= ABI.elementsMax else {
                    throw .invalidKind(description)
                }
                return size * count
            case .tuple(let members):
                var size = 0
                for member in members { size += try member.validate(depthLeft: depthLeft - 1) }
                guard size <= ABI.elementsMax else { throw .invalidKind("tuple") }
                return size
            }
        }
    }

    /// A value.
    public indirect enum Value: Sendable, Hashable {
        /// Of `uintN`.
        case uint(UInt256)
        /// Of `intN`, as the EVM has it: two's complement in 256 bits, whatever N is.
        case int(UInt256)
        /// Of `address`.
        case address(Address)
        /// Of `bool`.
        case bool(Bool)
        /// Of `bytesN`: exactly N bytes.
        case fixedBytes([UInt8])
        /// Of `bytes`.
        case bytes([UInt8])
        /// Of `string`.
        case string(String)
        /// Of `T[]` and `T[n]`.
        case array([Value])
        /// Of a tuple.
        case tuple([Value])

        /// Of `bytes32`.
        public static func hash(_ hash: Hash32) -> Value { .fixedBytes(hash.bytes) }
    }

    /// Whether a word is a sign-extended `intN`.
    static func fits(_ word: UInt256, signedBits bits: Int) -> Bool {
        let sign = word.shiftedRight(by: bits - 1)
        return sign.isZero || sign == UInt256.max.shiftedRight(by: bits - 1)
    }
}
