public import ChainEVM
public import Primitives

/// A program for the EVM that checks any signature of an account, deployed or not, in one call without a receiver.
///
/// The program is sent as the data of an `eth_call` that would create a contract: it runs, answers one byte in place of
/// a contract's code, and leaves nothing behind. It does what [EIP-6492](https://eips.ethereum.org/EIPS/eip-6492) asks
/// of a verifier:
///
/// 1. A signature with the suffix is `abi.encode(factory, factoryData, inner)` and the suffix. If the account has code
///    and accepts `inner`, it is valid. Otherwise the factory is called, which deploys or prepares the account, and the
///    account is asked.
/// 2. Any other signature is given to the account if it has code.
/// 3. If it has none, the signature must be one of its key: 65 bytes, checked by recovery.
///
/// It answers `01` or `00`. Offsets that lead far away use up the gas, which is a refusal as well. Whatever the factory
/// does, the account alone decides.
public enum UniversalValidator {
    /// The program with its arguments: the ABI's encoding of `(address, bytes32, bytes)` behind the code.
    public static func program(signer: Address, hash: Hash32, signature: [UInt8]) -> [UInt8] {
        var bytes = code
        bytes.reserveCapacity(code.count + 192 + signature.count)
        bytes.append(contentsOf: repeatElement(0, count: 12))
        signer.append(to: &bytes)
        hash.append(to: &bytes)
        bytes += ContractSignature.word(96)
        bytes += ContractSignature.bytes(signature)
        return bytes
    }

    /// The program without arguments.
    public static let code = EVMAssembly.assemble(copyArguments + dispatch + wrapped + key + answer + ask)

    // Where things are in memory: the arguments are copied to its start, whole words.
    private static let signer = 0x00
    private static let hash = 0x20
    // The signature's offset has done its work once the arguments are in place; the first free byte goes here.
    private static let free = 0x40
    private static let length = 0x60
    private static let signature = 0x80
    // Of a signature with suffix: three words, where offsets count from its start.
    private static let factory = 0x80
    private static let factoryDataOffset = 0xA0
    private static let innerOffset = 0xC0

    // Comments show the stack after a line, its top at the left.

    /// The arguments go to the start of memory, their size to `free`.
    private static let copyArguments: [EVMAssembly.Step] = [
        .pushLabel(EVMAssembly.end), .run([.codesize, .sub]),  // size
        .run([.dup1]), .pushLabel(EVMAssembly.end), .push(0), .run([.codecopy]),  // size
        .push(free), .run([.mstore]),  // -
    ]

    /// Which of the three ways.
    private static let dispatch: [EVMAssembly.Step] = [
        .push(32), .load(length), .run([.lt]), .jumpIf("plain"),  // - too short for a suffix
        .pushBytes(SignatureCheck.counterfactualSuffix),  // suffix
        // The signature begins 32 bytes behind its length, so its last word begins `length` bytes behind it.
        .load(length), .push(length), .run([.add, .mload]),  // last word, suffix
        .run([.eq]), .jumpIf("wrapped"),  // -
        .label("plain"),
        .load(signer), .run([.extcodesize, .iszero]), .jumpIf("key"),  // - no code
        .pushLabel("answer"), .push(length), .jump("ask"),  // at, back
    ]

    /// With suffix: ask, unless there is nobody to ask; then call the factory and ask again.
    private static let wrapped: [EVMAssembly.Step] = [
        .label("wrapped"),
        .load(signer), .run([.extcodesize, .iszero]), .jumpIf("prepare"),  // -
        .pushLabel("asked"), .load(innerOffset), .push(signature), .run([.add]), .jump("ask"),  // at, back
        .label("asked"),  // accepted
        .jumpIf("yes"),  // -
        .label("prepare"),
        .push(0), .push(0),  // where the answer goes: nowhere
        .load(factoryDataOffset), .push(signature), .run([.add]),  // at, 0, 0
        .run([.dup1, .mload]),  // size, at, 0, 0
        .run([.swap1]), .push(32), .run([.add]),  // data, size, 0, 0
        .push(0), .load(factory), .run([.gas]),  // gas, factory, value, data, size, 0, 0
        // Whether it succeeded is the account's to show.
        .run([.call, .pop]),  // -
        .pushLabel("answer"), .load(innerOffset), .push(signature), .run([.add]), .jump("ask"),  // at, back
    ]

    /// No code: recovery with the precompile at address 1, which takes hash, v, r, s as words.
    private static let key: [EVMAssembly.Step] = [
        .label("key"),
        .push(65), .load(length), .run([.eq, .iszero]), .jumpIf("no"),  // -
        .load(hash), .load(free), .run([.mstore]),  // -
        // v is the 65th byte, the first of the third word.
        .load(signature + 64), .push(0), .run([.byte]),  // v
        // 0 and 1 stand for 27 and 28.
        .push(27), .run([.dup2, .lt]), .push(27), .run([.mul, .add]),  // v
        .load(free), .push(32), .run([.add, .mstore]),  // -
        .load(signature), .load(free), .push(64), .run([.add, .mstore]),  // - r
        .load(signature + 32), .load(free), .push(96), .run([.add, .mstore]),  // - s
        .push(32), .load(free), .push(128), .load(free), .push(1), .run([.gas]),  // gas, 1, from, 128, to, 32
        .run([.staticcall, .pop]),  // -
        .load(free), .run([.mload]), .load(signer), .run([.eq]),  // is signer
        // Without a signer nothing comes back, and what lies in memory is still the hash.
        .push(32), .run([.returndatasize, .eq, .and]),  // valid
        .jump("answer"),
    ]

    /// One byte.
    private static let answer: [EVMAssembly.Step] = [
        .label("yes"), .push(1), .jump("answer"),  // accepted
        .label("no"), .push(0),  // accepted
        .label("answer"),  // accepted
        .push(0), .run([.mstore8]),  // -
        .push(1), .push(0), .run([.return]),
    ]

    /// Asks the account: `at` is where the length of a signature stands, `back` where to go on with `accepted`.
    private static let ask: [EVMAssembly.Step] = [
        .label("ask"),  // at, back
        // isValidSignature(bytes32,bytes): the selector, the hash, the offset 64, the length, the signature.
        .pushBytes(ContractSignature.magicValue + [UInt8](repeating: 0, count: 28)), .load(free), .run([.mstore]),
        .load(hash), .load(free), .push(4), .run([.add, .mstore]),  // at, back
        .push(64), .load(free), .push(36), .run([.add, .mstore]),  // at, back
        .run([.dup1, .mload]),  // length, at, back
        .run([.dup1]), .load(free), .push(68), .run([.add, .mstore]),  // length, at, back
        .push(31), .run([.add]), .push(31), .run([.not, .and]),  // count, at, back; whole words
        // The precompile at address 4 copies, also where MCOPY is not known.
        .run([.dup1]), .load(free), .push(100), .run([.add]),  // to, count, count, at, back
        .run([.dup3, .dup5]), .push(32), .run([.add]),  // from, count, to, count, count, at, back
        .push(4), .run([.gas, .staticcall, .pop]),  // count, at, back
        .push(100), .run([.add]),  // size, at, back
        .push(0), .push(0), .run([.dup3]), .load(free), .load(signer),  // signer, from, size, 0, 0, size, at, back
        .run([.gas, .staticcall]),  // succeeded, size, at, back
        // A whole word must have come: in memory there is still the selector, which is the answer hoped for.
        .push(31), .run([.returndatasize, .gt, .and]),  // answered, size, at, back
        .run([.dup1, .iszero]), .jumpIf("done"),  // answered, size, at, back
        .push(32), .push(0), .load(free), .run([.returndatacopy]),  // answered, size, at, back
        .load(free), .run([.mload]), .push(224), .run([.shr]),  // answer, answered, size, at, back
        .pushBytes(ContractSignature.magicValue), .run([.eq, .and]),  // accepted, size, at, back
        .label("done"),
        .run([.swap3, .swap2, .pop, .pop, .jump]),  // accepted
    ]
}
