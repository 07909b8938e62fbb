import ChainEVM
import Primitives

/// A program for the EVM that checks any signature of an account, deployed or not, in one call without a receiver.
public enum UniversalValidator {
    static func program(signer: Address, hash: Hash32, signature: [UInt8]) -> [UInt8] {
        []
    }
}
