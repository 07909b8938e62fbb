import Cryptography
public import Primitives

/// Structured messages: [EIP-712](https://eips.ethereum.org/EIPS/eip-712).
///
/// See ``TypedData`` for the JSON form.
public enum EIP712 {
    /// What binds a signature to one application, version, chain and contract; only the members that are set count.
    public struct Domain: Sendable, Hashable {
        /// The application's name.
        public var name: String?
        /// The version of its messages.
        public var version: String?
        /// The chain.
        public var chainID: UInt256?
        /// The contract that will check the signature.
        public var verifyingContract: Address?
        /// A last resort to tell applications apart.
        public var salt: Hash32?

        /// A domain.
        public init(
            name: String? = nil, version: String? = nil, chainID: UInt256? = nil, verifyingContract: Address? = nil,
            salt: Hash32? = nil
        ) {
            self.name = name
            self.version = version
            self.chainID = chainID
            self.verifyingContract = verifyingContract
            self.salt = salt
        }

        /// The hash that contracts call `DOMAIN_SEPARATOR`.
        public var separator: Hash32 {
            let members = members.map { "\($0.type) \($0.name)" }.joined(separator: ",")
            var bytes = Keccak256.hash(Array("EIP712Domain(\(members))".utf8)).bytes
            if let name { Keccak256.hash(Array(name.utf8)).append(to: &bytes) }
            if let version { Keccak256.hash(Array(version.utf8)).append(to: &bytes) }
            if let chainID { bytes.append(contentsOf: chainID.bigEndianBytes) }
            if let verifyingContract { bytes.appendWord(verifyingContract) }
            if let salt { salt.append(to: &bytes) }
            return Keccak256.hash(bytes)
        }

        /// The members that are set, in the order of the standard.
        private var members: [(type: String, name: String, value: String)] {
            var members: [(type: String, name: String, value: String)] = []
            if let name { members.append(("string", "name", name)) }
            if let version { members.append(("string", "version", version)) }
            if let chainID { members.append(("uint256", "chainId", chainID.description)) }
            if let verifyingContract {
                members.append(("address", "verifyingContract", verifyingContract.description))
            }
            if let salt { members.append(("bytes32", "salt", salt.description)) }
            return members
        }

        /// The `domain` of the JSON form.
        var json: JSON {
            .object(members.map { JSONMember(name: $0.name, value: .string($0.value)) })
        }

        /// The `EIP712Domain` among the `types` of the JSON form.
        var typeJSON: JSON {
            .array(
                members.map {
                    .object([
                        JSONMember(name: "name", value: .string($0.name)),
                        JSONMember(name: "type", value: .string($0.type)),
                    ])
                })
        }
    }

    /// What is signed: Keccak-256 of `0x19 0x01 ‖ domain separator ‖ hash of the message`.
    public static func digest(domainSeparator: Hash32, structHash: Hash32) -> Hash32 {
        var bytes: [UInt8] = [0x19, 0x01]
        bytes.reserveCapacity(66)
        domainSeparator.append(to: &bytes)
        structHash.append(to: &bytes)
        return Keccak256.hash(bytes)
    }
}
