public import ChainEVM
import Cryptography
public import Primitives

/// Checks the signature of a sign-in: by recovery where a key signed, by a call that the caller makes where a contract
/// did.
///
/// The text that was signed is always built from the payload, in each wording that clients have; a text that comes with
/// the signature is only compared with them. Nothing here looks at what was asked; that is ``CacaoRules``.
public enum SignatureCheck {
    /// The bytes at the end of a signature for an account that may not be deployed yet.
    ///
    /// Standard: [EIP-6492](https://eips.ethereum.org/EIPS/eip-6492).
    public static let counterfactualSuffix = [[UInt8]](repeating: [0x64, 0x92], count: 16).flatMap { $0 }

    /// Whether the issuer of `cacao` signed its payload.
    public static func verdict(of cacao: Cacao) -> SignatureVerdict {
        let issuer: Issuer
        var texts: [String]
        do {
            issuer = try Issuer(cacao.payload.issuer)
            texts = try SignInMessage.variants(of: cacao.payload)
        } catch {
            return .invalid(.message(error))
        }
        if let claimed = cacao.signature.message {
            guard texts.containsText(claimed) else { return .invalid(.foreignMessage) }
            // Its own text first: that saves calls. The others stay, for the claim proves nothing.
            texts = [claimed] + texts.filter { !$0.isSameText(as: claimed) }
        }
        return verdict(messages: texts, signature: cacao.signature, issuer: issuer)
    }

    /// Whether `issuer` signed `message` as `personal_sign` does.
    public static func verdict(
        message: String, signature: Cacao.Signature, issuer: Issuer
    ) -> SignatureVerdict {
        verdict(messages: [message], signature: signature, issuer: issuer)
    }

    /// Whether `signer` signed something with this hash: a key by recovery, a contract by the call that is returned.
    ///
    /// The caller made the hash, so it is bound to what was asked: of a text by `EIP191`, of typed data by `TypedData`.
    public static func verdict(
        hash: Hash32, signature: [UInt8], signer: Address, on chain: ChainID
    ) -> SignatureVerdict {
        guard chain.namespace == "eip155" else { return .invalid(.unsupportedNamespace(chain.namespace)) }
        guard (1...AuthLimits.signatureBytesMax).contains(signature.count) else {
            return .invalid(.malformedSignature)
        }
        func call(_ expects: ContractCall.Expectation) -> SignatureVerdict {
            .needsCall(
                ContractCall(
                    chain: chain, signer: signer, signature: signature, expects: expects, hash: hash, otherHashes: []))
        }
        if signature.suffix(counterfactualSuffix.count).elementsEqual(counterfactualSuffix) { return call(.one) }
        if let candidate = RecoverableSignature(signature), candidate.signer(of: hash) == signer { return .valid }
        return call(.magicValue)
    }

    private static func verdict(
        messages: [String], signature: Cacao.Signature, issuer: Issuer
    ) -> SignatureVerdict {
        guard issuer.chain.namespace == "eip155" else {
            return .invalid(.unsupportedNamespace(issuer.chain.namespace))
        }
        guard let signer = try? Address(ignoringChecksum: issuer.address) else { return .invalid(.malformedAddress) }
        guard signature.value.utf8.count <= 2 * AuthLimits.signatureBytesMax + 2,
            let bytes = try? Hex.decodePrefixed(signature.value), !bytes.isEmpty
        else { return .invalid(.malformedSignature) }
        let hashes = messages.map { EIP191.hash(text: $0) }

        func call(_ expects: ContractCall.Expectation) -> SignatureVerdict {
            .needsCall(
                ContractCall(
                    chain: issuer.chain, signer: signer, signature: bytes, expects: expects, hash: hashes[0],
                    otherHashes: Array(hashes.dropFirst())))
        }
        // Wallets of contract accounts often say eip191 or eip1271 all the same; the suffix cannot be mistaken.
        if bytes.suffix(counterfactualSuffix.count).elementsEqual(counterfactualSuffix) { return call(.one) }
        switch signature.type {
        case "eip191":
            guard let candidate = RecoverableSignature(bytes) else { return .invalid(.malformedSignature) }
            let isSigner = hashes.contains { candidate.signer(of: $0) == signer }
            return isSigner ? .valid : .invalid(.wrongSigner)
        case "eip1271": return call(.magicValue)
        case "eip6492": return call(.one)
        default: return .invalid(.unknownType(signature.type))
        }
    }
}

/// A signature of a key, in any of the forms that wallets give.
struct RecoverableSignature {
    private let signature: Secp256k1.Signature

    /// 65 bytes r, s, v with v of 0, 1, 27 or 28; or 64 bytes with the parity in the highest bit of s, which is
    /// [EIP-2098](https://eips.ethereum.org/EIPS/eip-2098).
    ///
    /// Some devices give the twin with a high S; recovery takes both, as the chain's own does.
    init?(_ bytes: [UInt8]) {
        let r = Array(bytes.prefix(32))
        var s = Array(bytes.dropFirst(32).prefix(32))
        var parity: UInt8
        switch bytes.count {
        case 65:
            parity = bytes[64] >= 27 ? bytes[64] - 27 : bytes[64]
        case 64:
            parity = s[0] >> 7
            s[0] &= 0x7F
        default: return nil
        }
        guard parity < 2 else { return nil }
        if let signature = try? Secp256k1.Signature(r: r, s: s, recoveryID: parity) {
            self.signature = signature
            return
        }
        parity ^= 1
        guard let twin = Self.negated(s),
            let signature = try? Secp256k1.Signature(r: r, s: twin, recoveryID: parity)
        else { return nil }
        self.signature = signature
    }

    /// Who signed a text with this hash; nil when nobody could have.
    func signer(of hash: Hash32) -> Address? {
        (try? Secp256k1.recover(signature, digest: hash)).map { Address(publicKey: $0) }
    }

    /// The order of the group minus `number`; nil when that is not positive.
    private static func negated(_ number: [UInt8]) -> [UInt8]? {
        var difference = [UInt8](repeating: 0, count: 32)
        var borrow = 0
        for index in (0..<32).reversed() {
            let digit = Int(groupOrder[index]) - Int(number[index]) - borrow
            borrow = digit < 0 ? 1 : 0
            difference[index] = UInt8(truncatingIfNeeded: digit)
        }
        return borrow == 0 ? difference : nil
    }

    /// n of secp256k1: [SEC 2](https://www.secg.org/sec2-v2.pdf), section 2.4.1.
    private static let groupOrder: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE,
        0xBA, 0xAE, 0xDC, 0xE6, 0xAF, 0x48, 0xA0, 0x3B, 0xBF, 0xD2, 0x5E, 0x8C, 0xD0, 0x36, 0x41, 0x41,
    ]
}
