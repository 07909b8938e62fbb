public import ChainEVM
public import Primitives

/// Whether a signature is good, or what must be asked first.
public enum SignatureVerdict: Sendable, Hashable {
    /// The account signed this message.
    case valid
    /// It did not, or nobody can tell.
    case invalid(SignatureProblem)
    /// The account is a contract: make the call and give the answer to ``ContractCall/verdict(for:)``.
    case needsCall(ContractCall)
}

/// Why a signature is not good.
public enum SignatureProblem: Error, Sendable, Hashable {
    /// No message can be built from the payload.
    case message(AuthError)
    /// A message came with the signature, and it is none that can be built from the payload.
    case foreignMessage
    /// A signature type that is not known.
    case unknownType(String)
    /// A namespace whose signatures are not checked here.
    case unsupportedNamespace(String)
    /// The address is none of its chain.
    case malformedAddress
    /// Not `0x` and hex digits, a wrong length, or numbers outside the curve.
    case malformedSignature
    /// Another key signed, or another message was signed.
    case wrongSigner
    /// The contract says no, or there is no contract.
    case refusedByContract
}

/// A read of a chain that tells whether a contract accepts a signature.
///
/// ```swift
/// var verdict = SignatureCheck.verdict(of: cacao)
/// while case .needsCall(let call) = verdict {
///     verdict = call.verdict(for: try await node.call(CallRequest(to: call.to, data: call.data), at: .latest))
/// }
/// ```
///
/// A call that reverts is an answer, too: the contract refuses. Give it as empty bytes. A node that cannot be reached is
/// no answer.
public struct ContractCall: Sendable, Hashable {
    /// What the answer must be.
    public enum Expectation: Sendable, Hashable {
        /// The first four bytes are `0x1626ba7e`: [EIP-1271](https://eips.ethereum.org/EIPS/eip-1271).
        case magicValue
        /// The first byte is 1: the answer of ``UniversalValidator``.
        case one
    }

    /// The chain to ask, as in `eip155:1`.
    public let chain: ChainID
    /// The contract; nil for a call without a receiver, whose data is a program that runs once.
    public let to: Address?
    /// The data of the call.
    public let data: [UInt8]
    /// What the answer must be.
    public let expects: Expectation
    /// Hashes of the payload's other texts, each worth a call of its own when this one is refused.
    let otherHashes: [Hash32]
    let signer: Address
    let signature: [UInt8]

    init(
        chain: ChainID, signer: Address, signature: [UInt8], expects: Expectation, hash: Hash32,
        otherHashes: [Hash32]
    ) {
        self.chain = chain
        self.signer = signer
        self.signature = signature
        self.expects = expects
        self.otherHashes = otherHashes
        switch expects {
        case .magicValue:
            to = signer
            data = ContractSignature.call(hash: hash, signature: signature)
        case .one:
            to = nil
            data = UniversalValidator.program(signer: signer, hash: hash, signature: signature)
        }
    }

    /// What the returned bytes mean: valid, invalid, or another call for the next wording of the message.
    public func verdict(for answer: [UInt8]) -> SignatureVerdict {
        let accepted =
            switch expects {
            case .magicValue: answer.starts(with: ContractSignature.magicValue)
            case .one: answer.first == 1
            }
        if accepted { return .valid }
        guard let next = otherHashes.first else { return .invalid(.refusedByContract) }
        return .needsCall(
            ContractCall(
                chain: chain, signer: signer, signature: signature, expects: expects, hash: next,
                otherHashes: Array(otherHashes.dropFirst())))
    }
}

/// The call of [EIP-1271](https://eips.ethereum.org/EIPS/eip-1271).
enum ContractSignature {
    /// The selector of `isValidSignature(bytes32,bytes)`, which is also what the contract answers when it accepts.
    static let magicValue: [UInt8] = [0x16, 0x26, 0xBA, 0x7E]

    /// `isValidSignature(hash, signature)`; the signature is padded to whole words, as the ABI asks.
    ///
    /// The JavaScript client leaves the padding out, which strict contracts refuse.
    static func call(hash: Hash32, signature: [UInt8]) -> [UInt8] {
        var data = magicValue
        hash.append(to: &data)
        data += word(64)
        data += bytes(signature)
        return data
    }

    /// A number as a word of the ABI.
    static func word(_ number: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 24)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
        return bytes
    }

    /// The length, the bytes, and zeros up to a whole word.
    static func bytes(_ bytes: [UInt8]) -> [UInt8] {
        word(bytes.count) + bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
    }
}
