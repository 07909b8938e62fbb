public import ChainEVM
import Primitives

/// An ERC-20 token of the simulated chain, with the oddities real tokens have.
///
/// It answers `transfer`, `balanceOf`, `decimals`, `symbol`, `name` and `totalSupply`
/// ([ERC-20](https://eips.ethereum.org/EIPS/eip-20)); anything else reverts without data.
public struct SimulatedToken: Sendable, Hashable {
    /// How a transfer answers when it works.
    public enum TransferAnswer: Sendable, Hashable {
        /// The 32-byte word 1, as the standard asks.
        case returnsTrue
        /// No bytes at all, as some old tokens do.
        case returnsNothing
        /// The word 0, nothing moved, no log, and the transaction succeeds all the same.
        case returnsFalse
    }

    /// The token's ticker.
    public var symbol: String
    /// How many decimal places one unit has.
    public var decimals: UInt8
    /// What a transfer answers.
    public var transferAnswer: TransferAnswer
    /// Transfers to or from these addresses revert.
    public var blocked: Set<Address>
    /// The part of each transfer the token keeps, in hundredths of a percent, 0...10,000.
    public var feeBasisPoints: UInt64
    /// Where the fee goes.
    public var feeCollector: Address
    /// While true every transfer reverts.
    public var isPaused: Bool
    /// Gas of a transfer to an account that holds none yet, and to one that does.
    public var gasNewHolder: UInt64
    /// Gas of a transfer to an account that already holds some.
    public var gasHolder: UInt64

    /// A well-behaved token unless told otherwise.
    public init(
        symbol: String, decimals: UInt8, transferAnswer: TransferAnswer = .returnsTrue, blocked: Set<Address> = [],
        feeBasisPoints: UInt64 = 0, feeCollector: Address = .simulatedFeeCollector, isPaused: Bool = false,
        gasNewHolder: UInt64 = 51_000, gasHolder: UInt64 = 34_000
    ) {
        precondition(feeBasisPoints <= 10_000, "a token keeps at most the whole transfer")
        self.symbol = symbol
        self.decimals = decimals
        self.transferAnswer = transferAnswer
        self.blocked = blocked
        self.feeBasisPoints = feeBasisPoints
        self.feeCollector = feeCollector
        self.isPaused = isPaused
        self.gasNewHolder = gasNewHolder
        self.gasHolder = gasHolder
    }
}

/// What stands at an address that is not an account and not a token.
public struct SimulatedCode: Sendable, Hashable {
    /// Gas burned on top of the intrinsic cost whenever the contract is called or paid.
    public var extraGas: UInt64
    /// When set, every call reverts with this reason.
    public var revertReason: String?
    /// What a call returns.
    public var returns: [UInt8]
    /// What `eth_getCode` shows; never empty.
    public var bytecode: [UInt8]

    /// A contract that accepts money and burns `extraGas`.
    public init(
        extraGas: UInt64 = 0, revertReason: String? = nil, returns: [UInt8] = [], bytecode: [UInt8] = [0x60, 0x00]
    ) {
        precondition(!bytecode.isEmpty, "a contract has code")
        self.extraGas = extraGas
        self.revertReason = revertReason
        self.returns = returns
        self.bytecode = bytecode
    }
}

extension Address {
    /// Where simulated tokens send their fees unless told otherwise.
    public static var simulatedFeeCollector: Address { simulated(0xFEE) }

    /// Where the simulated chain sends tips unless told otherwise.
    public static var simulatedCoinbase: Address { simulated(0xC01) }

    /// An address made of a small number: enough for wells of the simulation, never for money.
    static func simulated(_ number: UInt64) -> Address {
        var bytes = [UInt8](repeating: 0, count: 12)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
        guard let address = Address(bytes: bytes) else {
            preconditionFailure("twelve zeros and eight bytes are an address")
        }
        return address
    }
}

/// The call data and answers a simulated token understands.
enum SimulatedABI {
    static let transfer: [UInt8] = [0xA9, 0x05, 0x9C, 0xBB]
    static let balanceOf: [UInt8] = [0x70, 0xA0, 0x82, 0x31]
    static let decimals: [UInt8] = [0x31, 0x3C, 0xE5, 0x67]
    static let symbol: [UInt8] = [0x95, 0xD8, 0x9B, 0x41]
    static let name: [UInt8] = [0x06, 0xFD, 0xDE, 0x03]
    static let totalSupply: [UInt8] = [0x18, 0x16, 0x0D, 0xDD]
    static let errorString: [UInt8] = [0x08, 0xC3, 0x79, 0xA0]

    static func word(_ value: UInt256) -> [UInt8] { value.bigEndianBytes }

    static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        let padding = (32 - bytes.count % 32) % 32
        return word(UInt256(UInt64(32))) + word(UInt256(UInt64(bytes.count))) + bytes
            + [UInt8](repeating: 0, count: padding)
    }

    static func revert(_ reason: String) -> [UInt8] { errorString + string(reason) }

    /// The address in word `index` of the arguments, nil when it is missing or its upper bytes are not zero.
    static func address(_ data: [UInt8], _ index: Int) -> Address? {
        guard let word = argument(data, index), word.prefix(12).allSatisfy({ $0 == 0 }) else { return nil }
        return Address(bytes: word.suffix(20))
    }

    static func uint(_ data: [UInt8], _ index: Int) -> UInt256? {
        guard let word = argument(data, index) else { return nil }
        return try? UInt256(bigEndian: word)
    }

    private static func argument(_ data: [UInt8], _ index: Int) -> ArraySlice<UInt8>? {
        let start = 4 + 32 * index
        return data.count >= start + 32 ? data[start..<(start + 32)] : nil
    }
}
