public import ChainEVM
public import Primitives

/// Says whether a signature is an account's, as a dApp has to: the key is recovered, and nothing is taken on trust.
public enum SignerRecovery {
    /// Who signed a text by `personal_sign`.
    ///
    /// - Throws: ``TestingError`` with `wrong_signature` for what is no signature.
    public static func signer(ofText text: String, _ answer: JSON) throws(TestingError) -> Address {
        try signer(of: EIP191.hash(text: text), answer)
    }

    /// Who signed typed data by `eth_signTypedData_v4`.
    ///
    /// - Throws: ``TestingError`` with `wrong_signature` for what is no signature, or no typed data.
    public static func signer(ofTypedData data: JSON, _ answer: JSON) throws(TestingError) -> Address {
        guard let typed = try? TypedData(json: data) else {
            throw TestingError(.wrongSignature, "the typed data is malformed")
        }
        return try signer(of: typed.digest, answer)
    }

    /// Who signed a digest.
    ///
    /// - Throws: ``TestingError`` with `wrong_signature` for what is no signature.
    public static func signer(of digest: Hash32, _ answer: JSON) throws(TestingError) -> Address {
        guard let text = answer.string, let bytes = try? Hex.decodePrefixed(text),
            let signature = TransactionSignature(bytes65: bytes),
            let address = try? signature.recoverAddress(digest: digest)
        else { throw TestingError(.wrongSignature, "the answer is no signature") }
        return address
    }
}
