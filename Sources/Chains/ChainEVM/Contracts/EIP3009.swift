import Cryptography
public import Primitives

/// Payments that anybody may submit and the token makes once:
/// [EIP-3009](https://eips.ethereum.org/EIPS/eip-3009).
public enum EIP3009 {
    /// `transferWithAuthorization` with a signature as `v, r, s`.
    public static let transferSelector = ABI.selector(
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)")
    /// The first topic of `AuthorizationUsed(address indexed, bytes32 indexed)`.
    public static let authorizationUsedTopic = ABI.topic("AuthorizationUsed(address,bytes32)")
    /// The type hash of `TransferWithAuthorization`.
    public static let typeHash = Keccak256.hash(
        Array(
            """
            TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,\
            bytes32 nonce)
            """.utf8))

    /// What the payer signs.
    public struct Authorization: Sendable, Hashable {
        /// Who pays, and signs.
        public var from: Address
        /// Who is paid.
        public var to: Address
        /// How much, in the token's smallest unit.
        public var value: UInt256
        /// The token refuses it at block times up to this one, in seconds since 1970.
        public var validAfter: UInt64
        /// The token refuses it at block times from this one on, in seconds since 1970.
        public var validBefore: UInt64
        /// The payment's name, which the token accepts once per payer.
        public var nonce: Hash32

        /// An authorization to be signed.
        public init(
            from: Address, to: Address, value: UInt256, validAfter: UInt64, validBefore: UInt64, nonce: Hash32
        ) {
            self.from = from
            self.to = to
            self.value = value
            self.validAfter = validAfter
            self.validBefore = validBefore
            self.nonce = nonce
        }

        /// The EIP-712 hash of this value without the token's domain.
        public var structHash: Hash32 {
            Keccak256.hash(EIP3009.typeHash.bytes + words)
        }

        /// What the payer's key signs.
        ///
        /// Read the domain separator from the token: names differ between chains.
        public func digest(domainSeparator: Hash32) -> Hash32 {
            EIP712.digest(domainSeparator: domainSeparator, structHash: structHash)
        }

        /// The call that makes the payment.
        public func call(_ signature: TransactionSignature) -> [UInt8] {
            var call = EIP3009.transferSelector.bytes + words
            call.append(contentsOf: UInt256(UInt64(27 + signature.yParity)).bigEndianBytes)
            call.append(contentsOf: signature.r.bigEndianBytes)
            call.append(contentsOf: signature.s.bigEndianBytes)
            return call
        }

        /// The same value as EIP-712 JSON, for a signer that wants to see what it signs.
        public func typedData(domain: EIP712.Domain) -> JSON {
            func field(_ type: String, _ name: String) -> JSON {
                .object([
                    JSONMember(name: "name", value: .string(name)), JSONMember(name: "type", value: .string(type)),
                ])
            }
            let members: [JSON] = [
                field("address", "from"), field("address", "to"), field("uint256", "value"),
                field("uint256", "validAfter"), field("uint256", "validBefore"), field("bytes32", "nonce"),
            ]
            return .object([
                JSONMember(
                    name: "types",
                    value: .object([
                        JSONMember(name: "EIP712Domain", value: domain.typeJSON),
                        JSONMember(name: "TransferWithAuthorization", value: .array(members)),
                    ])),
                JSONMember(name: "primaryType", value: .string("TransferWithAuthorization")),
                JSONMember(name: "domain", value: domain.json),
                JSONMember(
                    name: "message",
                    value: .object([
                        JSONMember(name: "from", value: .string(from.description)),
                        JSONMember(name: "to", value: .string(to.description)),
                        JSONMember(name: "value", value: .string(value.description)),
                        JSONMember(name: "validAfter", value: .string(String(validAfter))),
                        JSONMember(name: "validBefore", value: .string(String(validBefore))),
                        JSONMember(name: "nonce", value: .string(nonce.description)),
                    ])),
            ])
        }

        /// The six fields as EVM words.
        private var words: [UInt8] {
            var words: [UInt8] = []
            words.reserveCapacity(192)
            words.appendWord(from)
            words.appendWord(to)
            words.append(contentsOf: value.bigEndianBytes)
            words.append(contentsOf: UInt256(validAfter).bigEndianBytes)
            words.append(contentsOf: UInt256(validBefore).bigEndianBytes)
            nonce.append(to: &words)
            return words
        }
    }

    /// The authorization and signature in a call; nil if the bytes are anything else or the signature is unusable.
    public static func decodeCall(
        _ call: [UInt8]
    ) -> (authorization: Authorization, signature: TransactionSignature)? {
        let kinds: [ABI.Kind] = [
            .address, .address, .uint256, .uint256, .uint256, .bytes32, .uint(bits: 8), .uint256, .uint256,
        ]
        guard call.count == 4 + 9 * 32, let values = try? ABI.decodeCall(transferSelector, call, as: kinds),
            case .address(let from) = values[0], case .address(let to) = values[1], case .uint(let value) = values[2],
            case .uint(let after) = values[3], let validAfter = after.uint64,
            case .uint(let before) = values[4], let validBefore = before.uint64,
            case .fixedBytes(let nonceBytes) = values[5], let nonce = Hash32(nonceBytes),
            case .uint(let v) = values[6], let v = v.uint64, v == 27 || v == 28,
            case .uint(let r) = values[7], case .uint(let s) = values[8],
            let signature = TransactionSignature(yParity: UInt8(v - 27), r: r, s: s)
        else { return nil }
        let authorization = Authorization(
            from: from, to: to, value: value, validAfter: validAfter, validBefore: validBefore, nonce: nonce)
        return (authorization, signature)
    }

    /// The call that asks whether a nonce was used or cancelled.
    public static func authorizationState(authorizer: Address, nonce: Hash32) -> [UInt8] {
        var call = ABI.selector("authorizationState(address,bytes32)").bytes
        call.appendWord(authorizer)
        nonce.append(to: &call)
        return call
    }

    /// Whether a log of `token` reports that this nonce was used.
    public static func isUsed(_ nonce: Hash32, by authorizer: Address, token: Address, log: Log) -> Bool {
        log.address == token && !log.isRemoved
            && log.topics == [authorizationUsedTopic, authorizer.topic, nonce] && log.data.isEmpty
    }
}
