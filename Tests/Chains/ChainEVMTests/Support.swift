import ChainEVM
import Cryptography
import Foundation
import Primitives
import TestServers

func hex(_ text: String) -> [UInt8] { try! Hex.decode(text) }
func hash(_ text: String) -> Hash32 { try! Hash32(hex: text) }
func address(_ text: String) -> Address { try! Address(ignoringChecksum: text) }
func number(_ text: String) -> UInt256 {
    text.hasPrefix("0x") ? try! UInt256(hexQuantity: text) : try! UInt256(decimal: text)
}

func key(_ bytes: [UInt8]) -> Secp256k1.PrivateKey {
    try! Secp256k1.PrivateKey(secret: SecretBytes(copying: bytes))
}

/// The key of the EIP-155 example: 0x46 thirty-two times.
let exampleKey = key([UInt8](repeating: 0x46, count: 32))
let payee = Address(bytes: [UInt8](repeating: 0x35, count: 20))!
let usdc = address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
let gwei: UInt256 = 1_000_000_000

/// A generator that starts again from its seed; the seed is printed so that a failure can be repeated.
struct Random {
    private var state: UInt64

    init(seed: UInt64, _ test: String = #function) {
        state = seed
        print("seed of \(test): \(seed)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
    mutating func bool() -> Bool { next() & 1 == 1 }
    /// Any width is as likely as any other, so that small numbers and full words both occur.
    mutating func uint64() -> UInt64 {
        let bits = below(65)
        return bits == 0 ? 0 : next() >> UInt64(64 - bits)
    }
    mutating func uint256() -> UInt256 {
        let bits = below(257)
        return bits == 0 ? .zero : (try! UInt256(bigEndian: bytes(32))).shiftedRight(by: 256 - bits)
    }
    mutating func address() -> Address { Address(bytes: bytes(20))! }
    mutating func hash() -> Hash32 { Hash32(bytes(32))! }
    mutating func accessList() -> [AccessListEntry] {
        var entries: [AccessListEntry] = []
        for _ in 0..<below(4) {
            var keys: [Hash32] = []
            for _ in 0..<below(3) { keys.append(hash()) }
            entries.append(AccessListEntry(address: address(), storageKeys: keys))
        }
        return entries
    }

    mutating func transaction(type: Int) -> Transaction {
        let fees: Transaction.Fees =
            switch type {
            case 0: .legacy(gasPrice: uint256())
            case 1: .eip2930(gasPrice: uint256(), accessList: accessList())
            default: .eip1559(maxPriorityFeePerGas: uint256(), maxFeePerGas: uint256(), accessList: accessList())
            }
        return Transaction(
            chainID: type == 0 && below(8) == 0 ? nil : max(1, uint64() % Transaction.chainIDMax),
            nonce: min(uint64(), .max - 1), gasLimit: uint64(), to: below(10) == 0 ? nil : address(),
            value: uint256(), data: bytes(below(4) == 0 ? 0 : below(120)), fees: fees)
    }
}

/// The Python with eth-account that random inputs are compared with.
enum Python {
    static let path = Checkout.python

    static let hasEthAccount: Bool = {
        guard FileManager.default.isExecutableFile(atPath: path) else { return false }
        return (try? run("import eth_account; print('yes')", lines: [])) == ["yes"]
    }()

    /// Runs a program with lines on its standard input, and gives the lines of its standard output.
    static func run(_ program: String, lines: [String]) throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files in place of pipes: neither side can wait for the other to empty one.
        let input = folder.appendingPathComponent("in")
        let output = folder.appendingPathComponent("out")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: input)
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-c", program]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }
}
