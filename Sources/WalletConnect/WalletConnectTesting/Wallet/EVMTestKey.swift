public import ChainEVM
import Cryptography
public import Primitives
import WalletConnectProtocol

/// An Ethereum account of a test.
public final class EVMTestKey: Sendable {
    private let key: Secp256k1.PrivateKey
    /// Its address on every EVM chain.
    public let address: Address

    init(_ key: Secp256k1.PrivateKey) {
        self.key = key
        address = Address(publicKey: key.publicKey)
    }

    /// The signature of a digest: 65 bytes in hex with 0x, the last one 27 or 28.
    public func sign(digest: Hash32) -> String {
        Hex.encodePrefixed(TransactionSignature(key.sign(digest: digest)).bytes65)
    }

    /// The signature that `personal_sign` makes of a text.
    public func sign(text: String) -> String { sign(digest: EIP191.hash(text: text)) }

    /// A transaction with this key's signature.
    public func sign(_ transaction: Transaction) -> SignedTransaction {
        transaction.signed(key.sign(digest: transaction.signingHash))
    }
}

/// What an Ethereum wallet answers, with one key.
struct EVMAnswers: Sendable {
    static let methods = [
        "personal_sign", "eth_signTypedData_v4", "eth_signTypedData", "eth_signTransaction", "eth_sendTransaction",
        "eth_accounts", "eth_requestAccounts", "eth_chainId", "wallet_switchEthereumChain",
        "wallet_addEthereumChain",
    ]
    static let events = ["chainChanged", "accountsChanged"]

    let key: EVMTestKey
    /// Broadcasts and returns the hash; nil takes the signed transaction's own.
    let sender: (@Sendable (SignedTransaction) async throws -> Hash32)?

    func answer(_ method: String, _ params: JSON, on chain: ChainID) async throws -> JSON {
        guard let number = UInt64(chain.reference) else { throw Self.unsupported(method) }
        switch method {
        case "eth_accounts", "eth_requestAccounts": return [.string(key.address.description)]
        case "eth_chainId": return .string(UInt256(number).hexQuantity)
        case "personal_sign": return .string(key.sign(digest: EIP191.hash(message: try message(params))))
        case "eth_signTypedData_v4", "eth_signTypedData":
            return .string(key.sign(digest: try typedData(params).digest))
        case "eth_signTransaction":
            return .string(Hex.encodePrefixed(try signed(params, number).raw))
        case "eth_sendTransaction":
            let transaction = try signed(params, number)
            guard let sender else { return .string(transaction.hash.description) }
            return .string(try await sender(transaction).description)
        case "wallet_switchEthereumChain", "wallet_addEthereumChain": return .null
        default: throw Self.unsupported(method)
        }
    }

    /// The bytes to sign of `[message, account]`; some dApps have the two the other way round.
    private func message(_ params: JSON) throws(PeerError) -> [UInt8] {
        guard let first = params[0]?.string, let second = params[1]?.string else {
            throw Self.invalid("personal_sign takes [message, account]")
        }
        if isOwn(second) { return Self.bytes(first) }
        guard isOwn(first) else { throw Self.otherAccount }
        return Self.bytes(second)
    }

    /// Hex with 0x is bytes, everything else is text.
    static func bytes(_ text: String) -> [UInt8] { (try? Hex.decodePrefixed(text)) ?? Array(text.utf8) }

    private func typedData(_ params: JSON) throws(PeerError) -> TypedData {
        guard let account = params[0]?.string, let given = params[1] else {
            throw Self.invalid("eth_signTypedData_v4 takes [account, data]")
        }
        guard isOwn(account) else { throw Self.otherAccount }
        let json = given.string.flatMap { try? JSON.parse($0, limits: .rpc) } ?? given
        guard let data = try? TypedData(json: json) else { throw Self.invalid("the typed data is malformed") }
        return data
    }

    private func signed(_ params: JSON, _ number: UInt64) throws(PeerError) -> SignedTransaction {
        guard let json = params[0], let call = try? CallRequest(json: json) else {
            throw Self.invalid("a transaction is asked for as [{…}]")
        }
        guard call.from ?? key.address == key.address else { throw Self.otherAccount }
        let nonce = json["nonce"]?.string.flatMap { (try? UInt256(hexQuantity: $0))?.uint64 } ?? 0
        let fees: Transaction.Fees
        if let cap = call.maxFeePerGas {
            fees = .eip1559(
                maxPriorityFeePerGas: min(call.maxPriorityFeePerGas ?? cap, cap), maxFeePerGas: cap,
                accessList: call.accessList)
        } else {
            fees = .legacy(gasPrice: call.gasPrice ?? Self.usualGasPriceWei)
        }
        return key.sign(
            Transaction(
                chainID: number, nonce: nonce, gasLimit: call.gasLimit ?? Self.usualGas, to: call.to,
                value: call.value ?? .zero, data: call.data, fees: fees))
    }

    /// What is taken when a dApp leaves it to the wallet; nobody is asked.
    private static let usualGas: UInt64 = 300_000
    private static let usualGasPriceWei = UInt256(1_000_000_000)

    private func isOwn(_ text: String) -> Bool { (try? Address(ignoringChecksum: text)) == key.address }

    // MARK: Refusals

    static func invalid(_ message: String) -> PeerError {
        PeerError(code: -32602, message: "Invalid params: \(message)")
    }
    static let otherAccount = PeerError(code: 4100, message: "The account is not in this wallet.")
    static func unsupported(_ method: String) -> PeerError {
        PeerError(code: 4200, message: "The test wallet does not know \(method).")
    }
}
