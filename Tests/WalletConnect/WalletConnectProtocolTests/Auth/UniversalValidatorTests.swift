import ChainEVM
import Cryptography
import Primitives
import Testing

@testable import WalletConnectProtocol

/// Small contracts in machine code, as the code that deploys them.
private enum Contract {
    /// Accepts the signature that is the bitwise complement of the hash, if the call is exactly what the ABI makes of
    /// it: 132 bytes, the signature at offset 64, 32 bytes long.
    static let wallet = deployable(
        "60043519" + "60643514" + "3660841416" + "602435604014" + "16" + "604435602014" + "16" + magic + "02"
            + answerWord)
    /// Accepts everything, but only once it was called without data.
    static let prepared = deployable("36600a57" + "6001600055" + "00" + "5b" + "600054" + magic + "02" + answerWord)
    /// Answers every call with nothing.
    static let silent = deployable("00")
    /// Answers every call with the four right bytes and no more.
    static let short = deployable(magic + "60005260046000f3")
    /// Reverts with the right answer.
    static let reverting = deployable(magic + "60005260206000fd")
    /// Answers with a word of which only the first three bytes are right.
    static let almost = deployable("7f1626ba7f" + String(repeating: "00", count: 28) + answerWord)
    /// Answers with the right bytes and others behind them, as some contracts do.
    static let dirty = deployable("7f1626ba7e" + String(repeating: "ff", count: 28) + answerWord)
    /// Deploys what it is called with, at an address that depends on nothing else.
    static let factory = deployable("366000600037" + "60003660006000f5" + answerWord)

    /// In the order in which they are deployed.
    static let all = [wallet, prepared, silent, short, reverting, almost, dirty, factory]

    private static let magic = "7f1626ba7e" + String(repeating: "00", count: 28)
    private static let answerWord = "60005260206000f3"

    /// Eleven bytes that answer with what is behind them.
    private static func deployable(_ runtime: String) -> [UInt8] {
        let code = try! Hex.decode(runtime)
        return [0x60, UInt8(code.count), 0x80, 0x60, 0x0B, 0x60, 0x00, 0x39, 0x60, 0x00, 0xF3] + code
    }
}

struct UniversalValidatorTests {
    @Test func `arguments stand behind the code as the ABI encodes them`() throws {
        let signer = try #require(Address(bytes: Array(1...20)))
        let hash = Keccak256.hash([1])
        for count in [0, 1, 31, 32, 33, 65, 1000] {
            let signature = [UInt8](repeating: 0xAB, count: count)
            let arguments = try ABI.encode(
                [.address(signer), .hash(hash), .bytes(signature)], as: [.address, .bytes32, .bytes])
            let program = UniversalValidator.program(signer: signer, hash: hash, signature: signature)
            #expect(program == UniversalValidator.code + arguments)
        }
    }

    @Test func `the code is what was tested on a chain`() {
        // A new value needs the suite below to have run.
        #expect(
            Keccak256.hash(UniversalValidator.code).hex
                == "fe108c0e7176fcebe5f220c49107c10c05601803f656a1ad2a91b85643c5aa69")
    }

    @Test func `the longest signature fits into a program that a node runs`() {
        let initCodeBytesMax = 49_152
        let program = UniversalValidator.program(
            signer: .zero, hash: .zero, signature: [UInt8](repeating: 1, count: AuthLimits.signatureBytesMax))
        #expect(program.count < initCodeBytesMax)
    }
}

@Suite(.enabled(if: EVM.isPresent, Comment(rawValue: EVM.absence)))
struct UniversalValidatorOnAChainTests {
    /// A signature with suffix.
    private static func wrap(factory: Address, data: [UInt8], inner: [UInt8]) throws -> [UInt8] {
        try ABI.encode([.address(factory), .bytes(data), .bytes(inner)], as: [.address, .bytes, .bytes])
            + SignatureCheck.counterfactualSuffix
    }

    @Test func `signatures of keys, contracts and contracts to be are judged on a chain`() throws {
        let addresses = try EVM.execute(contracts: Contract.all, programs: []).addresses
        let (wallet, prepared, silent, short) = (addresses[0], addresses[1], addresses[2], addresses[3])
        let (reverting, almost, dirty, factory) = (addresses[4], addresses[5], addresses[6], addresses[7])
        let future = Address.contract(creator: factory, salt: .zero, initCodeHash: Keccak256.hash(Contract.wallet))
        let key = Secp256k1.PrivateKey()
        let account = Address(publicKey: key.publicKey)
        let nobody = try #require(Address(bytes: [UInt8](repeating: 0x77, count: 20)))

        let hash = EIP191.hash(text: "Sign in to Example")
        let other = EIP191.hash(text: "Sign in to Elsewhere")
        let accepted = hash.bytes.map { ~$0 }
        let signature = key.sign(digest: hash)
        let plain = signature.compact + [signature.recoveryID]
        let usual = signature.compact + [27 + signature.recoveryID]
        let deploying = try Self.wrap(factory: factory, data: Contract.wallet, inner: accepted)
        let preparing = try Self.wrap(factory: prepared, data: [], inner: [1, 2, 3])
        let suffix = SignatureCheck.counterfactualSuffix

        let cases: [(name: String, signer: Address, hash: Hash32, signature: [UInt8], isValid: Bool)] = [
            ("a key, v of 27 or 28", account, hash, usual, true),
            ("a key, v of 0 or 1", account, hash, plain, true),
            ("a key, another hash", account, other, usual, false),
            ("a key, another account", nobody, hash, usual, false),
            ("a key, v of 29", account, hash, signature.compact + [29], false),
            ("a key, v of 2", account, hash, signature.compact + [2], false),
            ("a key, 64 bytes", account, hash, signature.compact, false),
            ("a key, 66 bytes", account, hash, usual + [0], false),
            ("a key, no bytes", account, hash, [], false),
            ("a key, zeros", account, hash, [UInt8](repeating: 0, count: 65), false),
            ("nobody's address and no signature", .zero, hash, [UInt8](repeating: 0, count: 65), false),
            (
                "an address that equals the hash's end", try #require(Address(bytes: hash.bytes.suffix(20))), hash,
                [UInt8](repeating: 0, count: 65), false
            ),
            ("a contract", wallet, hash, accepted, true),
            ("a contract, another hash", wallet, other, accepted, false),
            ("a contract, one byte less", wallet, hash, accepted.dropLast(), false),
            ("a contract, one byte more", wallet, hash, accepted + [0], false),
            ("a contract, a key's signature", wallet, hash, usual, false),
            ("a contract that answers nothing", silent, hash, accepted, false),
            ("a contract that answers four bytes", short, hash, accepted, false),
            ("a contract that reverts with the answer", reverting, hash, accepted, false),
            ("a contract that is one byte off", almost, hash, accepted, false),
            ("a contract that answers more than it must", dirty, hash, accepted, true),
            ("a contract to be", future, hash, deploying, true),
            ("a contract to be, another hash", future, other, deploying, false),
            ("a contract to be, without its factory", future, hash, accepted, false),
            ("a contract to be, deployed elsewhere", nobody, hash, deploying, false),
            (
                "a contract to be, wrong inner signature", future, hash,
                try Self.wrap(factory: factory, data: Contract.wallet, inner: usual), false
            ),
            (
                "a contract to be, wrong deployment", future, hash,
                try Self.wrap(factory: factory, data: Contract.silent, inner: accepted), false
            ),
            (
                "a key's signature in a wrapping", account, hash,
                try Self.wrap(factory: factory, data: Contract.wallet, inner: usual), false
            ),
            ("a contract that is there already", wallet, hash, deploying, true),
            ("a contract that needs a call first", prepared, hash, preparing, true),
            ("the same without that call", prepared, hash, [1, 2, 3], false),
            ("the suffix alone", future, hash, suffix, false),
            ("the suffix alone, to a contract", wallet, hash, suffix, false),
            (
                "offsets that lead far away", future, hash,
                [UInt8](repeating: 0xFF, count: 96) + suffix, false
            ),
            ("offsets that lead nowhere", future, hash, [UInt8](repeating: 0, count: 96) + suffix, false),
            ("a cut wrapping", future, hash, Array(deploying.dropFirst()), false),
        ]
        let programs = cases.map {
            UniversalValidator.program(signer: $0.signer, hash: $0.hash, signature: $0.signature)
        }
        let run = try EVM.execute(contracts: Contract.all, programs: programs)
        #expect(run.addresses == addresses)
        try #require(run.answers.count == cases.count)
        for (entry, answer) in zip(cases, run.answers) {
            // A call that fails is a refusal; a caller gives it as no bytes.
            let verdict = ContractCall(
                chain: try ChainID("eip155:1"), signer: entry.signer, signature: entry.signature, expects: .one,
                hash: entry.hash, otherHashes: []
            ).verdict(for: answer ?? [])
            #expect(verdict == (entry.isValid ? .valid : .invalid(.refusedByContract)), "\(entry.name)")
            if entry.isValid { #expect(answer == [1], "\(entry.name)") }
        }
    }
}
